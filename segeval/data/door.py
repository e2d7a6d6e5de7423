"""The door that a pair of files goes through, by what the options say about them."""

import functools
from dataclasses import replace

from segeval.data.channels import check_axes, pred_channels, true_channels, true_fractions
from segeval.data.class_selection import ClassChoice
from segeval.data.colours import indices_of
from segeval.data.geometry import check_geometry, geometry_differs, measured
from segeval.data.ids import with_background_0
from segeval.data.labels import Given, Labels, Truth, grey_threshold, pred_labels, truth_labels
from segeval.data.nodata import beside_nodata, without_nodata
from segeval.data.nodata import remark as nodata_remark
from segeval.data.nodata import words as nodata_words
from segeval.data.onehot import decoded, decoded_pair
from segeval.data.onehot import remark as one_hot_remark
from segeval.data.panoptic import segmented
from segeval.data.reading import Reading
from segeval.data.regions import pred_regions, true_regions
from segeval.data.shapes import shapes_differ
from segeval.io import Mask


def read_truth(truth: Mask, reading: Reading, classes: ClassChoice) -> Truth:
    """The labels of a true mask without a prediction, and its fractions where it may have them."""
    truth = without_nodata(truth, classes)
    truth = true_regions(truth, reading, classes) if classes.members else truth
    return _truth(decoded(truth, classes) if reading.one_hot else truth, reading, classes)


def read_pair(pred: Mask, truth: Mask, reading: Reading, classes: ClassChoice) -> Labels:
    """The labels of both, of one shape: (C, *spatial) where classes do not exclude each other."""
    if not reading.ignore_geometry:
        check_geometry(pred, truth)
    return measured(_labels(pred, truth, reading, classes), classes, truth, pred)


def _labels(pred: Mask, truth: Mask, reading: Reading, classes: ClassChoice) -> Labels:
    """The labels of both, and what they were made of."""
    if classes.segments:
        return _segments(pred, truth, reading, classes)
    held: set[str] = set()
    if classes.nodata:
        held = {*nodata_words(truth, classes)}
        truth = without_nodata(truth, classes)
        pred = beside_nodata(pred, truth, classes)
    if classes.members:
        ids, pred = pred, pred_regions(pred, truth, reading, classes)
        held |= {"map pred"} if "pred" in reading.maps and pred is not ids else set()
        truth = true_regions(truth, reading, classes)
    if classes.multilabel:
        check_axes(pred.name, pred.pixels.shape, truth.name, truth.pixels.shape, classes.channels)
        true = _truth(truth, reading, classes)
        given = pred_channels(pred, reading, classes)
        return replace(Labels.of(given, true), used=_used(given, pred, truth, reading, classes, held))
    if reading.one_hot:
        files = pred, truth
        pred, truth = decoded_pair(*files, classes)
        if pred is not files[0] or truth is not files[1]:
            held.add("one_hot")
    true = _truth(truth, reading, classes)
    given = pred_labels(pred, truth.name, true.labels.shape, reading, classes.colors, classes.channels)
    found = replace(Labels.of(given, true), used=_used(given, pred, truth, reading, classes, held))
    if pred.palette is not None or truth.palette is not None:
        found = replace(found, palettes=(indices_of(pred, given.labels), indices_of(truth, true.labels)))
    if "pred" in reading.maps and given.kind == "labels":
        found = replace(found, pred=reading.maps["pred"].of(found.pred, classes.ignore, pred.name))
    if classes.objects and given.kind == "labels":
        found = replace(found, pred=with_background_0(found.pred, classes.background, classes.ignore))
    return found


def _segments(pred: Mask, truth: Mask, reading: Reading, classes: ClassChoice) -> Labels:
    """The classes and the segments of two panoptic masks."""
    found, true = segmented(pred, classes), _truth(truth, reading, classes)
    assert true.segments
    if found.numbers.shape != true.labels.shape:
        raise shapes_differ(pred.name, found.numbers.shape, truth.name, true.labels.shape)
    labels = found.labels
    given = Given("labels", pred.name, labels, 1, labels, [*pred.remarks, *found.remarks])
    used = _used(given, pred, truth, reading, classes, set())
    return replace(Labels.of(given, true), used=used, segments=(found, true.segments))


def _truth(truth: Mask, reading: Reading, classes: ClassChoice) -> Truth:
    if classes.segments:
        segments = segmented(truth, classes)
        return Truth(segments.labels, [*truth.remarks, *segments.remarks], segments=segments)
    if classes.multilabel:
        return true_channels(truth, classes, reading.soft_truth)
    if reading.soft_truth:
        found = true_fractions(truth, classes)
        return replace(found, remarks=[*found.remarks, *one_hot_remark(truth)]) if classes.binary else found
    threshold = reading.truth_threshold or grey_threshold(truth, classes)
    labels, remarks = truth_labels(truth, classes.colors, threshold, classes.channels, classes.ignore)
    if "gt" in reading.maps:
        labels = reading.maps["gt"].of(labels, classes.ignore, truth.name)
    if classes.objects:
        labels = with_background_0(labels, classes.background, classes.ignore)
    kept = nodata_remark(truth, truth.nodata, classes) if truth.nodata is not None else ()
    return Truth(labels, [*remarks, *one_hot_remark(truth), *kept])


def _used(
    given: Given, pred: Mask, truth: Mask, reading: Reading, classes: ClassChoice, held: set[str]
) -> frozenset[str]:
    """The options about reading that had an effect on a pair, as `Options.about_reading` calls them."""
    numbers = given.array.dtype.kind == "f"
    used = {
        "probability": reading.probability and not numbers and given.kind != "labels",
        "logits": reading.logits and numbers and given.kind != "labels",
        "threshold": given.kind == "foreground" or (classes.multilabel and not given.hard),
        "truth_threshold": reading.truth_threshold is not None,
        "colors": any(mask.colour or mask.palette is not None for mask in (pred, truth)),
        "ignore_geometry": reading.ignore_geometry and geometry_differs(pred, truth) is not None,
        "map gt": "gt" in reading.maps,
        "map pred": "pred" in reading.maps and given.kind == "labels",
        "pred_array": pred.array is not None,
        "gt_array": truth.array is not None,
    }
    return _shared(frozenset(name for name, effect in used.items() if effect) | held)


@functools.lru_cache(maxsize=16)
def _shared(used: frozenset[str]) -> frozenset[str]:
    """The same, one object for all images that have it: each by itself would take as much as its counts."""
    return used
