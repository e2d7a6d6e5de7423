"""Soft evidence: sums over the pixels of an image. All of it adds up.

Sums of one image are (C,); those of many images side by side have an axis of images before that.
"""

from dataclasses import dataclass, fields
from typing import ClassVar, Self

import numpy as np

from segeval.arrays.functions import class_sums, like, namespace, power, rows
from segeval.evidence.pixels import Distributions, Numbers, Outcomes, Pixels


class Sums:
    """Evidence whose fields are sums: it adds up field by field."""

    of_pred: ClassVar[tuple[str, ...]]  # the fields that depend on the prediction
    chosen_by: ClassVar[tuple[str, ...]] = ()  # the parameters of a formula that say what is summed

    kinds: ClassVar[dict[str, type["Sums"]]] = {}  # all of them, by name

    def __init_subclass__(cls) -> None:
        Sums.kinds[cls.__name__] = cls

    def __add__(self, other: Self) -> Self:
        return type(self)(*(mine + its for mine, its in zip(self.fields, other.fields, strict=True)))

    @property
    def fields(self) -> list[Numbers]:
        return [getattr(self, each.name) for each in fields(self)]  # type: ignore[arg-type]


class ByChannel(Sums):
    """Evidence whose fields have a number for each channel."""

    def only(self, channels: list[int]) -> "ByChannel":
        """Some of the channels."""
        parts = ([each[..., channel : channel + 1] for channel in channels] for each in self.fields)
        return self._of([namespace(part[0]).concat(part, axis=-1) for part in parts])

    @property
    def pooled(self) -> "ByChannel":
        """All channels together as one."""
        return self._of([namespace(each).sum(each, axis=-1)[..., None] for each in self.fields])

    def _of(self, parts: list[Numbers]) -> "ByChannel":
        return type(self)(*parts)


@dataclass(frozen=True)
class SoftCounts(ByChannel):
    """Sums over pixels of prediction p and truth t within [0, 1], for each channel; hard masks are 0 and 1."""

    of_pred = ("p", "pt", "pp", "least", "missed")

    p: Numbers  # Σ p, each (C,)
    t: Numbers  # Σ t
    pt: Numbers  # Σ p t
    pp: Numbers  # Σ p²
    tt: Numbers  # Σ t²
    least: Numbers  # Σ min(p, t)
    missed: Numbers  # Σ (p − t)² t
    n: Numbers  # pixels

    @classmethod
    def of(cls, pixels: Pixels) -> "SoftCounts":
        p = pixels.p
        xp = namespace(p)
        n = like(np.full(p.shape[0], float(p.shape[1])), p)
        pp = np.vecdot(p, p) if xp is np else xp.sum(p * p, axis=1)
        if pixels.labels is None:
            t = pixels.truth
            each = (t, p * t, t * t, xp.minimum(p, t), (p - t) ** 2 * t)
            total, pt, tt, least, missed = (xp.sum(values, axis=1) for values in each)
            return cls(xp.sum(p, axis=1), total, pt, pp, tt, least, missed, n)
        true, t = pixels.p_true, pixels.counts
        pt, missed = (class_sums(values, pixels.labels, p.shape[0]) for values in (true, (1 - true) ** 2))
        return cls(xp.sum(p, axis=1), t, pt, pp, t, pt, missed, n)

    @property
    def fp(self) -> Numbers:
        return self.p - self.pt

    @property
    def fn(self) -> Numbers:
        return self.t - self.pt

    @property
    def union(self) -> Numbers:
        return self.p + self.t - self.pt

    @property
    def outcomes(self) -> "SoftCounts":
        """Of one channel the counts of both outcomes, those of 1 − p and 1 − t first; of more channels the same."""
        if self.p.shape[-1] != 1:
            return self
        xp = namespace(self.p)
        n, p, t = self.n, self.p, self.t
        errors = self.pp - 2 * self.pt + self.tt  # Σ (p − t)²
        pt, pp, tt = n - p - t + self.pt, n - 2 * p + self.pp, n - 2 * t + self.tt
        rest = SoftCounts(n - p, n - t, pt, pp, tt, n - p - t + self.least, errors - self.missed, n)
        return SoftCounts(*(xp.concat(pair, axis=-1) for pair in zip(rest.fields, self.fields, strict=True)))

    def without(self, channel: int) -> "SoftCounts":
        """The same with nothing counted in one channel."""
        counted = like(np.array([float(k != channel) for k in range(self.p.shape[-1])]), self.p)
        return SoftCounts(*(each * counted for each in self.fields))

    def _of(self, parts: list[Numbers]) -> "SoftCounts":
        return SoftCounts(*parts)  # a kind that makes them when they are asked for has them now


