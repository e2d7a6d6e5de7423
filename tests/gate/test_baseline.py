"""Tests of baselines: what may be compared, read back, altered, cut, missing."""

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.models import model

import segeval
from segeval.errors import BadBaseline, BadRule, OtherClasses, OtherImages, UnreadableRun
from segeval.gate import Rule, judge
from segeval.gate.baseline import paired, read, renew
from segeval.run import folder as folders
from segeval.run.bootstrap import Draws
from segeval.run.results import Results

DROP = [Rule.parse("miou_dataset drop <= 0.1")]


@pytest.fixture(scope="module")
def sample(thumbnails):
    """A run of the sample data."""
    classes = str(thumbnails / "classes.csv")
    return segeval.score(thumbnails / "pred", thumbnails / "truth", classes=classes, losses="dice")


@pytest.fixture(scope="module")
def kept(sample, tmp_path_factory):
    """Its folder, which no test changes."""
    folder = tmp_path_factory.mktemp("kept")
    folders.write(sample, folder)
    return folder


@pytest.fixture
def stored(kept, tmp_path):
    """A copy of its folder, for a test to change."""
    return Path(shutil.copytree(kept, tmp_path / "base"))


def test_other_images_are_refused():
    """SEG303 counts them, and --intersect compares the others, with the same truth only."""
    run = replace(model(images=range(30)), name="now")
    before = replace(model(images=range(3, 36)), name="then")
    with pytest.raises(OtherImages, match=r"6 only in then .*, 3 only in now") as caught:
        paired(run, before)
    assert "27 images" in caught.value.hint
    found = judge(DROP, run, before, intersect=True)
    assert found.pair.run.rows.ids == found.pair.baseline.rows.ids == model(images=range(3, 30)).rows.ids
    assert found.document()["images"]["only_run"] == ["A_000", "B_001", "C_002"]
    alone = judge(DROP, model(images=range(3, 30)), model(images=range(3, 30)))
    assert replace(found.rulings[0].checks[0], number="") == replace(alone.rulings[0].checks[0], number="")


def test_another_truth_is_another_image():
    """The same id with another true mask is left out, and told."""
    run, before = model(images=range(5)), model(images=range(5))
    rows = replace(before.rows, truths=("x", *before.rows.truths[1:]))
    other = replace(before, document={**before.document, "fingerprint": "0" * 64}, load=lambda: rows)
    with pytest.raises(OtherImages, match=r"1 with another truth \(A_000\)"):
        paired(run, other)
    assert paired(run, other, intersect=True).other_truth == ("A_000",)
    assert len(paired(run, other, intersect=True).run.rows.ids) == 4


def test_no_image_in_common():
    """--intersect cannot help."""
    with pytest.raises(OtherImages):
        paired(model(images=range(3)), model(images=range(3, 6)), intersect=True)


def test_other_options_are_refused():
    """What changes the meaning of a number must match; how predictions are read need not."""
    run = model()
    with pytest.raises(OtherClasses, match='mean = "harmonic", this run with "arithmetic"'):
        paired(run, model(mean="harmonic"))
    with pytest.raises(OtherClasses, match=r"binary = true, this run with false"):
        paired(run, model(binary=True))
    assert paired(run, model(threshold=0.3, pred_pattern="x{id}", metrics=["iou"], ci={"seed": 1}))
    renamed = [{**row, "name": row["name"].upper()} for row in run.classes]
    with pytest.raises(OtherClasses, match="other classes than this run: ROAD, road, SKY, sky and 4 more"):
        paired(run, replace(run, document={**run.document, "classes": renamed}))


def edited(results, options=None, images=None, classes=None):
    """The same with some options, or images, or numbers of all classes changed in its document."""
    document = {**results.document}
    document["options"] = {**document["options"], **(options or {})}
    document["images"] = {**document["images"], **(images or {})}
    document["classes"] = [{**row, **(classes or {})} for row in document["classes"]]
    return replace(results, document=document)


