"""The two nearest distinct objects, one axis after the other: exact, and as fast for a thousand objects as for ten.

Every pixel holds two slots, a squared distance and a label each, with different labels. Two slots suffice: if a
candidate was dropped at some pixel, two other labels kept there are at most as far, and reach every further pixel with
at most its value; so the two smallest values stay exact after every axis.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from segeval.distance.grid import Array, Steps

ROWS, TILE = 64, 1 << 15  # a tile and its scratch space stay in the cache
EVERY = 3  # steps between two looks at whether a tile is done: a look costs as much as half a step
_LIMITS = 1 << 20  # entries of the table of limits

State = tuple[Array, ...]


class Packed:
    """Slots as `squared distance << bits | label` in one unsigned integer: for steps that are whole numbers.

    Distances above the cap are all the same: cap + 1, the sentinel.
    """

    def __init__(self, count: int, cap: int, reach: float) -> None:
        self.bits = count.bit_length()
        self.sentinel = cap + 1
        self.type = np.dtype(np.uint32 if (cap + 2) << self.bits < 1 << 31 else np.uint64)
        self.types = (self.type, self.type)
        self._high, self._other, self._value = np.empty((3, TILE), self.type)
        self._limits = self._table(reach) if math.isfinite(reach) and cap < _LIMITS else None

    @staticmethod
    def fits(count: int, cap: int) -> bool:
        """Whether slots, and the sum of a slot and a squared step, fit into 64 bits."""
        return (cap + 2) << count.bit_length() < 1 << 62

    def _table(self, reach: float) -> Array:
        """For each squared d1, the squared step from which nothing with d1 + d2 within reach is found any more."""
        d1 = np.sqrt(np.arange(self.sentinel + 1))
        with np.errstate(under="ignore"):
            found = (reach - np.minimum(d1, reach / 2)) ** 2
        return np.floor(np.minimum(found, self.sentinel) + 1e-6).astype(self.type)

    def slot(self, steps: Array, label: Array, square: int) -> State:
        """A slot for an object that is `steps` away along an axis; the sentinel where the label is 0."""
        farthest = math.isqrt(self.sentinel // square) + 1
        value = np.minimum(steps, farthest).astype(self.type)
        value *= value
        value *= square
        np.minimum(value, self.sentinel, out=value)
        np.copyto(value, self.sentinel, where=label == 0)
        value <<= self.bits
        value |= label.astype(self.type)
        return (value,)

    def merge(self, state: State, slot: State) -> None:
        """Put a candidate into the state, where it belongs."""
        (first, second), (value,) = state, slot
        high = self._high[: value.size].reshape(value.shape)
        other = self._other[: value.size].reshape(value.shape)
        np.maximum(first, value, out=high)
        np.minimum(first, value, out=first)
        np.bitwise_xor(first, high, out=other)
        other &= (1 << self.bits) - 1
        other -= 1  # all ones where the labels are equal: then `high` cannot win
        np.maximum(high, other, out=high)
        np.minimum(second, high, out=second)

    def moved(self, state: State, square: int) -> Iterator[State]:
        """Both slots of other pixels as candidates that are `square` farther."""
        for slot in state:
            value = self._value[: slot.size].reshape(slot.shape)
            np.add(slot, square << self.bits, out=value)
            yield (value,)

    def limit(self, state: State, last: bool) -> float:
        """The squared step from which no candidate can change what matters in this tile."""
        second = state[1] >> self.bits
        if last and self._limits is not None:
            np.minimum(second, self._limits[state[0] >> self.bits], out=second)
        return float(second.max())

    def distances(self, slot: Array, unit: float) -> Array:
        """Distances from squares; inf at the sentinel."""
        squares = slot >> self.bits
        found = np.sqrt(squares.astype(np.float64)) * unit
        found[squares == self.sentinel] = np.inf
        return found

    def finished(self, state: State, unit: float) -> tuple[Array, Array]:
        return self.distances(state[0], unit), self.distances(state[1], unit)


class Floats:
    """Slots as float64 squares beside int32 labels: for any steps, about half as fast."""

    types = (np.dtype(np.float64), np.dtype(np.float64), np.dtype(np.int32), np.dtype(np.int32))

    def __init__(self, reach: float) -> None:
        self._reach = reach

    def slot(self, steps: Array, label: Array, square: float) -> State:
        value = np.square(steps, dtype=np.float64) * square
        value[label == 0] = np.inf
        return value, label.astype(np.int32)

    def merge(self, state: State, slot: State) -> None:
        (first, second, first_label, second_label), (value, label) = state, slot
        same, nearer = first_label == label, value < first
        pushed = nearer & ~same
        np.copyto(second, first, where=pushed)
        np.copyto(second_label, first_label, where=pushed)
        between = ~same & ~nearer & (value < second)
        np.copyto(second, value, where=between)
        np.copyto(second_label, label, where=between)
        np.copyto(first, value, where=nearer)
        np.copyto(first_label, label, where=nearer)

    def moved(self, state: State, square: float) -> Iterator[State]:
        yield state[0] + square, state[2]
        yield state[1] + square, state[3]

    def limit(self, state: State, last: bool) -> float:
        if not last or not math.isfinite(self._reach):
            return min(float(state[1].max()), self._reach**2)
        rest = (self._reach - np.minimum(np.sqrt(state[0]), self._reach / 2)) ** 2
        return float(np.minimum(state[1], rest).max())

    def finished(self, state: State, unit: float) -> tuple[Array, Array]:
        return np.sqrt(state[0]) * unit, np.sqrt(state[1]) * unit


def two_nearest(
    objects: Array, count: int, grid: Steps, reach: float = math.inf, active: Array | None = None
) -> tuple[Array, Array]:
    """The distances to the two nearest of the objects 1 … `count`, exact wherever they add up to at most `reach`.

    Elsewhere they are never too small.  active: where they are wanted; None is everywhere.
    """
    form, squares = _form(objects.shape, count, grid, reach)
    state = _first_axis(form, objects, squares[-1])
    for axis in range(objects.ndim - 2, -1, -1):
        state = _along(form, state, axis, squares[axis], active if axis == 0 else None)
    return form.finished(state, grid.unit)


def _form(
    shape: tuple[int, ...], count: int, grid: Steps, reach: float
) -> tuple[Packed | Floats, tuple[int, ...] | tuple[float, ...]]:
    """How slots are held, and the square of one step along each axis."""
    if grid.whole:
        squares = tuple(step**2 for step in grid.whole)
        cap = sum((n - 1) ** 2 * square for n, square in zip(shape, squares, strict=True))
        limit = reach / grid.unit * (1 + 1e-12)
        if limit < 1 << 30:
            cap = min(cap, int(limit**2))
        if Packed.fits(count, cap + max(squares)):
            return Packed(count, cap, limit), squares
    return Floats(reach / grid.unit * (1 + 1e-12)), tuple(step**2 for step in grid.exact)


def _first_axis(form: Packed | Floats, objects: Array, square: Any) -> State:
    """The slots after the last, contiguous axis: the two last different labels on either side."""
    length = objects.shape[-1]
    lines = np.ascontiguousarray(objects).reshape(-1, length)
    state = tuple(np.empty(lines.shape, kind) for kind in form.types)
    places = np.arange(length)
    rows = max(1, TILE // length)
    for start in range(0, len(lines), rows):
        block = lines[start : start + rows]
        part = tuple(array[start : start + rows] for array in state)
        sides = [*_seen(block), *(each[:, ::-1] for each in _seen(block[:, ::-1]))]
        for column in range(0, length, TILE):
            here = slice(column, column + TILE)
            _merge_sides(form, tuple(each[:, here] for each in part), sides, places, here, square)
    return tuple(array.reshape(objects.shape) for array in state)


def _merge_sides(
    form: Packed | Floats, state: State, sides: list[Array], places: Array, here: slice, square: Any
) -> None:
    """Merge the last label and the last different one, from the left and from the right."""
    places, length = places[here], len(places)
    slots = []
    for side, seen in enumerate(sides):
        position, label = seen[:, here] >> 32, seen[:, here] & 0xFFFFFFFF
        position = length - position if side >= 2 else position - 1
        slots.append(form.slot(np.abs(places - position), label, square))
    left, other = slots[:2]
    for n, array in enumerate(left):
        state[2 * n][...] = array
        state[2 * n + 1][...] = other[n]
    for slot in slots[2:]:
        form.merge(state, slot)


def _seen(lines: Array) -> tuple[Array, Array]:
    """The last label at or before each pixel of a line, and the last one that differs from it: `place << 32 | label`.

    Places count from 1; 0 where there is no such label.
    """
    places = np.arange(1, lines.shape[-1] + 1, dtype=np.int64) << 32
    last = np.maximum.accumulate(np.where(lines, places | lines, 0), axis=-1)
    before = np.zeros_like(last)
    before[:, 1:] = last[:, :-1]
    before[(lines == 0) | ((before & 0xFFFFFFFF) == lines)] = 0
    return last, np.maximum.accumulate(before, axis=-1)


def _along(form: Packed | Floats, state: State, axis: int, square: Any, active: Array | None) -> State:
    """The slots after one more axis, tile by tile."""
    shape = state[0].shape
    outer, length, lanes = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
    flat = tuple(array.reshape(outer, length, lanes) for array in state)
    result = tuple(np.empty_like(array) for array in flat)
    wanted = None if active is None else active.reshape(length, lanes)
    rows = min(ROWS, length)
    columns = TILE // rows
    for o in range(outer):
        source = tuple(array[o] for array in flat)
        for top in range(0, length, rows):
            for left in range(0, lanes, columns):
                tile = (slice(top, min(top + rows, length)), slice(left, left + columns))
                part = _tile(form, source, tile, square, axis == 0, None if wanted is None else wanted[tile])
                for array, values in zip(result, part, strict=True):
                    array[o][tile] = values
    return tuple(array.reshape(shape) for array in result)


def _tile(
    form: Packed | Floats, source: State, tile: tuple[slice, slice], square: Any, last: bool, wanted: Array | None
) -> State:
    """One tile: candidates from ever farther rows, until none can matter."""
    rows, columns = tile
    state = tuple(array[tile].copy() for array in source)
    if wanted is not None:
        state[1][~wanted] = 0  # what nobody asks for is found already
    limit = form.limit(state, last)
    length, step = len(source[0]), 1
    while step**2 * square <= limit and step < length:
        for top, bottom in ((rows.start + step, rows.stop + step), (rows.start - step, rows.stop - step)):
            first, end = max(top, 0), min(bottom, length)
            if first < end:
                part = tuple(array[first - top : end - top] for array in state)
                others = tuple(array[first:end, columns] for array in source)
                for slot in form.moved(others, step**2 * square):
                    form.merge(part, slot)
        if step % EVERY == 0:
            limit = form.limit(state, last)
        step += 1
    return state
