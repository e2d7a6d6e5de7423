"""Weight maps: the anchors, the worked maps, one transform for each object, and other people's mistakes."""

import inspect
import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from segeval.distance.grid import steps
from segeval.distance.objects import instances, semantic, separated
from segeval.errors import BadOption, FractionalMask, NegativeIds, UnclearLabels, UnfitPixels
from segeval.weightmap.formula import formula, unet_weights, weights

# By hand: cells 1, 2, 3, and the maps that belong to them, to 4 decimals.
LABELS = np.array(
    [
        [0, 0, 0, 0, 0, 0, 0, 0, 3],
        [1, 1, 1, 0, 2, 2, 2, 0, 0],
        [1, 1, 1, 0, 2, 2, 2, 0, 0],
        [1, 1, 1, 0, 2, 2, 2, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
)
MAP = [
    [5.9160, 7.0717, 8.1104, 8.5214, 8.1104, 7.2615, 8.3527, 8.8997, 0],
    [0, 0, 0, 9.2312, 0, 0, 0, 8.8997, 8.3527],
    [0, 0, 0, 9.2312, 0, 0, 0, 8.1104, 7.2615],
    [0, 0, 0, 9.2312, 0, 0, 0, 7.0717, 6.0653],
    [5.9160, 7.0717, 8.1104, 8.5214, 8.1104, 7.0717, 5.9160, 5.4159, 4.5943],
]
TOUCHING = np.array([[0] * 6, [0, 1, 1, 2, 2, 0], [0, 1, 1, 2, 2, 0], [0] * 6])
FALK = [
    [38.3708, 44.2273, 47.1075, 47.1075, 44.2273, 38.3708],
    [41.0324, 1, 1, 50.3104, 1, 41.0324],
    [41.0324, 1, 50.3104, 50.3104, 1, 41.0324],
    [38.3708, 44.2273, 47.1075, 47.1075, 44.2273, 38.3708],
]
NO_CLASSES = {0: 0.0, 1: 0.0}


def naive(labels, w0, sigma, spacing=None, everywhere=False, one=False):
    """The ridge in float64 from one transform for each object, kept in a stack and sorted."""
    ids = sorted(set(labels.ravel().tolist()) - {0})
    stack = [ndimage.distance_transform_edt(labels != id_, sampling=spacing) for id_ in ids]
    stack = np.sort(np.stack([*stack, np.full(labels.shape, np.inf), np.full(labels.shape, np.inf)]), axis=0)
    with np.errstate(under="ignore"):
        ridge = w0 * np.exp(-((stack[0] if one else stack[0] + stack[1]) ** 2) / (2 * sigma**2))
    return ridge if everywhere else np.where(labels == 0, ridge, 0)


def noise(shape, count, seed):
    """Cells of one to a few dozen pixels that touch each other and the border, with holes and stray pixels."""
    random = np.random.RandomState(seed)
    labels = np.zeros(shape, np.int64)
    for id_ in range(1, count + 1):
        corner = [random.randint(0, n) for n in shape]
        labels[tuple(slice(at, at + random.randint(1, 9)) for at in corner)] = id_ * 3
    return labels * (random.rand(*shape) < 0.9)


def gap(width):
    """Two tall cells with so many pixels between them, in the middle row of a tall image."""
    row = [1, 1, *[0] * width, 2, 2]
    return np.array([row] * 61)


# The definition.


def ridges(mask, **options):
    """The weights of instances, of no class weights unless given."""
    if options.get("convention") != "falk2019":
        options.setdefault("class_weights", "none")
    return unet_weights(mask, labels="instances", **options)


def test_signature():
    """The names and defaults that people script against."""
    found = inspect.signature(unet_weights)
    assert {name: p.default for name, p in found.parameters.items()} == {
        "mask": inspect.Parameter.empty,
        "convention": "unet2015",
        "w0": None,
        "sigma": None,
        "eps": 1e-4,
        "where": "background",
        "nearest": "two",
        "class_weights": None,
        "labels": "auto",
        "connectivity": "face",
        "ignore": (),
        "touching": None,
        "spacing": None,
    }
    assert {p.kind for p in [*found.parameters.values()][1:]} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(
    ("width", "ridge"), [(1, 9.231163), (2, 8.352702), (3, 7.261490), (4, 6.065307), (9, 1.353353), (19, 0.003355)]
)
def test_straight_gaps(width, ridge):
    """All pixels of a gap have one weight, since d1 + d2 is its width + 1."""
    middle = ridges(gap(width))[30, 2 : 2 + width]
    assert middle.tolist() == pytest.approx([ridge] * width, abs=6e-7)


def test_diagonal_neighbours():
    assert ridges([[1, 0, 0], [0, 0, 0], [0, 0, 2]])[1, 1] == pytest.approx(8.521438, abs=1e-6)


def test_worked_map():
    found = ridges(LABELS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, MAP, rtol=0, atol=5.1e-5)


def test_worked_map_with_spacing():
    found = ridges(LABELS, spacing=(2.0, 0.5), sigma=2)
    first = [0.5425, 0.7956, 1.0614, 1.1943, 1.3534, 2.1627, 3.2465, 4.4035, 0]
    np.testing.assert_allclose(found[0], first, rtol=0, atol=5.1e-5)
    np.testing.assert_allclose(found[1:4, 3], 8.8250, rtol=0, atol=5.1e-5)


def test_worked_map_of_falk2019():
    np.testing.assert_allclose(ridges(TOUCHING, convention="falk2019"), FALK, rtol=0, atol=5.1e-5)


@pytest.mark.parametrize(
    ("labels", "place", "weight"),
    [
        ([[1, 2]], (0, 1), 50.310356),  # a gap pixel: (0, 1)
        (gap(1), (30, 2), 48.293485),  # (1, 1)
        (gap(2), (30, 3), 45.120356),  # (1, 2)
        (gap(3), (30, 3), 41.019049),  # (2, 2)
        ([[1, 0]], (0, 1), 0.995511),  # one cell, d1 = 1
        ([[1, *[0] * 10]], (0, 10), 0.645878),  # d1 = 10
        ([[1, *[0] * 90]], (0, 90), 0.1),  # far away
        ([[1, 0]], (0, 0), 1.0),
        ([[0, 0]], (0, 0), 0.1),  # no cell
    ],
)
def test_anchors_of_falk2019(labels, place, weight):
    assert ridges(labels, convention="falk2019")[place] == pytest.approx(weight, abs=1e-4)
    assert ridges(labels, convention="falk2019", eps=0)[place] == pytest.approx(weight, abs=5e-6)


def test_falk2019_takes_other_numbers_too():
    """w0 and sigma of unet2015, said aloud, are not its own defaults: 0.1 + 10 e^(−4/50) + 0.9 e^(−1/200)."""
    assert ridges(gap(1), convention="falk2019", w0=10.0, sigma=5.0)[30, 2] == pytest.approx(10.226674, abs=1e-4)


def test_falk2019_adds_the_classes():
    """Two classes with one cell each: two transitions, no ridge. By hand: 0.1 + 2 · 0.9 e^(−1/200)."""
    found = weights(semantic([[1, 0, 2]]), formula("falk2019"), {}, steps(None, 2))
    np.testing.assert_allclose(found, [[1, 1.8910225, 1]], atol=1e-4)


def test_all_pixels():
    """Inside a cell d1 is 0: one pixel of two touching cells has (0, 1)."""
    found = ridges([[1, 2]], where="all", w0=7, sigma=3)
    np.testing.assert_allclose(found, [[7 * np.exp(-1 / 18)] * 2], rtol=1e-6)


def test_one_object_only():
    """The variation with d1 alone: w0 e^(−d1² / 2σ²), on background."""
    found = weights(instances([[4, 0, 0, 0]]), formula(w0=3, sigma=2, nearest="one"), NO_CLASSES, steps(None, 2))
    np.testing.assert_allclose(found, [[0, 3 * np.exp(-1 / 8), 3 * np.exp(-4 / 8), 3 * np.exp(-9 / 8)]], rtol=1e-6)


@pytest.mark.parametrize("labels", [[[0, 0, 0]], [[0, 5, 0]], [[5, 5, 5]]])
def test_fewer_than_two_cells_have_no_ridges(labels):
    assert not ridges(labels).any()
    assert not ridges(labels, where="all").any()


def test_class_weights_of_the_image():
    """900 and 100 pixels: 5/9 and 5; on cells nothing but the class weight."""
    labels = np.zeros((10, 100), np.uint8)
    labels[:, 95:], labels[:, :5] = 1, 2
    found = ridges(labels, class_weights="balanced")
    assert found[0, 0] == 5
    assert found[0, 50] == pytest.approx(5 / 9)
    assert ridges(labels, class_weights={0: 0.25, 1: 3})[0, [0, 50]].tolist() == [3, 0.25]
    assert ridges(labels, class_weights=(0.25, 3))[0, [0, 50]].tolist() == [3, 0.25]


def test_class_weights_and_ridge_add_up():
    np.testing.assert_allclose(
        ridges(LABELS, class_weights={0: 0.5, 1: 2}), np.array(MAP) + np.where(LABELS, 2, 0.5), atol=5.1e-5
    )


def test_ridges_of_classes_add_up():
    """Between two cells of class 1 and two of class 2: both ridges; cells of different classes make none."""
    labels = np.array([[1, 0, 1], [0, 0, 0], [2, 0, 2]])
    found = weights(semantic(labels), formula(w0=4, sigma=3, eps=0), {0: 0.0, 1: 0.5, 2: 0.75}, steps(None, 2))
    far = 2 * np.sqrt(5)
    np.testing.assert_allclose(found[0], [0.5, 4 * (np.exp(-4 / 18) + np.exp(-(far**2) / 18)), 0.5], rtol=1e-6)
    np.testing.assert_allclose(found[1, 1], 2 * 4 * np.exp(-8 / 18), rtol=1e-6)
    np.testing.assert_allclose(found[2, ::2], 0.75)


def test_ignored_pixels_weigh_nothing_and_hide_nothing():
    """An ignored id is no cell, and distances pass across it."""
    labels = np.array([[1, 0, 255, 0, 2]])
    found = weights(instances(labels, [255]), formula(eps=0), {0: 0.25, 1: 1.5}, steps(None, 2))
    ridge = 10 * np.exp(-16 / 50)
    np.testing.assert_allclose(found, [[1.5, 0.25 + ridge, 0, 0.25 + ridge, 1.5]], rtol=1e-6)
    assert weights(instances(labels, [255]), formula("falk2019"), {}, steps(None, 2))[0, 2] == 0


# Exactness.


@pytest.mark.parametrize("eps", [0, 1e-6, 1e-4, 1e-2, 1.0])
@pytest.mark.parametrize(
    ("shape", "spacing", "count"),
    [((90, 110), None, 60), ((90, 110), (2.0, 0.5), 9), ((90, 110), (3.3, 0.37), 200), ((90, 110), None, 3),
     ((9, 40, 50), (3.3, 0.37, 1), 50), ((12, 30, 40), None, 25), ((12, 30, 40), (np.pi, 1, 1), 25)],
)  # fmt: skip
def test_no_weight_misses_by_more_than_eps(shape, spacing, count, eps):
    labels = noise(shape, count, count)
    for everywhere in (False, True):
        wanted = naive(labels, 8.0, 2.5, spacing, everywhere)
        where = "all" if everywhere else "background"
        found = ridges(labels, w0=8.0, sigma=2.5, spacing=spacing, where=where, eps=eps)
        assert np.abs(found - wanted).max() <= eps + 8 * 2**-24
        assert (found <= wanted + 8 * 2**-24).all()


@pytest.mark.parametrize("eps", [0, 1e-5, 1e-2])
def test_falk2019_misses_by_no_more_than_eps(eps):
    """Ridges and transitions of three classes together."""
    labels = noise((80, 100), 40, 2) // 3 % 4
    cells = semantic(labels)
    wanted = np.full(labels.shape, 0.1)
    for kind in (1, 2, 3):
        objects = cells.of(kind)
        wanted += naive(objects, 30.0, 4.0, everywhere=True)
        with np.errstate(under="ignore"):
            wanted += 0.9 * np.exp(-(ndimage.distance_transform_edt(objects == 0) ** 2) / 200)
    wanted[separated(cells).objects != 0] = 1
    found = weights(cells, formula("falk2019", 30.0, 4.0, eps), {}, steps(None, 2))
    assert np.abs(found - wanted).max() <= eps + 64 * 2**-24


def test_classes_share_eps():
    """Two ridges of 0.003355 each (d1 + d2 = 20) meet in one pixel: both left out would miss by more than eps."""
    labels = np.zeros((21, 21), int)
    labels[10, [0, 20]], labels[[0, 20], 10] = 1, 2
    found = weights(semantic(labels), formula(eps=0.0036), {0: 0.0, 1: 0.0, 2: 0.0}, steps(None, 2))
    assert found[10, 10] == pytest.approx(2 * 0.003355, abs=0.0036)


def test_one_object_only_misses_by_no_more_than_eps():
    labels = noise((80, 100), 4, 3)
    rule = formula(w0=9, sigma=6, eps=1e-3, nearest="one")
    found = weights(instances(labels), rule, NO_CLASSES, steps((1, 2), 2))
    assert np.abs(found - naive(labels, 9, 6, (1, 2), one=True)).max() <= 1e-3


@pytest.mark.parametrize(
    "rule", [formula(), formula("falk2019", eps=1e-2), formula(where="all"), formula(nearest="one")]
)
@pytest.mark.parametrize(
    ("shape", "spacing", "memory"),
    [((300, 280), None, 1), ((300, 280), (3.0, 1.0), 1 << 20), ((20, 40, 50), (1, 2, 0.5), 1), ((900, 3), None, 1),
     ((1, 900), (1, np.pi), 1)],
)  # fmt: skip
def test_tiles_give_the_same_numbers(rule, shape, spacing, memory):
    """To the last bit."""
    cells = instances(noise(shape, 80, 6))
    whole = weights(cells, rule, {0: 1.0, 1: 2.0}, steps(spacing, len(shape)))
    tiled = weights(cells, rule, {0: 1.0, 1: 2.0}, steps(spacing, len(shape)), memory)
    assert np.array_equal(whole, tiled)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(900, 900), (20, 150, 150)])
