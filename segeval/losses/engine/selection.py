"""Which losses a run computes, with their parameters: from what options say."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from segeval.catalog import check_choice
from segeval.data import class_weights as frequencies
from segeval.data.class_weights import Frequencies
from segeval.errors import BadOption, BadParameter, NoEffect, UsageError
from segeval.evidence.sample import Unplaced
from segeval.losses import LOSSES
from segeval.losses.effects import chosen, without_effect
from segeval.losses.engine import counts
from segeval.losses.engine.evidence import Asked, Caller, Plan, wants_classes
from segeval.losses.functional import AVERAGES, ask

OVER = ("image", "batch")
DEFAULT = "default"  # the losses that are told unasked


@dataclass(frozen=True)
class Inputs:
    """What all images of a run have in common, as far as losses ask for it."""

    ids: tuple[int, ...] | None = None  # the classes; None: those that the files will turn out to hold
    binary: bool = False
    multilabel: bool = False
    soft: bool = False  # the truth may hold fractions
    weights: bool = False  # there is a weight map of each image
    pooled: bool = False  # the evidence of several images is added up before any loss

    def check(self, asked: Asked) -> None:
        """Refuse a loss that cannot be computed of such images."""
        loss = asked.entry
        if loss.hard and (self.soft or self.multilabel):
            raise wants_classes(loss.name)
        if self.pooled and not Plan([asked]).adds_up:
            what = f"{loss.name} is a value of single images, and --pool-by counts the images of a case together"
            raise BadOption(what, "leave out one of them")
        if self.ids is not None:
            outcomes = 2 if self.binary or self.multilabel else len(self.ids)
            loss.check(outcomes, len(self.ids) if self.multilabel else 1, asked.params, self.weights or None)


@dataclass(frozen=True)
class LossChoice:
    """The losses asked for, and what is chosen outside their formulas."""

    asked: tuple[Asked, ...] = ()
    caller: Caller = field(default_factory=Caller)
    over: str = "image"
    class_weights: str | Mapping[int, float] | None = None  # a scheme, by the whole truth folder, or weights by id
    weights: str | None = None  # the folder of weight maps
    everything: bool = False  # those that the inputs allow; otherwise one that they do not is an error
    left_out: Mapping[str, str] = field(default_factory=dict)  # those that they do not, with the reason
    inputs: Inputs = field(default_factory=Inputs)

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
        everything, names = _names(losses, {"weight_map": weights is not None, "folder_weights": weighing is not None})
        left_out = {}
        if everything and loss_over == "batch":
            keeping = [name for name in names if issubclass(LOSSES[name].eats, Unplaced)]
            left_out = dict.fromkeys(keeping, "over a batch it keeps every pixel of all images: ask for it by name")
            names = [name for name in names if name not in left_out]
        for name in given:
            if name not in names:
                asked = losses if isinstance(losses, str) else ",".join(losses)
                raise BadParameter(f"-p sets {name}, which --losses does not name", f"--losses {asked},{name}")
        listed = [LOSSES[name] for name in names]
        if weights is not None and not any(loss.weight_map for loss in listed):
            what = "--weights is about maps, and none of the losses takes one"
            raise NoEffect(what, "leave it out, or --losses all", "weights")
        if weighing is not None and not any(loss.folder_weights for loss in listed):
            what = "--class-weights changes none of the losses: they have no weights of classes"
            raise NoEffect(what, "leave it out, or --losses all", "class_weights")
        choice = cls(
            caller=Caller(loss_average, "union", background),
            over=loss_over,
            class_weights=weighing,
            weights=weights,
            everything=everything,
            left_out=left_out,
        )
        return replace(choice, asked=tuple(choice._ask(name, given.get(name, {})) for name in names))

    def _ask(self, name: str, params: Mapping[str, Any]) -> Asked:
        """One loss; what only the images know stands for itself until they are there."""
        weighed = LOSSES[name].folder_weights
        if weighed and self.class_weights is not None and not {"pos_weight", weighed} & params.keys():
            return ask(name, {**params, weighed: "balanced"})
        return ask(name, dict(params))

    def check_weights(self, ids: Iterable[int]) -> None:
        """Refuse given weights that are not one for each class."""
        if isinstance(self.class_weights, Mapping) and (odd := sorted(set(ids) ^ self.class_weights.keys())):
            said = "a weight for {}, which is no class" if odd[0] in self.class_weights else "no weight for class {}"
            raise BadOption(f"--class-weights gives {said.format(odd[0])}", "give one for each class, and no other")

    def recorded(self) -> dict[str, Any]:
        """The same as it stands in `run.json`."""
        return {
            "names": [each.name for each in self.asked],
            "over": self.over,
            "average": self.caller.average,
            "background": self.caller.background,
            "class_weights": _keyed(self.class_weights),
            "weights": self.weights is not None,
            **({"params": params} if (params := self._params) else {}),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], presence: str) -> "LossChoice":
        """The same from the options of a `run.json`, which does not say where the weight maps lay."""
        scheme = record["class_weights"]
        choice = cls(
            caller=Caller(record["average"], presence, record["background"]),
            over=record["over"],
            class_weights={int(id_): weight for id_, weight in scheme.items()} if isinstance(scheme, dict) else scheme,
            weights="" if record["weights"] else None,
            everything=True,  # what could not be computed was left out, or had ended the run
        )
        params = record.get("params", {})
        return replace(
            choice, asked=tuple(choice._ask(name, params.get(name, {})) for name in map(_named, record["names"]))
        )

    @property
    def _params(self) -> dict[str, dict[str, Any]]:
        """Of each loss the parameters that are not at their defaults; a map belongs to the images."""
        found = {
            each.name: {
                name: value
                for name, value in each.params.items()
                if not hasattr(value, "shape") and value != each.entry.params[name].default
            }
            for each in self.asked
        }
        return {name: params for name, params in found.items() if params}

    @cached_property
    def plan(self) -> Plan:
        return Plan(self.asked, together=self.over == "batch")

    @cached_property
    def untold(self) -> Plan:
        """The formulas that the counts of hard masks do not tell."""
        return Plan(self.asked, counts.untold, together=self.over == "batch")

    def with_presence(self, presence: str) -> "LossChoice":
        """The same with the classes in every mean that metrics take."""
        return replace(self, caller=replace(self.caller, presence=presence))

    def allowed(self, inputs: Inputs) -> "LossChoice":
        """The losses that images of this kind allow; one asked for by its name that they do not is an error."""
        kept, left_out = [], dict(self.left_out)
        inputs = replace(inputs, weights=self.weights is not None)
        for each in self.asked:
            try:
                inputs.check(each)
                kept.append(each)
            except UsageError as fault:
                if not self.everything:
                    raise
                left_out[each.name] = fault.message
        self._check_effects(kept, inputs)
        return replace(self, asked=tuple(kept), left_out=left_out, inputs=inputs)

    def settled(self, ids: tuple[int, ...]) -> "LossChoice":
        """The same once the classes are known."""
        if self.inputs.ids is not None:
            return self
        self.check_weights(ids)
        return self.allowed(replace(self.inputs, ids=ids))

    @property
    def wants_classes(self) -> bool:
        """Whether the classes must be known before any image is looked at: to leave out a loss takes none."""
        return not self.everything or bool(self.untold.leaves)

    def _check_effects(self, kept: list[Asked], inputs: Inputs) -> None:
        """Refuse an option that changes no loss."""
        reasons = [without_effect(each, inputs.binary, inputs.multilabel) for each in kept]
        for option in chosen(replace(self.caller, presence="union")):
            if kept and all(option in each for each in reasons):
                name = option.partition("=")[0]
                what = f"--loss-{name} changes none of the losses; {kept[0].name}: {reasons[0][option]}"
                raise NoEffect(what, f"leave out --loss-{name}")

    def final(self, ids: tuple[int, ...], true_pixels: Callable[[], Iterable[Mapping[int, int]]]) -> tuple[Asked, ...]:
        """The losses with the weights of classes that the whole folder gives: by the true pixels of each image."""
        if self.class_weights is None:
            return self.asked
        found = _folder_weights(self.class_weights, ids, true_pixels)
        return tuple(
            replace(each, params={**each.params, each.entry.folder_weights: found})
            if each.params.get(each.entry.folder_weights) == "balanced"
            else each
            for each in self.asked
        )


def _named(name: str) -> str:
    return LOSSES.find(name).name


def _keyed(scheme: str | Mapping[int, float] | None) -> str | dict[str, float] | None:
    return {str(id_): weight for id_, weight in scheme.items()} if isinstance(scheme, Mapping) else scheme


def _names(losses: str | Iterable[str], given: Mapping[str, bool]) -> tuple[bool, list[str]]:
    """Whether those that the inputs do not allow are left out, and the names in the order of the catalogue.

    given: which facts of losses have an option of their own in the run; the default has the losses of these too.
    """
    asked = losses.split(",") if isinstance(losses, str) else list(losses)
    wanted = {name.strip().removeprefix("loss.") for name in asked}
    if wanted == {"all"}:
        return True, LOSSES.asked_by_name()
    named = {*map(_named, wanted - {DEFAULT})}
    if DEFAULT in wanted:
        facts = [fact for fact, there in given.items() if there]
        named |= {name for name, loss in LOSSES.items() if loss.default or any(getattr(loss, fact) for fact in facts)}
    return wanted == {DEFAULT}, [name for name in LOSSES if name in named]


def _folder_weights(
    scheme: str | Mapping[int, float],
    ids: tuple[int, ...],
    true_pixels: Callable[[], Iterable[Mapping[int, int]]],
) -> tuple[float, ...]:
    if not isinstance(scheme, str):
        return tuple(float(scheme.get(id_, 0.0)) for id_ in ids)
    if scheme == "none":  # no class weighs more than another; a weight map adds its 0 to the ridges instead
        return (1.0,) * len(ids)
    total = Frequencies()
    for each in true_pixels():
        total = total + Frequencies.of(each)
    found = frequencies.by_scheme(scheme, total)
    return tuple(float(found.get(id_, 0.0)) for id_ in ids)
