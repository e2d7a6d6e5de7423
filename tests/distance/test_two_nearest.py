"""The two nearest objects, against one look at every pixel of every object."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from support.reference import two_nearest as by_pixels

from segeval.distance import coded, separable, two_nearest, within
from segeval.distance.crops import Crops, Crowded
from segeval.distance.grid import compact, nearest, steps
from segeval.errors import BadOption, NegativeIds


def by_objects(labels, spacing):
    """SciPy's transform once for each object, with running minima."""
    first, second = np.full(labels.shape, np.inf), np.full(labels.shape, np.inf)
    for id_ in set(labels.ravel().tolist()) - {0}:
        found = ndimage.distance_transform_edt(labels != id_, sampling=spacing)
        second = np.minimum(second, np.maximum(first, found))
        first = np.minimum(first, found)
    return first, second


def discs(shape, count, seed, radius=3):
    """Objects of round shape that touch, cover each other and lie across the borders."""
    random = np.random.RandomState(seed)
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"))
    labels = np.zeros(shape, np.int32)
    for id_ in range(1, count + 1):
        centre = np.array([random.randint(n) for n in shape]).reshape(-1, *[1] * len(shape))
        labels[((grid - centre) ** 2).sum(0) <= random.uniform(0, radius) ** 2] = id_
    return labels


def assert_same(found, wanted, rtol=1e-12):
    for each, other in zip(found, wanted, strict=True):
        assert each.dtype == np.float64
        np.testing.assert_allclose(each, other, rtol=rtol, atol=0)


SPACINGS = [None, (1, 1), (2.0, 0.5), (0.3, 0.1), (1.5, 2.25), (3.3, 0.37), (0.6499999761581421, 1.0), (1, np.pi)]


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 40, 200])
def test_round_objects_in_2_d(spacing, count):
    labels = discs((61, 83), count, count)
    assert_same(two_nearest(labels, spacing), by_objects(labels, spacing))


@pytest.mark.parametrize("spacing", [None, (5.0, 1, 1), (3.3, 0.37, 1), (1, 1, np.sqrt(2))])
@pytest.mark.parametrize("count", [0, 1, 2, 60])
def test_round_objects_in_3_d(spacing, count):
    labels = discs((9, 31, 37), count, count)
    assert_same(two_nearest(labels, spacing), by_objects(labels, spacing))


@pytest.mark.parametrize("shape", [(1,), (7,), (1, 1), (1, 9), (9, 1), (3, 1, 4), (2, 3, 2, 3)])
@pytest.mark.parametrize("density", [0.2, 1.0])
def test_noise_of_any_shape(shape, density):
    """Every pixel a part of some object, in one and four axes too; by hand-written loops over all pixels."""
    random = np.random.RandomState(7)
    labels = random.randint(1, 5, shape) * (random.rand(*shape) < density)
    spacing = np.linspace(0.5, 2, len(shape)).tolist()
    assert_same(two_nearest(labels, spacing), by_pixels(labels, spacing))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_labels(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=3)))
    ids = data.draw(st.lists(st.sampled_from([0, 0, 0, 1, 2, 9, 300]), min_size=int(np.prod(shape)), max_size=None))
    labels = np.array(ids[: int(np.prod(shape))], np.int64).reshape(shape)
    spacing = [data.draw(st.sampled_from([1.0, 0.25, 3.0, 0.7, np.e])) for _ in shape]
    assert_same(two_nearest(labels, spacing), by_pixels(labels, spacing))


def test_by_hand():
    """d1 and d2 of a row with two objects: 0 inside one's own, and to the nearest pixel of the other."""
    d1, d2 = two_nearest([[0, 5, 5, 0, 0, 9]])
    assert d1.tolist() == [[1, 0, 0, 1, 1, 0]]
    assert d2.tolist() == [[5, 4, 3, 2, 2, 3]]


