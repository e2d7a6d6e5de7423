"""Confusions: counting, adding, ids."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.reference import VECTORS, cases, confusion

from segeval.errors import ShapesDiffer, UnknownTruthIds
from segeval.evidence import Confusion
from segeval.evidence.confusion import positions, shares, total

Array = np.ndarray[Any, Any]

PAIR = hnp.arrays(np.uint8, st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 4))


@pytest.mark.parametrize(
    "name",
    [
        "P1-ignore-hallucinated-absent",
        "P2-unknown-predicted-labels",
        "V10-count-above-2^24",
        "mr-confusion-orientation",
    ],
)
def test_vectors(name: str) -> None:
    """Rows truth, columns prediction and `other`, without the ignored pixels."""
    vector = VECTORS[name]
    ignore = [vector["params"]["ignore"]] if "ignore" in vector["params"] else []
    labels = vector["params"]["labels"]
    found = total([Confusion.of(pred, truth, num_classes=len(labels), ignore=ignore) for pred, truth in cases(vector)])
    assert found.matrix.tolist() == vector["expected"]["confusion"]
    assert found.matrix.dtype == np.int64


def test_counts_are_turned_the_right_way() -> None:
    """A swap of prediction and truth must show."""
    vector = VECTORS["mr-confusion-orientation"]
    ((pred, truth),) = cases(vector)
    found = Confusion.of(pred, truth, num_classes=2)
    counts = {name: int(getattr(found, name)[1]) for name in ("tp", "fp", "fn", "tn")}
    assert counts == {name: vector["expected"][name] for name in counts}


@given(PAIR, st.sets(st.integers(0, 4), max_size=2))
def test_equals_a_loop_over_pixels(pair: Array, ignore: set[int]) -> None:
    pred, truth = pair
    ids = [i for i in range(5) if i not in ignore]
    found = Confusion.of(pred, truth, num_classes=5, ignore=ignore)
    expected = np.array(confusion(pred, truth, ids, ignore))
    assert found.matrix.tolist() == expected.tolist()
    assert found.total == expected.sum()
    assert found.ignored == truth.size - expected.sum()
    assert found.tp.tolist() == [row[k] for k, row in enumerate(expected.tolist())]
    assert found.fp.tolist() == (expected[:, :-1].sum(0) - found.tp).tolist()
    assert found.fn.tolist() == (expected.sum(1) - found.tp).tolist()
    assert (found.tp + found.fp + found.fn + found.tn == found.total).all()


@given(PAIR, st.integers(0, 8), st.integers(0, 8))
def test_tiles_add_up(pair: Array, row: int, column: int) -> None:
    """The sum over tiles is the whole, in any order."""
    pred, truth = pair
    tiles = [np.s_[:row, :column], np.s_[:row, column:], np.s_[row:, :column], np.s_[row:, column:]]
    parts = [Confusion.of(pred[t], truth[t], num_classes=5) for t in tiles]
    whole = Confusion.of(pred, truth, num_classes=5).matrix.tolist()
    assert total(parts).matrix.tolist() == whole
    assert (parts[3] + parts[0] + parts[2] + parts[1]).matrix.tolist() == whole


@given(PAIR, st.permutations(range(5)))
def test_permuting_classes_permutes_counts(pair: Array, order: list[int]) -> None:
    pred, truth = pair
    renamed = np.array(order, np.uint8)
    before = Confusion.of(pred, truth, num_classes=5)
    after = Confusion.of(renamed[pred], renamed[truth], num_classes=5)
    assert after.tp[order].tolist() == before.tp.tolist()
    assert after.matrix[np.ix_(order, order)].tolist() == before.matrix[:, :-1].tolist()


def test_ids_found_are_joined() -> None:
    """Without a list the classes are the ids found, ignored and negative ones left out; adding joins them."""
    a = Confusion.of(np.array([9, 255, -4], np.int16), np.array([2, 255, 2], np.int16), ignore=[255])
    b = Confusion.of(np.array([5]), np.array([300]), ignore=[255])
    assert (a.ids, b.ids) == ((2, 9), (5, 300))
    assert (a + b).ids == (2, 5, 9, 300)
    assert (a + b).matrix.tolist() == [[0, 0, 1, 0, 1], [0] * 5, [0] * 5, [0, 1, 0, 0, 0]]


def test_sparse_ids_of_a_large_range_stay_small() -> None:
    """65536 possible classes, two cells: nothing of size 65536² is made until the matrix is asked for."""
    found = Confusion.of(np.array([0, 65535, 65535], np.uint16), np.array([0, 65535, 1], np.uint16), num_classes=65536)
    assert (found.pixels.tolist(), int(found.tp.sum()), int(found.fn[1])) == ([1, 1, 1], 2, 1)


def test_unknown_truth_ids_are_named_with_their_pixels() -> None:
    with pytest.raises(UnknownTruthIds, match=r"ids that are no class: 7 \(2 pixels\), 9 \(1 pixel\)"):
        Confusion.of(np.zeros(4, np.uint8), np.array([7, 7, 9, 0], np.uint8), num_classes=3)


@pytest.mark.parametrize(
    ("truth", "classes", "hint"),
    [
        ([0, 255], 2, "--binary"),
        ([0, -1], 2, "--ignore -1"),
        ([0, 31], 19, "--ignore 31"),
        ([0, 255], 3, "--ignore 255"),
    ],
)
def test_unknown_truth_ids_give_the_way_out(truth: list[int], classes: int, hint: str) -> None:
    with pytest.raises(UnknownTruthIds) as caught:
        Confusion.of(np.zeros(2, np.int16), np.array(truth, np.int16), num_classes=classes)
    assert hint in caught.value.hint


def test_shapes_must_agree() -> None:
    with pytest.raises(ShapesDiffer, match="pred is 2 x 3 but truth is 3 x 2"):
        Confusion.of(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))


def test_unknown_predictions_are_counted() -> None:
    vector = VECTORS["P2-unknown-predicted-labels"]
    ((pred, truth),) = cases(vector)
    assert Confusion.of(pred, truth, num_classes=3, ignore=[255]).unknown_pred == {7: 1, 255: 1}


def test_normalised_by_hand() -> None:
    """Rows, columns and the whole sum to 1; a row or column of nothing is undefined."""
    found = Confusion.of(np.array([0, 0, 1, 0]), np.array([0, 0, 0, 1]), num_classes=3)
    nan = np.nan
    np.testing.assert_array_equal(found.normalised("truth"), [[2 / 3, 1 / 3, 0, 0], [1, 0, 0, 0], [nan, nan, nan, nan]])
    np.testing.assert_array_equal(
        found.normalised("pred"), [[2 / 3, 1, nan, nan], [1 / 3, 0, nan, nan], [0, 0, nan, nan]]
    )
    np.testing.assert_array_equal(found.normalised("all"), np.array([[2, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]) / 4)
    assert np.isnan(shares(np.zeros((1, 2)), "all")).all()


def test_merged_groups_count_what_other_classes_lose_to_them() -> None:
    """One region {1, 2} and background 0 without a group: nnU-Net's region Dice, 2·30 / (2·30 + 20) by hand."""
    truth, pred = np.repeat([1, 2, 0], [20, 10, 70]), np.repeat([2, 1, 0], [20, 30, 50])
    assert merged(Confusion.of(pred, truth, num_classes=3), {"region": [1, 2]}) == {"region": [30, 20, 0, 50]}


