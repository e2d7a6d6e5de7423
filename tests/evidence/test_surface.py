"""Surfaces of pairs of masks: fixed vectors, plain loops, and the laws of distances."""

import itertools
import math

import numpy as np
import pytest
from support import plain_surface
from support.reference import VECTORS, mask

from segeval import metrics
from segeval.errors import BadOption, ShapesDiffer
from segeval.evidence import Boundary, Surface
from segeval.evidence.kinds import EVIDENCE
from segeval.evidence.regions import Regions
from segeval.metrics import METRICS

NAMES = [name for name, metric in METRICS.items() if metric.eats is Surface]
TOPICS = ("surface", "surface-void")


def values(surface, **params):
    """Every metric of the only class."""
    found = {}
    for name in NAMES:
        known = {key: params[key] for key in METRICS[name].params if key in params}
        found[name] = getattr(metrics, name)(surface, **known)[0]
    return found


@pytest.mark.parametrize(
    "vector", [each for each in VECTORS.values() if each["topic"] in TOPICS], ids=lambda v: v["id"]
)
def test_vectors(vector):
    """Numbers of other programs and of their tests: MedPy, MetricsReloaded, MONAI, panoptica, scikit-image."""
    params, expected = vector["params"], vector["expected"]
    pred, truth = (mask(vector["inputs"][side]) for side in ("pred", "truth"))
    ignore = [params["ignore"]] if "ignore" in params else []
    surface = Surface.of(pred, truth, params["spacing"], ignore=ignore, num_classes=2)
    assert surface.ids == (params["label"],)
    found = values(surface) | {
        "n_border_truth": surface.to_pred.total[0],
        "n_border_pred": surface.to_truth.total[0],
        "hd_truth_to_pred": surface.to_pred.largest[0],
        "hd_pred_to_truth": surface.to_truth.largest[0],
        **{f"nsd@{t}": metrics.nsd(surface, tolerance=t)[0] for t in params.get("tau", [])},
    }
    told = {name: found[name] for name in expected if name in found}
    assert told
    assert told == pytest.approx({name: expected[name] for name in told}, abs=vector["atol"])


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("shape", "spacing"), [((11, 8), (0.7, 2.0)), ((5, 7, 6), (3.0, 1.25, 0.5)), ((30,), (4.0,))])
def test_every_metric_is_that_of_plain_loops(shape, spacing, full):
    """Random masks of three classes, with ignored pixels, at settings that all differ from the defaults."""
    rng = np.random.default_rng(len(shape))
    for void in ((), (7,)):
        truth, pred = (rng.choice(4, shape, p=[0.4, 0.3, 0.2, 0.1]) for _ in range(2))
        truth = np.where(rng.random(shape) < 0.1, 7, truth)
        connectivity = "full" if full else "face"
        kept = truth if void else np.where(truth == 7, 0, truth)
        surface = Surface.of(pred, kept, spacing, ignore=void, border_connectivity=connectivity)
        assert surface.ids == (1, 2, 3)
        for k, label in enumerate(surface.ids):
            expected = plain_surface.scores(pred, kept, label, spacing, void, full, tolerance=1.3, percentile=72.0)
            found = values(surface.over([label]), tolerance=1.3, percentile=72.0)
            assert found == pytest.approx(expected, rel=1e-12), (k, void)