@pytest.mark.parametrize("kind", ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"])
def test_ids_of_any_type(kind):
    """Only which ids are equal matters: the largest of each type, and gaps."""
    high = np.iinfo(kind).max
    labels = np.array([[0, 0, high, 0, 0, 0, 3, 0, high - 2]], kind)
    assert_same(two_nearest(labels), by_pixels(np.array([[0, 0, 7, 0, 0, 0, 3, 0, 5]]), [1, 1]))


def test_a_boolean_mask_is_one_object():
    d1, d2 = two_nearest(np.array([[False, True, False, False]]))
    assert d1.tolist() == [[1, 0, 1, 2]]
    assert np.isinf(d2).all()


def test_one_object_in_two_parts_is_no_neighbour_of_itself():
    assert np.isinf(two_nearest([[4, 0, 4]])[1]).all()


def test_no_object():
    d1, d2 = two_nearest(np.zeros((3, 4), np.uint8))
    assert np.isinf(d1).all()
    assert np.isinf(d2).all()


def test_no_pixels():
    assert [each.shape for each in two_nearest(np.zeros((0, 4), np.uint8))] == [(0, 4), (0, 4)]


def test_one_object_that_fills_the_image():
    """The plain transform alone would measure to a place outside the array."""
    d1, d2 = two_nearest(np.full((5, 6), 3))
    assert (d1 == 0).all()
    assert np.isinf(d2).all()


def test_two_objects_that_fill_the_image():
    d1, d2 = two_nearest([[1, 1, 1, 2]], spacing=(7.0, 0.5))
    assert d1.tolist() == [[0, 0, 0, 0]]
    assert d2.tolist() == [[1.5, 1, 0.5, 0.5]]


@pytest.mark.parametrize("axes", [*itertools.permutations(range(3))])
def test_turning_the_array_turns_the_result(axes):
    """Whichever axis comes last: layout, strides and spacing go along."""
    labels, spacing = discs((12, 15, 18), 25, 3), (2.0, 1.0, 0.5)
    turned = two_nearest(np.transpose(labels, axes)[::-1], [spacing[axis] for axis in axes])
    assert_same(turned, [np.transpose(each, axes)[::-1] for each in two_nearest(labels, spacing)], rtol=0)


def test_ids_may_be_exchanged():
    labels = discs((50, 60), 30, 5)
    other = np.random.RandomState(1).permutation(1 << 10)[:31].astype(np.int64) * 4_000_000 + 1
    other[0] = 0
    assert_same(two_nearest(other[labels]), two_nearest(labels), rtol=0)


def test_input_is_left_alone():
    labels = discs((20, 20), 9, 2)
    before = labels.copy()
    labels.setflags(write=False)
    two_nearest(labels)
    assert (labels == before).all()


@pytest.mark.parametrize(
    ("spacing", "said"),
    [((1,) * 3, "3 numbers for 2 axes"), ((1, 0), "above 0"), ((1, -2), "above 0"), ((1, np.nan), "above 0"),
     ((np.inf, 1), "above 0")],
)  # fmt: skip
def test_bad_spacing(spacing, said):
    with pytest.raises(BadOption) as caught:
        two_nearest([[1, 0]], spacing)
    assert said in caught.value.message + caught.value.hint


def test_negative_ids():
    with pytest.raises(NegativeIds, match="the id -3"):
        two_nearest(np.array([[1, -3]]))


@pytest.mark.parametrize("labels", [[[0.5, 1]], np.ma.masked_equal([1, 2], 2), 3, [["a"]]])
def test_what_is_no_label_array(labels):
    with pytest.raises(TypeError):
        two_nearest(labels)


# All ways to the same numbers.


WAYS = {
    "axes": lambda labels, grid, reach: separable.two_nearest(labels, int(labels.max()), grid, reach),
    "crops": lambda labels, grid, reach: Crops(labels, grid, reach).two_nearest(labels, grid),
    "codes": lambda labels, grid, reach: coded.two_nearest(labels, int(labels.max()), grid),
    "cost": lambda labels, grid, reach: within(labels, int(labels.max()), grid, reach),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reach", [1.0, 2.5, 7.0, 19.0])
@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((70, 90), (1, 1)), ((70, 90), (2.0, 0.5)), ((70, 90), (3.3, 0.37)), ((11, 30, 40), (3.0, 1, 0.5)),
     ((300, 20), (0.1, 0.3)), ((12, 400), (1, np.pi))],
)  # fmt: skip
@pytest.mark.parametrize("count", [2, 12, 90])
def test_exact_within_reach_and_never_too_small(way, reach, shape, spacing, count):
    labels, grid = compact(discs(shape, count, count + len(shape), 4))[0], steps(spacing, len(shape))
    d1, d2 = WAYS[way](labels, grid, reach)
    first, second = by_objects(labels, spacing)
    matters = first + second <= reach
    assert_same((d1[matters], d2[matters]), (first[matters], second[matters]))
    assert (d1 >= first * (1 - 1e-12)).all()
    assert (d2 >= second * (1 - 1e-12)).all()


