"""Distances between contours, weighed by the length or area of the contour, of each class of an image.

Each takes a `SurfaceArea` and gives float64 (C,), ∞ and nan as those of `surface`. The value of a data set is the mean
over images. They are the numbers of surface-distance: but for the percentile the formulas of `surface`.
"""

import math

import numpy as np

from segeval.evidence.run_length import Array
from segeval.evidence.surface_area import SurfaceArea
from segeval.metrics import METRICS
from segeval.metrics.surface import Percent, asd_pred_to_truth, asd_truth_to_pred, assd, hd, known, nsd
from segeval.parameters import NonNegative


@METRICS.add(low=0, high=math.inf, best=0, unit="spacing", dataset="mean", mean="mhd_area", short="HD area")
def hd_area(s: SurfaceArea) -> Array:
    """Hausdorff distance of the contours, between the cells that they pass through.

        hd_area = max(max D_T, max D_P)

    ∞ where one mask is empty, undefined where both are.

    Nikolov, S. et al. (2021). doi:10.2196/26151
    """
    return hd(s)


@METRICS.add(
    low=0,
    high=math.inf,
    best=0,
    unit="spacing",
    dataset="mean",
    mean="mhd{percentile}_area",
    short="HD{percentile} area",
    key="hd{percentile}_area",
)
def hd95_area(s: SurfaceArea, *, percentile: Percent = 95.0) -> Array:
    """95th percentile of the distances between contours by area, the larger of the two directions.

        hd95_area = max(Q95(D_T), Q95(D_P))

    Q95 is the first distance up to which 95 % of the area lies. ∞ where one mask is empty, undefined where both are.

    Nikolov, S. et al. (2021). doi:10.2196/26151
    """
    return known(s, np.fmax(s.to_pred.reached(percentile / 100), s.to_truth.reached(percentile / 100)))


@METRICS.add(low=0, high=math.inf, best=0, unit="spacing", dataset="mean", mean="massd_area", short="ASSD area")
def assd_area(s: SurfaceArea) -> Array:
    """Average symmetric distance between contours: the mean over the area of both.

        assd_area = (Σ a d over T + Σ a d over P) / (area of T + area of P)

    ∞ where one mask is empty, undefined where both are.

    Nikolov, S. et al. (2021). doi:10.2196/26151
    """
    return assd(s)


@METRICS.add(low=0, high=math.inf, best=0, unit="spacing", dataset="mean", short="ASD area truth→pred")
def asd_truth_to_pred_area(s: SurfaceArea) -> Array:
    """Mean distance from the true contour to the predicted one, by area.

        asd_truth_to_pred_area = Σ a d over T / area of T

    ∞ where one mask is empty, undefined where both are.

    Nikolov, S. et al. (2021). doi:10.2196/26151
    """
    return asd_truth_to_pred(s)


@METRICS.add(low=0, high=math.inf, best=0, unit="spacing", dataset="mean", short="ASD area pred→truth")
def asd_pred_to_truth_area(s: SurfaceArea) -> Array:
    """Mean distance from the predicted contour to the true one, by area.

        asd_pred_to_truth_area = Σ a d over P / area of P

    ∞ where one mask is empty, undefined where both are.

    Nikolov, S. et al. (2021). doi:10.2196/26151
    """
    return asd_pred_to_truth(s)


@METRICS.add(low=0, high=1, best=1, dataset="mean", mean="mnsd_area", short="NSD area")
def nsd_area(s: SurfaceArea, *, tolerance: NonNegative = 2.0) -> Array:
    """Surface Dice at a tolerance, by area: the share of both contours that is within a tolerance of the other.

        nsd_area = (area of T with d ≤ τ + area of P with d ≤ τ) / (area of T + area of P)

    0 where one mask is empty, undefined where both are.

    Nikolov, S. et al. (2021). doi:10.2196/26151
    """
    return nsd(s, tolerance=tolerance)
