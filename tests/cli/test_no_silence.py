"""Whatever two files hold and whatever the options say: the number is right, or there is an error or a note."""

import warnings

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image

import segeval
from segeval.errors import SegevalError
from segeval.evaluate.api import IncompleteRun

T = np.zeros((16, 24), np.uint8)
T[2:7, 3:10], T[9:14, 12:20] = 1, 2
P = np.roll(T, 2, axis=1)
VOID = (slice(0, 2), slice(0, 24))  # background in both


def one_hot(labels, classes):
    return (np.arange(classes)[:, None, None] == labels).astype(np.uint8)


def softmax(labels, classes):
    return (0.7 * one_hot(labels, classes) + 0.3 / classes).astype(np.float32)


def with_void(labels, value, dtype):
    found = labels.astype(dtype)
    found[VOID] = value
    return found


# Ways to write labels of `classes` classes. Of two classes there are more, since 1 may be written as anything above 0.
BOTH = {
    "labels": lambda labels, _: labels,
    "16 bits": lambda labels, _: labels.astype(np.uint16),
    "floats": lambda labels, _: labels.astype(np.float32),
    "one-hot": one_hot,
    "one-hot, last": lambda labels, classes: np.ascontiguousarray(np.moveaxis(one_hot(labels, classes), 0, -1)),
    "one-hot in floats": lambda labels, classes: one_hot(labels, classes).astype(np.float32),
    "spread over the greys": lambda labels, classes: (labels * (255 / (classes - 1))).astype(np.uint8),
    "spread, 16 bits": lambda labels, classes: np.rint(labels * (65535 / (classes - 1))).astype(np.uint16),
    "transposed": lambda labels, _: np.ascontiguousarray(labels.T),
    "one-hot of 255": lambda labels, classes: one_hot(labels, classes) * 255,
    "shifted": lambda labels, _: labels + 1,
    "an axis more": lambda labels, _: labels[None],
    "palette": lambda labels, classes: palette(labels, range(classes)),
}
PREDS = BOTH | {
    "softmax": softmax,
    "softmax, last": lambda labels, classes: np.moveaxis(softmax(labels, classes), 0, -1),
    "logits": lambda labels, classes: one_hot(labels, classes) * np.float32(6) - 3,
    "float16 softmax": lambda labels, classes: softmax(labels, classes).astype(np.float16),
    "softmax of 8 bits": lambda labels, classes: np.rint(softmax(labels, classes) * 255).astype(np.uint8),
    "a batch of one": lambda labels, classes: softmax(labels, classes)[None],
}
TRUTHS = BOTH | {
    "void": lambda labels, _: with_void(labels, 255, np.uint8),
    "void of 16 bits": lambda labels, _: with_void(labels, 65535, np.uint16),
    "void below 0": lambda labels, _: with_void(labels, -1, np.int16),
    "a number for no data": lambda labels, _: with_void(labels, -9999, np.float32),
    "NaN": lambda labels, _: with_void(labels, np.nan, np.float32),
}
TWO = {"0 and 255": lambda labels, _: labels * 255, "inverted": lambda labels, _: 1 - labels}
TWO_PREDS = {
    "foreground": lambda labels, _: np.where(labels, 0.8, 0.1).astype(np.float32),
    "grey": lambda labels, _: (np.arange(labels.size).reshape(labels.shape) % 100 + labels * 155).astype(np.uint8),
    "grey in colour": lambda labels, _: np.where(labels, 200, 20).astype(np.uint8)[..., None].repeat(3, axis=-1),
}
TWO_TRUTHS = {"nearly 0 and 255": lambda labels, _: np.where(labels, 250, 3).astype(np.uint8) + (T == 2)}

OPTIONS = {
    "num_classes": ({}, {"num_classes": 3}, {"num_classes": 2}, {"binary": True}),
    "ignore": (
        {},
        {"ignore": [255]},
        {"ignore": [0]},
        {"ignore": ["nan"]},
        {"ignore": [65535]},
        {"ignore": [-1]},
        {"ignore": [-9999]},
    ),
    "reading": (
        {},
        {"probability": True},
        {"logits": True},
        {"one_hot": True},
        {"multilabel": True},
        {"soft_truth": True},
        {"truth_threshold": 0.5},
        {"map": ["pred:shift:-1"]},
        {"map": ["gt:shift:-1"]},
        {"one_hot": True, "logits": True},
        {"threshold": 0.3},
    ),
}


def palette(labels, order):
    """A palette image of colours in some order."""
    image = Image.fromarray(np.argsort(order).astype(np.uint8)[labels], "L")
    image.putpalette(np.array([[0, 0, 0], [128, 0, 0], [0, 128, 64]], np.uint8)[list(order)].tobytes())
    return image


def write(folder, content):
    """One file of that content in an emptied folder."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    if isinstance(content, Image.Image):
        content.save(folder / "a.png")
    elif content.dtype in (np.uint8, np.uint16) and (content.ndim == 2 or content.shape[-1] == 3 != content.ndim - 1):
        (folder / "a.png").write_bytes(imagecodecs.png_encode(content))
    else:
        np.save(folder / "a.npy", content)


def miou(pred, truth, options):
    """The mIoU of what was meant: of the pixels that are not ignored, over the classes that are there."""
    keep = np.ones(truth.shape, bool) if 0 not in options.get("ignore", ()) else truth != 0
    values = []
    for c in range(3):
        p, t = (pred == c)[keep], (truth == c)[keep]
        if (p | t).any() and c not in options.get("ignore", ()):
            values.append((p & t).sum() / (p | t).sum())
    return np.mean(values)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return [tmp_path_factory.mktemp("silence") / side for side in ("pred", "truth")]


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_never_another_number_in_silence(folders, data):
    """Of three classes, or of two. Two faults at once may hide each other; then nothing is promised."""
    classes = data.draw(st.sampled_from([3, 2]))
    kinds = [PREDS, TRUTHS] if classes == 3 else [PREDS | TWO | TWO_PREDS, TRUTHS | TWO | TWO_TRUTHS]
    names = [data.draw(st.sampled_from(sorted(each))) for each in kinds]
    options = {}
    for choices in OPTIONS.values():
        options |= data.draw(st.sampled_from(choices))
    assume({"shifted", "inverted"} != set(names))
    said = options.get("map") == ["gt:shift:-1"] and -1 in options.get("ignore", ())
    assume(not said or names[1] == "shifted")  # together they say that a true 0 is void: then its pixels are not meant
    meant = [labels if classes == 3 else (labels > 0).astype(np.uint8) for labels in (P, T)]
    for folder, kind, name, labels in zip(folders, kinds, names, meant, strict=True):
        write(folder, kind[name](labels, classes))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IncompleteRun)
            run = segeval.score(*folders, jobs=1, **options)
    except SegevalError:
        return
    if run.notes or not run.complete:
        return
    if options.get("binary"):
        meant = [(labels > 0).astype(np.uint8) for labels in meant]
    if {"void", "void of 16 bits", "NaN", "void below 0", "a number for no data"} & set(names):
        meant = [np.delete(labels, (0, 1), axis=0) for labels in meant]
    found = run.summary["miou_dataset"]
    assert np.isnan(found) or found == pytest.approx(miou(*meant, options), abs=1e-6), (names, options)
