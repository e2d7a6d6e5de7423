"""How a Run is shown: one module per output format, each a function `(document, out, matrix)`.

It writes the run's document to `out`; `matrix` asks for the confusion matrix too, as counts (`raw`) or as shares.
"""

from typing import Any

from segeval.catalog import Catalog

REPORTS = Catalog("output format")

Document = dict[str, Any]


REPORTS.discover(__name__, list(__path__))
