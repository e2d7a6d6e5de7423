"""Agreement of the rims of masks, of each class of an image.

Each takes a `Boundary` and gives float64 (C,): 0 where one of the masks is empty, nan where both are. The value of a
data set is the mean over images.
"""

import numpy as np

from segeval.evidence.boundary import Boundary
from segeval.evidence.run_length import Array
from segeval.metrics import METRICS
from segeval.metrics.overlap import ratio
from segeval.metrics.surface import Percent
from segeval.parameters import NonNegative


def _known(b: Boundary, values: Array) -> Array:
    """The values, 0 where one mask is empty."""
    return np.where((b.truth == 0) != (b.pred == 0), 0.0, values)


@METRICS.add(
    low=0,
    high=1,
    best=1,
    dataset="mean",
    mean="mboundary_iou",
    short="Boundary IoU",
    key="boundary_iou@{percent}%",
    family="surface",
)
def boundary_iou(b: Boundary, *, percent: Percent = 2.0) -> Array:
    """Boundary IoU: the IoU of the inner bands of both masks.

        boundary_iou = |T_d ∩ P_d| / |T_d ∪ P_d|, M_d = {x in M: a pixel outside M is at most d away}

    d is this percentage of the image's diagonal in pixels, at least 1, in chessboard distance. Beyond the image is
    outside. 0 where one mask is empty, undefined where both are. Of all pixels within d it is the IoU.

    Cheng, B. et al. (2021). arXiv:2103.16562
    """
    rim = b.rim("percent", percent)
    return _known(b, ratio(rim.pred_met, rim.pred + rim.truth - rim.pred_met))


@METRICS.add(
    low=0, high=1, best=1, dataset="mean", mean="mboundary_iou_euclidean", short="Boundary IoU round", family="boundary"
)
def boundary_iou_euclidean(b: Boundary, *, depth: NonNegative = 2.0) -> Array:
    """The same with bands of a Euclidean depth, in pixels or in the unit of the spacing.

        boundary_iou_euclidean = |T_d ∩ P_d| / |T_d ∪ P_d|

    A depth of 1 pixel is the border across faces. 0 where one mask is empty, undefined where both are.

    Cheng, B. et al. (2021). arXiv:2103.16562
    """
    rim = b.rim("depth", depth)
    return _known(b, ratio(rim.pred_met, rim.pred + rim.truth - rim.pred_met))


@METRICS.add(
    low=0,
    high=1,
    best=1,
    dataset="mean",
    mean="mboundary_f",
    short="Boundary F",
    key="boundary_f@{reach}%",
    family="boundary",
)
def boundary_f(b: Boundary, *, reach: Percent = 0.8) -> Array:
    """Boundary F, the contour accuracy of DAVIS: precision and recall of rim pixels within a small distance.

        boundary_f = 2 p r / (p + r), p = #{x in ∂P: d(x, ∂T) ≤ ρ} / |∂P|, r = #{x in ∂T: d(x, ∂P) ≤ ρ} / |∂T|

    A pixel is of the rim where it differs from the next one below, to the right, or both, within the image; ρ is this
    percentage of the image's diagonal, rounded up, in pixels. 0 where one mask is empty, undefined where both are.

    Perazzi, F. et al. (2016). doi:10.1109/CVPR.2016.85
    """
    rim = b.rim("reach", reach)
    precision, recall = ratio(rim.pred_met, rim.pred), ratio(rim.truth_met, rim.truth)
    one = (rim.pred == 0) != (rim.truth == 0)
    none = (rim.pred_met == 0) & (rim.pred > 0) & (rim.truth > 0)
    return _known(b, np.where(one | none, 0.0, ratio(2 * precision * recall, precision + recall)))
