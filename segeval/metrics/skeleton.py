"""Agreement of thin structures by their skeletons, of each class of an image.

Each takes a `Skeleton` and gives float64 (C,): 0 where one of the masks is empty, nan where both are, or where a mask
has no skeleton. The value of a data set is the mean over images.
"""

import numpy as np

from segeval.evidence.run_length import Array
from segeval.evidence.skeleton import Skeleton
from segeval.metrics import METRICS
from segeval.metrics.overlap import ratio


def _known(s: Skeleton, values: Array) -> Array:
    """The values, 0 where one mask is empty, undefined where a mask has no skeleton."""
    one = (s.truth == 0) != (s.pred == 0)
    lacking = (s.truth_skeleton == 0) | (s.pred_skeleton == 0)
    return np.where(one, 0.0, np.where(lacking, np.nan, values))


@METRICS.add(low=0, high=1, best=1, dataset="mean", mean="mcldice", short="clDice")
def cldice(s: Skeleton) -> Array:
    """Centreline Dice: the harmonic mean of topology precision and topology sensitivity.

        cldice = 2 p r / (p + r), p = |S_P ∩ T| / |S_P|, r = |S_T ∩ P| / |S_T|

    S is the skeleton of a mask by scikit-image (extra `skeleton`). 0 where one mask is empty, undefined where both are,
    or where one is not empty and its skeleton is.

    Shit, S. et al. (2021). doi:10.1109/CVPR46437.2021.01629
    """
    p, r = ratio(s.pred_covered, s.pred_skeleton), ratio(s.truth_covered, s.truth_skeleton)
    return _known(s, np.where(p + r == 0, 0.0, ratio(2 * p * r, p + r)))


@METRICS.add(low=0, high=1, best=1, dataset="mean", mean="mtopology_precision", short="Topo. precision")
def topology_precision(s: Skeleton) -> Array:
    """Share of the predicted skeleton that lies in the true mask.

        topology_precision = |S_P ∩ T| / |S_P|

    0 where one mask is empty, undefined where both are, or where a mask has no skeleton.

    Shit, S. et al. (2021). doi:10.1109/CVPR46437.2021.01629
    """
    return _known(s, ratio(s.pred_covered, s.pred_skeleton))


@METRICS.add(low=0, high=1, best=1, dataset="mean", mean="mtopology_sensitivity", short="Topo. sensitivity")
def topology_sensitivity(s: Skeleton) -> Array:
    """Share of the true skeleton that lies in the predicted mask.

        topology_sensitivity = |S_T ∩ P| / |S_T|

    0 where one mask is empty, undefined where both are, or where a mask has no skeleton.

    Shit, S. et al. (2021). doi:10.1109/CVPR46437.2021.01629
    """
    return _known(s, ratio(s.truth_covered, s.truth_skeleton))
