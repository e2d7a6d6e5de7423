"""Losses of arrays: of one image, or of a batch."""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from segeval.arrays.functions import (
    Array,
    is_torch,
    mean_of_defined,
    namespace,
    plain,
    sum_of_defined,
    tracked,
    unmixed,
)
from segeval.catalog import check_choice
from segeval.data.from_arrays import Images, as_array, images
from segeval.distance.grid import steps
from segeval.errors import BadOption, MissingPackage, NoGradient, Unfit, UnfitPixels
from segeval.evidence.sample import Sample
from segeval.losses import LOSSES
from segeval.losses.derivatives import derivative, derivatives
from segeval.losses.effects import check_effects
from segeval.losses.engine.evidence import Asked, Caller, Plan, values
from segeval.losses.engine.inputs import INPUTS, class_ids, ids_of, samples, weight_maps
from segeval.losses.engine.pixel_loss import pixel_losses
from segeval.measures import Loss
from segeval.parameters import Parameter, Weights, by_class

AVERAGES = ("macro", "micro")
PRESENCE = ("union", "truth")
REDUCTIONS = ("mean", "sum", "none", "pooled")


def names() -> list[str]:
    """The names of all losses."""
    return list(LOSSES)


REDUCED: Mapping[str, Callable[[Any], Any]] = {
    "mean": mean_of_defined,
    "sum": sum_of_defined,
    "none": lambda values: values,
}


@dataclass(frozen=True)
class Question:
    """A loss, the images that it is asked of, and what is chosen outside its formula."""

    asked: Asked
    caller: Caller
    reduction: str
    found: Images
    samples: list[Sample]

    def answer(self, part: Any) -> Any:
        """A part of the values of the one image, or of the images of a batch as the reduction has them."""
        given = self.found.pred
        with unmixed(given):
            if not self.found.axes.batch or self.reduction == "pooled":
                return tracked(_values(self.asked, self.samples, self.caller)[part], given)
            each = [tracked(_values(self.asked, [image], self.caller)[part], given) for image in self.samples]
            stacked = namespace(each[0]).stack(each)
            return REDUCED[self.reduction](stacked)


def value(
    name: str,
    pred: Any,
    truth: Any,
    *,
    inputs: str = "probabilities",
    channels: bool | None = None,
    batch: bool | None = None,
    multilabel: bool = False,
    average: str = "macro",
    presence: str = "union",
    background: bool | None = None,
    ignore: Iterable[int] = (),
    reduction: str = "mean",
    mean_weights: Any = None,
    spacing: Sequence[float] | float | None = None,
    **params: Any,
) -> Any:
    """The value of a loss of one image or a batch, as `segeval score --losses` reports it.

    pred: probabilities (C, *spatial) of classes that exclude each other, or (*spatial) of the foreground; with `inputs`
    logits (softmax or sigmoid is applied), logprobs (logarithms of a softmax) or scores (signed margins, each channel
    on its own). Integers of the truth's
    shape are a hard mask. truth: integer labels (*spatial), or one-hot or soft numbers of pred's shape. Of a batch,
    both have one axis more, the first.

    channels: whether there is an axis of classes. batch: whether there is one of images. None: what the shapes allow;
    equal shapes are one image or volume, and two readings are an error. multilabel: the channels are independent
    problems. reduction, of a batch: the mean of the images' values or their sum (undefined ones left out), their values
    (none), or the value of their evidence summed (pooled; of losses with places the mean of each class comes first).
    average: the mean over classes (macro), or their counts added first (micro). presence: the classes in the mean,
    those in truth or prediction (union) or in the truth. background: whether class 0 is in the mean; None: as the loss
    has it. mean_weights: how much each class weighs in that mean, Σ w_c l_c / Σ w_c; numbers in the order of the
    classes, or a dict by id. ignore: labels left out of every sum; of a truth without labels, values. spacing: the
    length of a pixel along each axis, in the order of the array, for losses that measure distances; None: 1.
    **params: those of the formula, see `segeval explain loss.NAME`; a number for each class may be a dict by id.

    A float (nan where undefined); for tensors a tensor of no axis, with its derivative (0 where undefined). With
    reduction="none" an array. Raises a `SegevalError` that says what is wrong: UnknownName, BadParameter, BadOption,
    Unfit, NotProbabilities, NotFinite, ShapesDiffer, TwoReadings, UnknownTruthIds.
    """
    question = _question(
        name,
        pred,
        truth,
        inputs=inputs,
        channels=channels,
        batch=batch,
        multilabel=multilabel,
        average=average,
        presence=presence,
        background=background,
        ignore=ignore,
        reduction=reduction,
        mean_weights=mean_weights,
        spacing=spacing,
        per_class=False,
        **params,
    )
    found = question.answer(0)
    return float(found) if isinstance(found, np.ndarray | np.generic) and not np.ndim(found) else found


