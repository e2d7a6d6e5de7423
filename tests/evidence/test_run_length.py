"""Runs, cells and digests."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segeval.evidence import run_length as room
from segeval.evidence.run_length import CellCounter, LabelDigest, merged_cells, number_digest, runs

Array = np.ndarray[Any, Any]

PIECEWISE = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 40)), min_size=1, max_size=12)


def digest(truth: Array) -> str:
    found = LabelDigest(truth.shape)
    for block in runs(truth, truth):
        found.add(block)
    return found.hexdigest()


def cells(pred: Array, truth: Array) -> list[tuple[int, int, int]]:
    counter = CellCounter()
    for block in runs(pred, truth):
        counter.add(block)
    return list(zip(*(column.tolist() for column in counter.cells()), strict=True))


def test_runs_by_hand() -> None:
    """One block of two rows: a run goes on over the end of a row."""
    truth = np.array([[1, 1, 1], [1, 2, 2]], np.uint8)
    pred = np.array([[0, 0, 3], [3, 3, 3]], np.uint8)
    (block,) = runs(pred, truth)
    assert block.truth.tolist() == [1, 1, 2]
    assert block.pred.tolist() == [0, 3, 3]
    assert block.lengths.tolist() == [2, 2, 2]


@pytest.mark.parametrize("block", [8, 16, 64])
@given(pieces=PIECEWISE, other=PIECEWISE)
def test_blocks_change_nothing(block: int, pieces: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    """Whatever the size of a block, the runs spell out both masks and give the same counts and digest."""
    truth, pred = (np.repeat(*(np.array(c) for c in zip(*p, strict=True))).astype(np.uint8) for p in (pieces, other))
    size = min(truth.size, pred.size)
    truth, pred = truth[:size], pred[:size]
    whole = cells(pred, truth), digest(truth)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "BLOCK", block)
        parts = list(runs(pred, truth))
        assert np.array_equal(np.concatenate([np.repeat(p.truth, p.lengths) for p in parts]), truth)
        assert np.array_equal(np.concatenate([np.repeat(p.pred, p.lengths) for p in parts]), pred)
        assert (cells(pred, truth), digest(truth)) == whole


@given(hnp.arrays(np.uint8, st.integers(1, 300), elements=st.integers(0, 3)))
def test_where_finds_every_flag(values: Array) -> None:
    """The fast search gives what a plain loop gives."""
    flags = np.zeros(-(-values.size // 8) * 8, bool)
    flags[: values.size] = values == 0
    assert room._where(flags).tolist() == [n for n, flag in enumerate(flags.tolist()) if flag]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.int64])
def test_cells_by_hand_in_every_type(dtype: Any) -> None:
    pred, truth = np.array([[3, 18, 18]], dtype), np.array([[18, 18, 3]], dtype)
    assert cells(pred, truth) == [(3, 18, 1), (18, 3, 1), (18, 18, 1)]


def test_cells_of_extreme_ids() -> None:
    """32-bit ids of both signs keep apart and sorted."""
    low, high = -(2**31), 2**31 - 1
    pred, truth = np.array([low, high, -1, 0], np.int32), np.array([high, low, low, 65535], np.int32)
    assert cells(pred, truth) == [(low, -1, 1), (low, high, 1), (65535, 0, 1), (high, low, 1)]


def test_merged_cells_sums_equal_pairs() -> None:
    truth, pred = np.array([1, 0, 1], np.int32), np.array([-1, 2, -1], np.int32)
    merged = merged_cells(truth, pred, np.array([5, 7, 11], np.int64))
    assert [column.tolist() for column in merged] == [[0, 1], [2, -1], [7, 16]]


def test_digest_is_of_labels_not_of_storage() -> None:
    """Type, memory order and contiguity do not matter; ids, places and shape do."""
    truth = np.array([[0, 0, 7], [7, 1, 1]], np.uint8)
    same = [truth.astype(np.int32), np.asfortranarray(truth), np.repeat(truth, 2, axis=1)[:, ::2]]
    assert {digest(array) for array in same} == {digest(truth)}
    other = [truth.reshape(3, 2), truth.T.copy(), truth + 1, np.roll(truth, 1)]
    assert len({digest(truth), *map(digest, other)}) == 5


def test_digest_by_hand() -> None:
    """sha256 of the shape as text, then (id, end) of each run as little-endian int32."""
    import hashlib

    expected = hashlib.sha256(b"(5,)" + np.array([[4, 2], [9, 5]], "<i4").tobytes()).hexdigest()
    assert digest(np.array([4, 4, 9, 9, 9], np.uint8)) == expected


def test_the_digest_of_numbers_is_of_their_values_and_shape() -> None:
    """Whatever their type and order in memory; −0 is 0."""
    numbers = np.array([[0.0, 0.25, 1.0], [0.5, 0.75, 0.125]])
    digest = number_digest(numbers)
    assert number_digest(numbers.astype(np.float32)) == digest
    assert number_digest(np.asfortranarray(numbers)) == digest
    assert number_digest(numbers.astype(">f8")) == digest
    assert number_digest(np.where(numbers == 0, -0.0, numbers)) == digest
    others = [numbers.reshape(3, 2), numbers[::-1], numbers + 2**-50, numbers.ravel()]
    assert len({digest, *map(number_digest, others)}) == 5
