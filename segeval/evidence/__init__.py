"""What one pair of arrays leaves behind: small, and additive."""

from segeval.evidence.channels import ChannelCounts
from segeval.evidence.confusion import Confusion

__all__ = ["ChannelCounts", "Confusion"]