def per_class(name: str, pred: Any, truth: Any, **options: Any) -> Any:
    """The value of each class, (C,), or (N, C) with reduction="none"; nan for a class that is in no mean.

    Of a binary problem background and foreground. Options and errors as in `value`.
    """
    return _question(name, pred, truth, **options).answer(slice(1, None))


def gradient(name: str, pred: Any, truth: Any, **options: Any) -> Array:
    """The derivative of `value` by pred, of the shape of pred: exact, in double precision, without torch.

    Options and errors as in `value`; with reduction="none" of each image's own value. Orders, selections and distance
    maps are constants; probabilities are clipped as in the value, but the derivative is taken at the clipped value, not
    cut. nan where the value is undefined, and 0 for an image of a batch that is left out of its mean.
    """
    question = _question(name, plain(as_array(pred, "pred")), truth, **options)
    if any(image.hard_pred and not image.binary for image in question.samples):
        raise Unfit("pred is a label map, which has no derivative by its ids", "give it as one-hot channels")
    shape = question.found.pred.shape
    if not question.found.axes.batch or question.reduction == "pooled":
        return np.stack(derivatives(question.asked, question.samples, question.caller)).reshape(shape)
    each = np.stack([derivative(question.asked, image, question.caller) for image in question.samples]).reshape(shape)
    undefined = np.isnan(each).reshape(len(each), -1).all(axis=1)
    if question.reduction == "none" or undefined.all():
        return each
    each[undefined] = 0
    return each if question.reduction == "sum" else np.asarray(each / (len(each) - int(undefined.sum())))


def module(name: str, **options: Any) -> Any:
    """A loss as a `torch.nn.Module`, to train with: `loss(pred, truth)` is the mean over the images of a batch.

    Options as in `value`, and parameters of the formula: those with a number for each class become buffers (a dict by
    id stays as it is), a tensor that learns a parameter of the module. A weight map is of a batch:
    `loss(pred, truth, weights=maps)`. What `channels` and `batch` do not say is decided by the shapes of the first
    call, and stays; two equal shapes never decide it. Half precision is summed in single, also under autocast.

    Errors as in `value`, and UnfitPixels for what is no tensor of floating point. MissingPackage without torch.
    """
    try:
        from segeval.losses.engine.module import LossModule
    except ModuleNotFoundError as fault:
        raise MissingPackage("losses.module needs torch", "pip install 'segeval-masks[torch]'") from fault
    return LossModule(name, **options)


def pixel_map(name: str, pred: Any, truth: Any, **options: Any) -> Array:
    """The loss of each pixel, (*spatial) or (N, *spatial), of a loss that is a mean over pixels; its mean is the value.

    nan where ignored. Unfit for a loss of other kind. Options as in `value`; the mean of each image is its own value,
    whatever the reduction.
    """
    question = _question(name, pred, truth, **options)
    each = [pixel_losses(question.asked, image) for image in question.samples]
    return np.stack(each) if question.found.axes.batch else each[0]


