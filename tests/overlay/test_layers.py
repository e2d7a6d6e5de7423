"""Tests of what is shown of each pixel, with masks small enough to do by hand."""

import io

import numpy as np
import pytest
from PIL import Image as Picture

from segeval.data.class_selection import choose
from segeval.data.classes import ClassInfo
from segeval.data.image import Image
from segeval.data.labels import Labels
from segeval.data.reading import Reading
from segeval.io.encode import indexed
from segeval.overlay.colours import KINDS, class_colours, of_classes, of_kinds
from segeval.overlay.layers import NOTHING, Kind, Layers, blocks

R, H, G, C, N, M = Kind.RIGHT, Kind.HIT, Kind.IGNORED, Kind.CONFUSED, Kind.INVENTED, Kind.MISSED
PRED = np.array([[0, 1, 1, 2, 0, 7], [0, 0, 2, 2, 1, 0]])
TRUTH = np.array([[0, 1, 2, 2, 9, 0], [1, 0, 0, 2, 9, 2]])


def image(pred, truth, **options):
    return Image("t.png", Labels(np.asarray(pred), np.asarray(truth), []), Reading(), choose(**options))


def test_kinds_against_a_background():
    """Predicted alone is invented, in the truth alone is missed, in both and another class is confused."""
    found = Layers.of(image(PRED, TRUTH, num_classes=3, ignore=[9]))
    assert found.kinds.tolist() == [[R, H, C, H, G, N], [M, R, N, H, G, M]]
    assert found.truth.tolist() == [[0, 1, 2, 2, NOTHING, 0], [1, 0, 0, 2, NOTHING, 2]]
    assert found.pred.tolist() == PRED.tolist()


def test_another_background_and_none():
    """Id 2 as the background; and where every class is one, whatever is wrong is confused."""
    given = image(PRED, TRUTH, num_classes=3, ignore=[9])
    assert Layers.of(given, background=2).kinds.tolist() == [[H, H, N, R, G, C], [C, H, M, R, G, N]]
    assert Layers.of(given, background=None).kinds.tolist() == [[R, R, C, R, G, C], [C, R, C, R, G, C]]


def test_one_class():
    """Of class 1 alone: 2 counts as background."""
    found = Layers.of(image(PRED, TRUTH, num_classes=3, ignore=[9]), class_=1)
    assert found.kinds.tolist() == [[R, H, N, R, G, R], [M, R, R, R, G, R]]


def test_binary():
    """Every id but 0 is the foreground, and an ignored one stays ignored."""
    found = Layers.of(image([[0, 255, 3, 0]], [[7, 1, 0, 255]], binary=True, ignore=[255]))
    assert found.kinds.tolist() == [[M, H, N, G]]
    assert found.pred.tolist() == [[0, 1, 1, 0]]


def test_channels():
    """Any channel that is wrong shows; a pixel is ignored where all channels are."""
    pred = np.array([[[1, 0, 1, 0, 1]], [[0, 1, 0, 0, 1]]], np.uint8)
    truth = np.array([[[1, 1, 0, 0, 2]], [[0, 0, 0, 1, 2]]], np.uint8)
    found = Layers.of(image(pred, truth, num_classes=2, multilabel=True))
    assert found.kinds.tolist() == [[H, C, N, M, G]]
    assert found.pred.tolist() == [[0, 1, 0, NOTHING, 1]]
    assert Layers.of(image(pred, truth, num_classes=2, multilabel=True), class_=1).kinds.tolist() == [[R, N, R, M, G]]


def test_planes_of_volumes():
    """The plane with most wrong pixels; of equals the middle one; a projection shows an error anywhere behind."""
    truth = np.zeros((3, 2, 2), np.int32)
    pred = truth.copy()
    pred[2, 0] = 1
    pred[1, 1, 1] = 1
    found = Layers.of(image(pred, truth, num_classes=2))
    plane, number = found.plane()
    assert (number, plane.kinds.tolist()) == (2, [[N, N], [R, R]])
    assert found.projection().tolist() == [[N, N], [R, N]]
    assert Layers.of(image(truth, truth, num_classes=2)).plane()[1] == 1
    assert Layers.of(image(truth[0], truth[0], num_classes=2)).plane()[1] is None


