"""What the parameters of a formula may be: the annotation says it, and it is checked before the formula runs."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from segeval.catalog import did_you_mean
from segeval.errors import BadOption, BadParameter
from segeval.text import some


@dataclass(frozen=True)
class Within:
    """A number from `low` to `high`."""

    low: float
    high: float

    def holds(self, number: Any) -> bool:
        return bool(self.low <= number <= self.high)

    def __str__(self) -> str:
        return f"a finite number from {self.low:g} up to {self.high:g}"


LEARNS = "learns"  # it may be a tensor of one number that is trained with the network

# What is larger overflows in some formula, and nobody means it.
Exponent = Annotated[float, Within(0, 32)]
Logarithm = Annotated[float, Within(-100, 100), LEARNS]
NonNegative = Annotated[float, Within(0, 1e9)]
Positive = Annotated[float, Within(1e-9, 1e9)]
Share = Annotated[float, Within(0, 1)]
Count = Annotated[int, Within(1, 10_000)]
Steps = Annotated[int, Within(0, 10_000)]
Whole = Annotated[int, Within(0, 1 << 31)]
Weights = Sequence[float]  # one for each outcome, not negative
Matrix = Sequence[Sequence[float]]
Map = np.ndarray  # a number for each pixel
CONNECTIVITIES = ("face", "full")  # which pixels are neighbours: across a face, or across edges and corners too


@dataclass(frozen=True)
class Parameter:
    """One parameter of a formula: its name, its kind and its default."""

    name: str
    kind: Any
    default: Any

    def checked(self, value: Any, formula: str) -> Any:
        """The value, if it is what the formula takes."""
        if value is None and self.default is None:
            return None
        if getattr(value, "requires_grad", False):
            return self._learning(value, formula)
        if not self.is_map:
            value = _plain(value)
        for kind in _choices(self.kind):
            fit = _fitting(value, kind)
            if fit is not None:
                return fit
        raise BadParameter(f"{formula}.{self.name} is {_shown(value)}", f"wanted: {self.wanted}")

    def _learning(self, value: Any, formula: str) -> Any:
        """A tensor that is trained with the network, if the formula takes one there and its number fits."""
        if not self.learns:
            what = f"{formula}.{self.name} is a tensor that learns"
            raise BadParameter(what, "give its number: parameter.item()")
        if value.numel() != 1:
            raise BadParameter(
                f"{formula}.{self.name} is a tensor of {value.numel()} numbers", f"wanted: {self.wanted}"
            )
        self.checked(value.item(), formula)
        return value.reshape(())

    @property
    def learns(self) -> bool:
        """Whether it may be a tensor that is trained."""
        return any(LEARNS in get_args(kind) for kind in _choices(self.kind))

    @property
    def wanted(self) -> str:
        """The values it takes, in words."""
        return " or ".join(_words(kind) for kind in _choices(self.kind))

    @property
    def is_map(self) -> bool:
        return Map in _choices(self.kind)


def parameters(func: Callable[..., Any]) -> dict[str, Parameter]:
    """The parameters of a formula, in order: keyword-only, after the evidence; `background` is the image's to say."""
    hints = get_type_hints(func, include_extras=True)
    return {
        each.name: Parameter(each.name, hints[each.name], each.default)
        for each in inspect.signature(func).parameters.values()
        if each.kind is inspect.Parameter.KEYWORD_ONLY and each.name != "background"
    }


