"""Rates of errors, and what is made of two rates: asked for as the family `rates`, or by name.

Each takes the pixel counts of each class against all others, as those of `overlap` do, and is undefined (nan) for 0/0.
"""

import numpy as np

from segeval.evidence.confusion import Counts
from segeval.metrics import METRICS
from segeval.metrics.overlap import Array, precision, ratio, recall, specificity


@METRICS.add(low=0, high=1, best=0, mean="mfpr", short="FPR", quiet=True, also=("fpr", "fall_out"))
def false_positive_rate(c: Counts) -> Array:
    """Share of the pixels of other classes that were taken for this one, the fall-out.

        false_positive_rate = fp / (fp + tn)

    Undefined when the class fills the truth.  1 − specificity.

    Powers, D. M. W. (2011). arXiv:2010.16061
    """
    return ratio(c.fp, c.fp + c.tn)


@METRICS.add(low=0, high=1, best=0, mean="mfnr", short="FNR", quiet=True, also=("fnr", "miss_rate"))
def false_negative_rate(c: Counts) -> Array:
    """Share of the true pixels that were missed.

        false_negative_rate = fn / (tp + fn)

    Undefined when the truth does not hold the class.  1 − recall.

    Powers, D. M. W. (2011). arXiv:2010.16061
    """
    return ratio(c.fn, c.tp + c.fn)


@METRICS.add(low=0, high=1, best=1, mean="mnpv", short="NPV", quiet=True, also=("npv",))
def negative_predictive_value(c: Counts) -> Array:
    """Share of the pixels predicted as other classes that are of other classes.

        negative_predictive_value = tn / (tn + fn)

    Undefined when all is predicted as the class.

    Powers, D. M. W. (2011). arXiv:2010.16061
    """
    return ratio(c.tn, c.tn + c.fn)


@METRICS.add(low=0, high=1, best=0, mean="mfdr", short="FDR", quiet=True, also=("fdr",))
def false_discovery_rate(c: Counts) -> Array:
    """Share of the predicted pixels that are wrong.

        false_discovery_rate = fp / (tp + fp)

    Undefined when nothing was predicted as the class.  1 − precision.

    Powers, D. M. W. (2011). arXiv:2010.16061
    """
    return ratio(c.fp, c.tp + c.fp)


@METRICS.add(low=0, high=1, best=0, mean="mfor", short="FOR", quiet=True, also=("for",))
def false_omission_rate(c: Counts) -> Array:
    """Share of the pixels predicted as other classes that are of this one.

        false_omission_rate = fn / (fn + tn)

    Undefined when all is predicted as the class.

    Powers, D. M. W. (2011). arXiv:2010.16061
    """
    return ratio(c.fn, c.fn + c.tn)


@METRICS.add(
    low=-1, high=1, best=1, mean="minformedness", short="Informedness", quiet=True, also=("bm", "youden_j", "youden")
)
def informedness(c: Counts) -> Array:
    """How much better than chance the class is found: Youden's J.

        informedness = tp / (tp + fn) + tn / (tn + fp) − 1

    Undefined when one of the two is.

    Youden, W. J. (1950). doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3
    """
    return recall(c) + specificity(c) - 1


@METRICS.add(low=-1, high=1, best=1, mean="mmarkedness", short="Markedness", quiet=True, also=("mk", "delta_p"))
def markedness(c: Counts) -> Array:
    """How much better than chance the prediction is right.

        markedness = tp / (tp + fp) + tn / (tn + fn) − 1

    Undefined when one of the two is.

    Powers, D. M. W. (2011). arXiv:2010.16061
    """
    return precision(c) + negative_predictive_value(c) - 1


@METRICS.add(low=0, high=1, best=0, mean="mprevalence_threshold", short="Prev. thr.", quiet=True, also=("pt",))
def prevalence_threshold(c: Counts) -> Array:
    """The share of the class below which its precision falls off.

        prevalence_threshold = √(fp / (fp + tn)) / (√(tp / (tp + fn)) + √(fp / (fp + tn)))

    Equal to (√(TPR · FPR) − FPR) / (TPR − FPR) wherever that is defined.  Undefined when one of the rates is, or
    both are 0.

    Balayla, J. (2020). doi:10.1371/journal.pone.0240215
    """
    found, wrong = np.sqrt(recall(c)), np.sqrt(false_positive_rate(c))
    return ratio(wrong, found + wrong)


@METRICS.add(
    low=0, high=1, best=1, mean="mfowlkes_mallows", short="FM", quiet=True, also=("fm", "fowlkes_mallows_index")
)
def fowlkes_mallows(c: Counts) -> Array:
    """Geometric mean of precision and recall.

        fowlkes_mallows = tp / √((tp + fp)(tp + fn))

    Undefined when truth or prediction does not hold the class.

    Fowlkes, E. B., Mallows, C. L. (1983). doi:10.1080/01621459.1983.10478008
    """
    found: Array = np.sqrt(precision(c) * recall(c))
    return found
