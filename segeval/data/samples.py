"""The door for losses: a pair of files becomes a checked `Sample`."""

from dataclasses import replace
from typing import Any

import numpy as np

from segeval.data.channels import class_rows
from segeval.data.checks import checked_values, checked_weights, zeros_and_ones
from segeval.data.class_selection import ClassChoice
from segeval.data.labels import Given, Labels
from segeval.data.reading import Reading
from segeval.errors import ShapesDiffer
from segeval.evidence.confusion import positions
from segeval.evidence.multilabel import IGNORED
from segeval.evidence.sample import Sample
from segeval.io import Array, Mask
from segeval.text import extent


def sample(found: Labels, reading: Reading, classes: ClassChoice, weights: Mask | None) -> Sample:
    """What a prediction says about every pixel, beside the truth."""
    given = found.given
    assert classes.scored is not None
    assert given is not None
    if classes.multilabel:
        return _independent(given, found, reading, classes, weights)
    ids = np.array(classes.scored.ids)
    truth, shape = _places(found.truth, ids, classes), found.truth.shape
    maps = None if weights is None else _map(weights, shape)
    background = classes.scored.ids.index(0) if 0 in classes.scored.ids else None
    if given.kind == "labels":
        binary = classes.binary
        labels = _places(found.pred, ids, classes) if not binary else (found.pred != 0).astype(np.int64)
        rows = (0,) if binary else tuple(range(ids.size))
        image = Sample(labels, truth, rows, exclusive=not binary, background=background, weights=maps)
        return _softened(image, found)
    options: dict[str, Any] = {"logits": reading.logits, "background": background, "weights": maps}
    if given.kind == "channels":
        assert classes.channels is not None
        rows = tuple(n for n, id_ in enumerate(classes.channels) if id_ in classes.scored.ids)
        inputs = "logits" if reading.logits else "probabilities"
        numbers = checked_values(given.name, given.array, inputs, True)
        return _softened(Sample(numbers, truth, rows, **options), found)
    if ids.size != 2:
        what = f"{given.name} is a foreground map, and there are {ids.size} classes"
        raise ShapesDiffer(what, "such maps are for two classes: --num-classes 2 or --binary")
    numbers = checked_values(given.name, given.numbers[None], "logits" if reading.logits else "probabilities", False)
    return _softened(Sample(numbers, truth, (0,), exclusive=False, **options), found)


def _softened(image: Sample, found: Labels) -> Sample:
    """The image with the fractions of its truth, where it has them: as many channels as the image has classes."""
    if found.target is None:
        return image
    target, channels = found.target, len(image.channels)
    if len(target) > channels:  # two classes, of which the prediction is a map of the second
        target = target[1:]
    elif len(target) < channels:  # of the foreground, for a prediction of both
        rest = 1 - target if found.kept is None else np.where(found.kept, 1 - target, 0.0)
        target = np.concatenate([rest, target])
    return replace(image, truth=target, kept=found.kept, hard=zeros_and_ones(target))


def _independent(given: Given, found: Labels, reading: Reading, classes: ClassChoice, weights: Mask | None) -> Sample:
    """A pair with a channel for each class, which do not exclude each other."""
    ignored = (found.truth == IGNORED).any(axis=0)
    target = (found.truth == 1).astype(np.float64) if found.target is None else found.target
    maps = None if weights is None else _map(weights, ignored.shape)
    logits = reading.logits and given.array.dtype.kind == "f"
    numbers = checked_values(given.name, given.numbers, "logits" if logits else "probabilities", False)
    return Sample(
        numbers,
        target,
        tuple(class_rows(len(numbers), classes)),
        exclusive=False,
        logits=logits,
        hard=zeros_and_ones(target),
        weights=maps,
        kept=~ignored if ignored.any() else None,
    )


def _places(labels: Array, ids: Array, classes: ClassChoice) -> Array:
    """The position of each label among the classes; −1 for others, as those that are ignored."""
    if classes.binary:
        kept = np.isin(labels, list(classes.ignore))
        return np.where(kept, -1, labels != 0).astype(np.int64)
    place = positions(labels.reshape(-1), ids.tolist()).reshape(labels.shape)
    return np.where(place == ids.size, -1, place).astype(np.int64)


def _map(weights: Mask, shape: tuple[int, ...]) -> Array:
    if weights.colour:
        raise ShapesDiffer(f"{weights.name} is in colour, {extent(weights.pixels.shape)}", "a weight map has one value")
    return checked_weights(weights.pixels, shape, weights.name)
