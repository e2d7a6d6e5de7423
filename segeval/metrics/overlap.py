"""Overlap metrics of each class against all others.

Each takes anything with the pixel counts `tp`, `fp`, `fn`, `tn` (int64 arrays of one shape; a `Confusion` has them as
(C,)), gives float64 of that shape, and nan where the formula is 0/0.
"""

import math
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from segeval.evidence.confusion import Counts, PixelCounts
from segeval.metrics import METRICS
from segeval.parameters import Within

Array = npt.NDArray[Any]


def ratio(part: Array, whole: Array) -> Array:
    """part / whole, undefined (nan) where the whole is 0."""
    whole = np.asarray(whole, np.float64)
    return np.asarray(part, np.float64) / np.where(whole == 0, np.nan, whole)


@METRICS.add(
    low=0,
    high=1,
    best=1,
    mean="miou",
    short="IoU",
    also=("jaccard", "jaccard_index", "threat_score", "critical_success_index"),
)
def iou(c: Counts) -> Array:
    """Intersection over union, the Jaccard index.

        iou = tp / (tp + fp + fn)

    Undefined when the class is in neither mask.  iou = dice / (2 − dice).

    Jaccard, P. (1912). doi:10.1111/j.1469-8137.1912.tb05611.x
    """
    return ratio(c.tp, c.tp + c.fp + c.fn)


@METRICS.add(low=0, high=1, best=1, mean="mdice", short="Dice", also=("f1", "f1_score", "dsc", "dice_score"))
def dice(c: Counts) -> Array:
    """Dice similarity coefficient, the F1 score of pixels.

        dice = 2 tp / (2 tp + fp + fn)

    Undefined when the class is in neither mask.

    Dice, L. R. (1945). doi:10.2307/1932409
    """
    return ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn)


@METRICS.add(low=0, high=1, best=1, mean="mprecision", short="Precision", also=("ppv", "positive_predictive_value"))
def precision(c: Counts) -> Array:
    """Share of the predicted pixels that are right, the positive predictive value.

        precision = tp / (tp + fp)

    Undefined when nothing was predicted as the class.

    Powers, D. M. W. (2011). arXiv:2010.16061
    """
    return ratio(c.tp, c.tp + c.fp)


@METRICS.add(low=0, high=1, best=1, mean="mrecall", short="Recall", also=("sensitivity", "tpr", "true_positive_rate"))
def recall(c: Counts) -> Array:
    """Share of the true pixels that were found, the sensitivity.

        recall = tp / (tp + fn)

    Undefined when the truth does not hold the class.  Its mean over classes is `mean_accuracy`.

    Powers, D. M. W. (2011). arXiv:2010.16061
    """
    return ratio(c.tp, c.tp + c.fn)


@METRICS.add(
    low=0, high=1, best=1, short="Specificity", mean="mspecificity", quiet=True, also=("tnr", "true_negative_rate")
)
def specificity(c: Counts) -> Array:
    """Share of the pixels of other classes that were kept out, the true negative rate.

        specificity = tn / (tn + fp)

    Undefined when the class fills the truth.

    Yerushalmy, J. (1947). doi:10.2307/4586294
    """
    return ratio(c.tn, c.tn + c.fp)


@METRICS.add(low=0, high=1, best=1, short="Accuracy", mean="maccuracy", quiet=True, also=("acc",))
def accuracy(c: Counts) -> Array:
    """Share of the pixels that are right about this class, inside or outside.

        accuracy = (tp + tn) / (tp + fp + fn + tn)

    Close to 1 for every small class; not the pixel accuracy of the image, which is `summary.pixel_accuracy`.

    Metz, C. E. (1978). doi:10.1016/S0001-2998(78)80014-2
    """
    return ratio(c.tp + c.tn, c.tp + c.fp + c.fn + c.tn)


