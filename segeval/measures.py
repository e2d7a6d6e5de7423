"""How metrics and losses are declared: one typed `Measure` of each function, checked when it is listed."""

import functools
import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol, get_args, get_type_hints

from segeval.catalog import Entry, Listed, Listing
from segeval.errors import BadParameter
from segeval.parameters import Parameter, completed, parameters, parsed

Unit = Literal["", "pixel", "spacing"]
Pooling = Literal["pooled", "mean"]


@functools.lru_cache
def needs(formula: Callable[..., Any]) -> type:
    """The evidence that a formula eats: the annotation of its first parameter."""
    first = next(iter(inspect.signature(formula).parameters))
    kind: type = get_type_hints(formula)[first]
    return kind


class Ranged(Protocol):
    """What lies between two numbers, and cannot be better than one of them, or than one between."""

    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def best(self) -> float: ...


def turned(values: Any, of: Ranged) -> Any:
    """Values turned so that more is better."""
    if of.best == of.high:
        return values
    return -values if of.best == of.low else -abs(values - of.best)


@dataclass(frozen=True)
class Measure(Entry):
    """A number that a function computes of evidence: what it eats, where it lies, and which side of it is better.

    eats: the annotation of the first parameter.  unit: "" for a number without one.  best: the value that cannot be
    better.  The other parameters are keyword-only; their annotations say what they may be.
    """

    low: float
    high: float
    best: float
    unit: Unit = ""
    eats: type = field(init=False)
    params: Mapping[str, Parameter] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "eats", needs(self.func))
        object.__setattr__(self, "params", parameters(self.func))
        if not self.low < self.high or not self.low <= self.best <= self.high:
            raise ValueError(f"{self.name}: best {self.best} is not within {self.low} … {self.high}")
        if self.unit not in get_args(Unit):
            raise ValueError(f"{self.name}: unit {self.unit!r} is none of {get_args(Unit)}")

    @cached_property
    def family(self) -> str:
        """The file that it stands in."""
        return self.func.__module__.rpartition(".")[2]

    def good(self, values: Any) -> Any:
        """The values turned so that more is better."""
        return turned(values, self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "public"}  # it cannot be pickled

    @cached_property
    def public(self) -> Callable[..., Any]:
        """The function, that says what takes masks where it is called with masks."""

        @functools.wraps(self.func)
        def formula(*evidence: Any, **params: Any) -> Any:
            if evidence and (isinstance(evidence[0], list) or hasattr(evidence[0], "__array__")):
                room = self.func.__module__.split(".")[1]
                raise TypeError(
                    f"{self.name} is a formula of {self.eats.__name__}; "
                    f"of two arrays: segeval.{room}.value({self.name!r}, pred, truth)"
                )
            return self.func(*evidence, **params)

        return formula

    def completed(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All its parameters: those given, checked, and the defaults of the others."""
        return completed(self.name, self.params, given)


@dataclass(frozen=True)
class Metric(Measure):
    """A score of each class, with its parameters: those `given`, and the defaults of the others.

    short: the title of its column.  mean: what its means over classes are called; "" where nobody takes any.
    dataset: whether the value of a data set is the formula of the summed evidence, or the mean of the images' values.
    quiet: whether its means are told only where they are asked for by name.
    key: how it is printed with its parameters, as `hd{percentile}_max`; "" is the name, then each after an `@`.
    group: the family that it belongs to; "" is the file that it stands in.
    """

    short: str = ""
    mean: str = ""
    dataset: Pooling = "pooled"
    key: str = ""
    group: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    quiet: bool = field(default=False, kw_only=True)

    @cached_property
    def family(self) -> str:
        """What asks for it together with its kin."""
        return self.group or super().family

    def at(self, given: Mapping[str, Any]) -> "Metric":
        """The same with other parameters."""
        return self if given == self.given else replace(self, given=dict(given))

    @cached_property
    def settings(self) -> dict[str, Any]:
        """All its parameters."""
        return self.completed(self.given)

    @cached_property
    def printed(self) -> str:
        """The name with the values of its parameters: `f_beta@2`, `hd90_max`."""
        return self._pattern.format(**self._texts)

    def beside(self, word: str) -> str:
        """The printed name of a number beside it: `nsd_finite@2`."""
        stem, at, tail = self.printed.partition("@")
        return f"{stem}_{word}{at}{tail}"

    @property
    def mean_stem(self) -> str:
        """What its means over classes have in common."""
        return self.mean.format(**self._texts)

    def mean_name(self, kind: str) -> str:
        """A mean over classes: `miou_dataset`, `mnsd_image@2`."""
        _, at, tail = self.printed.partition("@")
        return f"{self.mean_stem}_{kind}{at}{tail}"

    @property
    def title(self) -> str:
        """The title of its column."""
        _, at, tail = self.printed.partition("@")
        return f"{self.short.format(**self._texts)}{at}{tail}"

    @property
    def endless(self) -> bool:
        """Whether a single image can make it infinite, and with it every mean."""
        return self.dataset == "mean" and math.isinf(self.high)

    def reads(self, printed: str) -> "Metric | None":
        """The metric with the parameters that such a name says; None for the name of another."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^@]+)", re.escape(self._pattern))
        if not (found := re.fullmatch(pattern, printed)):
            return None
        return self.at(self.completed({name: parsed(text) for name, text in found.groupdict().items()}))

    @property
    def _pattern(self) -> str:
        return self.key or "@".join([self.name, *(f"{{{name}}}" for name in self.params)])

    @property
    def _texts(self) -> dict[str, str]:
        return {name: _text(value) for name, value in self.settings.items()}


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


