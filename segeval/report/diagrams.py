"""The diagrams of a run, class by class, as pages and figures draw them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from segeval.evidence.kinds import EVIDENCE
from segeval.evidence.run_length import Array
from segeval.metrics import METRICS
from segeval.metrics.diagrams import DIAGRAMS, Diagram
from segeval.report.sections import Cell, Table
from segeval.run.means import once
from segeval.run.tables import Tables

MOST = 24  # lines of a diagram; of more classes those with the worst number are shown


@dataclass(frozen=True)
class Line:
    """One line: whose, its number where the run has it, and its points by name, (n,) each."""

    name: str
    value: float | None
    points: Mapping[str, Array]


@dataclass(frozen=True)
class Drawn:
    """A diagram with its lines, and how many there are no places for."""

    diagram: Diagram
    lines: list[Line]
    left_out: int

    @property
    def short(self) -> str:
        """What the number of each line is called."""
        return METRICS[self.diagram.number].title

    @property
    def table(self) -> Table:
        """The points of all lines, or every so many of them."""
        rows: list[list[Cell]] = [
            [line.name, *row.values()] for line in self.lines for row in rows_of(line, self.diagram.every)
        ]
        return Table(self.diagram.title, ["class", *self.lines[0].points], rows, len(rows))


def rows_of(line: Line, every: int) -> list[dict[str, float]]:
    """The points of a line one by one, or every so many of them."""
    columns = (values[::every].tolist() for values in line.points.values())
    return [dict(zip(line.points, row, strict=True)) for row in zip(*columns, strict=True)]


def drawn(document: Mapping[str, Any], tables: Tables) -> Iterator[Drawn]:
    """The diagrams that a run has points of."""
    for diagram in DIAGRAMS.values():
        if diagram.kind in tables.outline.kinds:
            lines = _lines(diagram, document, tables)
            if lines:
                yield Drawn(diagram, *_shown(diagram, lines))


def _lines(diagram: Diagram, document: Mapping[str, Any], tables: Tables) -> list[Line]:
    """Those of all classes together first, then one of each class; those without any point are left out."""
    summed = once(tables).pooled(EVIDENCE[diagram.kind].eaten)
    found = diagram.func(summed.mapped(lambda _, values: values[0]))
    every = []
    if found.whole:
        every.append(Line(diagram.whole, document[diagram.kind].get(diagram.number), _known(found.whole)))
    for k, row in enumerate(document["classes"]):
        own = {name: values[k] for name, values in found.classes.items()}
        every.append(Line(row["name"], row.get(diagram.number), _known(own)))
    return [line for line in every if line.points[diagram.x].size]


def _known(points: Mapping[str, Array]) -> dict[str, Array]:
    there = np.all([np.isfinite(values) for values in points.values()], axis=0)
    return {name: values[there] for name, values in points.items()}


def _shown(diagram: Diagram, lines: list[Line]) -> tuple[list[Line], int]:
    """The lines that there is a place for."""
    if len(lines) <= MOST:
        return lines, 0
    metric = METRICS[diagram.number]
    values = np.array([np.nan if line.value is None else line.value for line in lines], np.float64)
    places = np.argsort(metric.good(values), kind="stable")[:MOST]
    return [lines[n] for n in sorted(places.tolist())], len(lines) - MOST