def test_merged_groups_forgive_what_stays_inside() -> None:
    """Prediction of no group is wrong; the last pixel is of no group, and outside of both."""
    pred = np.array([1, 2, 3, 0, 2, 4], np.uint8)
    truth = np.array([2, 1, 1, 3, 3, 4], np.uint8)
    found = merged(Confusion.of(pred, truth, num_classes=5), {"a": [1, 2], "b": [3]})
    assert found == {"a": [2, 1, 1, 2], "b": [0, 1, 2, 3]}


def test_merged_groups_may_overlap() -> None:
    """BraTS: enhancing tumour 4 lies in the core {1, 4}, which lies in the whole {1, 2, 4}; counted by hand."""
    truth = np.array([0, 1, 2, 4, 4, 2, 0], np.uint8)
    pred = np.array([0, 4, 2, 4, 1, 0, 1], np.uint8)
    found = merged(Confusion.of(pred, truth, ids=[0, 1, 2, 4]), {"WT": [1, 2, 4], "TC": [1, 4], "ET": [4]})
    assert found == {"WT": [4, 1, 1, 1], "TC": [3, 1, 0, 3], "ET": [1, 1, 1, 4]}


def merged(confusion: Confusion, groups: dict[str, list[int]]) -> dict[str, list[int]]:
    """tp, fp, fn and tn of each group of one image, the second of two."""
    columns = Confusion.merged([Confusion.none(), confusion], groups).classes
    return {name: [int(columns[key][1, n]) for key in ("tp", "fp", "fn", "tn")] for n, name in enumerate(groups)}


