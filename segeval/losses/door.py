"""The door for arrays: prediction and truth become a checked `Sample`, or an error that says why not."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from segeval.arrays import Array, is_torch, namespace, plain
from segeval.autodiff import Variable
from segeval.catalog import check_choice
from segeval.data.checks import check_finite, check_values, checked_weights
from segeval.data.shapes import shapes_differ
from segeval.errors import BadOption, NotProbabilities, ShapesDiffer, UnfitPixels, UnknownTruthIds
from segeval.evidence.sample import Sample
from segeval.text import extent, some

INPUTS = ("probabilities", "logits", "scores")


def sample(
    pred: Any,
    truth: Any,
    *,
    inputs: str = "probabilities",
    channels: bool | None = None,
    multilabel: bool = False,
    ignore: Iterable[int] = (),
    weights: Any = None,
) -> Sample:
    """One image from arrays; see `segeval.losses.value`."""
    check_choice("inputs", inputs, INPUTS)
    pred, ignore = as_array(pred, "pred"), _ids(ignore)
    values, true = plain(pred), np.asarray(plain(as_array(truth, "truth")))
    given_channels = _has_channels(values, true, channels)
    if values.dtype.kind in "biu" and not given_channels and inputs == "probabilities":
        return _hard(values, true, ignore, multilabel, weights)
    if values.dtype.kind != "f":
        pred = _floating(pred, values)
    exclusive = given_channels and not multilabel and inputs != "scores" and values.shape[0] > 1
    check_values("pred", values, inputs, exclusive)
    if not given_channels:
        pred = pred[None, ...]
    return _with_truth(pred, true, tuple(range(pred.shape[0])), inputs, exclusive, ignore, weights)


def _ids(ignore: Any) -> frozenset[int]:
    """The labels that are ignored."""
    found = tuple(ignore) if isinstance(ignore, Iterable) else (None,)
    if not all(isinstance(each, int | np.integer) for each in found):
        raise BadOption(f"ignore is {ignore!r}", "give the labels to leave out, for example ignore=(255,)")
    return frozenset(int(each) for each in found)


def as_array(array: Any, name: str) -> Any:
    """The array as it is, if it is one; sequences become NumPy's."""
    if isinstance(array, Variable) or is_torch(array) or hasattr(array, "__array_namespace__"):
        found = array
    else:
        try:
            found = np.asarray(array)
        except ValueError as fault:
            raise UnfitPixels(f"{name} has rows of different lengths", "an image is an array") from fault
    if found.ndim == 0 or 0 in tuple(found.shape):
        raise UnfitPixels(f"{name} has no pixels", "an image has at least one axis and one pixel")
    if isinstance(found, np.ndarray) and (found.dtype.kind not in "biuf" or isinstance(found, np.ma.MaskedArray)):
        raise UnfitPixels(f"{name} is {type(found).__name__} of {found.dtype}", "give numbers; --ignore what is masked")
    return found


def _floating(pred: Any, values: Array) -> Any:
    """Whole numbers as floating point: one-hot channels."""
    if is_torch(pred):
        return pred.double()
    xp = namespace(pred)
    return values.astype(np.float64) if xp is np else xp.astype(pred, xp.float64)


def _has_channels(pred: Array, truth: Array, channels: bool | None) -> bool:
    """Whether the first axis of the prediction counts channels."""
    one_more = pred.shape[1:] == truth.shape
    if channels is None:
        if not one_more and pred.shape != truth.shape:
            raise shapes_differ("pred", tuple(pred.shape), "truth", tuple(truth.shape))
        return one_more
    wanted = truth.shape in (pred.shape, pred.shape[1:]) if channels else truth.shape == pred.shape
    if not wanted or (channels and pred.ndim == 1):
        raise shapes_differ("pred", tuple(pred.shape), "truth", tuple(truth.shape))
    return channels


def _hard(pred: Array, truth: Array, ignore: frozenset[int], multilabel: bool, weights: Any) -> Sample:
    """Two label arrays: the prediction is taken as one-hot."""
    if truth.dtype.kind not in "biu" or multilabel:
        check_values("pred", pred, "probabilities", False)
        return _with_truth(pred.astype(np.float64)[None, ...], truth, (0,), "probabilities", False, ignore, weights)
    maps = None if weights is None else checked_weights(weights, tuple(pred.shape), "weights")
    labels = _labels(truth, ignore, None)
    number = int(max(labels.max(initial=0), pred.max(initial=0))) + 1
    if number > MOST or pred.min() < 0:
        raise NotProbabilities(f"pred holds ids from {pred.min()} to {pred.max()}", f"labels are from 0 to {MOST - 1}")
    known = [c for c in range(max(number, 2)) if c not in ignore]
    if len(known) == max(number, 2) == 2:
        return Sample(pred.astype(np.int64), labels, (0,), exclusive=False, weights=maps)
    _keeps_some(known)
    place = np.full(max(number, 2), -1)
    place[known] = np.arange(len(known))
    return Sample(
        place[pred],
        np.where(labels >= 0, place[labels], -1),
        tuple(range(len(known))),
        background=_background(known),
        weights=maps,
    )