@pytest.mark.parametrize(
    ("options", "before", "harmless"),
    [
        ({"missing": "worst"}, {"missing": "error"}, {}),
        ({"missing": "worst"}, {"missing": "skip"}, {}),
        ({"missing": "error"}, {"missing": "worst"}, {}),
        ({"missing": "skip"}, {"missing": "error"}, {"images": {"missing": ["x"]}}),
        ({"presence": "truth"}, {"presence": "union"}, {"classes": {"n_hallucinated": 0}}),
        ({"ignore": [255]}, {"ignore": []}, {}),
        ({"ignore": [3]}, {"ignore": [3, 7]}, {}),
        ({"classes": None}, {"classes": [[0, "road", ""]]}, {}),
        ({"beta": 1.0}, {"beta": 2.0}, {}),
        ({"one_hot": True}, {}, {}),
        ({"map": {"pred": "shift:+1"}}, {}, {}),
        ({"map": {"pred": [[3, 1]], "gt": "shift:-1"}}, {"map": {"gt": "shift:-1"}}, {}),
        ({"pred_array": "mask"}, {"pred_array": "labels"}, {}),
        ({}, {"ignore_geometry": True}, {}),
        ({"background": 0, "border_connectivity": "full", "unit": "mm", "penalty": 30.0}, {}, {}),
        ({}, {"background": None, "unit": "pixel"}, {}),
    ],
)
def test_options_that_changed_no_number_may_differ(options, before, harmless):
    """Nothing is missing, hallucinated or ignored; nobody asks for a metric with that parameter."""
    assert paired(edited(model(), options, **harmless), edited(model(), before, **harmless))


@pytest.mark.parametrize(
    ("options", "before", "run", "baseline"),
    [
        ({"missing": "worst"}, {"missing": "error"}, {"images": {"missing": ["x"]}}, {}),
        ({"missing": "error"}, {"missing": "worst"}, {}, {"images": {"missing": ["x"]}}),
        ({"presence": "truth"}, {"presence": "union"}, {"classes": {"n_hallucinated": 1}}, {}),
        ({"presence": "truth"}, {"presence": "union"}, {}, {"classes": {"n_hallucinated": 1}}),
        ({"ignore": [255]}, {"ignore": []}, {"classes": {"tn": 1}}, {}),
        ({"ignore": [2]}, {"ignore": [3]}, {}, {}),
        ({"mean": "harmonic"}, {"mean": "arithmetic"}, {}, {}),
        ({"map": {"gt": "shift:+1"}}, {}, {}, {}),
        ({"map": {"gt": "shift:+1", "pred": [[3, 1]]}}, {"map": {"gt": [[3, 1]], "pred": [[3, 1]]}}, {}, {}),
        ({"gt_array": "mask"}, {"gt_array": "labels"}, {}, {}),
        ({"truth_threshold": 0.4}, {"truth_threshold": 0.6}, {}, {}),
        ({"background": 0}, {"background": None}, {}, {}),
        ({"border_connectivity": "full"}, {"border_connectivity": "face"}, {}, {}),
        ({"unit": "mm", "background": 1}, {"unit": "pixel", "background": 1}, {}, {}),
        ({"penalty": 30.0, "background": 1}, {"background": 1}, {}, {}),
    ],
)
def test_options_that_changed_a_number_may_not_differ(options, before, run, baseline):
    """On either side; ids that only one ignores, and only the other, cannot be told apart by their pixels."""
    with pytest.raises(OtherClasses, match=next(iter(options))):
        paired(edited(model(), options, **run), edited(model(), before, **baseline))


def test_another_way_to_read_the_files_is_no_other_run(save, tmp_path):
    """Ids that begin with 1, beside the same predictions as they are."""
    for id_, truth in (("a", [[0, 1], [2, 2]]), ("b", [[0, 0], [1, 2]])):
        save(f"gt/{id_}.npy", np.array(truth, np.uint8))
        save(f"plain/{id_}.npy", np.array([[0, 1], [1, 2]], np.uint8))
        save(f"shifted/{id_}.npy", np.array([[1, 2], [2, 3]], np.uint8))
    one = segeval.score(tmp_path / "plain", tmp_path / "gt", num_classes=3)
    other = segeval.score(tmp_path / "shifted", tmp_path / "gt", num_classes=3, map=["pred:shift:-1"])
    assert paired(Results.of(one), Results.of(other)).run.rows.ids == ("a", "b")
    assert one.summary["miou_dataset"] == other.summary["miou_dataset"] == pytest.approx((2 / 3 + 1 / 2 + 2 / 3) / 3)


