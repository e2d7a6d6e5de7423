"""Numbers of a foreground as the field of salient objects defines them: means over images of stretched maps."""

from collections.abc import Callable, Iterator

import numpy as np

from segeval.evidence.curves import LEVELS
from segeval.evidence.kinds import Columns
from segeval.evidence.run_length import Array
from segeval.evidence.saliency import Saliency
from segeval.measures import Measure
from segeval.metrics import METRICS
from segeval.metrics.overlap import ratio
from segeval.metrics.sections import SECTIONS, Told


@METRICS.add(low=0, high=1, best=0, short="MAE")
def mae(s: Saliency) -> Array:
    """Mean absolute error of a foreground, each map stretched to 0 … 1.

        mae = Σ over pixels of |p − y| / their number, y = 1 in the foreground

    `saliency.mae` is the mean over images, as the field of salient objects has it.

    Perazzi, F. et al. (2012). doi:10.1109/CVPR.2012.6247743
    """
    return ratio(s.absolute, s.asked)


def max_f(s: Saliency) -> Array:
    """F with β² = 0.3 at the best of 256 thresholds, of the mean over images at each.

        max_f = max over k of mean over images of 1.3 P_k R_k / (0.3 P_k + R_k)

    Achanta, R. et al. (2009). doi:10.1109/CVPR.2009.5206596
    """
    return np.asarray(_curve(s.f, s.images).max(axis=-1))


def mean_f(s: Saliency) -> Array:
    """The mean of the same over the thresholds.

    mean_f = mean over k and images of 1.3 P_k R_k / (0.3 P_k + R_k)
    """
    return np.asarray(_curve(s.f, s.images).mean(axis=-1))


def adaptive_f(s: Saliency) -> Array:
    """The same at twice the mean of each map.

    adaptive_f = mean over images of 1.3 P R / (0.3 P + R), p ≥ min(2 mean p, 1)
    """
    return ratio(s.adaptive_f, s.images)


def max_dice(s: Saliency) -> Array:
    """Dice at the best of 256 thresholds, of the mean over images at each.

    max_dice = max over k of mean over images of 2 tp_k / (2 tp_k + fp_k + fn_k)
    """
    return np.asarray(_curve(s.dice, s.images).max(axis=-1))


def mean_dice(s: Saliency) -> Array:
    """The mean of the same over the thresholds.

    mean_dice = mean over k and images of 2 tp_k / (2 tp_k + fp_k + fn_k)
    """
    return np.asarray(_curve(s.dice, s.images).mean(axis=-1))


def mean_error(s: Saliency) -> Array:
    """The mean over images of their mean absolute errors.

    mae = mean over images of mean over pixels of |p − y|
    """
    return ratio(s.error, s.images)


def _curve(added: Array, images: Array) -> Array:
    return ratio(added, np.broadcast_to(np.asarray(images)[..., None], (*np.shape(images), LEVELS)))


@SECTIONS.add("saliency", classes="per_class")
def saliency(_: object) -> Iterator[Told]:
    """Means over images."""
    yield Told("mae", ("mae",), _of(mean_error), Measure("mae", mean_error, 0, 1, 0))
    for formula in (max_f, mean_f, adaptive_f, max_dice, mean_dice):
        name = formula.__name__
        yield Told(name, (name,), _of(formula), Measure(name, formula, 0, 1, 1))


def _of(formula: Callable[[Saliency], Array]) -> Callable[[Columns], Array]:
    def of(columns: Columns) -> Array:
        whole = Saliency.gathered(columns.images, Saliency.of_image)
        found: Array = formula(Saliency((), np.zeros(0), np.zeros(0), **whole))
        return found

    return of
