"""Which losses a run computes, with their parameters: from what options say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from segeval import frequencies
from segeval.catalog import check_choice
from segeval.errors import BadOption, BadParameter, UsageError
from segeval.evidence.sample import Sample
from segeval.frequencies import Frequencies
from segeval.losses import LOSSES
from segeval.losses.one import AVERAGES, ask
from segeval.losses.plan import Asked, Caller, Measured, Plan, values

OVER = ("image", "batch")
WEIGHED = "weighted_cross_entropy"  # the loss that takes weights of classes from the whole folder


@dataclass(frozen=True)
class Kind:
    """What all images of a run have in common."""

    number: int  # classes
    binary: bool = False
    multilabel: bool = False
    soft: bool = False  # the truth may hold fractions


@dataclass(frozen=True)
class LossChoice:
    """The losses asked for, and what is chosen outside their formulas."""

    asked: tuple[Asked, ...] = ()
    caller: Caller = field(default_factory=Caller)
    over: str = "image"
    class_weights: str | Mapping[int, float] | None = None  # a scheme, by the whole truth folder, or weights by id
    weights: str | None = None  # the folder of weight maps
    everything: bool = False  # all that the inputs allow
    left_out: Mapping[str, str] = field(default_factory=dict)  # those that they do not, with the reason

    @classmethod
    def of(
        cls,
        losses: str | Iterable[str],
        params: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        loss_over: str = "image",
        loss_average: str = "macro",
        loss_background: str | None = None,
        class_weights: str | None = None,
        weights: str | None = None,
    ) -> "LossChoice":
        """The same from options."""
        check_choice("--loss-over", loss_over, OVER)
        check_choice("--loss-average", loss_average, AVERAGES)
        if loss_background not in (None, "include", "exclude"):
            raise BadOption(f"--loss-background is {loss_background!r}", "give include or exclude")
        given = {LOSSES.find(name).name: values for name, values in (params or {}).items()}
        background = None if loss_background is None else loss_background == "include"
        weighing = frequencies.parse(class_weights) if class_weights is not None else None
        everything, names = _names(losses)
        for name in given:
            if name not in names:
                raise BadParameter(f"-p sets {name}, which --losses does not name", f"--losses {name}")
        choice = cls(
            caller=Caller(loss_average, "union", background),
            over=loss_over,
            class_weights=weighing,
            weights=weights,
            everything=everything,
        )
        return replace(choice, asked=tuple(choice._ask(name, given.get(name, {})) for name in names))

    def _ask(self, name: str, params: Mapping[str, Any]) -> Asked:
        """One loss; what only the images know stands for itself until they are there."""
        if name == WEIGHED and self.class_weights is not None and not {"pos_weight", "class_weights"} & params.keys():
            return ask(name, {**params, "class_weights": "balanced"})
        return ask(name, dict(params))

    def recorded(self) -> dict[str, Any]:
        """The same as it stands in `run.json`."""
        return {
            "names": [each.name for each in self.asked],
            "over": self.over,
            "average": self.caller.average,
            "background": self.caller.background,
            "class_weights": _keyed(self.class_weights),
            "weights": self.weights is not None,
        }

    @cached_property
    def plan(self) -> Plan:
        return Plan(self.asked)

    def with_presence(self, presence: str) -> "LossChoice":
        """The same with the classes in every mean that metrics take."""
        return replace(self, caller=replace(self.caller, presence=presence))

    def allowed(self, kind: Kind) -> "LossChoice":
        """The losses that images of this kind allow; one asked for by its name that they do not is an error."""
        kept, left_out = [], {}
        for each in self.asked:
            try:
                _tried(each, _specimen(each, kind, self.weights is not None))
                kept.append(each)
            except UsageError as fault:
                if not self.everything:
                    raise
                left_out[each.name] = fault.message
        return replace(self, asked=tuple(kept), left_out=left_out)

    def final(self, ids: tuple[int, ...], measured: list[Measured]) -> tuple[Asked, ...]:
        """The losses with the weights of classes that the whole folder gives."""
        if self.class_weights is None:
            return self.asked
        found = _folder_weights(self.class_weights, ids, measured)
        return tuple(
            replace(each, params={**each.params, "class_weights": found})
            if each.name == WEIGHED and each.params["pos_weight"] is None and each.params["class_weights"] == "balanced"
            else each
            for each in self.asked
        )


def _keyed(scheme: str | Mapping[int, float] | None) -> str | dict[str, float] | None:
    return {str(id_): weight for id_, weight in scheme.items()} if isinstance(scheme, Mapping) else scheme


def _names(losses: str | Iterable[str]) -> tuple[bool, list[str]]:
    """Whether all are meant, and the names in the order of the catalogue."""
    asked = losses.split(",") if isinstance(losses, str) else list(losses)
    wanted = {name.strip().removeprefix("loss.") for name in asked}
    everything = wanted == {"all"}
    if not everything:
        wanted = {LOSSES.find(name).name for name in wanted}
    if everything:
        return True, LOSSES.asked_by_name()
    return False, [name for name in LOSSES if name in wanted]


def _tried(asked: Asked, image: Sample) -> None:
    """Compute a loss of a small image, for what is wrong with its parameters."""
    values(asked, Plan([asked]).measure(image), Caller())


def _specimen(asked: Asked, kind: Kind, weights: bool) -> Sample:
    """A small image of this kind."""
    size = 16 if asked.params.get("window", 0) <= 16 else asked.params["window"]
    truth = np.zeros((size, size), np.int64)
    truth[2:6, 3:9] = 1 if kind.binary or kind.number > 1 else 0
    rows = (0,) if kind.binary else tuple(range(kind.number))
    exclusive = not (kind.binary or kind.multilabel)
    given = np.full((len(rows), size, size), 1 / kind.number if exclusive else 0.5)
    if kind.multilabel or kind.soft:
        one_hot = np.stack([truth == (1 if kind.binary else row) for row in rows]).astype(np.float64)
        truth = (one_hot + given) / 2 if kind.soft else one_hot
    maps = np.ones((size, size)) if weights else None
    return Sample(given, truth, rows, exclusive, hard=not kind.soft, weights=maps)


def _folder_weights(
    scheme: str | Mapping[int, float], ids: tuple[int, ...], measured: list[Measured]
) -> tuple[float, ...]:
    if not isinstance(scheme, str):
        return tuple(float(scheme.get(id_, 0.0)) for id_ in ids)
    total = Frequencies()
    for each in measured:
        soft = each.soft.outcomes if each.binary else each.soft
        counts = {id_: round(float(pixels)) for id_, pixels in zip(ids, soft.t, strict=True)}
        total = total + Frequencies.of(counts)
    found = frequencies.by_scheme(scheme, total)
    return tuple(float(found.get(id_, 0.0)) for id_ in ids)