def _background(known: Sequence[int]) -> int | None:
    """The position of class 0 among the classes that are left."""
    return known.index(0) if 0 in known else None


def _keeps_some(known: Sequence[int]) -> None:
    if not known:
        raise BadOption("ignore leaves out every class", "keep at least one")


MOST = 65536  # classes of label arrays


def _with_truth(
    pred: Any, truth: Array, rows: tuple[int, ...], inputs: str, exclusive: bool, ignore: frozenset[int], weights: Any
) -> Sample:
    options: dict[str, Any] = {"logits": inputs != "probabilities", "raw": inputs == "scores", "exclusive": exclusive}
    options["weights"] = None if weights is None else checked_weights(weights, tuple(pred.shape[1:]), "weights")
    spatial = tuple(pred.shape[1:])
    if truth.dtype.kind == "f" and not _whole_labels(truth, spatial, tuple(pred.shape), exclusive):
        target = soft_target(truth, spatial, tuple(pred.shape), exclusive, "truth")
        if ignore:
            raise BadOption("ignore removes labels, and truth is a soft target", "leave out ignore, or give labels")
        hard = bool(((target == 0) | (target == 1)).all())
        return Sample(pred, target, rows, hard=hard, **options)
    if truth.shape != spatial:  # one-hot integers
        return Sample(pred, soft_target(truth, spatial, tuple(pred.shape), exclusive, "truth"), rows, **options)
    if len(rows) == 1 and not exclusive:
        return Sample(pred, _labels(truth, ignore, 2), rows, **options)
    known = tuple(c for c in rows if c not in ignore)
    _keeps_some(known)
    options["background"] = _background(known)
    labels = _labels(truth, ignore, len(rows))
    if known == rows:
        return Sample(pred, labels, known, **options)
    place = np.full(len(rows), -1)
    place[list(known)] = np.arange(len(known))
    return Sample(pred, np.where(labels >= 0, place[labels], -1), known, **options)


def _whole_labels(truth: Array, spatial: tuple[int, ...], shape: tuple[int, ...], exclusive: bool) -> bool:
    """Whether floating-point numbers are labels: whole, where a soft target would have channels."""
    if truth.shape == spatial and (shape[0] > 1 or exclusive):
        check_finite("truth", truth)
        if not (truth == np.rint(truth)).all():
            raise ShapesDiffer(
                f"truth holds fractions and is {extent(truth.shape)} but pred is {extent(shape)}",
                "a soft target has the shape of pred; labels are whole numbers",
            )
        return True
    return False


def soft_target(truth: Array, spatial: tuple[int, ...], shape: tuple[int, ...], exclusive: bool, name: str) -> Array:
    """A target (C, spatial) of numbers within [0, 1] that sum to 1 where classes exclude each other."""
    check_values(name, truth, "probabilities", exclusive)
    target = truth.astype(np.float64)
    return target[None, ...] if truth.shape == spatial and shape[0] == 1 else target


def _labels(truth: Array, ignore: frozenset[int], number: int | None) -> Array:
    """int64 labels, −1 where ignored; all others below `number`."""
    labels = np.clip(truth, -(2.0**53), 2.0**53).astype(np.int64) if truth.dtype.kind == "f" else truth.astype(np.int64)
    limit = MOST if number is None else number
    if not ignore and labels.min() >= 0 and labels.max() < limit:
        return labels
    dropped = np.isin(labels, list(ignore))
    wrong = ~dropped & ((labels < 0) | (labels >= limit))
    if wrong.any():
        strange = [str(each) for each in np.unique(labels[wrong]).tolist()]
        what = f"truth holds labels that are no class: {some(strange)}"
        classes = "0 and 1" if number == 2 else f"0 to {limit - 1}"
        raise UnknownTruthIds(what, f"classes are {classes}; leave out others with ignore=({strange[0]},)")
    return np.where(dropped, -1, labels)
