"""Lines on axes: the numbers of a figure."""

from dataclasses import dataclass

from segeval.evidence.run_length import Array


@dataclass(frozen=True, eq=False)
class Line:
    """What a line is called, and its points."""

    label: str
    x: Array
    y: Array


@dataclass(frozen=True, eq=False)
class Panel:
    """Lines on axes with their units."""

    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    logarithmic: bool = False  # the axis of x


@dataclass(frozen=True, eq=False)
class Chart:
    """Panels beside each other; a label means the same line in each of them."""

    name: str  # of the file
    title: str
    panels: tuple[Panel, ...]