@pytest.mark.parametrize(
    "rule", [formula(sigma=1), formula("falk2019", sigma=1, eps=0.2), formula(sigma=1, nearest="one")]
)
def test_memory_is_that_of_a_tile(shape, rule):
    """Beside the labels, the map and a few masks: what was allowed, and with more allowed, more is taken."""
    cells = instances(noise(shape, 300, 1))
    peaks = []
    for memory in (6 << 20, 1 << 40):
        tracemalloc.start()
        weights(cells, rule, NO_CLASSES, steps(None, len(shape)), memory)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    beside = 20 * cells.objects.size
    assert peaks[0] <= beside + (6 << 20) < peaks[1]


# Mistakes that others made.


def test_permuting_ids_changes_nothing():
    labels = noise((60, 70), 30, 4)
    other = np.random.RandomState(0).permutation(200)
    other[other == 0], other[0] = other[0], 0
    assert np.array_equal(ridges(other[labels]), ridges(labels))


def test_flipping_flips():
    labels = noise((60, 70), 30, 4)
    for flip in (np.flipud, np.fliplr, np.transpose):
        assert np.array_equal(ridges(flip(labels)), flip(ridges(labels)))


def test_touching_instances_stay_two_cells():
    """Relabelling by connectivity would leave one cell, and no ridge."""
    assert ridges([[1, 1, 2, 2, 0, 0]])[0, 4] == pytest.approx(10 * np.exp(-16 / 50), abs=1e-4)


