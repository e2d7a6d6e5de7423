"""Tests of `segeval score`: what it counts, refuses and remarks on."""

import csv
import io
import json
import math
import os

import numpy as np
import pytest

# Cityscapes: label id -> train id, from the table of its official scripts.
CITYSCAPES = {7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12, 26: 13}


@pytest.fixture
def scored(invoke):
    """Score `pred` against `truth`; gives the exit code, the document (None if there is none) and stderr."""

    def scored(*args):
        result = invoke("score", "pred", "truth", "--format", "json", *args)
        return result.exit_code, json.loads(result.stdout) if result.stdout else None, result.stderr

    return scored


def codes(document):
    """The codes of all remarks."""
    return [note["code"] for note in document["notes"]]


def by_name(document):
    """The rows of the classes by name."""
    return {c["name"]: c for c in document["classes"]}


def test_missing_worst_counts_every_pixel_as_other(scored, masks):
    """Valid pixels of the missing image go to column `other`; ignored ones go nowhere.

    a: truth 0 0 1 against 0 1 1.  b: truth 0 1 1 1 with one ignored pixel, no prediction.
    """
    masks(a=([[0, 1, 1]], [[0, 0, 1]]), b=(None, [[0, 1, 1, 1, 255]]))
    code, document, err = scored("--num-classes", "2", "--ignore", "255", "--missing", "worst")
    assert code == 0
    assert document["complete"] is True
    assert document["images"] == {"paired": 1, "scored": 2, "failed": [], "missing": ["b"], "extra": []}
    assert document["confusion"]["counts"] == [[1, 1, 1], [0, 1, 3]]
    assert document["confusion"]["pred_ids"] == [0, 1, "other"]
    assert document["summary"]["pixel_accuracy"] == pytest.approx(2 / 7)
    rows = by_name(document)
    assert [rows["0"][k] for k in ("tp", "fp", "fn", "tn")] == [1, 0, 2, 4]
    assert [rows["1"][k] for k in ("tp", "fp", "fn", "tn")] == [1, 1, 3, 2]
    assert rows["1"]["iou"] == pytest.approx(1 / 5)
    assert rows["1"]["n_missed"] == 1
    assert document["summary"]["miou_dataset"] == pytest.approx((1 / 3 + 1 / 5) / 2)
    assert document["summary"]["miou_image"] == pytest.approx((1 / 2 + 0) / 2)
    assert "1 without prediction (scored as all wrong)" in err


@pytest.mark.parametrize("option", [["--binary"], []])
def test_missing_worst_of_other_readings(scored, masks, option):
    """With --binary, and with the ids found: no class comes from the column `other`."""
    masks(a=([[0, 7]], [[0, 7]]), b=(None, [[0, 7, 7]]))
    _, document, _ = scored("--missing", "worst", *option)
    assert document["confusion"]["truth_ids"] == ([0, 1] if option else [0, 7])
    assert document["confusion"]["counts"] == [[1, 0, 1], [0, 1, 2]]


def test_missing_skip_counts_the_image(scored, masks):
    """Left out of every number, listed and said."""
    masks(a=([[0, 1, 1]], [[0, 0, 1]]), b=(None, [[0, 1]]))
    code, document, err = scored("--missing", "skip")
    assert (code, document["images"]["missing"], document["images"]["scored"]) == (0, ["b"], 1)
    assert document["summary"]["pixel_accuracy"] == pytest.approx(2 / 3)
    assert "1 without prediction (left out)" in err


def test_missing_error(scored, masks):
    """By default the others are scored and the run is incomplete."""
    masks(a=([[0, 1]], [[0, 1]]), b=(None, [[0, 1]]))
    code, document, err = scored()
    assert (code, document["complete"], document["images"]["missing"]) == (3, False, ["b"])
    assert document["images"]["failed"][0]["code"] == "SEG232"
    assert "--missing worst" in err


def test_missing_worst_looks_like_no_shift(scored, masks):
    """Missing predictions are no shifted ids: nothing to translate, nothing to remark on."""
    truth = [[0, 0, 0, 0, 1]]
    masks(a=(truth, truth), b=(None, truth), c=(None, truth), d=(None, truth))
    _, document, _ = scored("--missing", "worst")
    assert document["summary"]["pixel_accuracy"] == pytest.approx(5 / 20)
    assert codes(document) == []