def test_a_metric_with_another_parameter_is_refused():
    """By the rule that asks for it, and by no other; its value stands alone."""
    run, before = model(beta=1.0), model(beta=2.0)
    with pytest.raises(OtherClasses, match=r"f_beta is f_beta@2 in this run and f_beta@1 in this run"):
        judge([Rule.parse("f_beta[0] drop <= 0.1")], run, before)
    assert judge([*DROP, Rule.parse("f_beta[0] >= 0.1")], run, before).verdict == "pass"


def test_a_loss_with_other_parameters_is_refused(thumbnails):
    """The same name is not the same number."""
    data = thumbnails
    options = {"classes": str(data / "classes.csv"), "losses": "tversky"}
    now, before = (
        Results.of(segeval.score(data / "pred", data / "truth", **options, params=[f"tversky.fn_weight={weight}"]))
        for weight in (0.7, 0.6)
    )
    rules = [Rule.parse("loss.tversky drop <= 0.1")]
    with pytest.raises(OtherClasses, match="params"):
        judge(rules, now, before)
    assert judge(rules, now, now).exit_code == 0
    assert judge(DROP, now, before).exit_code == 0


def test_a_stored_run_judges_as_the_run_in_memory(sample, stored):
    """By its folder or by its run.json."""
    rules = [
        Rule.parse(text) for text in ("group_miou_class drop <= 0.1", "loss.dice[road] over images p95 drop <= 0.2")
    ]
    documents = [
        judge(rules, results, str(stored)).document()
        for results in (Results.of(sample), Results.read(str(stored)), Results.read(str(stored / "run.json")))
    ]
    assert documents[0] == documents[1] == documents[2]
    assert documents[0]["verdict"] == "pass"


def test_a_run_without_tables_has_floors_only(stored):
    """What its document says can be judged; statistics say what they need."""
    for name in ("images.csv", "records.csv", "confusion.csv", "confusion_images.csv"):
        (stored / name).unlink()
    run = Results.read(str(stored / "run.json"))
    rules = [Rule.parse(text) for text in ("miou_dataset >= 0.7", "iou[road] > 0.9", "loss.dice <= 0.5")]
    assert judge(rules, run).exit_code == 0
    none = Rule.from_table({"metric": "miou_dataset", "max_drop": 0, "test": "none"}, 1)
    assert judge([none], run, str(stored)).exit_code == 0
    with pytest.raises(UnreadableRun, match=r"records\.csv: No such file"):
        judge([Rule.parse("dice over images p05 >= 0.1")], run)


@pytest.mark.parametrize("name", ["records.csv", "images.csv"])
def test_an_altered_table_is_refused(stored, name):
    """One digit is enough; a baseline's fault ends with 4, a run's with 3."""
    run = Results.read(str(stored))
    assert run.rows
    text = (stored / name).read_text()
    (stored / name).write_text(text[:-2] + ("1" if text[-2] != "1" else "2") + "\n")
    with pytest.raises(BadBaseline, match=f"{name} is not the file") as caught:
        judge(DROP, run, str(stored))
    assert caught.value.exit_code == 4
    with pytest.raises(UnreadableRun, match=f"{name} is not the file") as caught:
        judge([Rule.parse("dice over images p05 >= 0.1")], Results.read(str(stored)))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-20], "not valid JSON"),
        (lambda text: "[]", "no run"),
        (lambda text: text.replace("segeval-run/1", "segeval-run/2"), "schema 'segeval-run/2'"),
        (lambda text: json.dumps({"schema": "segeval-run/1"}), "not a whole run"),
        (lambda text: json.dumps({**json.loads(text), "classes": 3}), "not a whole run"),
        (lambda text: json.dumps({**json.loads(text), "summary": [1]}), "not a whole run"),
        (lambda text: json.dumps({**json.loads(text), "options": {"metrics": ["iou"]}}), "not a whole run"),
        (lambda text: "[" * 100_000, "nested"),
        (lambda text: "", "not valid JSON"),
    ],
)
def test_a_run_that_is_none(stored, change, said):
    """Cut, empty, of a later version, of another shape: an error with the file's name."""
    path = stored / "run.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(UnreadableRun, match=said):
        Results.read(str(stored))
    with pytest.raises(BadBaseline, match=r"baseline .*run\.json"):
        read(str(stored))


