"""The door for label maps that are scored by regions, which may overlap: a channel for each."""

from dataclasses import replace

import numpy as np

from segeval.data.class_selection import ClassChoice
from segeval.data.ids import narrowed, whole
from segeval.data.reading import Reading
from segeval.errors import FractionalTruth, NotProbabilities, UnknownTruthIds
from segeval.io import Array, Mask
from segeval.text import counted, some


def true_regions(truth: Mask, reading: Reading, classes: ClassChoice) -> Mask:
    """A true label map with a channel of 0 and 1 for each region; where it is ignored, they hold the ignored id."""
    if truth.colour:
        return truth
    if truth.pixels.dtype.kind == "f" and not whole(truth.pixels):
        raise FractionalTruth(f"{truth.name} holds fractions, and --regions takes labels", "are the folders swapped?")
    labels = narrowed(truth.pixels, truth.name)
    if "gt" in reading.maps:
        labels = reading.maps["gt"].of(labels, classes.ignore, truth.name)
    void = np.isin(labels, list(classes.ignore))
    strange = ~void & ~np.isin(labels, classes.labels)
    if strange.any():
        ids, numbers = np.unique(labels[strange], return_counts=True)
        named = [f"{id_} ({counted(n, 'pixel')})" for id_, n in zip(ids.tolist(), numbers.tolist(), strict=True)]
        what = f"{truth.name}: the truth holds ids that are no class: {some(named)}"
        raise UnknownTruthIds(what, f"name them in --classes, or leave such pixels out with --ignore {ids[0]}")
    found = _channels(labels, classes)
    return replace(truth, pixels=np.where(void, labels, found).astype(np.int32) if void.any() else found, levels=1)


def pred_regions(pred: Mask, truth: Mask, reading: Reading, classes: ClassChoice) -> Mask:
    """A predicted label map of the truth's shape likewise; one that has a channel for each region is what it is."""
    if pred.colour or pred.pixels.shape != truth.pixels.shape:
        return pred
    if pred.pixels.dtype.kind == "f" and not whole(pred.pixels):
        what = f"{pred.name} holds fractions, and no channel for each region"
        raise NotProbabilities(what, "save a channel for each region, or labels")
    labels = narrowed(pred.pixels, pred.name)
    if "pred" in reading.maps:
        labels = reading.maps["pred"].of(labels, classes.ignore, pred.name)
    return replace(pred, pixels=_channels(labels, classes), levels=1)


def _channels(labels: Array, classes: ClassChoice) -> Array:
    return np.stack([np.isin(labels, ids) for ids in classes.members]).view(np.uint8)