def test_inactive_places_cost_no_others_their_numbers():
    labels = discs((80, 300), 60, 4)
    grid, wanted = steps((1.0, 2.0), 2), np.random.RandomState(0).rand(80, 300) < 0.1
    d1, d2 = separable.two_nearest(labels, 60, grid, 15.0, wanted)
    first, second = by_objects(labels, (1.0, 2.0))
    matters = wanted & (first + second <= 15)
    assert matters.any()
    assert_same((d1[matters], d2[matters]), (first[matters], second[matters]))


def test_ways_agree_to_the_last_bit():
    """So that the choice, which follows the cost of a tile, cannot show."""
    labels, grid = compact(discs((90, 120), 50, 8))[0], steps((0.1, 0.3), 2)
    results = [way(labels, grid, 3.0) for way in WAYS.values()]
    matters = results[2][0] + results[2][1] <= 3
    for d1, d2 in results:
        assert (d1[matters] == results[0][0][matters]).all()
        assert (d2[matters] == results[0][1][matters]).all()


@pytest.mark.parametrize("count", [3, 40, 4000])
@pytest.mark.parametrize("apart", [1.0, 900.0, 2.0**19 + 1, np.pi])
def test_wide_slots(count, apart):
    """Squares that fit beside the labels into 32 bits, into 64 bits, or that are no whole numbers."""
    labels = np.zeros((2, 3000), np.int32)
    labels.flat[np.linspace(0, labels.size - 1, count).astype(int)] = np.arange(1, count + 1)
    rows, columns = np.nonzero(labels)
    found = separable.two_nearest(labels, count, steps((apart, 1.0), 2))
    for place in [(0, 0), (1, 1), (0, 1499), (1, 2999), (0, 2222)]:
        away = np.sort(np.sqrt(((rows - place[0]) * apart) ** 2 + (columns - place[1]) ** 2))
        assert [each[place] for each in found] == pytest.approx(away[:2].tolist(), rel=1e-12)


def test_a_thousand_objects_take_no_more_memory_than_ten():
    import tracemalloc

    peaks = []
    for count in (10, 1000):
        labels = compact(discs((256, 256), count, 1, 2))[0]
        tracemalloc.start()
        separable.two_nearest(labels, count, steps(None, 2), 24.0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_crowd_is_no_case_for_crops():
    """Each of a thousand neighbours of a thousand: the pairs alone would take more memory than the image."""
    labels = np.arange(1, 1601, dtype=np.int32).reshape(40, 40)
    with pytest.raises(Crowded):
        Crops(labels, steps(None, 2), 30.0)
    assert (within(labels, 1600, steps(None, 2), 30.0)[1] == 1).all()


def test_nearest_of_nothing():
    assert np.isinf(nearest(np.zeros((2, 2), np.int32), steps(None, 2))).all()


def test_steps_in_whole_multiples():
    """By hand: 2.0 and 0.5 are 4 and 1 halves; 0.3 and 0.1 are 3 and 1 tenths; pi has no unit in common with 1."""
    assert (steps((2.0, 0.5), 2).whole, steps((2.0, 0.5), 2).unit) == ((4, 1), 0.5)
    assert (steps((0.3, 0.1), 2).whole, steps((0.3, 0.1), 2).unit) == ((3, 1), 0.1)
    assert steps((np.pi, 1), 2).whole is None
    assert steps(0.65, 3).whole == (1, 1, 1)
