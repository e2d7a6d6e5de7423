"""Some pixels of one image as pixel-wise losses see them: what was predicted for each, beside what is true.

C is the number of channels, K that of outcomes: a binary problem has one channel and two outcomes. Formulas give one
number for each pixel, or one for each channel or outcome of each pixel; the classes here know how to reduce that.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segeval.arrays.functions import Array, class_sums, clipped, like, namespace, pick, plain, rows, softplus

Numbers = Any  # an array of NumPy, torch, … or a Variable


@dataclass(frozen=True)
class Pixels:
    """n pixels, none of them ignored, either of classes that exclude each other or of C independent problems."""

    p: Numbers  # (C, n) probabilities
    labels: Numbers | None  # (n,) the true channel of each pixel, where classes exclude each other and truth is hard
    target: Numbers | None  # (C, n) the truth as numbers within [0, 1], otherwise
    exclusive: bool
    hard: bool  # the truth is 0 or 1 everywhere
    log_p: Numbers | None = None  # (C, n) of exclusive classes, computed from logits
    x: Numbers | None = None  # (C, n) logits of independent problems
    raw: bool = False  # x are plain scores: what is compared as numbers is x itself
    place: Any = None  # where these pixels stand among all of the image; None: they are all

    @cached_property
    def truth(self) -> Numbers:
        """The truth as (C, n) numbers."""
        if self.target is not None:
            return self.target
        channels = np.arange(self.p.shape[0])
        return like((plain(self.labels)[None, :] == channels[:, None]).astype(np.float64), self.p)

    @property
    def number(self) -> int:
        """C."""
        return int(self.p.shape[0])

    @cached_property
    def p_rows(self) -> Any:
        """The probabilities of each channel, (n,)."""
        return rows(self.p)

    @cached_property
    def x_rows(self) -> Any:
        """The logits of each channel, (n,)."""
        return rows(self.x)

    @cached_property
    def truth_rows(self) -> Any:
        """The truth of each channel, (n,)."""
        return rows(self.truth)

    @cached_property
    def scores(self) -> Numbers:
        """Signed margins (C, n): the logits of each channel against all else; 0 is the boundary."""
        if self.x is not None:
            return self.x
        p = clipped(self.p)
        xp = namespace(p)
        return xp.log(p / (1 - p))

    @cached_property
    def p_true(self) -> Numbers:
        """(n,) the probability of each pixel's label."""
        return pick(self.p, self.labels)

    @cached_property
    def counts(self) -> Numbers:
        """(C,) the pixels of each label."""
        return _counts(self.labels, self.p.shape[0], self.p)

    @property
    def problems(self) -> list["Outcomes"]:
        """One for classes that exclude each other; one for each channel otherwise.

        They refer to these pixels: kept here, they would keep each other, and every block of an image, in memory.
        """
        if self.exclusive:
            return [self.classes]
        return [self.of_channel(channel) for channel in range(self.number)]

    @property
    def classes(self) -> "Outcomes":
        """The problem of classes that exclude each other."""
        if self.labels is None:
            p = clipped(self.p) if self.log_p is None else self.p
            log_p = namespace(p).log(p) if self.log_p is None else self.log_p
            return Outcomes(p, -log_p, None, self.target, self, 0)
        if self.log_p is not None:
            log_p = pick(self.log_p, self.labels)
            return Outcomes(namespace(log_p).exp(log_p), -log_p, self.labels, None, self, 0)
        p = clipped(self.p_true)
        return Outcomes(p, -namespace(p).log(p), self.labels, None, self, 0)

    def of_channel(self, channel: int) -> "Outcomes":
        """The problem of one channel."""
        t = self.truth_rows[channel]
        p, surprisal = self._binary(channel, t)
        xp = namespace(t)
        if self.hard:
            labels = t.astype(np.int64) if xp is np else xp.where(t > 0.5, like(1, t), like(0, t))
            return Outcomes(p, surprisal, labels, None, self, channel)
        return Outcomes(p, surprisal, None, xp.stack([1 - t, t]), self, channel)

    def _binary(self, channel: int, t: Numbers) -> tuple[Numbers, Numbers]:
        """Probability and surprisal of the true outcome, or of both outcomes where the truth is soft."""
        if self.x is None:
            p = self.p_rows[channel]
            xp = namespace(p)
            p = clipped(xp.where(t > 0.5, p, 1 - p) if self.hard else xp.stack([1 - p, p]))
            return p, -xp.log(p)
        x = self.x_rows[channel]
        xp = namespace(x)
        surprisal = softplus(xp.where(t > 0.5, -x, x) if self.hard else xp.stack([x, -x]))
        return xp.exp(-surprisal), surprisal