def test_two_cells_are_enough():
    """Counting background as a cell needs three."""
    assert ridges([[1, 0, 2]])[0, 1] > 9


def test_a_third_cell_far_away_changes_nothing():
    """Not the largest distance: the second."""
    labels = np.zeros((20, 400), int)
    labels[:, 10:20], labels[:, 23:30] = 1, 2
    alone = ridges(labels)
    labels[:, 390:] = 3
    assert np.abs(ridges(labels) - alone)[:, :300].max() <= 1e-4


def test_transition_takes_the_nearest_only():
    """Not the sum over all cells."""
    many = np.array([[1, 0, 2, 3, 4, 5, 6]])
    assert ridges(many, convention="falk2019")[0, 1] == pytest.approx(48.293485, abs=1e-4)


def test_margin_follows_from_sigma():
    """Cells 30 pixels apart with σ = 11: a margin of 10 pixels would see nothing."""
    labels = np.zeros((40, 60), int)
    labels[:, :10], labels[:, 40:] = 1, 2
    assert ridges(labels, sigma=11)[20, 25] == pytest.approx(10 * np.exp(-(31**2) / 242), abs=1e-4)


def test_sigma_is_a_standard_deviation():
    assert ridges([[1, 0, 2]], sigma=2)[0, 1] == pytest.approx(10 * np.exp(-4 / 8), abs=1e-6)


