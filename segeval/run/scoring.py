"""Which metrics are computed, with which parameters, and how they are averaged over classes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from segeval.catalog import check_choice
from segeval.errors import BadOption, UnknownName
from segeval.measures import Metric
from segeval.metrics import METRICS
from segeval.run.grouping import Grouping
from segeval.run.statistics import MEANS

PRESENCE = ("union", "truth")
REASONS = (
    "all-ignored",
    "absent-in-both",
    "empty-truth",
    "empty-prediction",
    "nothing-outside",
)  # why a number is undefined
POLICIES = ("skip", "zero", "one")  # what an undefined number is in a mean


@dataclass(frozen=True)
class Scoring:
    """Which metrics with which parameters, when a class counts as present, and how classes are averaged."""

    metrics: tuple[str, ...] = ("overlap",)
    presence: str = "union"
    mean: str = "arithmetic"
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of each metric those that were given
    mean_without: tuple[int, ...] = ()  # ids of classes that are counted and in no mean over classes
    undefined: Mapping[str, str] = field(default_factory=dict)  # for some reasons what an undefined number is in a mean
    pool_by: str | None = None  # images of which this matches the same in the id count as one, a case

    def __post_init__(self) -> None:
        check_choice("--presence", self.presence, PRESENCE)
        check_choice("--mean", self.mean, MEANS)
        for name, given in self.params.items():
            METRICS.find(name).completed(given)
        if not self.entries:
            raise UnknownName("--metrics names no metric", "see `segeval list metrics`")
        _ = self.cases
        values = [metric.name for metric in self.entries if metric.dataset == "mean" and metric.name in self.metrics]
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
        **options: str,
    ) -> "Scoring":
        """The same, from names in one text with commas between them, or in a list.  beta: `f_beta.beta`."""
        names = metrics.split(",") if isinstance(metrics, str) else metrics
        given = {name: dict(values) for name, values in (params or {}).items()}
        if beta is not None and given.setdefault("f_beta", {}).setdefault("beta", beta) != beta:
            raise BadOption(f"--beta {beta:g} and -p f_beta.beta differ", "give one of them")
        return cls(
            tuple(name.strip() for name in names),
            params=given,
            mean_without=tuple(sorted(set(mean_without))),
            undefined=_policies([undefined] if isinstance(undefined, str) else undefined),
            pool_by=pool_by,
            **options,
        )

    @cached_property
    def entries(self) -> list[Metric]:
        """The chosen metrics, in the order of the catalogue."""
        chosen = set()
        for name in self.metrics:
            named = [metric for metric in METRICS.values() if name in (metric.family, "all")]
            family = {metric.name for metric in named if self._adds_up(metric)}
            chosen |= family or {METRICS.find(name).name}
        return [metric for metric in METRICS.values() if metric.name in chosen]

    def recorded(self) -> dict[str, Any]:
        """The same as it stands in `run.json`."""
        given = {name: dict(values) for name, values in self.params.items() if name != "f_beta"}
        return {
            "metrics": [metric.name for metric in self.entries],
            "presence": self.presence,
            "mean": self.mean,
            "beta": self.settings(METRICS["f_beta"])["beta"],
            **({"metric_params": given} if given else {}),
            **({"mean_without": list(self.mean_without)} if self.mean_without else {}),
            **({"undefined": dict(self.undefined)} if self.undefined else {}),
            **({"pool_by": self.pool_by} if self.pool_by else {}),
        }

    @classmethod
    def from_record(cls, options: Mapping[str, Any]) -> "Scoring":
        """The same from the options of a `run.json`."""
        return cls.of(
            options["metrics"],
            presence=options["presence"],
            mean=options["mean"],
            beta=options["beta"],
            params=options.get("metric_params", {}),
            mean_without=options.get("mean_without", ()),
            undefined=[f"{reason}={policy}" for reason, policy in options.get("undefined", {}).items()],
            pool_by=options.get("pool_by"),
        )

    def _adds_up(self, metric: Metric) -> bool:
        """Whether a metric can be computed of cases, if images are pooled."""
        return not self.pool_by or metric.dataset == "pooled"

    @cached_property
    def cases(self) -> Grouping:
        """Which images are pooled."""
        return Grouping(self.pool_by, "--pool-by")

    def settings(self, metric: Metric) -> dict[str, Any]:
        """All parameters of a metric."""
        return metric.completed(self.params.get(metric.name, {}))

    def printed(self, metric: Metric) -> str:
        """The name of a metric, with the values of its parameters: `f_beta@2`."""
        return metric.printed(self.params.get(metric.name, {}))


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
