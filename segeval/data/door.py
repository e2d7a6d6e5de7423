"""The door that a pair of files goes through, by what the options say about them."""

from dataclasses import replace

from segeval.data.channels import check_axes, pred_channels, true_channels, true_fractions
from segeval.data.choice import ClassChoice
from segeval.data.colours import indices_of
from segeval.data.labels import Labels, Truth, pred_labels, truth_labels
from segeval.data.onehot import decoded, decoded_pair
from segeval.data.onehot import remark as one_hot_remark
from segeval.data.reading import Reading
from segeval.io import Mask


def read_truth(truth: Mask, reading: Reading, classes: ClassChoice) -> Truth:
    """The labels of a true mask without a prediction, and its fractions where it may have them."""
    return _truth(decoded(truth, classes) if reading.one_hot else truth, reading, classes)


def _truth(truth: Mask, reading: Reading, classes: ClassChoice) -> Truth:
    if classes.multilabel:
        return true_channels(truth, classes, reading.soft_truth)
    if reading.soft_truth:
        return true_fractions(truth, classes)
    labels, remarks = truth_labels(truth, classes.colors, reading.truth_threshold, classes.channels, classes.ignore)
    return Truth(labels, [*remarks, *one_hot_remark(truth, classes.channels)])


def read_pair(pred: Mask, truth: Mask, reading: Reading, classes: ClassChoice) -> Labels:
    """The labels of both, of one shape: (C, *spatial) where classes do not exclude each other."""
    if classes.multilabel:
        check_axes(pred.name, pred.pixels.shape, truth.name, truth.pixels.shape, classes.channels)
        true = _truth(truth, reading, classes)
        return Labels.of(pred_channels(pred, reading, classes), true)
    if reading.one_hot:
        pred, truth = decoded_pair(pred, truth, classes)
    true = _truth(truth, reading, classes)
    given = pred_labels(pred, truth.name, true.labels.shape, reading, classes.colors, classes.channels)
    found = Labels.of(given, true)
    if pred.palette is None and truth.palette is None:
        return found
    return replace(found, palettes=(indices_of(pred, given.labels), indices_of(truth, true.labels)))
