"""What losses of orders and places are made of: against plain definitions, brute force, and SciPy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from segeval.distance.cheapest_point import cheapest
from segeval.distance.maps import both_sides, contour, contour_errors, fraction_to_centre, inner
from segeval.losses.operators import filters as near
from segeval.losses.operators.lovasz import lovasz, steps

R = np.random.RandomState(41)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0, 2.0]), st.booleans()), min_size=1, max_size=30))
def test_both_forms_of_the_lovasz_sum_agree(pairs: list[tuple[float, bool]]) -> None:
    """With many ties, with one kind only; and ties may come in any order."""
    errors, truth = np.array([e for e, _ in pairs]), np.array([t for _, t in pairs])
    expected = (errors * steps(errors, truth)).sum()
    assert float(lovasz(errors, truth)) == pytest.approx(expected, abs=1e-12)
    assert (errors * steps(errors[::-1], truth[::-1])[::-1]).sum() == pytest.approx(expected, abs=1e-12)


def test_steps_by_hand() -> None:
    """Jaccard losses of the sets of the 1, 2, 3, 4 worst: 1/2 after a miss of two, 2/3, 1 with both, 1."""
    found = steps(np.array([0.9, 0.1, 0.7, 0.4]), np.array([True, False, False, True]))
    assert found == pytest.approx([1 / 2, 0, 2 / 3 - 1 / 2, 1 / 3])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(0, 2, width=32), st.sampled_from([0.0, 0.25, 1e-40, 1.0 - 2**-24, 70000.0])),
            st.booleans(),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_steps_are_those_of_a_sorted_list(kind: Any, pairs: list[tuple[float, bool]]) -> None:
    """Equal errors in the order given, and numbers of any size."""
    errors, truth = np.array([e for e, _ in pairs], kind), np.array([t for _, t in pairs])
    expected, found, false, before, total = [0.0] * len(pairs), 0, 0, 0.0, sum(truth)
    for n in sorted(range(len(pairs)), key=lambda n: -errors[n]):
        found, false = found + truth[n], false + (not truth[n])
        jaccard = 1 - (total - found) / (total + false)
        expected[n], before = jaccard - before, jaccard
    assert (steps(errors, truth) == np.array(expected, kind)).all()


@pytest.mark.parametrize("seed", range(12))
def test_the_cheapest_pixel_equals_trying_all(seed: int) -> None:
    r = np.random.RandomState(seed)
    shape = [(9, 11), (40,), (4, 5, 6)][seed % 3]
    starts = r.rand(*shape) < [0.02, 0.3, 0.9][seed // 4]
    starts.flat[seed] = True
    few = r.choice([1.0, 2.0, 4.0, 1e6], shape, p=[0.02, 0.08, 0.3, 0.6])  # as of hard masks: each may be the cheapest
    price = [1 / (r.rand(*shape) ** 4 + 1e-8), np.ones(shape), 10 ** r.uniform(-3, 6, shape), few][seed % 4]
    place, distance = cheapest(starts, price, 1e-3)
    everyone = np.argwhere(np.ones(shape, bool))
    for n, start in enumerate(np.argwhere(starts)):
        far = np.sqrt(((everyone - start) ** 2).sum(axis=1).astype(np.float64))
        assert (distance[n] + 1e-3) * price.flat[place[n]] == pytest.approx(((far + 1e-3) * price.ravel()).min())
        assert distance[n] == pytest.approx(far[place[n]])


def test_the_cheapest_of_many_starts() -> None:
    """More than are compared at once, and few pixels that are cheap: as from all of them."""
    r = np.random.RandomState(43)
    starts, price = r.rand(40, 40) < 0.6, np.full((40, 40), 1e6)
    price[3, 5], price[30, 33], price[20, 2] = 1.0, 1.5, 40.0
    place, distance = cheapest(starts, price, 1e-6)
    rows, columns = np.nonzero(starts)
    costs = np.stack([
        (np.hypot(rows - y, columns - x) + 1e-6) * price[y, x] for y, x in ((3, 5), (30, 33), (20, 2))
    ]).min(axis=0)  # fmt: skip
    assert (distance + 1e-6) * price.ravel()[place] == pytest.approx(np.minimum(costs, 1e-6 * price[starts]))


@pytest.mark.parametrize("shape", [(23,), (14, 17), (8, 9, 10)])
def test_distances_inside_a_mask_equal_scipy(shape: tuple[int, ...]) -> None:
    """In the middle, at the edges, along a whole side, of one pixel; 0 outside, and in a mask of one value."""
    middle, edge, side, one = (np.zeros(shape, bool) for _ in range(4))
    middle[(slice(3, 6),) * len(shape)] = edge[(slice(-4, None),) * len(shape)] = one[(2,) * len(shape)] = True
    side[:5] = True
    for mask in (middle, edge, side, one, ~middle, middle | one, edge | one):
        assert inner(mask) == pytest.approx(ndimage.distance_transform_edt(mask), rel=1e-15)
    assert not inner(np.zeros(shape, bool)).any()
    assert not inner(np.ones(shape, bool)).any()


@pytest.mark.parametrize("shape", [(7,), (6, 5), (4, 3, 5), (1, 4)])
def test_neighbourhoods_equal_scipy(shape: tuple[int, ...]) -> None:
    x, n = R.rand(*shape), len(shape)
    cross, box = ndimage.generate_binary_structure(n, 1), np.ones((3,) * n)
    assert near.eroded(x) == pytest.approx(ndimage.minimum_filter(x, footprint=cross, mode="nearest"))
    assert near.dilated(x) == pytest.approx(ndimage.maximum_filter(x, footprint=box, mode="nearest"))
    expected = ndimage.convolve(x, cross / cross.sum(), mode="constant")
    assert near.cross_mean(x) == pytest.approx(expected)


@pytest.mark.parametrize("window", [3, 5])
def test_local_moments_equal_scipy(window: int) -> None:
    x, weights = R.rand(6, 7), near.gaussian(window, 0.8)
    mean, variance = near.local_moments(x, weights)
    kernel = np.outer(weights, weights)
    expected = ndimage.correlate(x, kernel, mode="nearest")
    assert mean == pytest.approx(expected)
    assert variance == pytest.approx(ndimage.correlate(x * x, kernel, mode="nearest") - expected**2)
    assert near.local_moments(np.full((4, 5), 0.3), weights)[1].max() < 1e-30


def test_windows_fully_inside_equal_scipy() -> None:
    x, weights = R.rand(7, 6), near.gaussian(4, 1.1)
    full = ndimage.correlate(x, np.outer(weights, weights), mode="constant", origin=-2)
    assert near.windowed(x, weights) == pytest.approx(full[:4, :3])


def test_the_bell() -> None:
    """e^(−d²/(2σ²)) at d = −1, 0, 1, and at ±1/2, ±3/2; a very narrow one is still a mean."""
    e = np.exp(-1 / (2 * 0.49))
    assert near.gaussian(3, 0.7) == pytest.approx(np.array([e, 1, e]) / (1 + 2 * e))
    wide, close = np.exp(-2.25 / 8), np.exp(-0.25 / 8)
    assert near.gaussian(4, 2) == pytest.approx(np.array([wide, close, close, wide]) / (2 * wide + 2 * close))
    assert near.gaussian(4, 1e-9) == [0, 0.5, 0.5, 0]


@pytest.mark.parametrize("step", [-5, -3, -1, 0, 2, 3, 4])
@pytest.mark.parametrize("edge", [True, False])
def test_shifts(step: int, edge: bool) -> None:
    x = np.array([[1.0, 2, 3], [4, 5, 6]])
    padded = np.pad(x, ((0, 0), (5, 5)), mode="edge" if edge else "constant")
    assert near.shifted(x, 1, step, edge).tolist() == padded[:, 5 - step : 8 - step].tolist()


def test_skeletons_by_hand() -> None:
    """A bar three wide thins to its middle, less at the ends; a full frame and a single erosion leave none."""
    bar = np.zeros((5, 7))
    bar[1:4, 1:6] = 1
    line = np.zeros((5, 7))
    line[2, 2:5] = 1
    assert (near.skeleton(bar, 1) >= line).all()
    assert near.skeleton(bar, 1)[2].tolist() == [0, 0, 1, 1, 1, 0, 0]
    assert not near.skeleton(bar, 0)[2].any()
    assert not near.skeleton(np.ones((5, 7)), 4).any()


def test_windows_without_ignored_pixels() -> None:
    keep = np.ones((4, 5), bool)
    keep[0, 4] = False
    assert near.whole_windows(keep, 3).tolist() == [[True, True, False], [True, True, True]]


def test_distances_of_masks() -> None:
    mask = np.array([0, 1, 1, 1, 0, 0], bool)
    assert inner(mask).tolist() == [0, 1, 2, 1, 0, 0]
    assert both_sides(mask).tolist() == [1, 1, 2, 1, 1, 2]
    assert not both_sides(np.ones(3, bool)).any()
    assert not both_sides(np.zeros(3, bool)).any()


def test_fractions_to_the_centre() -> None:
    """(d_max − d)/(d_max − d_min) of each label; what is ignored is outside of all."""
    labels = np.array([1, 1, 1, 1, 1, 0, 0, -1, 2, 2])
    # distances: 1s 5 4 3 2 1; 0s 1 1; 2s 1 2
    assert fraction_to_centre(labels) == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1, 1, 0, 1, 0])
    assert not fraction_to_centre(np.array([3, 3, -1])).any()


def test_contours_and_their_errors() -> None:
    true, pred = np.array([0, 0, 1, 1, 1, 0]), np.array([0, 1, 1, 1, 1, 1])
    assert contour(true).tolist() == [False, True, True, False, True, True]
    assert contour_errors(pred, true).tolist() == [1, 0, 0, 0, 0, 0]
    assert not contour_errors(pred, np.ones(6, int)).any()
    assert contour_errors(np.array([[1, 1], [1, 0]]), np.array([[-1, 0], [1, 0]])).tolist() == [[0, 1], [0, 0]]


def test_an_image_of_windows() -> None:
    """The default window of 11 needs 11 pixels each way: SSIM of equal maps is 1, of opposites below 0."""
    from segeval import losses

    mask: Any = np.zeros((12, 13), int)
    mask[:, 6:] = 1
    assert losses.value("ssim", mask.astype(float), mask) == pytest.approx(0, abs=1e-12)
    assert losses.value("ssim", 1.0 - mask, mask) > 1
