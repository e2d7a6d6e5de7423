"""The door that a pair of files goes through, by what the options say about them."""

from segeval.data.channels import check_axes, pred_channels, true_channels, true_fractions
from segeval.data.choice import ClassChoice
from segeval.data.labels import Labels, Truth, pred_labels, truth_labels
from segeval.data.reading import Reading
from segeval.io import Mask


def read_truth(truth: Mask, reading: Reading, classes: ClassChoice) -> Truth:
    """The labels of a true mask, and its fractions where it may have them."""
    if classes.multilabel:
        return true_channels(truth, classes, reading.soft_truth)
    return true_fractions(truth, classes) if reading.soft_truth else Truth(*truth_labels(truth, classes.colors))


def read_pair(pred: Mask, truth: Mask, reading: Reading, classes: ClassChoice) -> Labels:
    """The labels of both, of one shape: (C, *spatial) where classes do not exclude each other."""
    if classes.multilabel:
        check_axes(pred.name, pred.pixels.shape, truth.name, truth.pixels.shape, classes.channels)
        true = read_truth(truth, reading, classes)
        return Labels.of(pred_channels(pred, reading, classes), true)
    true = read_truth(truth, reading, classes)
    given = pred_labels(pred, truth.name, true.labels.shape, reading, classes.colors, classes.channels)
    return Labels.of(given, true)
