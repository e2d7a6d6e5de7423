"""How a Run is shown: one module per output format, each a function of the run's document."""

from typing import Any, Protocol, TextIO

from segeval.catalog import Catalog

REPORTS = Catalog("output format")

Document = dict[str, Any]


class Report(Protocol):
    """Writes the document of a run; `matrix` asks for the confusion matrix too, as counts or as shares."""

    def __call__(self, document: Document, out: TextIO, matrix: str | None) -> None: ...


REPORTS.discover(__name__, list(__path__))
