"""The images of a run, each standing as often as it was drawn: sums and means, from which every number is made.

`Once` has every image once, sums exactly (`math.fsum`) and gives the printed number. `Resampled` has many rows of
weights at a time; for a row of ones it gives the same but for rounding.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from segeval.evidence.kinds import Columns
from segeval.evidence.run_length import Array
from segeval.measures import Metric
from segeval.metrics.overlap import ratio
from segeval.run.bootstrap import Draws, exact_sums, sums_with_inf
from segeval.run.statistics import mean
from segeval.run.tables import PIXELS, Tables


class Drawn:
    """Some images of a run, in B ways of drawing them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._made: dict[object, Any] = {}

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """What several numbers share, made for the first of them."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    @cached_property
    def merged(self) -> "Drawn":
        """The same images with groups of classes instead of classes."""
        assert self.tables.merged
        return self.of(self.tables.merged)

    def of(self, tables: Tables) -> "Drawn":
        """Other tables of the same images, drawn alike."""
        raise NotImplementedError

    def sums(self, columns: Columns, adds: Callable[[str], str]) -> Columns:
        """The columns of all images together: (B, classes) and (B,). Values do not add up: they are nan."""
        raise NotImplementedError

    def over_images(self, values: Array) -> Array:
        """The mean over images of the values of each column (images, M) that are not nan: (B, M)."""
        raise NotImplementedError

    def over_pairs(self, values: Array) -> Array:
        """The arithmetic mean over the defined values of all images and classes (images, C): (B,)."""
        raise NotImplementedError

    def over_classes(self, values: Array) -> Array:
        """The mean over the defined values of classes (B, C): (B,), as the run averages classes."""
        raise NotImplementedError

    def total(self, values: Array) -> Array:
        """The sum over the last axis (B, C): (B,)."""
        raise NotImplementedError

    def weights_of(self, over: str) -> Array:
        """How often each image, or each group, was drawn: (B, n)."""
        raise NotImplementedError

    def pooled(self, eats: object) -> Columns:
        """The summed columns that metrics of this annotation are functions of."""
        kind = self.tables.kind(eats)
        found: Columns = self.once(
            ("sums", kind.name), lambda: self.sums(self.tables.pooled.columns(kind.name), kind.adds)
        )
        return found

    @property
    def pixels(self) -> Columns:
        """The summed counts of pixels."""
        return self.pooled(PIXELS.eaten)

    @property
    def counts(self) -> Any:
        """The summed counts (B, classes)."""
        return PIXELS.view(**self.pixels.classes)

    def dataset(self, metric: Metric) -> Array:
        """A metric of the whole data set (B, classes): of the summed evidence, or the mean of the images' values."""

        def found() -> Array:
            if metric.dataset == "mean":
                return np.where(self.tables.present(self.counts), self.means(metric), np.nan)
            evidence = self.tables.kind(metric.eats).view(**self.pooled(metric.eats).classes)
            return self.tables.scored(metric, evidence, self.counts)

        values: Array = self.once(("data set", metric.printed), found)
        return values

    def means(self, metric: Metric) -> Array:
        """For each class the mean over images of a metric (B, classes)."""

        values: Array = self.once(("images", metric.printed), lambda: self.over_images(self.tables.for_means(metric)))
        return values

    def class_terms(self, metric: Metric) -> Array:
        """What the mean over classes of `dataset` is of: (B, classes in means)."""
        filled = self.tables.filled(metric, self.dataset(metric), self.counts, self.pixels.images["pixels"])
        return self.tables.in_means(metric, filled)

    def finite_means(self, metric: Metric) -> Array:
        """For each class the mean over the images in which a metric is finite (B, classes), without any penalty."""
        values = self.tables.values(metric)
        return self.over_images(np.where(np.isinf(values), np.nan, values))


class Once(Drawn):
    """Every image once: B is 1."""

    def of(self, tables: Tables) -> Drawn:
        return Once(tables)

    def sums(self, columns: Columns, adds: Callable[[str], str]) -> Columns:
        def each(name: str, values: Array) -> Array:
            if adds(name) != "sum":
                return np.full((1, *values.shape[1:]), np.nan)
            if values.dtype.kind != "f":
                whole: Array = values.sum(axis=0, keepdims=True)
                return whole
            flat = values.reshape(len(values), math.prod(values.shape[1:]))
            return np.array([math.fsum(column) for column in flat.T]).reshape(1, *values.shape[1:])

        return columns.mapped(each)

    def over_images(self, values: Array) -> Array:
        return np.array([[mean(column).value for column in values.T]], np.float64)

    def over_pairs(self, values: Array) -> Array:
        return np.array([mean(values.ravel()).value], np.float64)

    def over_classes(self, values: Array) -> Array:
        return np.array([mean(row, self.tables.scoring.mean).value for row in values], np.float64)

    def total(self, values: Array) -> Array:
        return np.array([math.fsum(row) for row in values], np.float64)

    def weights_of(self, over: str) -> Array:
        return np.ones((1, len(self.tables.ids) if over == "images" else self.tables.clusters))


