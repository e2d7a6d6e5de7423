"""Whether probabilities are what they say: of each class, and of all.

Each takes a `Calibration` and gives float64 (…, C). Bins are 15 of one width, closed above, the first below too.
"""

import math
from collections.abc import Iterator

import numpy as np

from segeval.evidence.calibration import Calibration, of_all
from segeval.evidence.kinds import Columns
from segeval.evidence.run_length import Array
from segeval.measures import Measure
from segeval.metrics import METRICS
from segeval.metrics.diagrams import DIAGRAMS, Lines
from segeval.metrics.overlap import ratio
from segeval.metrics.sections import SECTIONS, Told


@METRICS.add(low=0, high=1, best=0, short="ECE", mean="mece")
def ece(c: Calibration) -> Array:
    """Expected calibration error of a class: how far its probabilities lie from how often it is there.

        ece = Σ over bins b of |y_b − p_b| / n, p_b = Σ p in b, y_b = pixels of the class in b

    Undefined without pixels. `calibration.ece` is of the likeliest class of each pixel instead, and
    `calibration.ece_classwise` the mean of this over classes.

    Guo, C. et al. (2017). arXiv:1706.04599; of classes: Kull, M. et al. (2019). arXiv:1910.12656
    """
    return _expected(c.n, c.y, c.p)


@METRICS.add(low=0, high=1, best=0, short="MCE")
def mce(c: Calibration) -> Array:
    """Maximum calibration error of a class: how far off the worst bin is.

        mce = max over bins b that hold pixels of |y_b − p_b| / n_b

    Undefined without pixels. A bin of a few pixels decides as much as one of millions.

    Naeini, M. P. et al. (2015). doi:10.1609/aaai.v29i1.9602
    """
    return _largest(c.n, c.y, c.p)


@METRICS.add(low=0, high=1, best=0, short="Brier", mean="mbrier")
def brier(c: Calibration) -> Array:
    """Brier score of a class: the mean square of how far its probability is from 0 or 1.

        brier = Σ over pixels of (p − y)² / n, y = 1 where the pixel is of the class

    Undefined without pixels. `calibration.brier` is the sum over classes, which lies within 0 … 2.

    Brier, G. W. (1950). doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
    """
    return ratio(c.squares, c.n.sum(axis=-1))


@METRICS.add(low=0, high=math.inf, best=0, short="NLL", mean="mnll")
def nll(c: Calibration) -> Array:
    """Negative log-likelihood of a class: how surprised the prediction is by its pixels, in nats.

        nll = Σ over pixels of the class of −ln p / their number

    Of classes that do not exclude each other: of all pixels, −ln(1 − p) where the class is not. Probabilities below
    1e-7 count as 1e-7, as in losses; logits have no such floor. Undefined where the class has no pixels.

    `calibration.nll` is the mean over all pixels: the cross entropy.

    Gneiting, T. & Raftery, A. E. (2007). doi:10.1198/016214506000001437
    """
    return ratio(c.surprise, c.asked)


def _expected(n: Array, y: Array, p: Array) -> Array:
    return ratio(np.abs(y - p).sum(axis=-1), n.sum(axis=-1))


def _largest(n: Array, y: Array, p: Array) -> Array:
    apart = ratio(np.abs(y - p), n)
    empty = n.sum(axis=-1) == 0
    return np.where(empty, np.nan, np.nanmax(np.where(empty[..., None], 0, apart), axis=-1))


@SECTIONS.add("calibration", classes="per_class")
def calibration(_: object) -> Iterator[Told]:
    """Of all classes together."""

    def seen(columns: Columns) -> Calibration:
        return Calibration.viewed(**columns.classes)

    def pooled_brier(columns: Columns) -> Array:
        return ratio(columns.images["all_squares"], columns.images["pixels"])

    def pooled_nll(columns: Columns) -> Array:
        return ratio(columns.images["all_surprise"], columns.images["pixels"])

    yield Told("ece", ("ece",), lambda columns: _expected(*of_all(columns)), METRICS["ece"])
    yield Told("ece_classwise", ("ece_classwise",), lambda c: ece(seen(c)), METRICS["ece"], over="classes")
    yield Told("mce", ("mce",), lambda columns: _largest(*of_all(columns)), METRICS["mce"])
    yield Told("brier", ("brier",), pooled_brier, Measure("brier", brier, 0, math.inf, 0))
    yield Told("nll", ("nll",), pooled_nll, METRICS["nll"])


@DIAGRAMS.add(
    "calibration",
    title="Reliability",
    x="mean probability",
    y="observed frequency",
    number="ece",
    weight="pixels",
    whole="the likeliest class",
)
def reliability(columns: Columns) -> Lines:
    """How sure predictions are, and how often they are right, of the pixels in each of 15 bins of probability.

    Below the line of x = y they are surer than they may be. Of all classes together: the likeliest class of each pixel.

    DeGroot, M. H. & Fienberg, S. E. (1983). doi:10.2307/2987588
    """

    def points(n: Array, y: Array, p: Array) -> dict[str, Array]:
        return {"mean probability": ratio(p, n), "observed frequency": ratio(y, n), "pixels": n}

    c = Calibration.viewed(**columns.classes)
    return Lines(points(c.n, c.y, c.p), points(*of_all(columns)))