@dataclass(frozen=True)
class Outcomes:
    """The probability given to what is true.

    Where the truth is hard, `p` and `surprisal` (−ln p) are (n,), those of the true outcome; where it is soft they are
    (K, n), those of every outcome, and a formula is averaged by the share that the truth gives to each.
    """

    p: Numbers  # kept within [1e-7, 1 − 1e-7], or exact from logits
    surprisal: Numbers
    labels: Numbers | None  # (n,)
    share: Numbers | None  # (K, n)
    pixels: Pixels
    channel: int

    @property
    def number(self) -> int:
        """K."""
        return self.pixels.number if self.pixels.exclusive else 2

    @cached_property
    def mean_surprisal(self) -> Numbers:
        """(n,) the mean of −ln p over all outcomes, whatever is true."""
        every = self.every_surprisal
        return namespace(every).sum(every, axis=0) / self.number

    @property
    def every_surprisal(self) -> Numbers:
        """(K, n) −ln p of each outcome, whatever is true."""
        if self.share is not None:
            return self.surprisal
        whole = self.pixels
        if not whole.exclusive:
            if whole.x is not None:
                x = whole.x_rows[self.channel]
                return namespace(x).stack([softplus(x), softplus(-x)])
            p = clipped(whole.p_rows[self.channel])
            xp = namespace(p)
            return -xp.stack([xp.log(1 - p), xp.log(p)])
        return -(whole.log_p if whole.log_p is not None else namespace(whole.p).log(clipped(whole.p)))

    def each(self, of_outcome: Any) -> Numbers:
        """What a vector (K,) holds for the outcome of every entry of `surprisal`."""
        vector = like(np.asarray(of_outcome, np.float64), self.surprisal)
        if self.labels is None:
            return vector[:, None]
        return vector[self.labels] if isinstance(vector, np.ndarray) else namespace(vector).take(vector, self.labels)

    @property
    def independent(self) -> bool:
        """Whether there are other channels, each a problem of its own."""
        return not self.pixels.exclusive and self.pixels.number > 1

    def own(self, value: Any) -> Any:
        """Of numbers of the classes (a tuple) that of the outcome of every entry; of independent channels its own."""
        if not isinstance(value, tuple):
            return value
        return value[self.channel] if self.independent else self.each(value)

    def at(self, image: Array) -> Numbers:
        """The values of a map of the whole image at these pixels."""
        flat = np.asarray(image, np.float64).reshape(-1)
        return like(flat if self.pixels.place is None else flat[self.pixels.place], self.surprisal)

    def expected(self, values: Numbers) -> Numbers:
        """(n,) the mean of a formula over the outcomes, by what is true."""
        if self.share is None or values.ndim == 1:
            return values
        return namespace(values).sum(self.share * values, axis=0)

    @property
    def cost(self) -> Numbers:
        """(n,) −ln p of what is true; where the truth is soft, its mean over the outcomes."""
        return self.expected(self.surprisal)

    def by_outcome(self, values: Numbers) -> Numbers:
        """(K,) the sum of (n,) values over the pixels of each outcome."""
        if values is self.surprisal:  # the values of some formulas, already summed for others
            return self.by_surprisal
        if self.labels is not None:
            return class_sums(values, self.labels, self.number)
        return namespace(values).sum(self.share * values[None, :], axis=1)

    def by_class(self, values: Numbers) -> Numbers:
        """The same, for the values of single classes alone."""
        return self.by_outcome(values)

    @property
    def class_mass(self) -> Numbers:
        """What these are divided by."""
        return self.mass

    @cached_property
    def mass(self) -> Numbers:
        """(K,) the pixels of each outcome."""
        if self.labels is None:
            return namespace(self.share).sum(self.share, axis=1)
        if self.pixels.exclusive:
            return self.pixels.counts
        return _counts(self.labels, self.number, self.surprisal)

    @cached_property
    def by_surprisal(self) -> Numbers:
        """(K,) the sum of −ln p over the pixels of each outcome."""
        if self.labels is not None:
            return class_sums(self.surprisal, self.labels, self.number)
        return namespace(self.surprisal).sum(self.share * self.surprisal, axis=1)


@dataclass(frozen=True)
class Values:
    """Prediction and truth as plain numbers, channel by channel: p, t and the scores x, each (C, n)."""

    pixels: Pixels

    @property
    def p(self) -> Numbers:
        return self.pixels.x if self.pixels.raw else self.pixels.p

    @property
    def t(self) -> Numbers:
        return self.pixels.truth

    @property
    def x(self) -> Numbers:
        return self.pixels.scores


@dataclass(frozen=True)
class Distributions:
    """Prediction p and truth t as distributions over the outcomes of each pixel, (K, n)."""

    p: Numbers
    t: Numbers
    outcomes: Outcomes

    @classmethod
    def of(cls, outcomes: Outcomes) -> "Distributions":
        whole = outcomes.pixels
        if whole.exclusive:
            return cls(whole.p, whole.truth, outcomes)
        p, t = whole.p_rows[outcomes.channel], whole.truth_rows[outcomes.channel]
        return cls(namespace(p).stack([1 - p, p]), namespace(t).stack([1 - t, t]), outcomes)


def _counts(labels: Numbers, number: int, x: Numbers) -> Numbers:
    """(number,) how often each label is there, of x's kind."""
    return like(np.bincount(plain(labels), minlength=number).astype(np.float64), x)
