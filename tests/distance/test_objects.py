"""Objects, their classes and their gaps, by hand."""

import numpy as np
import pytest

from segeval.distance.objects import binary, instances, parts, semantic, separated
from segeval.errors import BadOption, NegativeIds

DIAGONAL = [[7, 7, 0, 0], [0, 0, 7, 0], [0, 3, 0, 3]]


def test_instances_are_never_joined_or_split():
    """Touching ids stay two objects, an id in two parts is one."""
    cells = instances([[5, 9, 9, 0, 5]])
    assert cells.objects.tolist() == [[1, 2, 2, 0, 1]]
    assert (cells.kinds.tolist(), cells.count, cells.classes) == ([0, 1, 1], 2, [1])


@pytest.mark.parametrize(
    ("connectivity", "objects"),
    [("face", [[1, 1, 0, 0], [0, 0, 2, 0], [0, 3, 0, 4]]), ("full", [[1, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1]])],
)
def test_binary_masks_are_connected_parts(connectivity, objects):
    """Whatever the ids; diagonal contacts join only with full connectivity."""
    cells = binary(DIAGONAL, connectivity=connectivity)
    assert cells.objects.tolist() == objects
    assert cells.classes == [1]


@pytest.mark.parametrize(
    ("connectivity", "objects", "kinds"),
    [
        ("face", [[3, 3, 0, 0], [0, 0, 4, 0], [0, 1, 0, 2]], [0, 3, 3, 7, 7]),
        ("full", [[3, 3, 0, 0], [0, 0, 3, 0], [0, 1, 0, 2]], [0, 3, 3, 7]),
    ],
)
def test_semantic_masks_are_parts_of_each_class(connectivity, objects, kinds):
    cells = semantic(DIAGONAL, connectivity=connectivity)
    assert (cells.objects.tolist(), cells.kinds.tolist()) == (objects, kinds)
    assert cells.of(7).tolist() == [[v if v >= 3 else 0 for v in row] for row in objects]
    assert cells.of(3).tolist() == [[v if v < 3 else 0 for v in row] for row in objects]


def test_ignored_ids_are_no_objects_and_no_pixels():
    """Also 0 and negative ids."""
    cells = instances(np.array([[255, 4, 0, -1, 6]]), ignore=[255, -1])
    assert cells.objects.tolist() == [[0, 1, 0, 0, 2]]
    assert cells.ignored.tolist() == [[True, False, False, True, False]]
    assert cells.pixels() == {0: 1, 1: 2}
    assert semantic([[0, 0, 2]], ignore=[0]).pixels() == {0: 0, 2: 1}


def test_pixels_of_classes():
    assert semantic([[3, 3, 0], [0, 0, 8], [3, 0, 8]]).pixels() == {0: 4, 3: 3, 8: 2}
    assert binary([[0, 0]]).pixels() == {0: 2}


@pytest.mark.parametrize("kind", [instances, binary, semantic])
def test_negative_ids(kind):
    with pytest.raises(NegativeIds, match="the id -7"):
        kind(np.array([[0, -7, -1]]), ignore=[-1])


def test_unknown_connectivity():
    with pytest.raises(BadOption, match="--connectivity is 'edge'"):
        binary([[1]], connectivity="edge")


def test_parts_that_a_box_of_another_object_covers():
    """A box holds more than its object; numbers follow the objects."""
    objects = np.array([[2, 0, 2], [0, 1, 0], [2, 1, 2]], np.int32)
    found, owners = parts(objects)
    assert found.tolist() == [[2, 0, 3], [0, 1, 0], [4, 1, 5]]
    assert owners.tolist() == [0, 1, 2, 2, 2, 2]


def test_parts_in_3_d():
    cube = np.zeros((2, 2, 2), np.int32)
    cube[0, 0, 0] = cube[1, 1, 1] = 1
    assert (len(parts(cube)[1]), len(parts(cube, "full")[1])) == (3, 2)


def test_gap_of_two_touching_cells():
    """The worked map of falk2019: the later pixel gives way, on both sides of a diagonal."""
    cells = separated(instances([[0] * 6, [0, 1, 1, 2, 2, 0], [0, 1, 1, 2, 2, 0], [0] * 6]))
    assert cells.objects.tolist() == [[0] * 6, [0, 1, 1, 0, 2, 0], [0, 1, 0, 0, 2, 0], [0] * 6]


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        ([[1, 0], [0, 2]], [[1, 0], [0, 0]]),  # upper left
        ([[0, 1], [2, 0]], [[0, 1], [0, 0]]),  # upper right
        ([[1, 2]], [[1, 0]]),  # left
        ([[1], [2]], [[1], [0]]),  # above
        ([[2, 1]], [[2, 0]]),  # the place decides, not the id
        ([[1, 2, 3]], [[1, 0, 0]]),  # all neighbours as they were
        ([[1, 0, 2]], [[1, 0, 2]]),
        ([[1, 0, 0, 0], [0, 0, 0, 2]], [[1, 0, 0, 0], [0, 0, 0, 2]]),  # not across the border of the image
    ],
)
def test_which_neighbours_make_a_gap(labels, kept):
    found = separated(instances(labels))
    ids = np.concatenate([[0], np.unique(np.array(labels)[np.array(labels) > 0])])
    assert ids[found.objects].tolist() == kept


def test_gap_in_3_d_looks_at_13_of_26_neighbours():
    """A pair of pixels in each direction: the later one gives way."""
    offsets = [(z, y, x) for z in (-1, 0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1) if (z, y, x) != (0, 0, 0)]
    for offset in offsets:
        labels = np.zeros((3, 3, 3), int)
        other = tuple(1 + step for step in offset)
        labels[1, 1, 1], labels[other] = 1, 2
        gone = separated(instances(labels)).objects == 0
        later = max((1, 1, 1), other)
        assert gone[later]
        assert not gone[min((1, 1, 1), other)]


def test_cells_of_different_classes_need_no_gap():
    assert separated(semantic([[2, 3, 3]])).objects.tolist() == [[1, 2, 2]]
    diagonal = semantic([[2, 5], [5, 2]])
    assert (separated(diagonal).objects != 0).tolist() == [[True, True], [False, False]]