@dataclass(frozen=True)
class LoneClass(SoftCounts):
    """Of one class that all others would exclude: it is no foreground, and nothing stands against it."""

    @property
    def outcomes(self) -> SoftCounts:
        return self


@dataclass(frozen=True)
class ClassSums(Sums):
    """The surprisal −ln p of what is true, and the pixels, summed for each problem and outcome: (B, K).

    B is 1 for classes that exclude each other and for a binary problem.
    """

    of_pred = ("surprisal",)

    surprisal: Numbers
    pixels: Numbers
    n: float  # pixels of the image

    @classmethod
    def of(cls, problems: list[Outcomes], **own: float) -> Self:
        xp = namespace(problems[0].surprisal)
        surprisal = xp.stack([cls.summed(problem, **own) for problem in problems])
        return cls(surprisal, xp.stack([problem.mass for problem in problems]), float(problems[0].surprisal.shape[-1]))

    @staticmethod
    def summed(problem: Outcomes) -> Numbers:
        """What is summed of one problem, by what is true."""
        return problem.by_surprisal


@dataclass(frozen=True)
class PowerSums(ClassSums):
    """The same of powers of the surprisal."""

    chosen_by = ("exponent",)

    @staticmethod
    def summed(problem: Outcomes, *, exponent: float = 1.0) -> Numbers:
        raised = power(problem.surprisal, exponent)
        if problem.labels is not None:
            return class_sums(raised, problem.labels, problem.number)
        return namespace(raised).sum(problem.share * raised, axis=1)


@dataclass(frozen=True)
class SurprisalTable(ClassSums):
    """The surprisal of each outcome (row) on the pixels of each true one (column): (B, K, K)."""

    @staticmethod
    def summed(problem: Outcomes) -> Numbers:
        every = problem.every_surprisal
        return namespace(every).stack([problem.by_outcome(each) for each in rows(every)])


@dataclass(frozen=True)
class SoftConfusion(Sums):
    """(K, K): the mass that the prediction gives to each outcome (column) on the pixels of each true one (row)."""

    of_pred = ("mass",)

    mass: Numbers
    pixels: Numbers  # (K,)

    @classmethod
    def of(cls, problem: Outcomes) -> "SoftConfusion":
        p = Distributions.of(problem).p
        xp = namespace(p)
        columns = [problem.by_outcome(p[k, :]) for k in range(problem.number)]
        rows = [xp.stack([column[k] for column in columns]) for k in range(problem.number)]
        return cls(xp.stack(rows), problem.mass)


@dataclass(frozen=True)
class PixelSums(Sums):
    """What a pixel-wise loss leaves behind: its sum over all pixels, and over those of each class."""

    of_pred = ("total", "by")

    total: Numbers
    weight: Numbers  # what the total is divided by
    by: Numbers  # (classes,)
    per: Numbers  # (classes,) what these are divided by

    @classmethod
    def of(cls, parts: list[tuple[Outcomes, Numbers, Numbers | None]]) -> "PixelSums":
        """From the problems, each with a value and perhaps a weight of each of its pixels."""
        sums = [_sums(*part) for part in parts]
        if len(sums) == 1:
            return cls(*sums[0])
        xp = namespace(sums[0][0])
        by, per = (xp.stack([each[k] for each in sums]) for k in (0, 1))
        return cls(xp.sum(by), xp.sum(per), by, per)

    @classmethod
    def of_channels(cls, values: Numbers, exclusive: bool) -> "PixelSums":
        """From a value of each channel of each pixel, (C, n)."""
        xp = namespace(values)
        by, per = xp.sum(values, axis=1), like(np.full(values.shape[0], float(values.shape[1])), values)
        total, weight = xp.sum(by), per[0] * per.shape[0]
        if values.shape[0] == 1 and not exclusive:  # the background has no channel of its own
            by, per = xp.concat([0 * by, by]), xp.concat([0 * per, per])
        return cls(total, weight, by, per)


def _sums(outcomes: Outcomes, values: Numbers, weights: Numbers | None) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    xp = namespace(values)
    if weights is None:
        n = like(float(values.shape[0]), values)
        return xp.sum(values), n, outcomes.by_class(values), outcomes.class_mass
    wx = namespace(weights)
    return xp.sum(values), wx.sum(weights), outcomes.by_class(values), outcomes.by_class(weights)