def test_extra_predictions_are_a_warning(scored, masks):
    """Listed, counted on stderr, and no error."""
    masks(a=([[0]], [[0]]), b=([[0]], None), c=([[0]], None))
    code, document, err = scored()
    assert (code, document["images"]["extra"]) == (0, ["b", "c"])
    assert "Note: 2 predictions without truth: b, c" in err


BINARY = [[0, 0, 255, 255]]


def test_a_binary_mask_under_two_classes(scored, masks):
    """255 is no class of two, and the hint says what such masks want."""
    masks(a=([[0, 0, 255, 0]], BINARY))
    code, document, err = scored("--num-classes", "2")
    assert (code, document["images"]["failed"][0]["code"]) == (3, "SEG223")
    assert "255 (2 pixels)" in err
    assert "use --binary" in err
    code, document, err = scored("--binary")
    assert (code, err.startswith("1 image scored")) == (0, True)
    assert document["confusion"]["counts"] == [[2, 0, 0], [1, 1, 0]]
    assert by_name(document)["foreground"]["iou"] == pytest.approx(1 / 2)


@pytest.mark.parametrize("pred", [[[0, 0, 1, 0]], [[0, 0, 255, 0]], [[0, 1, 1, 1]]])
@pytest.mark.parametrize("classes", [["--num-classes", "2"], [], ["--classes", "back,fore"]])
def test_ignoring_all_foreground_is_refused(scored, masks, pred, classes):
    """--ignore 255 on masks of 0 and 255 leaves nothing but background."""
    masks(a=(pred, BINARY), b=(BINARY, BINARY))
    code, document, err = scored("--ignore", "255", *classes)
    assert (code, document) == (3, None)
    assert "SEG228" in err
    assert "--binary" in err


def test_ignoring_all_foreground_is_never_silent(scored, masks):
    """A model that finds nothing must not get full marks without a word."""
    masks(a=([[0, 0, 0, 0]], BINARY), b=([[0, 0, 0, 0]], BINARY))
    code, _, err = scored("--ignore", "255", "--num-classes", "2")
    assert code == 3 or "SEG228" in err


def test_void_is_not_foreground(scored, masks):
    """Background beside void, with true classes elsewhere, is an ordinary data set."""
    masks(a=([[0, 0, 1, 1]], [[0, 0, 255, 255]]), b=([[0, 1, 1]], [[0, 1, 255]]))
    code, document, _ = scored("--ignore", "255", "--num-classes", "2")
    assert (code, document["confusion"]["counts"]) == (0, [[3, 0, 0], [0, 1, 0]])


def test_strange_ids_in_the_prediction(scored, masks):
    """Wrong for the true class, in column `other`, with a count of each id."""
    masks(a=([[0, 9, 9, 1, 200]], [[0, 0, 1, 1, 1]]))
    code, document, err = scored("--num-classes", "2")
    assert code == 0
    assert document["confusion"]["counts"] == [[1, 0, 1], [0, 1, 2]]
    rows = by_name(document)
    assert (rows["0"]["iou"], rows["1"]["iou"]) == (pytest.approx(1 / 2), pytest.approx(1 / 3))
    assert rows["1"]["fp"] == 0
    assert codes(document) == ["SEG256"]
    assert "9 (2 pixels), 200 (1 pixel)" in err


def test_strange_ids_in_the_truth(scored, masks):
    """An error with the ids and their pixels; the other pair is scored."""
    masks(a=([[0, 1]], [[0, 1]]), b=([[0, 1, 1]], [[0, 9, 9]]))
    code, document, err = scored("--num-classes", "2")
    assert (code, document["images"]["scored"]) == (3, 1)
    assert [(f["id"], f["code"]) for f in document["images"]["failed"]] == [("b", "SEG223")]
    assert "truth/b.png: the truth holds ids that are no class: 9 (2 pixels)" in err
    assert "--ignore 9" in err


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64])
def test_negative_ids(scored, save, kind):
    """−1 in the truth is an error unless it is ignored; in the prediction it is `other`."""
    save("truth/a.npy", np.array([[0, 1, -1]], kind))
    save("pred/a.npy", np.array([[0, -1, 1]], kind))
    code, document, err = scored()
    assert (code, document["images"]["failed"][0]["code"]) == (3, "SEG223")
    assert "--ignore -1" in err
    code, document, _ = scored("--ignore", "-1")
    assert (code, document["confusion"]["counts"]) == (0, [[1, 0, 0], [0, 0, 1]])
    assert document["confusion"]["truth_ids"] == [0, 1]


