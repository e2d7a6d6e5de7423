"""From arrays to the checked samples that losses see, or an error that says why not."""

import itertools
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from segeval.arrays.functions import Array, is_torch, namespace, plain
from segeval.catalog import check_choice
from segeval.data.checks import TOLERANCE, check_finite, checked_values, checked_weights, zeros_and_ones
from segeval.data.from_arrays import ArrayImage, Images, images
from segeval.data.ids import whole
from segeval.errors import BadOption, NotProbabilities, ShapesDiffer, UnknownTruthIds
from segeval.evidence.sample import Sample
from segeval.losses.engine.evidence import Plan
from segeval.losses.engine.said import Said
from segeval.text import extent, some

INPUTS = ("probabilities", "logits", "logprobs", "scores")


def sample(
    pred: Any,
    truth: Any,
    *,
    channels: bool | None = None,
    batch: bool | None = None,
    multilabel: bool = False,
    **options: Any,
) -> Sample:
    """The sample of one image; see `samples`."""
    (found,) = samples(images(pred, truth, channels=channels, batch=batch, multilabel=multilabel), **options)
    return found


def samples(
    found: Images,
    *,
    inputs: str = "probabilities",
    ignore: Iterable[int] = (),
    any_range: bool = False,
    plan: Plan | None = None,
    per_class: bool = True,
) -> list[Sample]:
    """The images as the losses see them; see `segeval.losses.value`.

    any_range: the numbers are no probabilities. plan: what will be asked of them, if it is known. per_class: values of
    single classes are wanted, too.
    """
    check_choice("inputs", inputs, INPUTS)
    if inputs == "logprobs":
        _check_logprobs(found)
        inputs = "logits"  # of which those that are normalised already are a case
    said = Said(inputs, ids_of(ignore), any_range)
    if is_torch(found.pred):
        from segeval.losses.engine.tensors import tensor_samples

        tensors = tensor_samples(found, said, plan or Plan(()), per_class)
        if tensors is not None:
            return tensors
    if found.kind == "labels" and inputs == "probabilities" and found.truth.dtype.kind in "biu":
        number = _number(plain(found.pred), found.truth, said.ignore)
        return [_hard(image, number, said.ignore) for image in found]
    return [_sample(image, said) for image in found]


def _check_logprobs(found: Images) -> None:
    """Refuse what are no logarithms of probabilities that sum to 1."""
    if found.kind != "channels":
        what = "logprobs are of classes that exclude each other, with an axis of channels"
        raise BadOption(what, "give numpy.exp(pred) as probabilities")
    given, axis = plain(found.pred), int(found.axes.batch)
    check_finite("pred", given)
    sums = np.exp(np.minimum(given, 1.0)).sum(axis=axis, dtype=np.float64)
    if max(1 - sums.min(), sums.max() - 1) > TOLERANCE:
        what = (
            f"pred holds no log-probabilities: their exponentials sum to {sums.min():.4g} … {sums.max():.4g}, not to 1"
        )
        raise NotProbabilities(what, "network outputs before softmax are inputs='logits'")


def ids_of(ignore: Any) -> frozenset[int]:
    """The labels that are ignored."""
    found = tuple(ignore) if isinstance(ignore, Iterable) else (None,)
    if not all(isinstance(each, int | np.integer) for each in found):
        raise BadOption(f"ignore is {ignore!r}", "give the labels to leave out, for example ignore=(255,)")
    return frozenset(int(each) for each in found)


def class_ids(image: Sample, ignore: Collection[int]) -> list[int]:
    """The labels of the classes of an image, in order."""
    if image.binary:
        return [0, 1]
    return list(itertools.islice((c for c in itertools.count() if c not in ignore), len(image.channels)))


def weight_maps(weights: Any, found: Images) -> Sequence[Array]:
    """The weight map of each image: a map (spatial) for every image, or (N, spatial) of a batch."""
    every = list(found)
    array = np.asarray(plain(weights))
    batch = (len(every), *every[0].shape)
    if found.axes.batch and array.shape == batch:
        return list(checked_weights(array, batch, "weights"))
    return [checked_weights(array, every[0].shape, "weights")] * len(every)


def _number(pred: Array, truth: Array, ignore: frozenset[int]) -> int:
    """How many classes two arrays of labels have."""
    true = int(_labels(truth, ignore, None).max(initial=0))
    low, high = int(pred.min()), int(pred.max())
    if low < 0 or high >= MOST:
        raise NotProbabilities(f"pred holds ids from {low} to {high}", f"labels are from 0 to {MOST - 1}")
    if high > 1 >= true:
        raise NotProbabilities(
            f"pred holds integers up to {high}, and truth just 0 and 1",
            f"a mask of 0 and {high} is pred > 0; grey probabilities are pred / {max(high, 255)}; labels of more "
            "classes want a one-hot pred and channels=True",
        )
    return max(true, high, 1) + 1


def _hard(image: ArrayImage, number: int, ignore: frozenset[int]) -> Sample:
    """Two label arrays: the prediction is taken as one-hot."""
    pred, labels = plain(image.pred), _labels(image.truth, ignore, None)
    known = [c for c in range(number) if c not in ignore]
    if len(known) == number == 2:
        return Sample(pred.astype(np.int64), labels, (0,), exclusive=False)
    _keeps_some(known)
    place = np.full(number, -1)
    place[known] = np.arange(len(known))
    return Sample(
        place[pred.astype(np.int64)],
        np.where(labels >= 0, place[labels], -1),
        tuple(range(len(known))),
        background=_background(known),
    )


