"""What one pair of arrays leaves behind: small, and additive."""

from segeval.evidence.boundary import Boundary
from segeval.evidence.calibration import Calibration
from segeval.evidence.confusion import Confusion
from segeval.evidence.curves import Curves
from segeval.evidence.instances import Instances
from segeval.evidence.multilabel import ChannelCounts
from segeval.evidence.object_weights import ObjectWeights
from segeval.evidence.saliency import Saliency
from segeval.evidence.skeleton import Skeleton
from segeval.evidence.surface import Surface
from segeval.evidence.surface_area import SurfaceArea

__all__ = [
    "Boundary",
    "Calibration",
    "ChannelCounts",
    "Confusion",
    "Curves",
    "Instances",
    "ObjectWeights",
    "Saliency",
    "Skeleton",
    "Surface",
    "SurfaceArea",
]