def test_no_error_vanishes_when_an_image_is_drawn_smaller():
    """The worst of each block, with blocks cut at the edges."""
    kinds = np.zeros((5, 7), np.uint8)
    kinds[0, 2], kinds[4, 6], kinds[2, 1], kinds[2, 0] = N, M, G, C
    assert blocks(kinds, 3).tolist() == [[N, R, R], [R, R, M]]
    small, n = Layers(kinds.astype(np.int64), kinds.astype(np.int64), kinds).smaller(3)
    assert (n, small.kinds.shape, small.pred.shape, small.truth.shape) == (3, (2, 3), (2, 3), (2, 3))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 17, 256])
def test_indexed_png(count):
    """Pillow reads back every pixel, for every depth and widths that fill no byte."""
    array = (np.arange(7 * 13) % count).astype(np.uint8).reshape(7, 13)
    colours = [(n, 255 - n, n * 7 % 256, n * 5 % 256) for n in range(count)]
    data = indexed(array, colours)
    shown = np.asarray(Picture.open(io.BytesIO(data)).convert("RGBA"))
    assert shown.tolist() == np.array(colours, np.uint8)[array].tolist()
    assert data == indexed(array, colours)


def test_pictures():
    """Kinds have their colours but on lines; classes their own colours, and grey where there is none."""
    kinds = np.full((9, 9), M, np.uint8)
    kinds[:, 0] = R
    shown = np.asarray(Picture.open(io.BytesIO(of_kinds(kinds))).convert("RGBA"))
    assert tuple(shown[1, 2]) == KINDS[M]
    assert tuple(shown[3, 3][:3]) == (255, 255, 255)  # on a diagonal
    assert shown[5, 0, 3] == 0
    table = (ClassInfo(4, "a"), ClassInfo(5, "b"), ClassInfo(6, "c"))
    colours = class_colours(table, {(1, 2, 3): 5})
    assert colours[5] == (1, 2, 3, 255)
    assert len(set(colours.values())) == 3
    shown = np.asarray(Picture.open(io.BytesIO(of_classes(np.array([[4, 5, 99, NOTHING]]), colours))).convert("RGBA"))
    assert [tuple(each) for each in shown[0]] == [colours[4], colours[5], (128, 128, 128, 255), (128, 128, 128, 255)]


@pytest.mark.parametrize("high", [300, 70_000])
def test_ids_of_any_size_have_their_colours(high):
    """Those below 0, those beyond what is counted, and what is no class, which is no id below 0."""
    labels = np.array([[-1, NOTHING, 0], [high, -1, 2]], np.int32)
    for given in (labels, labels.astype(np.int64)):
        seen = np.asarray(Picture.open(io.BytesIO(of_classes(given, {-1: A, 0: B, high: C_, 2: D}))).convert("RGBA"))
        assert [[tuple(each) for each in row] for row in seen.tolist()] == [[A, (128, 128, 128, 255), B], [C_, A, D]]


A, B, C_, D = (1, 2, 3, 255), (4, 5, 6, 255), (7, 8, 9, 255), (9, 8, 7, 255)


@pytest.mark.parametrize("shape", [(7, 10), (3, 3), (1, 5), (6, 1)])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_blocks_of_a_ragged_image(shape, n):
    """The largest of each block, as a plain loop finds it."""
    kinds = np.random.default_rng(n).integers(0, 6, shape).astype(np.uint8)
    before = kinds.copy()
    rows, columns = (range(0, size, n) for size in shape)
    wanted = [[kinds[y : y + n, x : x + n].max() for x in columns] for y in rows]
    assert blocks(kinds, n).tolist() == wanted
    assert np.array_equal(kinds, before)