@pytest.mark.parametrize(
    ("pred", "truth", "said"),
    [
        # one of ten right as it is, eight of ten after adding 1
        ([0, 1, 2, 3, 0, 1, 2, 3, 9, 0], [1, 2, 3, 4, 1, 2, 3, 4, 9, 5], "+1 raises pixel accuracy 0.10 → 0.80"),
        # nothing right as it is, four of five after subtracting 1
        ([1, 2, 3, 4, 9], [0, 1, 2, 3, 3], "-1 raises pixel accuracy 0.00 → 0.80"),
    ],
)
def test_shifted_ids(scored, masks, pred, truth, said):
    """Off by one, as masks with and without an `other` class are."""
    masks(a=([pred], [truth]))
    code, document, err = scored()
    assert code == 0
    assert codes(document) == ["SEG253"]
    assert f"shifting pred by {said}" in err


@pytest.mark.parametrize("shape", [[2, 2, 3, 3], [0, 0, 1, 1]])
def test_a_poor_prediction_is_no_shift(scored, masks, shape):
    """Half right, or wrong without a better reading, is no reason for a remark."""
    masks(a=([shape], [[2, 0, 3, 1]]))
    assert codes(scored()[1]) == []


def test_notes_about_meaning_come_first_and_are_errors_under_strict(scored, save):
    """A void of 255 that nobody ignored, and labels in floating point."""
    save("pred/a.npy", np.array([[0.0, 1, 2]]))
    save("truth/a.png", np.array([[0, 1, 255]], np.uint8))
    code, document, err = scored()
    assert (code, codes(document)) == (0, ["SEG282", "SEG252"])
    assert err.index("Note: SEG282 the truth holds 255") < err.index("Hint: if it is void, give --ignore 255")
    assert err.index("SEG282") < err.index("SEG252")
    code, _, err = scored("--strict")
    assert code == 3
    assert "Error: SEG282 the truth holds 255" in err
    code, _, err = scored("--strict", "--ignore", "255")
    assert (code, "SEG282" in err) == (0, False)


@pytest.mark.parametrize(("void", "dtype"), [(255, np.uint8), (65535, np.uint16)])
def test_void_scored_as_a_class_is_noted(scored, save, void, dtype):
    """In 8 and in 16 bits; a prediction that holds it makes it a class."""
    save("truth/a.png", np.array([[0, 1, void]], dtype))
    save("pred/a.png", np.array([[0, 1, 2]], dtype))
    assert "SEG282" in codes(scored()[1])
    save("pred/a.png", np.array([[0, void, 2]], dtype))
    assert "SEG282" not in codes(scored()[1])


def test_inverted_masks(scored, masks):
    """Foreground and background swapped: 1 of 6 right, 5 of 6 after swapping. A half that is wrong is no reason."""
    masks(a=([[1, 1, 1, 0, 0, 1]], [[0, 0, 0, 1, 1, 1]]))
    for option in ("--binary", "--num-classes=2"):
        _, document, err = scored(option)
        assert codes(document) == ["SEG285"]
        assert "swapping 0 and 1 in pred raises pixel accuracy 0.17 → 0.83" in err
    masks(a=([[1, 1, 0, 0]], [[0, 0, 0, 0]]))
    assert codes(scored("--binary")[1]) == []


def test_ignored_background_hides_false_positives(scored, masks):
    """A prediction of foreground everywhere scores 1, and is noted."""
    masks(a=([[1, 1, 1, 1]], [[0, 0, 0, 1]]))
    _, document, err = scored("--num-classes", "2", "--ignore", "0")
    assert document["summary"]["miou_dataset"] == 1
    assert "SEG286 --ignore 0 leaves out all true background, with 3 pixels wrongly predicted there" in err
    _, document, err = scored("--num-classes", "2", "--mean-without", "0")
    assert document["summary"]["miou_dataset"] == 1 / 4
    assert "SEG286" not in err


@pytest.mark.parametrize("asked", ["loveda", "cityscapes-ids"])
def test_a_table_whose_void_is_0_has_no_background(scored, masks, asked):
    """What is predicted where nobody labelled is no false positive; asked for, `--ignore 0` is told as ever."""
    masks(a=([[7, 7, 7, 7]], [[0, 0, 0, 7]]))
    assert "SEG286" not in scored("--classes", asked)[2]
    assert "SEG286" in scored("--ignore", "0")[2]


