"""Many sets of distances, one for each row: distinct values with how much each weighs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segeval.evidence.kinds import joined, split
from segeval.evidence.run_length import Array

CLOSE = 1 + 5e-10  # a distance this near to a limit is within it: 1e-9 of its square

FIELDS = ("values", "weights", "sizes", "sums")


@dataclass(frozen=True, eq=False)
class Distances:
    """Rows of distances: the values of each row, ascending and distinct, one row after the other.

    weights: how often each occurs (int64), or how much surface it stands for (float64); above 0.
    sums: Σ value · weight of each row, rounded once.
    """

    values: Array  # (n,) float64
    weights: Array  # (n,)
    sizes: Array  # (rows,) int64: values of each row
    sums: Array  # (rows,) float64

    @classmethod
    def of(cls, rows: Sequence[tuple[Array, Array]]) -> "Distances":
        """The same from the values and weights of each row."""
        values = [np.asarray(value, np.float64) for value, _ in rows]
        weights = [weight for _, weight in rows]
        sums = [math.fsum((value * weight).tolist()) for value, weight in zip(values, weights, strict=True)]
        sizes = np.array([value.size for value in values], np.int64)
        return cls(joined(values).astype(np.float64), joined(weights), sizes, np.array(sums, np.float64))

    @classmethod
    def stacked(cls, parts: Sequence["Distances"]) -> "Distances":
        """The rows of several, one after the other."""
        return cls(*(joined([getattr(each, name) for each in parts]) for name in FIELDS))

    def take(self, rows: Sequence[int]) -> "Distances":
        """Some of the rows, in this order; −1 is a row without distances."""
        ends = [*np.cumsum(self.sizes).tolist()]
        parts = [slice(ends[n] - int(self.sizes[n]), ends[n]) if n >= 0 else slice(0) for n in rows]
        sizes = [0 if n < 0 else int(self.sizes[n]) for n in rows]
        sums = [0.0 if n < 0 else float(self.sums[n]) for n in rows]
        return Distances(
            joined([self.values[part] for part in parts]).astype(np.float64),
            joined([self.weights[part] for part in parts]),
            np.array(sizes, np.int64),
            np.array(sums),
        )

    def rows(self) -> list[tuple[Array, Array]]:
        """The values and the weights of each row."""
        return list(zip(split(self.values, self.sizes), split(self.weights, self.sizes), strict=True))

    def merged(self, other: "Distances") -> "Distances":
        """Row by row the distances of both."""
        found = []
        for (value, weight), (more, heavy) in zip(self.rows(), other.rows(), strict=True):
            values, place = np.unique(np.concatenate([value, more]), return_inverse=True)
            weights = np.zeros(values.size, np.result_type(weight, heavy))
            np.add.at(weights, place, np.concatenate([weight, heavy]))
            found.append((values, weights))
        return Distances.of(found)

    @cached_property
    def total(self) -> Array:
        """The weight of each row."""
        return self._added(self.weights)

    @cached_property
    def empty(self) -> Array:
        """The rows without distances."""
        return np.asarray(self.sizes == 0)

    @property
    def largest(self) -> Array:
        """The largest distance of each row; nan where there is none."""
        return self._at(np.cumsum(self.sizes) - 1)

    @property
    def mean(self) -> Array:
        """The mean of each row; nan where there is none."""
        return self.sums / np.where(self.empty, np.nan, self.total)

    def within(self, limit: float) -> Array:
        """The weight of the distances of each row up to a limit."""
        return self._added(np.where(self.values <= limit * CLOSE, self.weights, 0))

    def percentile(self, percent: float) -> Array:
        """A percentile of each row, linear between the two nearest of the N distances, at rank (N − 1) · percent / 100.

        nan where there is no distance.
        """
        rank = np.maximum(self.total - 1, 0) * percent / 100  # in this order whole ranks are whole
        low = np.floor(rank)
        below, above = (self._ranked(np.minimum(each, self.total - 1)) for each in (low, low + 1))
        with np.errstate(invalid="ignore"):
            between = below + (above - below) * (rank - low)
        return np.where((below == above) | (rank == low), below, between)

    def reached(self, share: float) -> Array:
        """The first distance of each row up to which a share of its weight lies; nan where there is none."""
        ends = np.cumsum(self.sizes)
        found = np.full(self.sizes.size, np.nan)
        for row, (end, size) in enumerate(zip(ends.tolist(), self.sizes.tolist(), strict=True)):
            if size:
                heap = np.cumsum(self.weights[end - size : end])
                place = int(np.searchsorted(heap, share * heap[-1] / CLOSE))
                found[row] = self.values[end - size + min(place, size - 1)]
        return found

    def _ranked(self, rank: Array) -> Array:
        """The distance of that rank (from 0) in each row, where each stands as often as its weight says."""
        heap = np.cumsum(self.weights)
        before = np.concatenate([[0], heap])[np.cumsum(self.sizes) - self.sizes]
        return self._at(np.searchsorted(heap, before + rank, side="right"))

    def _at(self, place: Array) -> Array:
        """The values in these places, one for each row; nan for rows that have none."""
        if not self.values.size:
            return np.full(self.sizes.size, np.nan)
        return np.where(self.empty, np.nan, self.values[np.clip(place, 0, self.values.size - 1)])

    def _added(self, weights: Array) -> Array:
        """The sum of such weights over each row; of areas each row by itself, whatever stands beside it."""
        if weights.dtype.kind == "f":
            return np.array([math.fsum(row.tolist()) for row in split(weights, self.sizes)], np.float64)
        heap = np.concatenate([np.zeros(1, weights.dtype), np.cumsum(weights)])
        ends = np.cumsum(self.sizes)
        return np.asarray(heap[ends] - heap[ends - self.sizes])
