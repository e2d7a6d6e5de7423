"""Distances between borders, of each class of an image.

Each takes a `Surface` and gives float64 (C,): ∞ where one of the masks is empty, nan where both are, or where a mask
has no border because all its neighbours are ignored. The value of a data set is the mean over images.
"""

import math
from typing import Annotated

import numpy as np

from segeval.evidence.distances import Distances
from segeval.evidence.run_length import Array
from segeval.evidence.surface import Surface
from segeval.metrics import METRICS
from segeval.metrics.overlap import ratio
from segeval.parameters import NonNegative, Within

Percent = Annotated[float, Within(0, 100)]


def known(s: Surface, values: Array) -> Array:
    """The values where both borders are known, ∞ where one mask is empty, nan elsewhere."""
    one = (s.truth == 0) != (s.pred == 0)
    lacking = s.to_pred.empty | s.to_truth.empty
    return np.where(one, np.inf, np.where(lacking, np.nan, values))


def _pooled(s: Surface) -> Distances:
    return s.to_pred.merged(s.to_truth)


@METRICS.add(low=0, high=math.inf, best=0, unit="spacing", dataset="mean", mean="mhd", short="HD")
def hd(s: Surface) -> Array:
    """Hausdorff distance of the borders: how far the worst point is off.

        hd = max(max D_T, max D_P), D_T = {d(x, ∂P): x in ∂T}, D_P = {d(x, ∂T): x in ∂P}

    ∞ where one mask is empty, undefined where both are.

    Huttenlocher, D. P. et al. (1993). doi:10.1109/34.232073
    """
    return known(s, np.fmax(s.to_pred.largest, s.to_truth.largest))


@METRICS.add(
    low=0,
    high=math.inf,
    best=0,
    unit="spacing",
    dataset="mean",
    mean="mhd{percentile}_max",
    short="HD{percentile}",
    key="hd{percentile}_max",
)
def hd95_max(s: Surface, *, percentile: Percent = 95.0) -> Array:
    """95th percentile of the distances between borders, the larger of the two directions.

        hd95_max = max(P95(D_T), P95(D_P))

    With linear interpolation. ∞ where one mask is empty, undefined where both are. `--percentile 90` adds `hd90_max`.
    The percentile of both directions together is `hd95_pooled`, and usually smaller.

    Maier-Hein, L. et al. (2024). doi:10.1038/s41592-023-02151-z
    """
    return known(s, np.fmax(s.to_pred.percentile(percentile), s.to_truth.percentile(percentile)))


@METRICS.add(
    low=0,
    high=math.inf,
    best=0,
    unit="spacing",
    dataset="mean",
    mean="mhd{percentile}_pooled",
    short="HD{percentile} pooled",
    key="hd{percentile}_pooled",
)
def hd95_pooled(s: Surface, *, percentile: Percent = 95.0) -> Array:
    """95th percentile of the distances between borders, of both directions together.

        hd95_pooled = P95(D_T ∪ D_P)

    With linear interpolation. ∞ where one mask is empty, undefined where both are.

    Maier-Hein, L. et al. (2024). doi:10.1038/s41592-023-02151-z
    """
    return known(s, _pooled(s).percentile(percentile))


@METRICS.add(low=0, high=math.inf, best=0, unit="spacing", dataset="mean", mean="massd", short="ASSD")
def assd(s: Surface) -> Array:
    """Average symmetric surface distance: the mean over the points of both borders.

        assd = (Σ D_T + Σ D_P) / (|∂T| + |∂P|)

    ∞ where one mask is empty, undefined where both are.

    Heimann, T. et al. (2009). doi:10.1109/TMI.2009.2013851
    """
    return known(s, ratio(s.to_pred.sums + s.to_truth.sums, s.to_pred.total + s.to_truth.total))


@METRICS.add(low=0, high=math.inf, best=0, unit="spacing", dataset="mean", mean="mmasd", short="MASD")
def masd(s: Surface) -> Array:
    """Mean average surface distance: the mean of the means of the two directions.

        masd = (mean D_T + mean D_P) / 2

    ∞ where one mask is empty, undefined where both are. Some programs call it ASSD.

    Maier-Hein, L. et al. (2024). doi:10.1038/s41592-023-02151-z
    """
    return known(s, (s.to_pred.mean + s.to_truth.mean) / 2)


@METRICS.add(low=0, high=math.inf, best=0, unit="spacing", dataset="mean", short="ASD truth→pred")
def asd_truth_to_pred(s: Surface) -> Array:
    """Mean distance from the true border to the predicted one.

        asd_truth_to_pred = Σ D_T / |∂T|

    ∞ where one mask is empty, undefined where both are.

    Heimann, T. et al. (2009). doi:10.1109/TMI.2009.2013851
    """
    return known(s, s.to_pred.mean)


@METRICS.add(low=0, high=math.inf, best=0, unit="spacing", dataset="mean", short="ASD pred→truth")
def asd_pred_to_truth(s: Surface) -> Array:
    """Mean distance from the predicted border to the true one.

        asd_pred_to_truth = Σ D_P / |∂P|

    ∞ where one mask is empty, undefined where both are.

    Heimann, T. et al. (2009). doi:10.1109/TMI.2009.2013851
    """
    return known(s, s.to_truth.mean)


@METRICS.add(low=0, high=1, best=1, dataset="mean", mean="mnsd", short="NSD")
def nsd(s: Surface, *, tolerance: NonNegative = 2.0) -> Array:
    """Normalised surface distance, surface Dice: the share of both borders that is within a tolerance of the other.

        nsd = (#{D_T ≤ τ} + #{D_P ≤ τ}) / (|∂T| + |∂P|)

    0 where one mask is empty, undefined where both are. τ is in pixels, or in the unit of the spacing.

    Nikolov, S. et al. (2021). doi:10.2196/26151
    """
    near = ratio(s.to_pred.within(tolerance) + s.to_truth.within(tolerance), s.to_pred.total + s.to_truth.total)
    found = known(s, near)
    return np.where(np.isinf(found), 0.0, found)
