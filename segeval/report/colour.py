"""Whether a stream wants colour."""

import os
from typing import TextIO


def wanted(stream: TextIO) -> bool:
    """On a terminal that can, unless `NO_COLOR` says no."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