def blobs(shape, seed=0):
    """Two masks of one class that overlap, away from the edge of the image."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(2):
        array = np.zeros(shape, np.uint8)
        for _ in range(3):
            low = [int(rng.integers(2, n // 2)) for n in shape]
            array[tuple(slice(a, a + int(rng.integers(2, 5))) for a in low)] = 1
        found.append(array)
    return found


def test_laws_of_distances():
    """Swapping the masks swaps the directions; flips, axes in another order and a shift change nothing."""
    spacing = (2.0, 0.5, 1.5)
    pred, truth = blobs((14, 17, 15))
    plain = values(Surface.of(pred, truth, spacing))
    swapped = values(Surface.of(truth, pred, spacing))
    swapped["asd_truth_to_pred"], swapped["asd_pred_to_truth"] = (
        swapped["asd_pred_to_truth"],
        swapped["asd_truth_to_pred"],
    )
    assert swapped == pytest.approx(plain, rel=1e-14)
    assert values(Surface.of(pred[::-1, :, ::-1], truth[::-1, :, ::-1], spacing)) == plain
    assert (
        values(Surface.of(np.roll(pred, (2, 3, 1), (0, 1, 2)), np.roll(truth, (2, 3, 1), (0, 1, 2)), spacing)) == plain
    )
    for order in itertools.permutations(range(3)):
        turned = values(Surface.of(pred.transpose(order), truth.transpose(order), [spacing[n] for n in order]))
        assert turned == pytest.approx(plain, rel=1e-14)


def test_spacing_scales_every_distance():
    pred, truth = blobs((16, 18), seed=4)
    one, more = Surface.of(pred, truth, (1, 2)), Surface.of(pred, truth, (2.5, 5))
    for name in NAMES:
        params = [{"tolerance": 1.5}, {"tolerance": 3.75}] if name == "nsd" else [{}, {}]
        small, large = (getattr(metrics, name)(s, **p)[0] for s, p in zip((one, more), params, strict=True))
        assert large == pytest.approx(small * (1 if name == "nsd" else 2.5), rel=1e-14)
    assert metrics.hd95_max(one)[0] <= metrics.hd(one)[0]
    shares = [metrics.nsd(one, tolerance=t)[0] for t in np.linspace(0, 9, 30)]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_tolerance_that_is_a_distance_is_within_it():
    """√5 · 0.1 and its neighbours in floating point; 0.3 is 3 steps of 0.1."""
    truth, pred = np.zeros((9, 9), np.uint8), np.zeros((9, 9), np.uint8)
    truth[2, 2], pred[4, 3] = 1, 1
    surface = Surface.of(pred, truth, (0.1, 0.1))
    at = math.sqrt(5) * 0.1
    assert metrics.nsd(surface, tolerance=at)[0] == metrics.nsd(surface, tolerance=np.nextafter(at, 0))[0] == 1
    assert metrics.nsd(surface, tolerance=at * (1 - 1e-8))[0] == 0


@pytest.mark.parametrize(("truth", "pred"), [(1, 0), (0, 1)])
def test_one_empty_side_is_infinite_and_never_best(truth, pred):
    masks = [np.zeros((6, 7), np.uint8) for _ in range(2)]
    masks[0][2:4, 3] = truth
    masks[1][2:4, 3] = pred
    surface = Surface.of(masks[1], masks[0], num_classes=3)
    found = values(surface)
    assert found.pop("nsd") == 0
    assert set(found.values()) == {math.inf}
    assert all(math.isnan(value) for value in values(surface.over([2])).values())


def test_a_class_whose_neighbours_are_all_ignored_has_no_border():
    """Its distances are undefined: nothing says where it ends, and it is not missed."""
    truth, pred = np.zeros((7, 7), np.uint8), np.zeros((7, 7), np.uint8)
    truth[1:6, 1:6], pred[3, 3] = 255, 1
    truth[3, 3] = 1
    surface = Surface.of(pred, truth, ignore=[255])
    assert surface.ids == (1,)
    assert all(math.isnan(value) for value in values(surface).values())


def test_one_pixel_objects_thin_volumes_and_far_anisotropy():
    """A stack of one slice is a picture; 400 : 1 spacing."""
    truth, pred = np.zeros((1, 8, 9), np.uint8), np.zeros((1, 8, 9), np.uint8)
    truth[0, 1:6, 2:7] = 1
    pred[0, 1:6, 3:8] = 1
    flat, deep = Surface.of(pred[0], truth[0], (3, 1)), Surface.of(pred, truth, (50, 3, 1))
    assert values(deep) == values(flat)
    assert flat.to_pred.total[0] == 16
    truth, pred = np.zeros((4, 5, 5), np.uint8), np.zeros((4, 5, 5), np.uint8)
    truth[0, 0, 0], pred[3, 4, 1] = 1, 1
    assert metrics.hd(Surface.of(pred, truth, (400, 1, 1)))[0] == pytest.approx(
        math.sqrt(1200**2 + 4**2 + 1), rel=1e-15
    )
    assert metrics.hd(Surface.of(np.ones((1, 1), int), np.ones((1, 1), int)))[0] == 0


def test_large_ids_are_found():
    """Ids beyond any table, in any integer type."""
    truth, pred = np.zeros((6, 9), np.int64), np.zeros((6, 9), np.int64)
    truth[1:3, 1:3], truth[4, 5] = 70_000, 3
    pred[1:3, 2:4], pred[4, 5] = 70_000, 12
    surface = Surface.of(pred, truth)
    assert surface.ids == (3, 12, 70_000)
    assert metrics.hd(surface).tolist() == [math.inf, math.inf, 1]


def test_the_background_has_no_surface_unless_asked():
    truth = np.array([[0, 0, 0, 1], [0, 0, 1, 1]])
    assert Surface.of(truth, truth).ids == (1,)
    assert Surface.of(truth, truth, background=None).ids == (0, 1)
    assert Surface.of(truth, truth, background=1).ids == (0,)


def test_channels_are_each_a_mask_of_their_own():
    """Classes that do not exclude each other, with ignored pixels of each."""
    rng = np.random.default_rng(8)
    pred, truth = (rng.integers(0, 2, (2, 6, 7)) for _ in range(2))
    truth = np.where(rng.random(truth.shape) < 0.1, 2, truth)
    regions = Regions.of_channels(pred, truth, (4, 9), 2, (2.0, 1.0))
    surface = Surface.from_regions(regions)
    assert surface.ids == (4, 9)
    for k, channel in enumerate((0, 1)):
        expected = plain_surface.scores(pred[channel], truth[channel], 1, (2.0, 1.0), void=(2,))
        assert values(surface.over([surface.ids[k]])) == pytest.approx(expected, rel=1e-12)


def test_wrong_input_is_refused():
    mask = np.ones((4, 5), np.uint8)
    with pytest.raises(ShapesDiffer):
        Surface.of(mask, mask[:3])
    with pytest.raises(BadOption, match="3 numbers for 2 axes"):
        Surface.of(mask, mask, (1, 1, 1))
    with pytest.raises(BadOption):
        Surface.of(mask, mask, (1, 0))
    with pytest.raises(TypeError):
        Surface.of(mask / 2, mask)


def pairs():
    """Surfaces of images with other classes, a missed one, one in no mask and none at all."""
    rng = np.random.default_rng(2)
    made = [Surface.of(*rng.integers(0, 3, (2, 6, 7))), Surface.of(np.zeros((3, 4), int), np.eye(3, 4, dtype=int) * 5)]
    return [
        *made,
        Surface.of(*np.zeros((2, 3, 3), int)),
        Surface.of(*rng.integers(0, 9, (2, 4, 4, 4)), (0.3, 1, math.e)),
    ]


def test_it_comes_back_as_it_was():
    every = [*pairs()[:2], None, *pairs()[2:]]
    kind = EVIDENCE["surface"].evidence
    packed = kind.packed(every)
    found = kind.unpacked(packed)
    assert [each is None for each in found] == [each is None for each in every]
    for one, other in zip(every, found, strict=True):
        if one is not None:
            assert (one.ids, one.unit, one.diagonal) == (other.ids, other.unit, other.diagonal)
            for name in NAMES:
                np.testing.assert_array_equal(getattr(metrics, name)(one), getattr(metrics, name)(other))
    again = kind.packed(found)
    assert all(np.array_equal(packed[name], again[name]) and packed[name].dtype == again[name].dtype for name in packed)


def test_sums_hold_the_distances_of_both():
    """By hand: 0, 0, 1 and 0, 2 are five distances of which the largest is 2 and three are 0."""
    one = Surface.of(np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0]))
    other = Surface.of(np.array([0, 0, 0, 1]), np.array([0, 1, 0, 0]))
    both = one + other
    assert (metrics.hd(both)[0], both.truth.tolist(), both.pred.tolist()) == (2, [2], [3])
    assert metrics.assd(both)[0] == pytest.approx((0 + 0 + 1 + 2 + 2) / 5)
    assert metrics.nsd(both, tolerance=1)[0] == 3 / 5
    spaced = Surface.of(np.array([1, 0]), np.array([1, 0]), (2.0,))
    assert [(a + b).unit for a, b in ((one, other), (spaced, spaced), (one, spaced))] == ["pixel", "spacing", "mixed"]
    every = pairs()
    added = every[0] + every[1] + every[2]
    assert added.ids == (1, 2, 5)
    assert metrics.hd(added).tolist() == [metrics.hd(every[0])[0], metrics.hd(every[0])[1], math.inf]
    total = EVIDENCE["surface"].evidence.summed([every[0], None, every[1], every[2]])
    np.testing.assert_array_equal(metrics.assd(total), metrics.assd(added))


def test_arrays_of_any_layout_are_the_same():
    """Columns first, as volumes come from NIfTI files, on one side or both; slices of a larger array."""
    spacing = (2.0, 0.5, 1.5)
    pred, truth = blobs((9, 12, 11), seed=1)
    plain = values(Surface.of(pred, truth, spacing))
    wide = np.zeros((18, 12, 22), np.uint8)
    wide[::2, :, ::2] = pred
    for one, other in ((np.asfortranarray(pred), np.asfortranarray(truth)), (np.asfortranarray(pred), truth)):
        assert values(Surface.of(one, other, spacing)) == pytest.approx(plain, rel=1e-14)
        assert values(Surface.of(other, one, spacing))["hd"] == plain["hd"]
    assert values(Surface.of(wide[::2, :, ::2], np.asfortranarray(truth), spacing)) == pytest.approx(plain, rel=1e-14)


@pytest.mark.parametrize("offset", [0, 252, 70_000])
@pytest.mark.parametrize("full", [False, True])
def test_all_classes_at_once_are_each_by_itself(offset, full):
    """Where boxes of classes overlap the image is swept whole: the same numbers to the last bit as of one class alone.

    Ids from 0, up to the largest of a byte, and beyond; with ignored pixels, in 2-D and 3-D.
    """
    rng = np.random.default_rng(offset)
    for shape, spacing in (((23, 31), (0.7, 2.0)), ((7, 9, 8), (3.0, 1.25, 0.5))):
        truth, pred = (rng.random(shape).cumsum(axis=1).astype(int) % 4 + offset for _ in range(2))
        pred[: shape[0] // 2] = truth[: shape[0] // 2]
        void = offset + 4 if offset else 9
        truth = np.where(rng.random(shape) < 0.1, void, truth)
        ignore = [] if offset == 252 else [void]
        truth = truth if ignore else np.where(truth == void, offset, truth)
        options = {"ignore": ignore, "border_connectivity": "full" if full else "face"}
        ids = range(offset, offset + 4)
        regions = Regions.of_labels(pred.astype(np.int32), truth.astype(np.int32), list(ids), ignore)
        assert regions.labels is not None
        every = Surface.of(pred, truth, spacing, background=None, **options)
        rims = Boundary.of(pred, truth, spacing, background=None, ignore=ignore, percent=[9, 21])
        assert every.ids == rims.ids == tuple(ids)
        for id_ in ids:
            alone = [np.where(side == id_, 1, np.where(side == void, void, 0)) for side in (pred, truth)]
            alone[0] = np.where(alone[0] == void, 0, alone[0])
            single = Surface.of(*alone, spacing, **options)
            assert single.ids == (1,)
            one = every.over([id_])
            assert (one.truth.tolist(), one.pred.tolist()) == (single.truth.tolist(), single.pred.tolist())
            for way in ("to_pred", "to_truth"):
                for name in ("values", "weights", "sums"):
                    np.testing.assert_array_equal(getattr(getattr(one, way), name), getattr(getattr(single, way), name))
            lonely = Boundary.of(*alone, spacing, ignore=ignore, percent=[9, 21])
            for width in (9.0, 21.0):
                mine, its = (each.rim("percent", width) for each in (rims.over([id_]), lonely))
                assert [part.tolist() for part in mine] == [part.tolist() for part in its]
