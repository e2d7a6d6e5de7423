"""IoU in which every true object of a class weighs the same, large or small.

It takes `ObjectWeights` and gives float64 (C,), nan for a class without objects.
"""

import numpy as np

from segeval.evidence.object_weights import ObjectWeights
from segeval.evidence.run_length import Array
from segeval.metrics import METRICS
from segeval.metrics.overlap import ratio


@METRICS.add(low=0, high=1, best=1, mean="miiou", short="iIoU")
def iiou(o: ObjectWeights) -> Array:
    """Instance-weighted IoU, as Cityscapes has it: near and far cars weigh the same.

        iiou = iTP / (iTP + fp + iFN), iTP = Σ a/n_i h_i, iFN = Σ a/n_i (n_i − h_i) over the true objects i of the class

    n_i are the pixels of an object, h_i those of them that are predicted as the class, and fp the pixels predicted as
    it where the truth is of another.  a is the average size of an object: of those of the data set, or the one that a
    known table tells (Cityscapes).  A group of objects counts in neither sum.  0 where no object is there and some are
    predicted; undefined for classes that have no objects.  Of a group of classes (a category) h_i are the pixels
    predicted as any class of it, ignored ones too, fp those where the truth is outside it, and a that of the class of
    each object where a table tells it, else of the group.  Wants `--instances panoptic`.

    Cordts, M. et al. (2016). arXiv:1604.01685
    """
    average = np.where(o.objects > 0, o.area / np.where(o.objects > 0, o.objects, 1), 1)
    return np.where(o.things > 0, ratio(o.found * average, o.area + o.fp), np.nan)
