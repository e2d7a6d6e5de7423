"""How losses answer as a right prediction gets worse, by one kind of error at a time: the numbers of the figures."""

from collections.abc import Iterator, Sequence

import numpy as np

from segeval.evidence.run_length import Array
from segeval.figures.chart import Chart, Line, Panel
from segeval.figures.curves import MOST, Drawn
from segeval.losses.engine.evidence import Asked, Caller, Plan
from segeval.losses.engine.inputs import sample
from segeval.study.analysis import SPOILT, sensitivity

SIZE, RADIUS = 64, 9  # a disc in a square image, small enough that soft skeletons find its middle
STEPS = 8
_GROWS = {
    "erosion": "pixels off the rim",
    "dilation": "pixels beyond the rim",
    "shift": "pixels to the side",
    "blob": "k: a corner of radius k − 1",  # nothing is farther from the disc
    "hole": "k: a hole of radius k − 1",
    "softening": "k: means over 2 k + 1 pixels",
}


def disc() -> Array:
    """The true mask."""
    places = np.arange(SIZE) - (SIZE - 1) / 2
    return np.asarray(places[:, None] ** 2 + places**2 <= RADIUS**2).astype(np.uint8)


def answers(asked: Sequence[Drawn]) -> Iterator[Chart]:
    """Of each loss its values under six kinds of error, and of several one figure of them all, on one scale.

    Scores have no such errors: what needs them is left out.
    """
    known = [each for each in asked if not each.asked.entry.scores]
    for each in known:
        entry = each.asked.entry
        lines = {label: _values(Asked(entry, params)) for label, params in each.members}
        yield Chart(f"{entry.name}-answers", entry.name, tuple(_panels(lines, "loss")))
    if 1 < len(known) <= MOST:
        every = {each.asked.name: _scaled(_values(Asked(each.asked.entry, each.plain))) for each in known}
        panels = tuple(_panels(every, "answer / largest answer"))
        yield Chart("losses-answers", "losses side by side", panels)


def _values(asked: Asked) -> dict[str, Array]:
    """Of each kind of error the values of a loss from none to the largest."""
    image = sample(disc(), disc())
    found = sensitivity(Plan([asked]), image, Caller(), STEPS)[asked.name]
    return {kind: np.array(each.values) for kind, each in found.items()}


def _scaled(values: dict[str, Array]) -> dict[str, Array]:
    """The same as parts of the largest change that any of the errors makes."""
    moved = {kind: each - each[0] for kind, each in values.items()}
    most = max((float(np.nanmax(np.abs(each), initial=0)) for each in moved.values()), default=0.0)
    return {kind: each / most if most else each for kind, each in moved.items()}


def _panels(lines: dict[str, dict[str, Array]], y: str) -> Iterator[Panel]:
    at = np.arange(STEPS + 1)
    for kind in SPOILT:
        found = tuple(Line(label, at, values[kind]) for label, values in lines.items())
        yield Panel(kind, _GROWS[kind], y, found)
