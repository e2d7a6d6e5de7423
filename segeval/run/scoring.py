"""Which metrics are computed, with which parameters, and how they are averaged over classes."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from segeval.catalog import check_choice, near_to
from segeval.errors import BadOption, NoEffect, UnknownName
from segeval.evidence.kinds import EVIDENCE
from segeval.measures import Metric
from segeval.metrics import METRICS
from segeval.parameters import CONNECTIVITIES, background_id
from segeval.run.grouping import Grouping
from segeval.run.statistics import MEANS

PRESENCE = ("union", "truth", "always")
REASONS = (
    "all-ignored",
    "absent-in-both",
    "empty-truth",
    "empty-prediction",
    "nothing-outside",
)  # why a number is undefined
# What an undefined number is in a mean: zero and one are for scores whose best is 1, best for whatever has one.
POLICIES = ("skip", "zero", "one", "best")
MEASURING = ("border_connectivity", "background")  # options that evidence is made with
DIAGONAL = "diagonal"  # the penalty that is as long as the image


@dataclass(frozen=True)
class Scoring:
    """Which metrics with which parameters, when a class counts as present, and how classes are averaged."""

    metrics: tuple[str, ...] = ("overlap",)
    presence: str = "union"
    mean: str = "arithmetic"
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of each metric those given; tuple: several
    mean_without: tuple[int, ...] = ()  # ids of classes that are counted and in no mean over classes
    undefined: Mapping[str, str] = field(default_factory=dict)  # for some reasons what an undefined number is in a mean
    pool_by: str | None = None  # images of which this matches the same in the id count as one, a case
    border_connectivity: str = "face"  # which neighbours outside a mask make a border
    background: int | None = 0  # the class that has no surface
    penalty: float | str | None = None  # what an infinite distance is in a mean; a word: that of each image
    kinds: Mapping[str, Any] = field(default_factory=dict)  # what is asked of kinds of evidence that have settings
    numbers: tuple[str, ...] = ()  # more numbers of the whole data set, by name

    def __post_init__(self) -> None:
        check_choice("--presence", self.presence, PRESENCE)
        check_choice("--mean", self.mean, MEANS)
        for name in self.params:
            _ = [each.settings for each in self.bound(METRICS.find(name))]
        if not self.entries:
            raise UnknownName("--metrics names no metric", "see `segeval list metrics`")
        _ = self.cases
        check_choice("--border-connectivity", self.border_connectivity, CONNECTIVITIES)
        self._check_effects()
        asked = {*self.metrics}
        values = [each.name for each in self.entries if each.dataset == "mean" and {each.name, each.family} & asked]
        if self.pool_by and values:
            what = f"{values[0]} is a value of single images, and --pool-by counts the images of a case together"
            raise BadOption(what, "leave out one of them")

    @classmethod
    def of(
        cls,
        metrics: str | Iterable[str] = "overlap",
        *,
        beta: float | None = None,
        params: Mapping[str, Mapping[str, Any]] | None = None,
        mean_without: Iterable[int] = (),
        undefined: str | Iterable[str] = (),
        pool_by: str | None = None,
        penalty: float | str | None = None,
        background: int | str | None = 0,
        kinds: Mapping[str, Any] | None = None,
        numbers: str | Iterable[str] = (),
        **options: str,
    ) -> "Scoring":
        """The same, from names in one text with commas between them, or in a list.  beta: `f_beta.beta`."""
        asked = [name.strip() for name in (metrics.split(",") if isinstance(metrics, str) else metrics)]
        asked += [*_families(asked, kinds or {})]
        given = {name: dict(values) for name, values in (params or {}).items()}
        if beta is not None and given.setdefault("f_beta", {}).setdefault("beta", beta) != beta:
            raise BadOption(f"--beta {beta:g} and -p f_beta.beta differ", "give one of them")
        return cls(
            tuple(dict.fromkeys(_by_name(asked, given))),
            params={name: {key: _several(value) for key, value in values.items()} for name, values in given.items()},
            mean_without=tuple(sorted(set(mean_without))),
            undefined=_policies([undefined] if isinstance(undefined, str) else undefined),
            pool_by=pool_by,
            penalty=_penalty(penalty),
            background=background_id(background),
            kinds=kinds or {},
            numbers=tuple(dict.fromkeys([numbers] if isinstance(numbers, str) else numbers)),
            **options,
        )

    @cached_property
    def entries(self) -> list[Metric]:
        """The chosen metrics with their parameters, in the order of the catalogue."""
        chosen = set()
        for name in self.metrics:
            named = [metric for metric in METRICS.values() if name in (metric.family, "all")]
            family = {metric.name for metric in named if self._adds_up(metric) and not self._lacking(metric)}
            if name == "all":
                family -= {metric.name for metric in named if not _installed(metric)}
            if named and (hint := self._lacking(named[0])) and name != "all":
                raise BadOption(f"--metrics {name} needs an option", hint)
            chosen |= family or {metric.name for metric in named} or {self._asked(name)}
        return [each for metric in METRICS.values() if metric.name in chosen for each in self.bound(metric)]

    @property
    def left_out(self) -> dict[str, list[str]]:
        """The metrics that `all` does without, by the package that they need and that is not installed here."""
        found: dict[str, list[str]] = {}
        for kind in EVIDENCE.values():
            if "all" in self.metrics and not kind.installed:
                own = [metric.name for metric in METRICS.values() if metric.eats is kind.eaten]
                found.setdefault(kind.package, []).extend(name for name in own if name not in self.names)
        return {package: names for package, names in found.items() if names}

    def _asked(self, name: str) -> str:
        """The metric of a name, of which its kind must know enough."""
        if METRICS.known(name) is None:
            families = {metric.family for metric in METRICS.values()}
            if (near := near_to(name, [*METRICS, *sorted(families)])) in families:
                raise UnknownName(f"there is no metric or family called {name!r}", f"did you mean {near!r}?")
        metric = METRICS.find(name)
        if hint := self._lacking(metric):
            raise BadOption(f"--metrics {name} needs an option", hint)
        return metric.name

    def _lacking(self, metric: Metric) -> str:
        """How to ask for the kind of evidence of a metric, where it has settings and there are none; else empty."""
        own = [kind for kind in EVIDENCE.values() if kind.eaten is metric.eats]
        kinds = [*own, *(EVIDENCE[kind.beside] for kind in own if kind.beside)]
        return next((kind.settings.ask for kind in kinds if kind.settings and kind.name not in self.kinds), "")

    @cached_property
    def names(self) -> list[str]:
        """The names of the chosen metrics, each once."""
        return list(dict.fromkeys(metric.name for metric in self.entries))

    def names_it(self, metric: Metric) -> bool:
        """Whether a metric was asked for by its name or its family, and did not just come with `all`."""
        return bool({metric.name, metric.family} & {*self.metrics})

    def recorded(self) -> dict[str, Any]:
        """The same as it stands in `run.json`."""
        beta = self.bound(METRICS["f_beta"])
        given = {
            name: {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
            for name, values in self.params.items()
            if name != "f_beta" or len(beta) > 1
        }
        return {
            "metrics": self.names,
            "presence": self.presence,
            "mean": self.mean,
            "beta": beta[0].settings["beta"],
            **({"metric_params": given} if given else {}),
            **({"mean_without": list(self.mean_without)} if self.mean_without else {}),
            **({"undefined": dict(self.undefined)} if self.undefined else {}),
            **({"pool_by": self.pool_by} if self.pool_by else {}),
            **({"penalty": self.penalty} if self.penalty is not None else {}),
            **{name: getattr(self, name) for name in MEASURING if name in self.measuring},
            **{name: settings.recorded() for name, settings in self.kinds.items()},
            **({"numbers": list(self.numbers)} if self.numbers else {}),
        }

    @classmethod
    def from_record(cls, options: Mapping[str, Any]) -> "Scoring":
        """The same from the options of a `run.json`."""
        params = options.get("metric_params", {})
        return cls.of(
            options["metrics"],
            presence=options["presence"],
            mean=options["mean"],
            beta=None if "f_beta" in params else options["beta"],
            params=params,
            mean_without=options.get("mean_without", ()),
            undefined=[f"{reason}={policy}" for reason, policy in options.get("undefined", {}).items()],
            pool_by=options.get("pool_by"),
            **{name: options[name] for name in (*MEASURING, "penalty") if name in options},
            kinds={
                kind.name: kind.settings.from_record(options[kind.name])
                for kind in EVIDENCE.values()
                if kind.settings and kind.name in options
            },
            numbers=options.get("numbers", ()),
        )

    @cached_property
    def measuring(self) -> set[str]:
        """The options that the kinds of evidence of the metrics asked for go by."""
        return {option for each in EVIDENCE.values() if each.eaten in self._eaten for option in each.options}

    @cached_property
    def _eaten(self) -> list[Any]:
        return [metric.eats for metric in self.entries]

    def _check_effects(self) -> None:
        """Refuse options that none of the metrics goes by."""
        off = [name for name in MEASURING if getattr(self, name) != getattr(Scoring, name)]
        used = self.measuring | {name for settings in self.kinds.values() for name in vars(settings)}
        idle = [name for name in off if name not in used]
        if self.penalty is not None and not any(metric.endless for metric in self.entries):
            idle.append("penalty")
        if idle:
            what = f"--{idle[0].replace('_', '-')} is about borders or objects, and no metric asked for is"
            raise NoEffect(what, "add --metrics surface", idle[0])

    def _adds_up(self, metric: Metric) -> bool:
        """Whether a metric can be computed of cases, if images are pooled."""
        return not self.pool_by or metric.dataset == "pooled"

    @cached_property
    def cases(self) -> Grouping:
        """Which images are pooled."""
        return Grouping(self.pool_by, "--pool-by")

    def bound(self, metric: Metric) -> list[Metric]:
        """A metric with the parameters of the run: once for each value of those that have several."""
        given = self.params.get(metric.name, {})
        values = [value if isinstance(value, tuple) else (value,) for value in given.values()]
        return [metric.at(dict(zip(given, each, strict=True))) for each in itertools.product(*values)]


def _installed(metric: Metric) -> bool:
    """Whether the evidence of a metric can be made here, whatever extras are there."""
    return all(kind.installed for kind in EVIDENCE.values() if kind.eaten is metric.eats)


def _penalty(given: float | str | None) -> float | str | None:
    """What `--penalty` says: a length, or `diagonal`."""
    if given is None or given == DIAGONAL:
        return given
    try:
        length = float(given)
    except (TypeError, ValueError):
        length = math.nan
    if not 0 <= length < math.inf:
        raise BadOption(f"--penalty is {given!r}", f"give a length from 0, or {DIAGONAL}")
    return length


def _by_name(asked: Iterable[str], params: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The names without parameters; what `nsd@1` says of them is put beside those given, or `nsd` by itself."""
    names = list(asked)
    for printed in names:
        metric = METRICS.named(printed)
        if metric is None or metric is METRICS[metric.name]:  # a name alone: ours, or another program's
            yield metric.name if metric else printed
            continue
        for key, value in metric.settings.items():
            own = params.setdefault(metric.name, {})
            plain = [metric.params[key].default] if metric.name in names else []
            own[key] = [*_listed(own.get(key, plain)), value]
        yield metric.name