def _background(known: Sequence[int]) -> int | None:
    """The position of class 0 among the classes that are left."""
    return known.index(0) if 0 in known else None


def _keeps_some(known: Sequence[int]) -> None:
    if not known:
        raise BadOption("ignore leaves out every class", "keep at least one")


MOST = 65536  # classes of label arrays


def _sample(image: ArrayImage, said: Said) -> Sample:
    """Numbers of each channel, beside labels or a target."""
    pred = image.pred if plain(image.pred).dtype.kind == "f" else _floating(image.pred)
    exclusive = image.kind == "channels" and said.inputs != "scores" and pred.shape[0] > 1
    pred = checked_values(f"pred{image.place}", pred, said.numbers, exclusive and not said.any_range)
    pred = pred if image.has_channels else pred[None, ...]
    rows = tuple(range(pred.shape[0]))
    options: dict[str, Any] = {"logits": said.inputs != "probabilities", "raw": said.inputs == "scores"}
    options["exclusive"] = exclusive
    if image.one_hot or _is_target(image, exclusive, said):
        target, kept = _target(image, exclusive, said, len(rows))
        hard = zeros_and_ones(target)
        return Sample(pred, target, rows, hard=hard, kept=kept, **options)
    if len(rows) == 1 and not exclusive:
        return Sample(pred, _labels(image.truth, said.ignore, 2), rows, **options)
    known = tuple(c for c in rows if c not in said.ignore)
    _keeps_some(known)
    options["background"] = _background(known)
    labels = _labels(image.truth, said.ignore, len(rows))
    if known == rows:
        return Sample(pred, labels, known, **options)
    place = np.full(len(rows), -1)
    place[list(known)] = np.arange(len(known))
    return Sample(pred, np.where(labels >= 0, place[labels], -1), known, **options)


def _floating(pred: Any) -> Any:
    """Whole numbers as floating point: one-hot channels."""
    if is_torch(pred):
        return pred.double()
    xp = namespace(pred)
    return pred.astype(np.float64) if xp is np else xp.astype(pred, xp.float64)


def _is_target(image: ArrayImage, exclusive: bool, said: Said) -> bool:
    """Whether a truth without channels is the target of one channel, and not labels."""
    truth, channels = image.truth, image.pred.shape[0] if image.has_channels else 1
    if channels == 1 and not exclusive:
        return truth.dtype.kind == "f" or said.any_range
    if truth.dtype.kind == "f":
        check_finite("truth", truth)
        if not whole(truth):
            raise ShapesDiffer(
                f"truth holds fractions and is {extent(truth.shape)} but pred is {extent(tuple(image.pred.shape))}",
                "a soft target has the shape of pred; labels are whole numbers",
            )
    return False


def _target(image: ArrayImage, exclusive: bool, said: Said, number: int) -> tuple[Array, Array | None]:
    """A truth (C, spatial) of numbers, 0 where ignored, and which pixels are not.

    A pixel is ignored where any channel holds an ignored value. The others are within [0, 1], and sum to 1 where
    classes exclude each other.
    """
    truth = image.truth if image.one_hot else image.truth[None]
    if classes := sorted(each for each in said.ignore if 0 <= each < max(number, 2)):
        what = f"ignore holds {classes[0]}, and truth has no labels but numbers of each class"
        raise BadOption(what, "ignore pixels by a value such as 255, or give labels")
    target, kept = truth.astype(np.float64), np.asarray(~np.isin(truth, list(said.ignore)).any(axis=0))
    if kept.all():
        return _checked_target(target, image, exclusive, said), None
    target[:, ~kept] = 0
    if kept.any():
        target[:, kept] = _checked_target(target[:, kept], image, exclusive, said)
    return target, kept


def _checked_target(target: Array, image: ArrayImage, exclusive: bool, said: Said) -> Array:
    numbers = "scores" if said.any_range else "probabilities"
    return np.asarray(checked_values(f"truth{image.place}", target, numbers, exclusive and not said.any_range))


def _labels(truth: Array, ignore: frozenset[int], number: int | None) -> Array:
    """int64 labels, −1 where ignored; all others below `number`."""
    labels = np.clip(truth, -(2.0**53), 2.0**53).astype(np.int64) if truth.dtype.kind == "f" else truth.astype(np.int64)
    limit = MOST if number is None else number
    if not ignore and labels.min() >= 0 and labels.max() < limit:
        return labels
    dropped = np.isin(labels, list(ignore))
    wrong = ~dropped & ((labels < 0) | (labels >= limit))
    if wrong.any():
        raise _strange(np.unique(labels), np.unique(labels[wrong]), limit)
    return np.where(dropped, -1, labels)


def _strange(present: Array, strange: Array, limit: int) -> UnknownTruthIds:
    """The error for labels that are no class."""
    named = [str(each) for each in strange.tolist()]
    what = f"truth holds labels that are no class: {some(named)}"
    if set(present.tolist()) <= {-1, 1}:
        return UnknownTruthIds(what, "signs become 0 and 1 by truth > 0; ignore=(-1,) where -1 is no class but unknown")
    classes = "0 and 1" if limit == 2 else f"0 to {limit - 1}"
    return UnknownTruthIds(what, f"classes are {classes}; leave out others with ignore=({named[0]},)")
