"""What one pair of arrays leaves behind: small, and additive."""

from segeval.evidence.boundary import Boundary
from segeval.evidence.confusion import Confusion
from segeval.evidence.multilabel import ChannelCounts
from segeval.evidence.surface import Surface

__all__ = ["Boundary", "ChannelCounts", "Confusion", "Surface"]