@METRICS.add(low=0, high=1, best=1, short="Balanced acc.", mean="mbalanced_accuracy", quiet=True, also=("bacc",))
def balanced_accuracy(c: Counts) -> Array:
    """Mean of recall and specificity.

        balanced_accuracy = (tp / (tp + fn) + tn / (tn + fp)) / 2

    Undefined when one of the two is.

    Brodersen, K. H. et al. (2010). doi:10.1109/ICPR.2010.764
    """
    return (recall(c) + specificity(c)) / 2


@METRICS.add(low=0, high=1, best=1, short="F", mean="mf_beta", quiet=True, also=("fbeta", "fbeta_score"))
def f_beta(c: Counts, *, beta: Annotated[float, Within(1e-9, 1000)] = 2.0) -> Array:
    """Weighted harmonic mean of precision and recall: recall counts β times as much.

        f_beta = (1 + β²) tp / ((1 + β²) tp + β² fn + fp)

    β = 1 is `dice`.  Undefined when the class is in neither mask.

    van Rijsbergen, C. J. (1979). Information Retrieval, chapter 7
    """
    hits = (1 + beta**2) * c.tp
    return ratio(hits, hits + beta**2 * c.fn + c.fp)


@METRICS.add(
    low=-1, high=1, best=1, short="MCC", mean="mmcc", quiet=True, also=("matthews_corrcoef", "phi_coefficient")
)
def mcc(c: Counts) -> Array:
    """Matthews correlation coefficient, the φ of the 2 × 2 table.

        mcc = (tp tn − fp fn) / √((tp + fp)(tp + fn)(tn + fp)(tn + fn))

    Undefined when truth or prediction is all of the class or none of it.

    Matthews, B. W. (1975). doi:10.1016/0005-2795(75)90109-9
    """
    tp, fp, fn, tn = _as_float(c)  # products of counts overflow int64
    return ratio(tp * tn - fp * fn, np.sqrt(((tp + fp) * (tn + fn)) * ((tp + fn) * (tn + fp))))


@METRICS.add(low=-1, high=1, best=1, short="Kappa", mean="mkappa", quiet=True, also=("cohen_kappa", "cohens_kappa"))
def kappa(c: Counts) -> Array:
    """Cohen's kappa: agreement beyond chance.

        kappa = 2 (tp tn − fp fn) / ((tp + fp)(fp + tn) + (tp + fn)(fn + tn))

    Undefined when both masks are all of the class or none of it.

    Cohen, J. (1960). doi:10.1177/001316446002000104
    """
    tp, fp, fn, tn = _as_float(c)
    return ratio(2 * (tp * tn - fp * fn), (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn))


@METRICS.add(
    low=0, high=1, best=1, short="Vol. sim.", mean="mvolume_similarity", quiet=True, also=("volumetric_similarity",)
)
def volume_similarity(c: Counts) -> Array:
    """How alike the two sizes are, wherever the pixels lie.

        volume_similarity = 1 − |fn − fp| / (2 tp + fp + fn)

    Undefined when the class is in neither mask.

    Taha, A. A., Hanbury, A. (2015). doi:10.1186/s12880-015-0068-x
    """
    return 1 - ratio(np.abs(c.fn - c.fp), 2 * c.tp + c.fp + c.fn)


@METRICS.add(
    low=-1,
    high=math.inf,
    best=0,
    short="Rel. vol. diff.",
    mean="mrelative_volume_difference",
    quiet=True,
    also=("rvd",),
)
def relative_volume_difference(c: Counts) -> Array:
    """How much too large the predicted size is; negative when it is too small.

        relative_volume_difference = (fp − fn) / (tp + fn)

    Undefined when the truth does not hold the class.

    Heimann, T. et al. (2009). doi:10.1109/TMI.2009.2013851
    """
    return ratio(c.fp - c.fn, c.tp + c.fn)


def _as_float(c: Counts) -> PixelCounts:
    return PixelCounts(*(np.asarray(n, np.float64) for n in (c.tp, c.fp, c.fn, c.tn)))
