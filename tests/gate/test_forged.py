"""Tests of runs that were edited: what a rule uses is what the tables beside run.json give."""

import copy
import hashlib
import json
import re
import shutil

import numpy as np
import pytest

import segeval
import segeval.report.verdict
from segeval.errors import BadBaseline, UnreadableRun
from segeval.gate import Rule, judge
from segeval.gate.baseline import read
from segeval.run import folder as folders
from segeval.run.numbers import numbers
from segeval.run.results import Results

CLASSES = "id,name,group\n0,road,ground\n1,car,thing\n2,sky,ground\n"


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A stored run of four images, of all metrics, with groups of classes and two losses."""
    place = tmp_path_factory.mktemp("scored")
    random = np.random.RandomState(3)
    for side in ("pred", "truth"):
        (place / side).mkdir()
    for name in ("a_1", "a_2", "b_1", "=b_2"):
        truth = random.randint(0, 3, (6, 7)).astype(np.uint8)
        pred = np.where(random.random_sample(truth.shape) < 0.3, random.randint(0, 3, truth.shape), truth)
        np.save(place / "truth" / f"{name}.npy", truth)
        np.save(place / "pred" / f"{name}.npy", pred.astype(np.uint8))
    (place / "classes.csv").write_text(CLASSES)
    options = {"classes": str(place / "classes.csv"), "losses": "dice,focal", "metrics": "overlap"}
    run = segeval.score(place / "pred", place / "truth", **options)
    (place / "run").mkdir()
    folders.write(run, place / "run")
    return place / "run"


@pytest.fixture
def stored(scored, tmp_path):
    """A copy of the run, to be edited."""
    return shutil.copytree(scored, tmp_path / "run")


def edit(folder, place, value):
    """Change one value of run.json; `value` may be a function of the old one."""
    document = json.loads((folder / "run.json").read_text())
    *outer, last = place
    inner = document
    for key in outer:
        inner = inner[key]
    inner[last] = value(inner[last]) if callable(value) else value
    (folder / "run.json").write_text(json.dumps(document))


def resigned(folder, table, change):
    """Change a table and let run.json say that it is the table it was written with."""
    path = folder / table
    path.write_text(change(path.read_text()))
    edit(folder, ("files", table), hashlib.sha256(path.read_bytes()).hexdigest())


def test_every_number_of_an_honest_run_holds(stored):
    """What run.json says is what its tables give, for each number that it has."""
    run = Results.read(str(stored))
    assert run.beside
    for number in numbers(run.outline):
        run.value(number)


def test_every_edited_number_is_found(stored):
    """A little more, or nothing at all: the rule that asks for it is not judged."""
    honest = json.loads((stored / "run.json").read_text())
    table = Results.read(str(stored)).rows
    found = 0
    for number in numbers(Results.read(str(stored)).outline):
        for change in (lambda value: value - 1e-6 if isinstance(value, float) else value + 1, lambda _: None):
            document = copy.deepcopy(honest)
            *outer, last = number.path
            inner = document
            for key in outer:
                inner = inner[key]
            if inner[last] is None:
                continue
            inner[last] = change(inner[last])
            with pytest.raises(UnreadableRun, match=f"run.json says that {re.escape(number.title)} is"):
                Results("x", document, lambda: table, beside=True).value(number)
            found += 1
    assert found > 200


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("summary", "pixel_accuracy"), 0.99),
        (("summary", "miou_image"), 0.99),
        (("summary", "miou_dataset"), 0.99),
        (("classes", 0, "iou"), 0.99),
        (("classes", 0, "iou"), 99),
        (("classes", 0, "n_missed"), 3),
        (("losses", "dice", "value"), 0.01),
        (("losses", "dice", "per_class", "road"), 0.01),
        (("summary", "group_miou_class"), 0.99),
    ],
)
def test_an_edited_run_ends_with_3_and_an_edited_baseline_with_4(stored, scored, place, value):
    """The file is named, what it says, and what its tables give."""
    edit(stored, place, value)
    texts = ["pixel_accuracy", "miou_image", "miou_dataset", "iou[road]", "loss.dice", "loss.dice[road]"]
    rules = [Rule.parse(f"{text} drop <= 0.9") for text in [*texts, "group_miou_class"]]
    rules.append(Rule.parse("n_missed[0] <= 9"))
    with pytest.raises(UnreadableRun) as caught:
        judge(rules, Results.read(str(stored)), str(scored))
    assert (caught.value.exit_code, str(stored) in caught.value.message) == (3, True)
    with pytest.raises(BadBaseline, match="baseline") as caught:
        judge(rules, Results.read(str(scored)), str(stored))
    assert (caught.value.exit_code, str(stored) in caught.value.message) == (4, True)


def test_a_number_that_no_rule_uses_is_not_asked_for(stored):
    """It costs nobody a verdict."""
    edit(stored, ("summary", "miou_image"), 0.99)
    assert judge([Rule.parse("iou[road] >= 0.1")], Results.read(str(stored))).exit_code == 0


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("summary", "miou_dataset"), 99, r"miou_dataset is 99, outside 0 … 1"),
        (("summary", "miou_dataset"), -0.1, "outside 0 … 1"),
        (("classes", 1, "mcc"), -1.5, r"mcc\[car\] is -1.5, outside -1 … 1"),
        (("classes", 2, "tp"), -3, r"tp\[sky\] is -3, outside 0 … inf"),
        (("groups", 0, "dice"), 1.01, r"dice\[ground\] is 1.01"),
        (("classes", 0, "tp"), 1 << 70, "unexpected"),
        (("losses", "dice", "value"), 1 << 70, "unexpected"),
        (
            ("images", "failed"),
            [{"id": "x", "code": "SEG201", "message": "m"}],
            "complete is true, and 1 images failed",
        ),
        (("images", "paired"), 5, "complete is true, and 4 of 5 images were scored"),
        (("images", "scored"), 3, "complete is true, and 3 of 4 images were scored"),
        (("images", "missing"), 3, "TypeError"),
        (("options", "ignore"), 3, "TypeError"),
    ],
)
def test_a_document_that_cannot_be(stored, place, value, said):
    """Refused when it is read, with its tables or alone: scores out of range, a whole run with failures."""
    edit(stored, place, value)
    for _ in range(2):
        with pytest.raises(UnreadableRun, match=said):
            Results.read(str(stored))
        with pytest.raises(BadBaseline, match=said):
            read(str(stored))
        for table in stored.glob("*.csv"):
            table.unlink()


def test_a_fingerprint_that_is_not_its_own(stored):
    """It says of which images and truths a run is."""
    edit(stored, ("fingerprint",), "0" * 64)
    with pytest.raises(UnreadableRun, match="the fingerprint is not that of its images"):
        judge([Rule.parse("miou_dataset >= 0.1")], Results.read(str(stored)))


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (
            "images.csv",
            lambda text: re.sub(r"(road,\d+,\d+),(\d+),", lambda m: f"{m[1]},{int(m[2]) + 1},", text, count=1),
        ),
        ("records.csv", lambda text: re.sub(r",(\d+),42,", lambda m: f",{int(m[1]) - 1},42,", text, count=1)),
        ("records.csv", lambda text: text.replace("a_1,", "a_9,")),
        ("images.csv", lambda text: "\n".join(text.splitlines()[:-3]) + "\n"),
    ],
)
def test_edited_tables_deny_the_document(stored, table, change):
    """With check sums made anew, and without."""
    resigned(stored, table, change)
    rules = [Rule.parse("pixel_accuracy >= 0.1"), Rule.parse("iou[road] >= 0.1")]
    with pytest.raises(UnreadableRun):
        judge(rules, Results.read(str(stored)))
    edit(stored, ("files", table), "0" * 64)
    with pytest.raises(UnreadableRun, match=f"{table} is not the file"):
        judge(rules, Results.read(str(stored)))


def test_a_run_alone_is_judged_with_a_caution(stored, scored):
    """Nothing confirms its numbers, and every report says so; as a baseline too."""
    for table in stored.glob("*.csv"):
        table.unlink()
    rules = [
        Rule.parse("miou_dataset >= 0.1"),
        Rule.from_table({"metric": "iou", "classes": "*", "max_drop": 0.5, "test": "none"}, 2),
    ]
    said = f"{stored}: there are no tables beside run.json, so that nothing confirms its numbers"
    for sides in ((stored, scored), (scored, stored)):
        document = judge(rules, Results.read(str(sides[0])), str(sides[1])).document()
        assert (document["verdict"], document["cautions"]) == ("pass", [said])
        assert f"caution: {said}" in segeval.report.verdict.verdict_lines(document)
    assert judge(rules, Results.read(str(scored)), str(scored)).document()["cautions"] == []