def test_tables_that_do_not_fit_are_refused(stored):
    """A table with a row too few, though its check sum is right."""
    path = stored / "images.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    document = json.loads((stored / "run.json").read_text())
    document["files"]["images.csv"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (stored / "run.json").write_text(json.dumps(document))
    with pytest.raises(UnreadableRun, match="do not fit"):
        judge([Rule.parse("dice over images p05 >= 0.1")], Results.read(str(stored)))


def test_the_same_images_need_no_intersection():
    """Also where both are parts of larger runs."""
    run, before = (model(images=range(9)).changed(lambda rows: rows.only([1, 2]), whole=False) for _ in range(2))
    assert paired(run, before).run.rows.ids == run.rows.ids


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("summary", "miou_dataset"), "0.9"),
        (("summary", "miou_dataset"), True),
        (("files",), []),
        (("files", "images.csv"), 1),
        (("images", "failed"), 0),
        (("images", "scored"), type(None)),
        (("classes", 0, "name"), {}),
        (("classes", 0, "id"), []),
        (("classes", 0, "iou"), {}),
        (("classes", 0, "dice"), type(None)),
        (("losses",), []),
        (("losses", "dice"), True),
        (("losses", "dice", "value"), "x"),
        (("losses", "dice", "reduction"), type(None)),
        (("losses", "dice", "per_class"), {}),
        (("options", "losses"), 3),
        (("options", "group_by"), 3),
        (("complete",), "yes"),
        (("fingerprint",), None),
    ],
)
def test_a_document_of_another_kind(stored, place, value):
    """Whatever is missing or of another type is told, and is no fault of the program."""
    document = json.loads((stored / "run.json").read_text())
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    if value is type(None):
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    (stored / "run.json").write_text(json.dumps(document))
    with pytest.raises(BadBaseline, match="is not a whole run"):
        read(str(stored))


def test_what_is_no_file_is_not_waited_for(stored):
    """A pipe would never end; a name may be too long, or none."""
    for name in ("images.csv", "run.json"):
        (stored / name).unlink()
        os.mkfifo(stored / name)
        with pytest.raises(BadBaseline, match=f"{name} is no regular file"):
            _ = read(str(stored)).rows
    with pytest.raises(BadBaseline, match="too long"):
        read("x" * 5000)
    with pytest.raises(BadBaseline, match="no name of a file"):
        read("a\0b")


def test_ids_like_formulas_come_back(root, tmp_path):
    """What a table marks for spreadsheets is the same image, in the same group, as it was."""
    data = root / "sample_data"
    for kind in ("pred", "truth"):
        (tmp_path / kind).mkdir()
        for old, new in (("upper_left", "-1_a"), ("upper_right", "=b"), ("lower_right", "'c")):
            shutil.copy(data / kind / f"{old}.png", tmp_path / kind / f"{new}.png")
    draws = Draws("^(.)", resamples=200)
    run = segeval.score(tmp_path / "pred", tmp_path / "truth", classes=str(data / "classes.csv"))
    folders.write(run, tmp_path)
    back, here = (each.grouped(draws.grouping).rows for each in (Results.read(str(tmp_path)), Results.of(run)))
    assert back.ids == here.ids == ("'c", "-1_a", "=b")
    assert back.groups == here.groups == ("'", "-", "=")


def test_a_run_with_altered_tables_is_no_new_baseline(stored, tmp_path):
    """What --update-baseline copies can be read back."""
    with open(stored / "images.csv", "a") as table:
        table.write("x\n")
    with pytest.raises(UnreadableRun, match="is not the file"):
        renew(Results.read(str(stored)), str(tmp_path / "new"), ratchet=False, worse=[])
    assert not (tmp_path / "new").exists()