def test_train_ids(scored, masks):
    """One side in Cityscapes ids, the other in train ids; numbers by hand."""
    ids, trained = list(CITYSCAPES), list(CITYSCAPES.values())
    masks(a=([ids], [trained]))
    _, document, err = scored("--num-classes", "19")
    assert document["summary"]["pixel_accuracy"] == 0  # no id is its own train id
    assert "SEG254" in codes(document)
    assert "translating the prediction from cityscapes-ids to cityscapes raises pixel accuracy 0.00 → 1.00" in " ".join(
        err.split()
    )
    assert "--map pred:cityscapes-ids-to-trainids" in err


def test_train_ids_in_the_truth(scored, masks):
    """The same with the sides exchanged, and one pixel of fourteen wrong: 13/14 = 0.93."""
    ids, trained = list(CITYSCAPES), [18, *list(CITYSCAPES.values())[1:]]
    masks(a=([trained], [ids]))
    _, document, err = scored()
    assert codes(document) == ["SEG254"]
    assert "translating the truth from cityscapes-ids to cityscapes raises pixel accuracy 0.00 → 0.93" in " ".join(
        err.split()
    )
    assert "--map gt:cityscapes-ids-to-trainids" in err


def test_a_transposed_square(scored, masks):
    """Far better when transposed.

    The truth has its upper right triangle set, the prediction its lower left one: of 9 pixels the diagonal (0) and
    nothing else is right, so iou[0] = 3/9, iou[1] = 0, mIoU = 1/6 = 0.17; transposed all is right.
    """
    upper = np.triu(np.ones((3, 3), np.uint8), 1)
    masks(a=(upper.T, upper))
    code, document, err = scored("--num-classes", "2")
    assert code == 0
    assert document["summary"]["miou_dataset"] == pytest.approx(1 / 6)
    assert codes(document) == ["SEG255"]
    assert "transposing the prediction raises mIoU 0.17 → 1.00" in err


def test_a_symmetric_square_is_not_remarked_on(scored, masks):
    """A transpose that changes nothing is no finding."""
    masks(a=(np.zeros((3, 3)), np.ones((3, 3))))
    assert "SEG255" not in codes(scored("--num-classes", "2")[1])


def test_other_shapes_never_match(scored, masks):
    """Both shapes, and what they suggest."""
    masks(
        a=(np.zeros((4, 6)), np.zeros((6, 4))), b=(np.zeros((4, 4)), np.zeros((2, 2))), c=(np.zeros((9, 9)), [[0] * 7])
    )
    code, document, _ = scored()
    assert code == 3
    failed = {f["id"]: f for f in document["images"]["failed"]}
    assert failed["a"]["message"] == "pred/a.png is 4 x 6 but truth/a.png is 6 x 4"
    assert "transposed" in failed["a"]["hint"]
    assert "2 times as large" in failed["b"]["hint"]
    assert {f["code"] for f in failed.values()} == {"SEG214"}


def test_all_ignored(scored, masks):
    """Nothing left to score: nulls with reasons, counted, and exit 0."""
    masks(a=([[0, 1]], [[255, 255]]))
    code, document, _ = scored("--num-classes", "2", "--ignore", "255")
    assert code == 0
    assert document["complete"] is True
    assert set(document["summary"].values()) == {None}
    assert document["undefined"]["miou_dataset"] == {"skipped": 2, "of": 2, "reason": "all-ignored"}
    assert document["undefined"]["miou_image"] == {"skipped": 1, "of": 1, "reason": "all-ignored"}
    for row in document["classes"]:
        assert row["iou"] is None
        assert row["undefined"]["iou"] == "all-ignored"