def test_positions_follow_the_order_of_the_list() -> None:
    assert positions(np.array([7, 3, 8, 5]), [5, 7, 3]).tolist() == [1, 2, 3, 0]
    assert positions(np.array([7]), []).tolist() == [0]


def test_confusions_that_ignore_other_ids_do_not_add() -> None:
    zeros = np.zeros(1, np.uint8)
    with pytest.raises(ValueError, match="ignore different ids"):
        _ = Confusion.of(zeros, zeros, num_classes=2) + Confusion.of(zeros, zeros, num_classes=2, ignore=[1])


def test_inputs_are_not_written_to() -> None:
    pred, truth = np.array([[0, 1]], np.uint8), np.array([[1, 1]], np.uint8)
    pred.flags.writeable = truth.flags.writeable = False
    assert Confusion.of(pred, truth, num_classes=2).matrix.tolist() == [[0, 0, 0], [1, 1, 0]]


@pytest.mark.parametrize(
    ("pred", "error", "message"),
    [
        (np.array([0.7]), TypeError, "float64"),
        (np.array([1 + 0j]), TypeError, "complex128"),
        (np.ma.masked_array([1], [True]), TypeError, "MaskedArray"),
        (np.array([1 << 32]), ValueError, "4294967296"),
        (np.array([-(1 << 31) - 1]), ValueError, "-2147483649"),
    ],
)
def test_arrays_that_are_no_labels_are_a_fault_of_the_caller(pred: Array, error: type[Exception], message: str) -> None:
    """Never truncated, wrapped or unmasked; on either side."""
    for pair in ((pred, np.array([0])), (np.array([0]), pred)):
        with pytest.raises(error, match=message):
            Confusion.of(*pair, num_classes=2)


def test_classes_given_twice_are_a_fault_of_the_caller() -> None:
    zeros = np.zeros(1, int)
    with pytest.raises(ValueError, match="given twice"):
        Confusion.of(zeros, zeros, ids=[0, 1, 1])
    with pytest.raises(ValueError, match="not both"):
        Confusion.of(zeros, zeros, ids=[0], num_classes=1)


def test_many_unknown_ids_are_counted_in_one_go() -> None:
    pred = np.repeat(np.arange(100, 3100), 3)
    found = Confusion.of(pred, np.zeros(9000, int), num_classes=1)
    assert found.unknown_pred == dict.fromkeys(range(100, 3100), 3)


def test_what_is_right():
    """Pixels predicted as what they are; not those of no group, given to no group, and not ignored ones."""
    found = Confusion.of(np.array([0, 1, 2, 2, 7, 255]), np.array([0, 1, 1, 2, 2, 255]), num_classes=3, ignore=[255])
    assert found.right == 3
    assert Confusion.merged([found], {"a": [0], "b": [1]}).images["right"].tolist() == [2]
    assert found.all_wrong().right == 0
    assert found.all_wrong().matrix.tolist() == [[0, 0, 0, 1], [0, 0, 0, 2], [0, 0, 0, 2]]


def test_many_images_count_as_they_do_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images are put together a few at a time; by hand: image n has n + 1 pixels of 1, predicted as 2."""
    monkeypatch.setattr("segeval.evidence.confusion.AT_ONCE", 2)
    every = [Confusion.of(np.full(n + 1, 2), np.full(n + 1, 1), ids=[1, 2]) for n in range(5)]
    columns = Confusion.columns(every, [1, 2]).classes
    assert columns["fn"].tolist() == [[1, 0], [2, 0], [3, 0], [4, 0], [5, 0]]
    assert columns["fp"].tolist() == [[0, 1], [0, 2], [0, 3], [0, 4], [0, 5]]
    assert total(every).matrix.tolist() == [[0, 15, 0], [0, 0, 0]]


def test_images_share_their_classes() -> None:
    """What is the same for all images is held once."""
    first, second = (Confusion.of(np.array([k]), np.array([3]), ids=[k, 3], ignore=[9]) for k in (7, 7))
    assert first.ids is second.ids
    assert first.ignore is second.ignore
