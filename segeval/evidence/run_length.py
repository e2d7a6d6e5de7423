"""Masks as runs of equal pixels: what counting and hashing share.

Masks are piecewise constant, so that it is much cheaper to find where something changes (two byte comparisons per
pixel, vectorised) than to look up every pixel. Blocks keep the work in the cache.
"""

import hashlib
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from segeval.errors import ShapesDiffer
from segeval.text import extent

Array = npt.NDArray[Any]
Cells = tuple[Array, Array, Array]  # true ids (int32), predicted ids (int32), how often they meet (int64)

BLOCK = 1 << 20  # pixels: few enough for the cache, many enough that threads seldom wait for each other


def narrow(labels: npt.ArrayLike) -> Array:
    """Integer labels as uint8 where they fit, else as int32.

    TypeError for what is not a plain integer or boolean array, ValueError for ids beyond 32 bits.
    """
    array = np.asanyarray(labels)
    if hasattr(array, "mask") or array.dtype.kind not in "biu":  # a mask would be lost
        raise TypeError(f"labels are plain integer arrays, not {type(array).__name__} of {array.dtype}")
    if array.dtype == bool:  # a stored true may be any byte but 0
        return np.not_equal(array.view(np.uint8), 0).view(np.uint8)
    if array.dtype == np.uint8 or not array.size:
        return array.astype(np.uint8, copy=False)
    low, high = array.min().item(), array.max().item()
    if low < -(1 << 31) or high >= 1 << 31:
        raise ValueError(f"the id {low if low < -(1 << 31) else high} does not fit into 32 bits")
    return array.astype(np.uint8 if low >= 0 and high <= 255 else np.int32)


def narrow_pair(pred: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[Array, Array]:
    """Both of them so.  ShapesDiffer where they are not of one shape."""
    one, other = narrow(pred), narrow(truth)
    if one.shape != other.shape:
        what = f"pred is {extent(one.shape)} but truth is {extent(other.shape)}"
        raise ShapesDiffer(what, "masks are compared pixel by pixel")
    return one, other


class Runs(NamedTuple):
    """Consecutive stretches of pixels that have one true and one predicted id: three arrays of one length."""

    truth: Array
    pred: Array
    lengths: Array


def runs(pred: Array, truth: Array) -> Iterator[Runs]:
    """The runs of two label arrays of one shape, in C order, block by block. Two neighbouring runs may be alike."""
    pred, truth = pred.ravel(), truth.ravel()
    words = -(-min(BLOCK, truth.size) // 8) * 8
    changes, buffer = np.zeros(words, bool), np.empty(words, bool)
    for start in range(0, truth.size, BLOCK):
        t, p = truth[start : start + BLOCK], pred[start : start + BLOCK]
        last = t.size - 1
        np.not_equal(t[1:], t[:-1], out=changes[:last])
        np.not_equal(p[1:], p[:-1], out=buffer[:last])
        np.logical_or(changes[:last], buffer[:last], out=changes[:last])
        changes[last] = True
        changes[last + 1 :] = False
        ends = _where(changes)
        yield Runs(t[ends], p[ends], np.diff(ends, prepend=-1))


def _where(flags: Array) -> Array:
    """The indices of the set flags; twice as fast as `flatnonzero`, which mispredicts a branch at each of them.

    The words of eight flags that have any are found first: few enough to skip most, and dense enough to be found, and
    then searched, without branches.
    """
    words = flags.view(np.uint64)
    some = np.flatnonzero(words != 0)
    places = np.flatnonzero(words[some].view(bool))
    indices: Array = some[places >> 3]
    indices <<= 3
    places &= 7
    indices += places
    return indices


class CellCounter:
    """Counts the pixels of each pair (true id, predicted id)."""

    def __init__(self) -> None:
        self._bytes = np.zeros(0, np.int64)  # grows to a table of 256 x 256 when ids fit in a byte
        self._cells: list[tuple[Array, Array]] = []

    def add(self, block: Runs) -> None:
        if block.truth.dtype == block.pred.dtype == np.uint8:
            if not self._bytes.size:
                self._bytes = np.zeros(1 << 16, np.int64)
            key = block.truth.astype(np.intp)
            key <<= 8
            key |= block.pred
            np.add.at(self._bytes, key, block.lengths)
        else:
            self._cells.append(summed(_key(block.truth, block.pred), block.lengths))

    def cells(self) -> tuple[Array, Array, Array]:
        """The ids that occur together, truth (int32) and prediction (int32), and how often (int64); sorted."""
        if self._bytes.size:
            seen = np.flatnonzero(self._bytes != 0)  # of flags: far faster than of integers
            return (seen >> 8).astype(np.int32), (seen & 255).astype(np.int32), self._bytes[seen]
        if not self._cells:
            return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64)
        return _split(*summed(*(np.concatenate(column) for column in zip(*self._cells, strict=True))))


def cells_of(pred: Array, truth: Array) -> tuple[Array, Array, Array]:
    """The cells of two label arrays of one shape."""
    counter = CellCounter()
    for block in runs(pred, truth):
        counter.add(block)
    return counter.cells()


def merged_cells(truth: Array, pred: Array, pixels: Array) -> tuple[Array, Array, Array]:
    """The same cells, sorted, each pair of ids once."""
    return _split(*summed(_key(truth, pred), pixels))


def _key(truth: Array, pred: Array) -> Array:
    """One sortable number for each pair of 32-bit ids."""
    return (truth.astype(np.int64) << 32) + pred.astype(np.int64) + (1 << 31)


def _split(keys: Array, pixels: Array) -> tuple[Array, Array, Array]:
    return (keys >> 32).astype(np.int32), ((keys & 0xFFFFFFFF) - (1 << 31)).astype(np.int32), pixels


def summed(keys: Array, counts: Array) -> tuple[Array, Array]:
    """Each distinct key, sorted, with the sum (int64) of its counts."""
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order].astype(np.int64)
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: keys.size])
    return keys[starts], np.add.reduceat(counts, starts) if keys.size else counts