class Fitting(NamedTuple):
    """What the parameters of a loss must fit: outcomes of each problem, and how many problems there are."""

    outcomes: int
    problems: int
    loss: str

    @property
    def classes(self) -> int:
        """One for each channel, where these are problems of their own."""
        return self.outcomes if self.problems == 1 else self.problems

    def check(self, value: Any, name: str, number: int | None = None) -> None:
        """Refuse numbers of classes (a tuple) that are not one for each; `number`: of so many others."""
        wanted = self.classes if number is None else number
        if isinstance(value, tuple) and len(value) != wanted:
            what = f"{name} has {len(value)} numbers for {wanted} " + ("classes" if number is None else "outcomes")
            raise BadParameter(what, "give one for each, in order")


@dataclass(frozen=True)
class Loss(Measure):
    """A loss; less is better.

    default: whether a run tells it unasked.  background: whether class 0 is in the mean over classes unless the caller
    says otherwise.  log: it has a logarithm
    of a clipped probability.  hard: it wants a truth of labels, of classes that exclude each other.  scores: it takes
    signed scores.  outcomes: of a binary problem both outcomes are classes.  folder_weights: the parameter that takes
    the class weights of a whole folder.  any_range: its numbers need not be probabilities.  direct: it is a formula of
    other arrays, and can only be called.  distances: it measures some, in the unit of the spacing.
    sweep: a parameter, and values of it that show what it does.  fits: refuses
    parameters (keywords) that do not fit each other or the number of outcomes.
    """

    default: bool = False
    background: bool = True
    log: bool = False
    hard: bool = False
    scores: bool = False
    outcomes: bool = False
    folder_weights: str = ""
    any_range: bool = False
    direct: bool = False
    distances: bool = False
    sweep: tuple[str, tuple[float, ...]] = ("", ())
    fits: Callable[..., None] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.func.__doc__ and (missing := [part for part, text in self.said.items() if not text]):
            raise ValueError(f"{self.name}: its docstring has no {', no '.join(missing)}")

    @cached_property
    def said(self) -> Mapping[str, str]:
        """What its docstring says of it, each on one line: formula, what for and not for, first source."""
        paragraphs = (inspect.getdoc(self.func) or "").split("\n\n")
        formula = next((each for each in paragraphs if each.startswith("    ")), "").partition("=")[2]
        advice = next((each for each in paragraphs if each.startswith("Made for")), "")
        parts = re.fullmatch(r"Made for\s(.+?)\.\sUse it\s(.+)\.\sAvoid it\s(.+)\.", advice, re.DOTALL)
        made_for, use, avoid = parts.groups() if parts else ("", "", "")
        source = re.split(r"; |\n", paragraphs[-1])[0] if paragraphs[-1] != advice else ""
        said = {"formula": formula, "made for": made_for, "use it": use, "avoid it": avoid, "source": source}
        return {part: " ".join(text.split()) for part, text in said.items()}

    def check(self, outcomes: int, problems: int, params: Mapping[str, Any], weights: Any = None) -> None:
        """Refuse parameters that do not fit so many outcomes: two of a binary problem and of each channel of many.

        problems: the channels that are independent of each other; 1 otherwise.  weights: the weight map that images
        bring; None where they bring none.
        """
        if self.fits:
            mapped = {self.weight_map: weights} if self.weight_map and params[self.weight_map] is None else {}
            self.fits(Fitting(outcomes, problems, self.name), **{**params, **mapped})

    @property
    def weight_map(self) -> str:
        """The parameter that takes a weight of each pixel; "" where there is none."""
        return next((each.name for each in self.params.values() if each.is_map), "")


class Metrics(Listing[Metric]):
    """The metrics by name."""

    def add(
        self,
        *,
        low: float,
        high: float,
        best: float,
        short: str,
        mean: str = "",
        unit: Unit = "",
        dataset: Pooling = "pooled",
        key: str = "",
        family: str = "",
        quiet: bool = False,
        also: tuple[str, ...] = (),
    ) -> Callable[[Listed], Listed]:
        """List a function as a metric, and give it back untouched."""
        facts = (low, high, best, unit, short, mean, dataset, key, family)
        return self._lister(lambda name, func: Metric(name, func, *facts, quiet=quiet, also=also))

    def named(self, printed: str) -> Metric | None:
        """The metric of a name, with or without the values of its parameters: `nsd`, `nsd@2`, `hd90_max`."""
        if found := self.known(printed):
            return found
        return next((found for each in self.values() if each.params and (found := each.reads(printed))), None)

    def find(self, name: str) -> Metric:
        """The same, or an error that suggests the nearest."""
        return self.named(name) or super().find(name)


class Losses(Listing[Loss]):
    """The losses by name."""

    def add(self, *, low: float, high: float = math.inf, **facts: Any) -> Callable[[Listed], Listed]:
        """List a function as a loss, and give it back untouched; `facts` are fields of `Loss`."""
        return self._lister(lambda name, func: Loss(name, func, low, high, low, **facts))

    def asked_by_name(self) -> list[str]:
        """The losses of predictions and masks: all but those that are formulas of other arrays."""
        return [name for name, loss in self.items() if not loss.direct]