def test_cells_keep_their_weight_without_where_all():
    assert not ridges(LABELS)[LABELS > 0].any()


def test_one_cell_and_class_weights():
    """From counts, not from the number of parts."""
    assert ridges([[0, 0, 0, 8]], class_weights="balanced").tolist() == [pytest.approx([2 / 3] * 3 + [2])]


def test_a_cell_in_parts_is_one_cell():
    assert not ridges([[3, 0, 3]]).any()


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "uint32", "int64"])
def test_ids_of_any_type(kind):
    labels = np.array([[np.iinfo(kind).max, 0, 1]], kind)
    assert ridges(labels)[0, 1] == pytest.approx(9.231163, abs=1e-6)


def test_binary_masks_have_cells():
    """Two parts of id 1, three pixels apart; 6 and 2 of 8 pixels: 2/3 and 2."""
    binary = [[1, 0, 0, 0, 1, 0, 0, 0]]
    for mask in (binary, np.array(binary) == 1, np.array(binary, np.float32), np.array(binary) * 255):
        found = unet_weights(mask)
        assert found[0, [0, 4]].tolist() == [2, 2]
        assert found[0, 2] == pytest.approx(2 / 3 + 10 * np.exp(-16 / 50), abs=1e-4)


def test_ids_of_cells_and_of_classes_are_told_apart():
    """3, 3 and 8, 8 are parts of classes; 3 and 8 alone are cells."""
    classes = [[3, 0, 3, 0, 0, 8, 0, 8]]
    assert np.array_equal(unet_weights(classes), unet_weights(classes, labels="semantic"))
    assert unet_weights(classes, class_weights="none")[0, 1] == pytest.approx(
        10 * (np.exp(-4 / 50) + np.exp(-((4 + 6) ** 2) / 50)), abs=1e-3
    )
    cells = [[3, 3, 0, 8, 8, 0]]
    assert np.array_equal(unet_weights(cells), unet_weights(cells, labels="instances"))
    with pytest.raises(UnclearLabels):
        unet_weights([[3, 0, 3, 0, 8]])