def test_one_image_all_ignored(scored, masks):
    """Such an image is in no mean and is counted."""
    masks(a=([[0, 1]], [[255, 255]]), b=([[0, 1, 1, 1]], [[0, 0, 1, 1]]))
    _, document, _ = scored("--num-classes", "2", "--ignore", "255")
    assert document["summary"]["miou_image"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert document["undefined"]["miou_image"] == {"skipped": 1, "of": 2}


def test_absent_and_hallucinated_classes(scored, masks):
    """Absent from both: null and in no mean. False positives only: 0, and in the mean unless presence is by truth.

    0: tp 2, fn 1 → 2/3.  1: fp 1 → 0.  2: absent.
    """
    masks(a=([[0, 0, 1]], [[0, 0, 0]]))
    _, document, _ = scored("--num-classes", "3")
    rows = by_name(document)
    assert [rows[n]["iou"] for n in "012"] == [pytest.approx(2 / 3), 0, None]
    assert rows["2"]["undefined"]["iou"] == "absent-in-both"
    assert rows["1"]["undefined"]["recall"] == "empty-truth"
    assert document["summary"]["miou_dataset"] == pytest.approx(1 / 3)
    assert document["undefined"]["miou_dataset"] == {"skipped": 1, "of": 3}
    _, document, _ = scored("--num-classes", "3", "--presence", "truth")
    assert document["summary"]["miou_dataset"] == pytest.approx(2 / 3)
    assert by_name(document)["1"]["undefined"]["iou"] == "empty-truth"


def test_many_class_names_on_the_command_line(scored, masks):
    """ADE20K has 150 classes; their names are longer than a file name may be."""
    masks(a=([[0, 1]], [[0, 1]]))
    names = ",".join(f"class number {n}" for n in range(150))
    code, document, _ = scored("--classes", names)
    assert code == 0
    assert len(document["classes"]) == 150


def test_metric_names_may_have_spaces_around(scored, masks):
    """`iou, dice` is what people write."""
    masks(a=([[0, 1]], [[0, 1]]))
    assert scored("--metrics", "iou, dice")[0] == 0


@pytest.mark.parametrize("by", ["raw", "truth", "pred", "all"])
@pytest.mark.parametrize("form", ["table", "md", "csv"])
def test_a_matrix_of_nothing(invoke, masks, tmp_path, by, form):
    """Asking for the matrix of a run without any good pair ends with 3, as without asking."""
    masks(a=([[0]], [[0]]))
    (tmp_path / "pred/a.png").write_bytes(b"")
    assert invoke("score", "pred", "truth", "--confusion", by, "--format", form).exit_code == 3


@pytest.mark.parametrize("by", ["raw", "truth"])
def test_a_matrix_of_very_many_classes(invoke, save, by):
    """More ids than a matrix can show: no crash."""
    ids = np.arange(2100, dtype=np.uint16).reshape(1, -1)
    save("pred/a.npy", ids)
    save("truth/a.npy", ids)
    assert invoke("score", "pred", "truth", "--confusion", by, "--metrics", "iou").exit_code == 0


def test_shares_of_the_matrix(invoke, masks):
    """Rows, columns or all pixels sum to 1. Truth 0 0 0 1 against 0 0 1 1."""
    masks(a=([[0, 0, 1, 1]], [[0, 0, 0, 1]]))
    wanted = {
        "raw": [[2, 1, 0], [0, 1, 0]],
        "truth": [[2 / 3, 1 / 3, 0], [0, 1, 0]],
        "pred": [[1, 1 / 2, math.nan], [0, 1 / 2, math.nan]],
        "all": [[2 / 4, 1 / 4, 0], [0, 1 / 4, 0]],
    }
    for by, cells in wanted.items():
        text = invoke("score", "pred", "truth", "--confusion", by, "--format", "csv").stdout
        rows = list(csv.reader(io.StringIO(text)))
        assert rows[0] == ["id", "truth \\ prediction", "0", "1", "other"]
        found = [[float(cell or "nan") for cell in row[2:]] for row in rows[1:]]
        np.testing.assert_allclose(found, cells, rtol=1e-12)


def test_beta_and_mean(scored, masks):
    """Options off their defaults. 0: tp 1, fp 2, fn 0.  1: tp 1, fp 0, fn 2.

    F₀.₅: 0: 1.25 / (1.25 + 2) = 5/13.  1: 1.25 / (1.25 + 0.25·2) = 5/7.  IoU: 1/3, 1/3.
    """
    masks(a=([[0, 0, 0, 1]], [[0, 1, 1, 1]]))
    _, document, _ = scored("--beta", "0.5", "--metrics", "f_beta", "--mean", "harmonic")
    assert [row["f_beta@0.5"] for row in document["classes"]] == [pytest.approx(5 / 13), pytest.approx(5 / 7)]
    # recall 1 and 1/3: harmonic mean 2 / (1 + 3)
    assert document["summary"]["mean_accuracy"] == pytest.approx(1 / 2)
    assert "dice" not in document["classes"][0]


@pytest.fixture
def two(masks, tmp_path):
    """Two pairs, found; gives a function that scores what was found."""

    from segeval.data.folders import Layout
    from segeval.evaluate.measure import evaluate, find_pairs
    from segeval.run.options import Options

    masks(a=([[0, 1]], [[0, 1]]), b=([[0, 1]], [[0, 1]]))
    found = find_pairs(str(tmp_path / "pred"), str(tmp_path / "truth"), Layout())
    return lambda: evaluate(found, Options(), jobs=1)


@pytest.mark.parametrize("name", ["pred/b.png", "truth/b.png"])
def test_a_file_that_is_gone(two, tmp_path, name):
    """Deleted between the first and the last look: that pair fails with the file's name."""
    (tmp_path / name).unlink()
    run = two()
    assert [(note.id, note.code) for note in run.failures] == [("b", "SEG244")]
    assert name in run.failures[0].message
    assert [record.id for record in run.records] == ["a"]


def test_a_file_that_grows(two, tmp_path, monkeypatch):
    """Changed while it is read: no number is made from it."""
    calls, fstat = [], os.fstat

    def growing(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:  # the second look at the first file
            with open(tmp_path / "pred/a.png", "ab") as stream:
                stream.write(b"more")
        return fstat(descriptor)

    monkeypatch.setattr("segeval.io.os.fstat", growing)
    run = two()
    assert [(note.id, note.code) for note in run.failures] == [("a", "SEG245")]
    assert [record.id for record in run.records] == ["b"]


def test_the_published_numbers_of_the_sample(invoke, root):
    """The authors of the sample publish its scores: see `sample_data/README.md`."""
    data = root / "sample_data"
    args = [data / "pred", data / "truth", "--classes", data / "classes.csv", "--presence", "truth"]
    summary = json.loads(invoke("score", *args, "--format", "json").stdout)["summary"]
    assert summary["miou_dataset"] == pytest.approx(0.7769367702513847, abs=1e-12)
    assert summary["pixel_accuracy"] == pytest.approx(0.9759265266143856, abs=1e-12)
    assert summary["fw_iou"] == pytest.approx(0.9596580841723501, abs=1e-12)


@pytest.mark.parametrize("form", ["table", "csv", "md", "json"])
def test_no_image_scored_is_an_error_and_no_table(invoke, tmp_path, masks, form):
    """The error alone, and a document for programs that says so."""
    masks(a=([[0, 1]], [[0, 1]]))
    (tmp_path / "pred" / "a.png").write_bytes(b"no picture")
    found = invoke("score", "pred", "truth", "--format", form)
    assert (found.exit_code, "SEG2" in found.stderr, "0 images" in found.stderr) == (3, True, False)
    assert bool(found.stdout) == (form == "json")


def test_classes_in_another_order(invoke, masks, tmp_path):
    """The least first, what is undefined last; the stored run stays as it is."""
    masks(a=([[0, 1, 1, 2]], [[0, 0, 1, 2]]))
    found = invoke("score", "pred", "truth", "--classes", "road,cat,dog,owl", "--sort", "precision", "-o", "out")
    assert found.exit_code == 0, found.output
    names = [line.split()[1] for line in found.stdout.splitlines()[2:6]]
    assert names == ["cat", "road", "dog", "owl"]
    assert json.loads((tmp_path / "out/run.json").read_text())["classes"][0]["name"] == "road"
    refused = invoke("score", "pred", "truth", "--sort", "iuo")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "did you mean 'iou'?" in refused.stderr


def test_more_or_no_worst_images(invoke, masks):
    masks(a=([[0, 1]], [[0, 0]]), b=([[1, 1]], [[0, 0]]))
    assert invoke("score", "pred", "truth", "--worst", "1").stdout.splitlines()[-1].endswith("worst: b 0.0000")
    assert "worst" not in invoke("score", "pred", "truth", "--worst", "0").stdout.splitlines()[-1]


def test_the_largest_confusions_are_named(invoke, masks):
    masks(a=([[0, 1, 1, 2]], [[0, 0, 1, 2]]))
    text = invoke("score", "pred", "truth", "--classes", "road,cat,dog").stdout
    assert "largest confusions: road → cat 1 pixel (50 % of road)\n" in text
