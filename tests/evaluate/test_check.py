"""Tests of the look at two folders before the long run."""

import numpy as np
import pytest

from segeval.data.class_selection import choose
from segeval.data.folders import Layout
from segeval.data.reading import Reading
from segeval.evaluate.check import SAMPLE, check
from segeval.evaluate.measure import find_pairs
from segeval.run.options import Options


@pytest.fixture
def checked(save, tmp_path):
    """Check pairs of masks: `checked([(pred rows, truth rows), …], option=…)`."""

    def checked(pairs, reading=None, missing="error", **classes):
        for n, (pred, truth) in enumerate(pairs):
            for side, rows in (("pred", pred), ("truth", truth)):
                if rows is not None:
                    array = np.asarray(rows)
                    save(f"{side}/{n:03}.npy", array if array.dtype.kind == "f" else array.astype(np.uint8))
        found = find_pairs(str(tmp_path / "pred"), str(tmp_path / "truth"), Layout(missing=missing))
        return check(found, Options(reading=reading or Reading(), classes=choose(**classes)), jobs=1)

    return checked


@pytest.mark.parametrize(
    ("pred", "truth", "classes", "suggested", "refused"),
    [
        ([[0, 1, 2]], [[0, 1, 4]], {}, ["--num-classes 5"], []),
        ([[0, 1, 6]], [[0, 1, 4]], {}, ["--num-classes 7"], []),
        ([[0, 255]], [[0, 255]], {}, ["--binary"], []),
        ([[0, 1]], [[0, 255]], {}, ["--binary"], ["SEG284"]),
        ([[0, 1]], [[255, 255]], {}, ["--binary"], ["SEG284"]),
        ([[0, 255]], [[0, 255]], {"num_classes": 2}, ["--binary"], ["SEG223"]),
        ([[0, 255]], [[0, 255]], {"binary": True}, [], []),
        ([[0, 1, 2]], [[0, 255, 2]], {}, ["--ignore 255", "--num-classes 3"], ["SEG282"]),
        ([[0, 1, 2]], [[0, 255, 2]], {"classes": "a,b,c"}, ["--ignore 255"], ["SEG223"]),
        ([[0, 1, 2]], [[0, 255, 2]], {"num_classes": 3}, ["--ignore 255"], ["SEG223"]),
        ([[0, 1, 2]], [[0, 255, 2]], {"num_classes": 3, "ignore": [255]}, [], []),
        ([[0, 1, 2]], [[0, 255, 2]], {"ignore": [255]}, ["--num-classes 3"], []),
        ([[0, 255, 2]], [[0, 1, 2]], {"num_classes": 3}, ["swapped folders?"], []),
        ([[0, 1, 2]], [[0, 7, 2]], {"num_classes": 3}, ["--ignore 7"], ["SEG223"]),
        ([[0, 1, 2]], [[0, 1, 2]], {"num_classes": 3}, [], []),
    ],
)
def test_suggestions(checked, pred, truth, classes, suggested, refused):
    """The options that the ids ask for, and the fault where scoring would refuse them."""
    found = checked([(pred, truth)], **classes)
    assert [option for option, _ in found.suggestions] == suggested
    assert [fault.code for fault in found.faults] == refused


def test_shifted_ids_are_remarked_on(checked):
    """A problem: one of five right, four of five after adding 1."""
    found = checked([([[0, 1, 2, 3, 9]], [[1, 2, 3, 4, 9]])])
    assert [(note.code, note.message) for note in found.faults] == [
        ("SEG253", "shifting pred by +1 raises pixel accuracy 0.20 → 0.80")
    ]


def test_swapped_folders(checked):
    """Probabilities on the side of the truth."""
    found = checked([([[0, 1]], [[0.25, 0.75]])])
    assert [(note.id, note.code) for note in found.faults] == [("000", "SEG227")]
    assert "swapped" in found.faults[0].hint


def test_ids_and_sizes(checked):
    """Ids of both sides, ignored ones included; sizes with their number."""
    found = checked([([[0, 3]], [[0, 255]]), ([[0, 1]], [[0, 1]]), ([[2]], [[2]])], ignore=[255])
    assert (found.truth_ids, found.pred_ids, found.sampled) == ([0, 1, 2, 255], [0, 1, 2, 3], 3)
    assert dict(found.sizes) == {"1 x 2": 2, "1 x 1": 1}


def test_every_header_is_read(checked, tmp_path, monkeypatch):
    """A size that differs and a damaged header are found outside the sample, without decoding the pixels."""
    pairs = [([[0, 1]], [[0, 1]])] * (SAMPLE + 10)
    pairs[1] = ([[0], [1]], [[0, 1]])
    monkeypatch.setattr("segeval.evaluate.check.SAMPLE", 1)
    checked(pairs)
    (tmp_path / "pred/003.npy").write_bytes(b"")
    found = checked(pairs[:2])
    assert [(note.id, note.code) for note in found.faults] == [("001", "SEG214"), ("003", "SEG201")]
    assert found.faults[0].message == "pred/001.npy is 2 x 1 but truth/001.npy is 1 x 2"
    assert found.sampled == 1


def test_probabilities_have_one_axis_more(checked):
    """Channels first are no other size."""
    found = checked([(np.array([[[0.25, 0.75]], [[0.75, 0.25]]]), [[1, 0]])])
    assert found.faults == []
    assert (found.pred_ids, dict(found.sizes)) == ([0, 1], {"1 x 2": 1})