@dataclass(frozen=True)
class Setting:
    """A loss, and all that is chosen before an image is seen."""

    entry: Loss
    params: Mapping[str, Any]  # as they were given
    inputs: str
    channels: bool | None
    batch: bool | None
    multilabel: bool
    caller: Caller
    ignore: frozenset[int]
    reduction: str
    mean_weights: Any = None  # as they were given
    spacing: Any = None  # as it was given

    @property
    def _numbers(self) -> dict[str, Any]:
        """The parameters that do not wait for the classes."""
        return {key: value for key, value in self.params.items() if not isinstance(value, Mapping)}

    def of(self, pred: Any, truth: Any, *, by_shapes: bool = False, per_class: bool = True) -> Question:
        """The loss asked of two arrays.

        by_shapes: what these are does not depend on the values of the truth. per_class: values of single classes are
        wanted, too.
        """
        _check_devices(pred, truth)
        found = images(
            pred,
            truth,
            channels=self.channels,
            batch=self.batch,
            multilabel=self.multilabel,
            by_shapes=by_shapes,
        )
        seen = samples(
            found,
            inputs=self.inputs,
            ignore=self.ignore,
            any_range=self.entry.any_range,
            plan=Plan([Asked(self.entry, self.entry.completed(self._numbers))]),
            per_class=per_class,
        )
        ids = class_ids(seen[0], self.ignore)
        given = self.entry.completed(by_class(self.entry.name, self.entry.params, self.params, ids, self.ignore))
        if given.get("weights") is not None:
            maps = weight_maps(given["weights"], found)
            seen = [image.weighed(each) for image, each in zip(seen, maps, strict=True)]
            given["weights"] = None  # the images have them
        asked = Asked(self.entry, given)
        _check_reduction(self.reduction, found.axes.batch)
        if self.spacing is not None:
            seen = [image.spaced(self._lengths(image)) for image in seen]
        caller = replace(self.caller, mean_weights=_mean_weights(self.mean_weights, ids, self.ignore))
        check_effects(asked, caller, seen[0])
        return Question(asked, caller, self.reduction, found, seen)

    def _lengths(self, image: Sample) -> tuple[float, ...]:
        """The length of a pixel along each axis of an image."""
        if not self.entry.distances:
            raise BadOption(f"spacing has no effect on {self.entry.name}: it measures no distances", "leave it out")
        return steps(self.spacing, len(image.shape)).lengths


def setting(
    name: str,
    *,
    inputs: str = "probabilities",
    channels: bool | None = None,
    batch: bool | None = None,
    multilabel: bool = False,
    average: str = "macro",
    presence: str = "union",
    background: bool | None = None,
    ignore: Iterable[int] = (),
    reduction: str = "mean",
    mean_weights: Any = None,
    spacing: Any = None,
    **params: Any,
) -> Setting:
    """The options of `value`, checked."""
    check_choice("reduction", reduction, REDUCTIONS)
    check_choice("inputs", inputs, INPUTS)
    caller = _caller(average, presence, background)
    reading = inputs, channels, batch, multilabel
    return Setting(_entry(name), params, *reading, caller, ids_of(ignore), reduction, mean_weights, spacing)


_MEAN_WEIGHTS = {"mean_weights": Parameter("mean_weights", Weights, None)}


def _mean_weights(given: Any, ids: list[int], ignore: frozenset[int]) -> tuple[float, ...] | None:
    """A weight of each class in the mean over them, not all 0."""
    if given is None:
        return None
    found = by_class("the loss", _MEAN_WEIGHTS, {"mean_weights": given}, ids, ignore)["mean_weights"]
    checked: tuple[float, ...] = _MEAN_WEIGHTS["mean_weights"].checked(found, "the loss")
    if len(checked) != len(ids) or not any(checked):
        what = f"mean_weights is {given!r}, for {len(ids)} classes"
        raise BadOption(what, "give one number for each class, in order, not all 0")
    return checked


def _question(name: str, pred: Any, truth: Any, *, per_class: bool = True, **options: Any) -> Question:
    return setting(name, **options).of(pred, truth, per_class=per_class)


def _check_devices(pred: Any, truth: Any) -> None:
    if is_torch(pred) and is_torch(truth) and pred.device != truth.device:
        raise UnfitPixels(f"pred is on {pred.device} and truth on {truth.device}", "truth.to(pred.device)")


def ask(name: str, params: dict[str, Any]) -> Asked:
    """The loss of that name with its parameters, all checked."""
    entry = _entry(name)
    return Asked(entry, entry.completed(params))


def _entry(name: str) -> Loss:
    entry = LOSSES.find(str(name).removeprefix("loss."))
    if entry.direct:
        raise NoGradient(f"{entry.name} is a formula of other inputs", f"call segeval.losses.{entry.name}(…) directly")
    return entry


def _caller(average: str, presence: str, background: bool | None) -> Caller:
    check_choice("average", average, AVERAGES)
    check_choice("presence", presence, PRESENCE)
    if background not in (None, True, False):
        raise BadOption(f"background is {background!r}", "give True, False, or None for the loss's own")
    return Caller(average, presence, background)


def _check_reduction(reduction: str, batch: bool) -> None:
    if reduction != "mean" and not batch:
        raise BadOption(f"reduction is {reduction!r}, and there is one image", "batch=True says that there are several")


def _values(asked: Asked, images: list[Sample], caller: Caller) -> Any:
    """The value of a loss of images together, then that of each class."""
    plan = Plan([asked], together=len(images) > 1)
    with np.errstate(under="ignore"):
        return values(asked, functools.reduce(operator.add, (plan.measure(image) for image in images)), caller)