def test_a_baseline_of_other_metrics_and_losses(thumbnails):
    """What it does not tell comes from its rows; the limit of a loss needs no baseline that has it."""
    data = thumbnails
    options = {"classes": str(data / "classes.csv")}
    run = Results.of(segeval.score(data / "pred", data / "truth", losses="dice", **options))
    before = Results.of(segeval.score(data / "pred", data / "truth", metrics="iou", losses="none", **options))
    rules = [Rule.parse("mcc[0] drop <= 0"), Rule.parse("mcc[0] >= 0.5"), Rule.parse("loss.dice <= 1")]
    found = judge(rules, run, before)
    assert found.verdict == "pass"
    assert judge(rules[::-1], run, before).rulings == found.rulings[::-1]
    assert found.rulings[0].checks[0].p == 1
    assert [ruling.checks[0].baseline for ruling in found.rulings] == pytest.approx(
        [run.classes[0]["mcc"], run.classes[0]["mcc"], float("nan")], nan_ok=True
    )
    with pytest.raises(OtherClasses, match=r"loss\.dice has params null"):
        judge([Rule.parse("loss.dice drop <= 0.9")], run, before)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_baseline_that_measured_no_distances(thumbnails, swapped):
    """Its other numbers are compared all the same, and a drop of a distance has nothing to drop from."""
    options = {"classes": str(thumbnails / "classes.csv"), "losses": "none"}
    distances = {"metrics": "iou,nsd", "tolerance": [3], "penalty": 9.0, "border_connectivity": "full"}
    kinds = [distances, {"metrics": "iou"}]
    if swapped:
        kinds.reverse()
    run, before = (
        Results.of(segeval.score(thumbnails / "pred", thumbnails / "truth", **options, **each)) for each in kinds
    )
    found = judge([Rule.parse("iou[0] drop <= 0")], run, before)
    assert (found.verdict, found.rulings[0].checks[0].p) == ("pass", 1)
    with pytest.raises((BadRule, OtherClasses), match="nsd"):
        judge([Rule.parse("nsd@3[0] drop <= 0")], run, before)


def test_a_baseline_without_the_cells_of_its_groups(root, tmp_path):
    """The table of the groups is read late, and is the baseline's all the same."""
    data = root / "sample_data"
    classes = tmp_path / "classes.csv"
    classes.write_text("id,name,group\n" + "".join(f"{k},c{k},{'xy'[k % 2]}\n" for k in range(19)))
    run = segeval.score(data / "pred", data / "truth", classes=str(classes), ignore=[255])
    folders.write(run, tmp_path)
    (tmp_path / "confusion_images.csv").unlink()
    with pytest.raises(BadBaseline, match=r"confusion_images\.csv"):
        judge([Rule.parse("group_miou_dataset drop <= 0.1")], Results.of(run), str(tmp_path))


@pytest.mark.parametrize(("place", "value"), [(("summary", "miou_dataset"), 0.5), (("classes", 0, "tn"), 7)])
def test_a_document_that_its_tables_deny(stored, place, value):
    """An edited number gives no change that its own interval excludes."""
    document = json.loads((stored / "run.json").read_text())
    *outer, last = place
    inner = document
    for key in outer:
        inner = inner[key]
    inner[last] = value
    (stored / "run.json").write_text(json.dumps(document))
    with pytest.raises(BadBaseline, match="its tables do not fit it"):
        _ = read(str(stored)).rows


def test_how_the_classes_were_found_is_no_option(thumbnails):
    """The classes are the same, whether a loss made the run look for them first or the counts told them."""
    places = thumbnails / "pred", thumbnails / "truth"
    one, other = (Results.of(segeval.score(*places, ignore=[255], losses=losses)) for losses in ("dice", None))
    assert [run.document["options"].get("classes_found") for run in (one, other)] == [True, None]
    for run, before in ((one, other), (other, one)):
        assert judge(DROP, run, before, Draws(resamples=200)).rulings[0].checks[0].change == 0