def _families(asked: Iterable[str], kinds: Iterable[str]) -> Iterator[str]:
    """The families of the kinds that have settings, but for those of which metrics are asked for by name."""
    for kind in kinds:
        eaten = [each.eaten for each in EVIDENCE.values() if kind in (each.name, each.beside)]
        own = [metric for metric in METRICS.values() if metric.eats in eaten]
        known = {"all", *(name for metric in own for name in (metric.name, metric.family))}
        if not any(name in known or METRICS.named(name) in own for name in asked):
            yield own[0].family


def _listed(value: Any) -> list[Any]:
    return [*value] if isinstance(value, list | tuple) else [value]


def _several(value: Any) -> Any:
    """Several values of a parameter in order, each once; one is itself."""
    if not isinstance(value, list | tuple):
        return value
    every = sorted({*value}) if value else value
    return every[0] if len(every) == 1 else tuple(every)


def _policies(given: Iterable[str]) -> dict[str, str]:
    """`zero`, `absent=one`: for each reason what an undefined number is in a mean; later ones win."""
    names = {"absent": "absent-in-both", **{reason: reason for reason in REASONS}}
    found: dict[str, str] = {}
    for text in given:
        reason, named, policy = text.rpartition("=")
        check_choice("--undefined", policy.strip(), POLICIES)
        if named:
            check_choice("--undefined REASON", reason.strip(), list(names))
        found |= dict.fromkeys([names[reason.strip()]] if named else REASONS, policy.strip())
    return {reason: policy for reason, policy in found.items() if policy != "skip"}