def test_missing_predictions(checked):
    """Faults, or none where they are asked to be skipped."""
    pairs = [([[0]], [[0]]), (None, [[0]])]
    assert [note.code for note in checked(pairs).faults] == ["SEG232"]
    assert checked(pairs, missing="skip").faults == []
    assert checked(pairs, missing="worst").faults == []


@pytest.mark.parametrize("count", [1, SAMPLE, SAMPLE + 1, 2 * SAMPLE + 50])
def test_the_sample_is_bounded(checked, count):
    """At most so many pairs are decoded, and at least half as many where there are enough."""
    found = checked([([[0]], [[0]])] * count)
    assert min(count, SAMPLE // 2) <= found.sampled <= SAMPLE
    assert found.sizes["1 x 1"] == count


def test_the_sample_is_spread_over_the_folder(checked):
    """Of 250 pairs every third is read, the last ones too."""
    found = checked([([[0]], [[9 if n == 249 else 1]]) for n in range(250)])
    assert found.sampled == 84
    assert found.truth_ids == [1, 9]
    assert found.sizes == {"1 x 1": 250}


def test_channels_that_are_not_the_classes_are_a_fault(checked):
    """As `score` would refuse them."""
    softmax = np.full((5, 1, 2), 0.2)
    assert [fault.code for fault in checked([(softmax, [[0, 1]])], num_classes=3).faults] == ["SEG226"]
    assert checked([(softmax, [[0, 1]])], num_classes=5).faults == []


def test_nothing_is_suggested_from_nothing(checked, tmp_path):
    """No pair could be read."""
    checked([([[0, 1]], [[0, 1]])])
    (tmp_path / "pred/000.npy").write_bytes(b"")
    assert checked([]).suggestions == []


def test_many_classes_are_those_of_data_sets_that_have_so_many(checked):
    """The largest id of ADE20K that three images hold is 104, of 0 … 150."""
    assert [option for option, _ in checked([([[0, 1, 104]], [[0, 1, 104]])]).suggestions] == ["--num-classes 151"]


def test_shades_of_grey_are_no_classes(checked):
    """The option for probabilities is all that is suggested."""
    found = checked([(np.arange(256)[None], np.arange(256)[None] // 128)])
    assert [option for option, _ in found.suggestions] == ["--probability"]
    assert [fault.code for fault in found.faults] == ["SEG291"]


def test_named_classes_are_no_shades(checked):
    """Sixty ids up to 236 beside a truth of three: classes where they are named, as `score` has it."""
    pair = (np.arange(60)[None] * 4, np.arange(60)[None] // 25)
    assert [fault.code for fault in checked([pair]).faults] == ["SEG291"]
    assert checked([pair], num_classes=240).faults == []


def test_an_option_without_effect_is_told(checked):
    """As `score` tells it."""
    found = checked([([[0, 1]], [[0, 1]])], Reading(logits=True), num_classes=2)
    assert [note.code for note in found.remarks] == ["SEG297"]


def test_nan_in_a_truth_names_its_way_out(checked):
    """Where it may stand for no data; in a prediction it is a fault of the model."""
    nan = np.array([[0.0, np.nan]])
    assert "--ignore nan" in checked([([[0, 1]], nan)]).faults[0].hint
    assert "model" in checked([(nan, [[0, 1]])]).faults[0].hint


def test_ignored_nan_is_no_id(checked):
    """As `score` leaves it out."""
    found = checked([([[1, 2, 0]], np.array([[1.0, np.nan, 0.0]]))], ignore=["nan"])
    assert (found.faults, found.truth_ids, found.pred_ids) == ([], [0, 1], [0, 1, 2])


@pytest.mark.parametrize("last", ["pred", "truth"])
def test_one_hot_headers_with_channels_last(checked, last):
    """Beside labels, on either side."""
    labels = np.array([[0, 1, 2], [2, 1, 1]])
    one_hot = (labels[..., None] == np.arange(3)) * 1
    pair = (one_hot, labels) if last == "pred" else (labels, one_hot)
    assert checked([pair], Reading(one_hot=True)).faults == []


def numbered(*counts):
    """Pairs of masks whose ids count 12 objects and the like, with background."""
    return [(np.arange(n + 1)[None], np.arange(n + 1)[None]) for n in counts]


@pytest.mark.parametrize(
    ("pairs", "objects"),
    [
        (numbered(12, 9, 3), True),
        (numbered(20), True),
        (numbered(12, 12), False),  # all classes, in all images
        (numbered(19, 19, 19), False),
        (numbered(20, 20), True),
        (numbered(12), False),
        (numbered(7, 3), False),
        ([*numbered(12, 9), ([[0, 2, 4]], [[0, 2, 4]])], False),
    ],
)
def test_ids_that_count_objects_are_no_classes(checked, pairs, objects):
    """From 1 without a gap, to another number in each file."""
    found = checked(pairs)
    assert [fault.code for fault in found.faults] == ["SEG283"] * objects
    assert ("--instances labels" in [option for option, _ in found.suggestions]) == objects
    assert checked(pairs, binary=True).faults == []


def test_classes_that_are_named_may_all_be_in_all_files(checked):
    assert checked(numbered(20, 20), num_classes=21).faults == []
    assert checked(numbered(20, 21), num_classes=22).faults != []