def number_digest(numbers: Array) -> str:
    """A sha256 of an array of numbers: of its shape and its values in float64, whatever its type and file format."""
    values = np.ascontiguousarray(numbers, "<f8") + 0.0  # −0 is 0
    shape = repr(tuple(int(n) for n in numbers.shape)).encode()
    return hashlib.sha256(b"numbers" + shape + values.tobytes()).hexdigest()


class LabelDigest:
    """A sha256 of a label array: of its shape, and of its runs in C order, whatever its type and file format."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._hash = hashlib.sha256(repr(tuple(int(n) for n in shape)).encode())
        self._number = "<i4" if math.prod(shape) < 1 << 31 else "<i8"
        self._pending: tuple[int, int] | None = None  # the id of the run that is still open, and where it ends

    def add(self, block: Runs) -> None:
        ids = block.truth
        if not ids.size:
            return
        ends = np.cumsum(block.lengths)
        if self._pending:
            ends += self._pending[1]
            if self._pending[0] != ids[0]:
                self._close()
        closed = np.flatnonzero(ids[1:] != ids[:-1])
        pairs = np.empty((closed.size, 2), self._number)
        pairs[:, 0], pairs[:, 1] = ids[closed], ends[closed]
        self._hash.update(pairs.tobytes())
        self._pending = int(ids[-1]), int(ends[-1])

    def _close(self) -> None:
        self._hash.update(np.array(self._pending, self._number).tobytes())
        self._pending = None

    def hexdigest(self) -> str:
        """The digest; nothing can be added after it."""
        if self._pending:
            self._close()
        return self._hash.hexdigest()


def counted_cells(pred: Array, truth: Array) -> tuple[Cells, str]:
    """The cells of a pair and the digest of its truth, in one sweep."""
    counter, digest = CellCounter(), LabelDigest(truth.shape)
    for block in runs(pred, truth):
        counter.add(block)
        digest.add(block)
    return counter.cells(), digest.hexdigest()


def label_digest(labels: Array) -> str:
    """The digest of labels by themselves."""
    digest = LabelDigest(labels.shape)
    for block in runs(labels, labels):
        digest.add(block)
    return digest.hexdigest()