def completed(name: str, known: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of the formula `name`: those given, checked, and the defaults of the others."""
    for each in given:
        if each not in known:
            hint = did_you_mean(each, list(known)) if known else "it has no parameters"
            raise BadParameter(f"{name} has no parameter {each!r}", hint)
    return {key: each.checked(given[key], name) if key in given else each.default for key, each in known.items()}


def by_class(
    name: str, known: Mapping[str, Parameter], given: Mapping[str, Any], ids: Sequence[int], ignore: Collection[int]
) -> dict[str, Any]:
    """The parameters, with the numbers of each class in the order of the classes where they stand by id."""
    found = dict(given)
    for key, numbers in given.items():
        if not isinstance(numbers, Mapping) or key not in known or Weights not in _choices(known[key].kind):
            continue
        missing, strange = sorted({*ids} - {*numbers}), sorted({*numbers} - {*ids} - {*ignore}, key=str)
        if missing or strange:
            what = f"has no number for class {missing[0]}" if missing else f"names class {strange[0]!r}, which is none"
            raise BadParameter(
                f"{name}.{key} {what}", f"wanted: a number for each of the classes {some(list(map(str, ids)))}"
            )
        found[key] = [numbers[id_] for id_ in ids]
    return found


def parsed(text: str) -> Any:
    """The value that a text on the command line means: a number, numbers with commas (rows with `;`), or a word."""
    if ";" in text:
        return [parsed(row) if "," in row else [parsed(row)] for row in text.split(";")]
    if "," in text:
        return [parsed(part) for part in text.split(",")]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip()


def _choices(kind: Any) -> list[Any]:
    """The alternatives of a union, without None."""
    if get_origin(kind) is Annotated or not (args := get_args(kind)) or get_origin(kind) in (Literal, Sequence):
        return [kind]
    return [each for each in args if each is not type(None)]


def _fitting(value: Any, kind: Any) -> Any:
    """The value as this kind, or None."""
    if kind is Map:
        return value if hasattr(value, "shape") and getattr(value, "ndim", 0) > 0 else None
    if get_origin(kind) is Literal:
        return value if isinstance(value, str) and value in get_args(kind) else None
    if get_origin(kind) is Annotated:
        number, limit, *_ = get_args(kind)
        return _number(value, number, limit)
    return _vector(value) if kind == Weights else _matrix(value)


def _plain(value: Any) -> Any:
    """The numbers of a tensor or of another library's array."""
    from segeval.arrays.functions import is_torch, plain, widened  # scoring masks starts without it

    if not (is_torch(value) or hasattr(value, "__array_namespace__")):
        return value
    array = plain(widened(value))
    return array if array.ndim else array[()]


def _number(value: Any, kind: type, limit: Within) -> Any:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    if not limit.holds(value) or (kind is int and value != int(value)):
        return None
    return kind(value)


def _listed(value: Any) -> bool:
    """Whether it holds others in an order that is meant: neither the keys of a dict, nor a set, nor text."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _vector(value: Any) -> tuple[float, ...] | None:
    if not _listed(value):
        return None
    numbers = [_number(each, *get_args(NonNegative)) for each in value]
    return None if None in numbers or not numbers else tuple(numbers)


def _matrix(value: Any) -> tuple[tuple[float, ...], ...] | None:
    if not _listed(value):
        return None
    rows = [_vector(row) for row in value]
    if not rows or any(row is None or len(row) != len(rows) for row in rows):
        return None
    return tuple(row for row in rows if row is not None)


def _words(kind: Any) -> str:
    if kind is Map:
        return "a map of the image's size"
    if get_origin(kind) is Literal:
        return ", ".join(repr(each) for each in get_args(kind))
    if get_origin(kind) is Annotated:
        number, limit, *_ = get_args(kind)
        return str(limit).replace("a finite number", "a whole number" if number is int else "a finite number")
    return "one number for each class" if kind == Weights else "a square table of numbers"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def background_id(given: Any, hint: str = "give an id, or none") -> int | None:
    """The class that `--background` names; None where it says that there is none.  BadOption for all else."""
    text = str(given).strip()
    if given is None or text.casefold() == "none":
        return None
    try:
        return int(text)
    except ValueError as fault:
        raise BadOption(f"--background is {given!r}", hint) from fault


def measurable(length: float) -> bool:
    """Whether distances can be told in steps of this length: their powers are numbers too."""
    return 1e-50 <= length <= 1e50
