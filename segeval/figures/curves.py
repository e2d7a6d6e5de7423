"""A loss, and how steep it is, over one prediction p: the numbers that the figures show."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segeval.errors import BadOption, BadParameter, Unfit
from segeval.evidence.pixels import Distributions, Outcomes, Values
from segeval.evidence.run_length import Array
from segeval.losses.engine.evidence import Asked, Plan
from segeval.losses.functional import ask, gradient, value
from segeval.measures import Loss
from segeval.run.options import by_formula

MOST = 7  # lines of a figure, each of a colour of its own
_ALONE = {Outcomes, Values, Distributions}  # what is a mean over pixels: one of them shows it all
_SIZE, _OBJECT = 12, slice(3, 9)  # the window of ssim has 11 pixels
_ON, _OFF = (3, 5), (2, 5)  # a pixel on the rim of the object, and the one beyond it
_SURE = 0.8  # what all other pixels give to their true outcome
_P = np.arange(1, 100) / 100
_SCORES = np.linspace(-4, 4, 81)


@dataclass(frozen=True, eq=False)
class Line:
    """What a loss says of a pixel of that truth, and the size of its derivative, at each place along the axis."""

    label: str
    truth: int
    at: Array
    loss: Array
    slope: Array


@dataclass(frozen=True, eq=False)
class Curves:
    """The lines of one loss with the values of one parameter, or of several losses."""

    name: str  # of the file
    title: str
    axis: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Drawn:
    """A loss with all its parameters, and the one of them that has several values."""

    asked: Asked
    parameter: str = ""
    values: tuple[Any, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether a pixel's share of the loss is its own, whatever the others are."""
        return all(leaf.needs in _ALONE for leaf in Plan([self.asked]).leaves.values())

    @property
    def plain(self) -> Mapping[str, Any]:
        """Its parameters with the default of the one that varies, unless it must be given."""
        if not self.parameter or (default := self.asked.entry.params[self.parameter].default) is None:
            return self.asked.params
        return {**self.asked.params, self.parameter: default}

    @property
    def members(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """How each line is called, and its parameters."""
        if not self.parameter:
            yield self.asked.name, self.asked.params
        for each in self.values:
            yield f"{self.parameter} = {_shown(each)}", {**self.asked.params, self.parameter: each}


def _shown(each: Any) -> str:
    return f"{each:g}" if isinstance(each, int | float) else str(each)


def drawn(names: Sequence[str], params: Sequence[str]) -> list[Drawn]:
    """The losses of those names; parameters `NAME.PARAM=V,V`, of each loss one at most with several values.

    A loss whose parameters nobody gives is drawn with the values that it declares.  UnknownName, BadParameter and
    BadOption say what is wrong.
    """
    entries = {entry.name: entry for entry in map(_entry, names)}
    given = {_entry(name).name: of for name, of in by_formula(params).items()}
    if strange := given.keys() - entries.keys():
        name = min(strange)
        raise BadOption(f"-p is about {name}, which is not drawn", f"name it too: segeval plot losses {name}")
    return [_family(entry, given.get(entry.name, {})) for entry in entries.values()]


def _entry(name: str) -> Loss:
    """The loss of a name.  UnknownName, or NoGradient for a formula of other inputs."""
    return ask(name, {}).entry


def _family(entry: Loss, given: Mapping[str, Any]) -> Drawn:
    many = [key for key, values in given.items() if isinstance(values, list)]
    if len(many) > 1:
        what = f"-p gives several values of {entry.name}.{many[0]} and of {entry.name}.{many[1]}"
        raise BadOption(what, "vary one parameter, and give one value of each other")
    parameter, values = entry.sweep
    if many:
        parameter, values = many[0], tuple(given[many[0]])
    elif parameter in given:
        parameter, values = "", ()
    if len(values) > MOST:
        raise BadOption(f"{entry.name}.{parameter} has {len(values)} values", f"a figure shows {MOST} at most")
    fixed = {key: each for key, each in given.items() if key != parameter}
    settings = [entry.completed({**fixed, parameter: each} if parameter else fixed) for each in values or (None,)]
    if entry.weight_map and settings[0][entry.weight_map] is None:
        raise BadParameter(
            f"{entry.name} needs a weight of each pixel, and a curve is of one",
            "it is cross_entropy times the weight: draw that",
        )
    checked = tuple(each[parameter] for each in settings) if parameter else ()
    return Drawn(Asked(entry, settings[0]), parameter, tuple(dict.fromkeys(checked)))


def curves(asked: Sequence[Drawn]) -> Iterator[Curves]:
    """Of each loss its own curves, and of several one figure of them all, with their parameters off the sweep."""
    for each in asked:
        entry = each.asked.entry
        lines = [line for label, params in each.members for line in _lines(entry, label, params, each.alone)]
        yield Curves(entry.name, entry.name, _axis(each.alone, entry.scores), tuple(lines))
    kinds = {each.asked.entry.scores for each in asked}
    if 1 < len(asked) <= MOST and len(kinds) == 1:
        alone = all(each.alone for each in asked)
        found = [line for each in asked for line in _lines(each.asked.entry, each.asked.name, each.plain, alone)]
        yield Curves("losses", "losses side by side", _axis(alone, kinds.pop()), tuple(found))


def _axis(alone: bool, scores: bool) -> str:
    what = "score" if scores else "probability p"
    if alone:
        return f"{what} of the foreground, of one pixel"
    others = f"score ±{_logit(_SURE):.2f}" if scores else f"p = {_SURE:g} inside and {1 - _SURE:.1f} outside"
    return f"{what} of one pixel on the rim; all others of a square {others}"


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def _lines(entry: Loss, label: str, params: Mapping[str, Any], alone: bool) -> Iterator[Line]:
    """The line of a true and of a false pixel; each place along it is an image of a batch."""
    at = _SCORES if entry.scores else _P
    options = {
        **{key: each for key, each in params.items() if each is not None},
        "inputs": "scores" if entry.scores else "probabilities",
        "channels": False,
        "batch": True,
        "reduction": "none",
    }
    for truth in (1, 0):
        pred, true, place = _pixels(at, truth) if alone else _pictures(at, truth, entry.scores)
        try:
            loss = np.asarray(value(entry.name, pred, true, **options), np.float64)
            slope = gradient(entry.name, pred, true, **options)[(slice(None), *place)]
        except Unfit as fault:
            raise Unfit(f"{entry.name} cannot be drawn: {fault.message}", fault.hint) from fault
        yield Line(label, truth, at, loss, np.abs(slope))


def _pixels(at: Array, truth: int) -> tuple[Array, Array, tuple[int, int]]:
    """Images of one pixel."""
    pred: Array = at.reshape(-1, 1, 1)
    return pred, np.full(pred.shape, truth), (0, 0)


def _pictures(at: Array, truth: int, scores: bool) -> tuple[Array, Array, tuple[int, int]]:
    """Images of a square that differ in one pixel of its rim, within it or beyond it."""
    true = np.zeros((_SIZE, _SIZE), np.int64)
    true[_OBJECT, _OBJECT] = 1
    rest = np.where(true, _SURE, 1 - _SURE)
    pred: Array = np.repeat((np.log(rest / (1 - rest)) if scores else rest)[None], at.size, axis=0)
    place = _ON if truth else _OFF
    pred[(slice(None), *place)] = at
    return pred, np.repeat(true[None], at.size, axis=0), place