def test_the_options_of_the_command():
    cells = [[1, 1, 2, 2, 0, 9]]
    assert unet_weights(cells, labels="instances", ignore=[9])[0, 5] == 0
    found = unet_weights([[1, 1, 2, 2]], labels="instances", touching="gap", class_weights="none")
    assert found[0].tolist() == pytest.approx([0, 0, 10 * np.exp(-(2**2) / 50), 0], abs=1e-4)
    one = unet_weights([[4, 0, 0, 0]], nearest="one", w0=3, sigma=2, class_weights="none")
    assert one[0].tolist() == pytest.approx([0, *(3 * np.exp(-np.array([1, 4, 9]) / 8))], abs=1e-4)
    diagonal = np.eye(3, dtype=int)
    assert unet_weights(diagonal, class_weights="none")[0, 1] > 0  # three cells
    assert not unet_weights(diagonal, connectivity="full", class_weights="none").any()


# What makes no sense.


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sigma": -1}, "--sigma is -1"),
        ({"sigma": 0}, "--sigma is 0"),
        ({"sigma": np.nan}, "--sigma is nan"),
        ({"sigma": np.inf}, "--sigma is inf"),
        ({"w0": -0.5}, "--w0 is -0.5"),
        ({"w0": np.nan}, "--w0 is nan"),
        ({"w0": 1e39}, "--w0 is 1e+39"),
        ({"eps": -1e-9}, "--eps is -1e-09"),
        ({"eps": np.nan}, "--eps is nan"),
        ({"where": "cells"}, "--where is 'cells'"),
        ({"convention": "unet"}, "--convention is 'unet'"),
        ({"convention": "falk2019", "where": "all"}, "falk2019 has its own formula"),
        ({"convention": "falk2019", "class_weights": "balanced"}, "falk2019 has its own class weights"),
        ({"class_weights": "Balanced"}, "--class-weights is 'Balanced'"),
        ({"class_weights": {0: 1}}, "no weight for the ids 1"),
        ({"class_weights": {0: 1, 1: -1}}, "the weight -1"),
        ({"class_weights": {0: 1, 1: "x"}}, "the weight 'x'"),
        ({"spacing": (1, 0)}, "the spacing is 1.0, 0.0"),
        ({"spacing": (1, 1e60)}, "the spacing is 1.0, 1e+60"),
        ({"spacing": "file"}, "the spacing is 'file'"),
        ({"sigma": (5, 5)}, "--sigma is (5, 5)"),
        ({"w0": "7"}, "--w0 is '7'"),
        ({"nearest": 1}, "--nearest is 1"),
        ({"ignore": 255}, "ignore is 255"),
        ({"touching": "part"}, "--touching is 'part'"),
        ({"connectivity": 4}, "--connectivity is 4"),
        ({"convention": "falk2019", "touching": "keep"}, "falk2019 has its own gaps"),
        ({"spacing": (1, 2, 3)}, "3 numbers for 2 axes"),
    ],
)
def test_options_that_make_no_sense(options, said):
    with pytest.raises(BadOption) as caught:
        ridges([[0, 1]], **options)
    assert said in caught.value.message


EXTREMES = [{"sigma": 1e-300}, {"sigma": 1e300}, {"w0": 0}, {"w0": 1e30}, {"eps": 1e300}, {"eps": 5e-324}]
EXTREMES += [{"eps": 0, "sigma": 1e-200}, {"spacing": 1e-9}, {"spacing": 1e9}]


@pytest.mark.parametrize("options", EXTREMES)
def test_extremes_are_no_faults(options):
    """Nothing overflows, and what is beyond all bounds is just 0, or w0."""
    found = ridges([[1, 0, 2]], **options)
    assert np.isfinite(found).all()
    assert 0 <= found[0, 1] <= np.float32(options.get("w0", 10))


def test_labels_that_are_none():
    with pytest.raises(FractionalMask):
        ridges([[0.5, 1]])
    with pytest.raises(UnfitPixels):
        ridges([["a"]])
    with pytest.raises(NegativeIds):
        ridges(np.array([[-1, 1]]))
