"""How a Run is shown: one module per output format, each a function of its name `(document, out, matrix)`.

It writes the run's document to `out`; `matrix` asks for the confusion matrix too, as counts (`raw`) or as shares.
"""

import importlib
from typing import Any

from segeval.catalog import Catalog, Described

REPORTS = Catalog("output format")

Document = dict[str, Any]


def in_format(name: str) -> Described:
    """The format of that name. Its module alone is imported: those of other views stand in this room too."""
    importlib.import_module(f"{__name__}.{name}")
    return REPORTS.find(name)