def once(tables: Tables) -> Once:
    """The images of some tables, each once; made for the first number of them."""
    found: Once = tables.once("drawn once", lambda: Once(tables))
    return found


class Resampled(Drawn):
    """Every group of images as often as a row of weights says, for many rows at a time."""

    def __init__(self, tables: Tables, weights: Array) -> None:
        super().__init__(tables)
        self.weights = weights  # (B, groups), whole numbers

    def of(self, tables: Tables) -> Drawn:
        return Resampled(tables, self.weights)

    @cached_property
    def images(self) -> Array:
        """The weight of each image."""
        cluster = self.tables.cluster
        return self.weights if np.array_equal(cluster, np.arange(cluster.size)) else self.weights[:, cluster]

    def sums(self, columns: Columns, adds: Callable[[str], str]) -> Columns:
        whole = [
            values.reshape(len(values), math.prod(values.shape[1:]))
            for part in (columns.classes, columns.images)
            for name, values in part.items()
            if adds(name) == "sum" and values.dtype.kind != "f"
        ]
        sizes = [part.shape[1] for part in whole]
        product = self.weights @ np.hstack(whole).astype(np.float64) if whole else None  # one is faster than six
        parts = iter(np.split(product, np.cumsum(sizes)[:-1], axis=1) if product is not None else [])

        def each(name: str, values: Array) -> Array:
            shape = (len(self.weights), *values.shape[1:])
            if adds(name) != "sum":
                return np.full(shape, np.nan)
            if values.dtype.kind == "f":
                return exact_sums(
                    self.weights, values.reshape(len(values), math.prod(values.shape[1:])), self.weights.shape[1]
                ).reshape(shape)
            return next(parts).reshape(shape)

        return columns.mapped(each)

    def over_images(self, values: Array) -> Array:
        return ratio(*self._sums_and_numbers(values))

    def over_pairs(self, values: Array) -> Array:
        sums, numbers = self._sums_and_numbers(values)
        return ratio(_sum(sums), _sum(numbers))

    def _sums_and_numbers(self, values: Array) -> tuple[Array, Array]:
        """The sum of the defined values of each column (images, M), and how many there are: (B, M) each."""
        defined = ~np.isnan(values)
        sums, numbers = (self.tables.summed(each) for each in (np.where(defined, values, 0.0), defined.astype(float)))
        return sums_with_inf(self.weights, sums, self.weights.shape[1]), self.weights @ numbers

    def over_classes(self, values: Array) -> Array:
        return class_mean(values, self.tables.scoring.mean)

    def total(self, values: Array) -> Array:
        return _sum(values)

    def weights_of(self, over: str) -> Array:
        return self.images if over == "images" else self.weights


def class_mean(values: Array, kind: str) -> Array:
    """The mean over the defined values of the last axis, summed in their order."""
    defined = ~np.isnan(values)
    number = np.where(defined.any(axis=-1), defined.sum(axis=-1), math.nan)
    if kind == "arithmetic":
        return _sum(np.where(defined, values, 0.0)) / number
    zero = (values == 0).any(axis=-1)
    some = np.where(defined & (values != 0), values, 1.0)
    if kind == "geometric":
        return np.where(zero, 0.0, np.exp(_sum(np.where(defined, np.log(some), 0.0)) / number))
    return np.where(zero, 0.0, number / _sum(np.where(defined, 1 / some, 0.0)))


def _sum(values: Array) -> Array:
    """The sum over the last axis, one after the other: the same on every machine."""
    total = np.zeros(values.shape[:-1])
    for k in range(values.shape[-1]):
        total += values[..., k]
    return total


def resample(draws: Draws, sides: Sequence[Tables], numbers: Mapping[str, Callable[..., Array]]) -> dict[str, Array]:
    """Each number (B,) as a function of the sides, which are drawn alike: that is the pairing. Empty without groups."""
    parts: dict[str, list[Array]] = {name: [] for name in numbers}
    if sides[0].clusters > 1:
        draw = draws.blocks if len(sides) == 1 else draws.paired
        for weights in draw(sides[0].clusters):
            drawn = [Resampled(tables, weights) for tables in sides]
            for name, number in numbers.items():
                parts[name].append(number(*drawn))
    return {name: np.concatenate(blocks, axis=-1) if blocks else np.zeros(0) for name, blocks in parts.items()}
