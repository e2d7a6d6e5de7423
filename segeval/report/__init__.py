"""How a Run is shown: one module per output format, each a function of its name `(document, out, matrix)`.

It writes the run's document to `out`; `matrix` asks for the confusion matrix too, as counts (`raw`) or as shares.
"""

import importlib
from collections.abc import Callable
from typing import Any, TextIO

FORMATS = ("table", "json", "csv", "md")  # what `--format` takes: its help names them, and imports none of them

Document = dict[str, Any]


def in_format(name: str) -> Callable[[Document, TextIO, str | None], None]:
    """The format of that name. Its module alone is imported: those of other views stand in this room too."""
    show: Callable[[Document, TextIO, str | None], None] = getattr(importlib.import_module(f"{__name__}.{name}"), name)
    return show
