"""One image as lists of numbers, pixel by pixel, and the means that all losses share."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

LOW = 1e-7
NAN = math.nan


def clip(p: float) -> float:
    return min(max(p, LOW), 1 - LOW)


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else NAN


def share(part: float, whole: float) -> float:
    return part / whole if whole else NAN


@dataclass
class Image:
    """Channels of numbers, one for every pixel in C order: prediction p, truth g, and scores x where they are given."""

    kind: str  # "classes" that exclude each other, "binary", or "multilabel"
    shape: tuple[int, ...]
    p: list[list[float]]
    g: list[list[float]]
    keep: list[bool]
    surprisals: list[list[float]] | None = None  # −ln p of classes given as logits
    x: list[list[float]] | None = None  # logits of independent channels, or scores
    raw: bool = False  # the scores are also what is compared as numbers
    weights: list[float] | None = None
    average: str = "macro"
    presence: str = "union"
    background: bool | None = None
    place: int | None = 0  # where class 0 is among the outcomes; None: it is ignored
    spacing: tuple[float, ...] | None = None

    @property
    def kept(self) -> list[int]:
        return [i for i, keep in enumerate(self.keep) if keep]

    @property
    def places(self) -> list[tuple[int, ...]]:
        return list(itertools.product(*(range(n) for n in self.shape)))

    def apart(self, one: tuple[int, ...], other: tuple[int, ...]) -> float:
        """The distance of two places."""
        return math.dist(*([n * step for n, step in zip(x, self.steps, strict=True)] for x in (one, other)))

    @property
    def steps(self) -> tuple[float, ...]:
        return self.spacing or (1.0,) * len(self.shape)

    def of_class(self, c: int) -> tuple[list[float], list[float]]:
        """Prediction and truth of one class, all pixels."""
        if self.kind != "binary":
            return self.p[c], self.g[c]
        if c == 1:
            return self.p[0], self.g[0]
        return [1 - p for p in self.p[0]], [1 - g for g in self.g[0]]

    def score(self, c: int, i: int) -> float:
        """The margin of a class against all else."""
        if self.x is None:
            p = clip(self.of_class(c)[0][i])
            return math.log(p / (1 - p))
        if self.kind == "binary":
            return self.x[0][i] if c == 1 else -self.x[0][i]
        return self.x[c][i]

    def one_against_all(self, c: int, i: int) -> float:
        """The binary cross entropy of one class at one pixel."""
        p, g = (channel[i] for channel in self.of_class(c))
        if self.x is not None:
            x = self.score(c, i)
            return g * softplus(-x) + (1 - g) * softplus(x)
        return -(g * math.log(clip(p)) + (1 - g) * math.log(1 - clip(p)))

    def label(self, channels: list[list[float]], i: int) -> int:
        """The class of a pixel: above one half, or the largest (the first of equal ones)."""
        column = [channel[i] for channel in channels]
        return int(column[0] > 0.5) if self.kind == "binary" else column.index(max(column))


class Problem(NamedTuple):
    """The kept pixels of one question with K outcomes: rows of numbers for each outcome."""

    raw: list[list[float]]  # probability as given
    p: list[list[float]]  # clipped
    surprisal: list[list[float]]
    t: list[list[float]]

    @property
    def size(self) -> int:
        return len(self.t[0])

    def expected(self, of_outcome: Callable[[int, int], float], i: int) -> float:
        """The mean over the outcomes k of a pixel, by the share that the truth gives to each."""
        return math.fsum(row[i] * of_outcome(k, i) for k, row in enumerate(self.t) if row[i])


def problems(image: Image) -> list[Problem]:
    """One question for classes, one for each channel otherwise."""
    if image.kind == "classes":
        raw, t = ([[row[i] for i in image.kept] for row in rows] for rows in (image.p, image.g))
        if image.surprisals is None:
            p = [[clip(value) for value in row] for row in raw]
            return [Problem(raw, p, [[-math.log(value) for value in row] for row in p], t)]
        surprisal = [[row[i] for i in image.kept] for row in image.surprisals]
        return [Problem(raw, [[math.exp(-s) for s in row] for row in surprisal], surprisal, t)]
    return [_channel(image, c) for c in range(len(image.p))]


def _channel(image: Image, c: int) -> Problem:
    ps, gs = [image.p[c][i] for i in image.kept], [image.g[c][i] for i in image.kept]
    raw, t = [[1 - p for p in ps], ps], [[1 - g for g in gs], gs]
    if image.x is None:
        p = [[clip(value) for value in row] for row in raw]
        return Problem(raw, p, [[-math.log(value) for value in row] for row in p], t)
    x = [image.x[c][i] for i in image.kept]
    surprisal = [[softplus(value) for value in x], [softplus(-value) for value in x]]
    return Problem(raw, [[math.exp(-s) for s in row] for row in surprisal], surprisal, t)


def over_pixels(image: Image, of_pixel: Callable[[Problem, int], float]) -> float:
    """The mean over pixels, and over the channels of independent problems."""
    return mean([of_pixel(problem, i) for problem in problems(image) for i in range(problem.size)])


def over_classes(image: Image, of_class: Callable[[int], float], background: bool = True, both: bool = False) -> float:
    """The mean over the classes present, undefined values left out; `both`: a binary problem counts its background."""
    if not image.kept:
        return NAN
    classes = candidates(image, background, both)
    present = [c for c in classes if _mass(image, c) > 0]
    values = [of_class(c) for c in present or classes]
    return mean([value for value in values if not math.isnan(value)])


def candidates(image: Image, background: bool = True, both: bool = False) -> list[int]:
    """The classes that take part."""
    if image.background is not None:
        background = image.background
    if image.kind == "binary":
        return [0, 1] if both and background else [1]
    every = range(len(image.p))
    return [c for c in every if background or image.kind == "multilabel" or c != image.place]


def _mass(image: Image, c: int) -> float:
    p, g = image.of_class(c)
    if image.presence == "truth":
        return math.fsum(g[i] for i in image.kept)
    return math.fsum(p[i] + g[i] - p[i] * g[i] for i in image.kept)


def read(
    kind: str,
    pred: Any,
    truth: Any,
    inputs: str = "probabilities",
    ignore: Any = (),
    weights: Any = None,
    **caller: Any,
) -> Image:
    """The lists from arrays; classes whose label is ignored leave with their pixels."""
    given = [channel.ravel().tolist() for channel in (pred if kind != "binary" else pred[None])]
    if truth.shape == (pred.shape if kind != "binary" else ()):  # numbers for each channel
        g = [channel.ravel().tolist() for channel in truth]
        keep = [True] * len(given[0])
    elif kind == "binary" and truth.dtype.kind == "f":
        g, keep = [truth.ravel().tolist()], [True] * len(given[0])
    else:
        labels = truth.ravel().tolist()
        keep = [label not in ignore for label in labels]
        wanted = [1] if kind == "binary" else range(len(given))
        g = [[float(label == c) for label in labels] for c in wanted]
    p, surprisals, x = given, None, None
    if inputs == "logits" and kind == "classes":
        p, surprisals = _softmax(given)
    elif inputs != "probabilities":
        x, p = given, [[sigmoid(value) for value in row] for row in given]
    place: int | None = 0
    if kind == "classes":
        known = [c for c in range(len(given)) if c not in ignore]
        p, g = [p[c] for c in known], [g[c] for c in known]
        surprisals = None if surprisals is None else [surprisals[c] for c in known]
        place = known.index(0) if 0 in known else None
    shape = pred.shape[1:] if kind != "binary" else pred.shape
    flat = None if weights is None else weights.ravel().tolist()
    return Image(kind, shape, p, g, keep, surprisals, x, inputs == "scores", flat, place=place, **caller)


def _softmax(logits: list[list[float]]) -> tuple[list[list[float]], list[list[float]]]:
    """Probabilities and surprisals."""
    totals = []
    for column in zip(*logits, strict=True):
        most = max(column)
        totals.append(most + math.log(math.fsum(math.exp(x - most) for x in column)))
    surprisals = [[total - x for x, total in zip(row, totals, strict=True)] for row in logits]
    return [[math.exp(-s) for s in row] for row in surprisals], surprisals
