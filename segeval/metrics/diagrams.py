"""Diagrams: what a kind of evidence tells over thresholds or probabilities, of all images together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from segeval.catalog import Entry, Listed, Listing
from segeval.evidence.run_length import Array


@dataclass(frozen=True)
class Lines:
    """Points of diagrams: (classes, points) each of classes, (points,) each of all classes together, by their names.

    A point of which something is nan is none.
    """

    classes: Mapping[str, Array]
    whole: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Diagram(Entry):
    """One diagram; `func` makes its lines of the columns of its kind, summed over images.

    x, y: which of the points' numbers are drawn, both from 0 to 1.  steps: y holds from its x down to the next; else
    points stand alone, and lie best where y is x.
    weight: a count that is drawn below, if there is one.  number: the metric that tells in one number how good a line
    is.  whole: what the line of all classes together is of.  every: of so many points one stands in tables.
    """

    kind: str
    title: str
    x: str
    y: str
    number: str
    steps: bool
    weight: str
    whole: str
    every: int


class Diagrams(Listing[Diagram]):
    """The diagrams by name."""

    def add(
        self,
        kind: str,
        *,
        title: str,
        x: str,
        y: str,
        number: str,
        steps: bool = False,
        weight: str = "",
        whole: str = "",
        every: int = 1,
    ) -> Callable[[Listed], Listed]:
        """List a function (summed columns of the kind) -> lines, and give it back untouched."""
        facts = (kind, title, x, y, number, steps, weight, whole, every)
        return self._lister(lambda name, func: Diagram(name, func, *facts))


DIAGRAMS = Diagrams("diagram")
