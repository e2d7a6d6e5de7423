"""The text of `run.json`."""

from typing import TextIO

from segeval.report import Document
from segeval.run.run import as_text


def json(document: Document, out: TextIO, matrix: str | None) -> None:  # noqa: ARG001 - the matrix is always in it
    """The whole run as one JSON document, by the schema `segeval-run/1`."""
    out.write(as_text(document))
