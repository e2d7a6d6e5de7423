"""Losses of one image, from arrays."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from segeval import autodiff
from segeval.arrays import Array, plain
from segeval.autodiff import Variable
from segeval.catalog import check_choice
from segeval.errors import BadOption, NoGradient, Unfit
from segeval.evidence.sample import Sample
from segeval.losses import LOSSES
from segeval.losses.door import as_array, sample
from segeval.losses.maps import pixel_losses
from segeval.losses.plan import Asked, Caller, Plan, values

AVERAGES = ("macro", "micro")
PRESENCE = ("union", "truth")


def names() -> list[str]:
    """The names of all losses."""
    return list(LOSSES)


def value(
    name: str,
    pred: Any,
    truth: Any,
    *,
    inputs: str = "probabilities",
    channels: bool | None = None,
    multilabel: bool = False,
    average: str = "macro",
    presence: str = "union",
    background: bool | None = None,
    ignore: Iterable[int] = (),
    **params: Any,
) -> Any:
    """The value of a loss of one image, as `segeval score --losses` reports it.

    pred: probabilities (C, *spatial) of classes that exclude each other, or (*spatial) of the foreground; with `inputs`
    logits (softmax or sigmoid is applied) or scores (signed margins, each channel on its own). Integers of the truth's
    shape are a hard mask. truth: integer labels (*spatial), or a soft target of pred's shape.

    channels: whether axis 0 counts channels; None: yes if pred has one axis more than truth, no if both are equal.
    multilabel: the channels are independent problems. average: the mean over classes (macro), or their counts added
    first (micro). presence: the classes in the mean, those in truth or prediction (union) or in the truth. background:
    whether class 0 is in the mean; None: as the loss has it. ignore: labels left out of every sum. **params: those of
    the formula, see `segeval explain loss.NAME`.

    A float (nan where undefined); for tensors a tensor of no axis, with its derivative. Raises a `SegevalError` that
    says what is wrong: UnknownName, BadParameter, Unfit, NotProbabilities, NotFinite, ShapesDiffer, UnknownTruthIds.
    """
    asked = ask(name, params)
    caller = _caller(average, presence, background)
    image = sample(
        pred,
        truth,
        inputs=inputs,
        channels=channels,
        multilabel=multilabel,
        ignore=ignore,
        weights=params.get("weights"),
    )
    with np.errstate(under="ignore"):
        found = _value(asked, image, caller)
    return float(found) if isinstance(found, np.ndarray | np.generic) else found


def gradient(
    name: str,
    pred: Any,
    truth: Any,
    *,
    inputs: str = "probabilities",
    channels: bool | None = None,
    multilabel: bool = False,
    average: str = "macro",
    presence: str = "union",
    background: bool | None = None,
    ignore: Iterable[int] = (),
    **params: Any,
) -> Array:
    """The derivative of `value` by pred, of the shape of pred: exact, in double precision, without torch.

    Options and errors as in `value`. Orders, selections and distance maps are constants; probabilities are clipped as
    in the value, but the derivative is taken at the clipped value, not cut. nan where the value is undefined.
    """
    asked = ask(name, params)
    caller = _caller(average, presence, background)
    given = plain(as_array(pred, "pred"))
    image = sample(
        given,
        truth,
        inputs=inputs,
        channels=channels,
        multilabel=multilabel,
        ignore=ignore,
        weights=params.get("weights"),
    )
    if image.hard_pred and not image.binary:
        raise Unfit("pred is a label map, which has no derivative by its ids", "give it as one-hot channels")
    return derivative(asked, image, caller).reshape(given.shape)


def derivative(asked: Asked, image: Sample, caller: Caller) -> Array:
    """The derivative of a loss by the prediction, (channels, *spatial); a hard mask is taken as one-hot."""
    given = image.one_hot if image.hard_pred else image.given

    def at(x: Variable) -> Variable:
        found = _value(asked, replace(image, given=x), caller)
        return found if isinstance(found, Variable) else Variable(found)  # it may not depend on the prediction

    return autodiff.gradient(at, given)


def pixel_map(
    name: str,
    pred: Any,
    truth: Any,
    *,
    inputs: str = "probabilities",
    channels: bool | None = None,
    multilabel: bool = False,
    ignore: Iterable[int] = (),
    **params: Any,
) -> Array:
    """The loss of each pixel, (*spatial), of a loss that is a mean over pixels; its mean is the value.

    nan where ignored. Unfit for a loss of other kind. Options as in `value`.
    """
    asked = ask(name, params)
    image = sample(
        pred,
        truth,
        inputs=inputs,
        channels=channels,
        multilabel=multilabel,
        ignore=ignore,
        weights=params.get("weights"),
    )
    return pixel_losses(asked, image)


def ask(name: str, params: dict[str, Any]) -> Asked:
    """The loss of that name with its parameters, all checked."""
    entry = LOSSES.find(str(name).removeprefix("loss."))
    if entry.direct:
        raise NoGradient(f"{entry.name} is a formula of other inputs", f"call segeval.losses.{entry.name}(…) directly")
    return Asked(entry, entry.completed(params))


def _caller(average: str, presence: str, background: bool | None) -> Caller:
    check_choice("average", average, AVERAGES)
    check_choice("presence", presence, PRESENCE)
    if background not in (None, True, False):
        raise BadOption(f"background is {background!r}", "give True, False, or None for the loss's own")
    return Caller(average, presence, background)


def _value(asked: Asked, image: Sample, caller: Caller) -> Any:
    return values(asked, Plan([asked]).measure(image), caller)[0]
