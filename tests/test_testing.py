"""Tests of the gate in a test."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from support.models import model

import segeval
from segeval.errors import BadBaseline, BadOption, BadRule, NoBaseline, OtherImages
from segeval.gate import Rule, judge
from segeval.report import verdict as gated
from segeval.testing import assert_gate

GOOD, BAD = model(), model(wrong=0.5, seed=2)


def test_a_good_run():
    """Gives the verdict, of a text, a table or a list of both."""
    assert assert_gate(GOOD, "miou_dataset >= 0.5").verdict == "pass"
    assert len(assert_gate(GOOD, {"metric": "miou_dataset", "min": 0.5}).rulings) == 1
    rules = ["miou_dataset >= 0.5", {"id": "x", "metric": "iou", "classes": "road", "max_drop": 0.01}]
    assert [ruling.id for ruling in assert_gate(GOOD, rules, GOOD).rulings] == ["miou_dataset >= 0.5", "x"]


def test_a_bad_run():
    """The failure is what the command prints."""
    with pytest.raises(AssertionError) as caught:
        assert_gate(BAD, ["miou_dataset drop <= 0.01"], GOOD, resamples=200, seed=3)
    title, *lines = str(caught.value).splitlines()
    assert title == "segeval gate"
    assert lines[0].split()[:3] == ["rule", "number", "limit"]
    assert lines[-1].startswith("FAIL  1 of 1 rule · miou_dataset 0.")
    assert "200 resamples (seed 3)" in str(caught.value)


def test_the_text_is_that_of_the_gate():
    """To the letter."""
    rule = {"id": "a", "metric": "miou_dataset", "min": 0.99}
    wanted = io.StringIO()
    gated.write(judge([Rule.from_table(rule, 1)], GOOD).document(), wanted)
    with pytest.raises(AssertionError) as caught:
        assert_gate(GOOD, rule)
    assert str(caught.value) == f"segeval gate\n{wanted.getvalue().rstrip()}"


def test_settings_reach_the_gate():
    """Each off its default."""
    maybe = {"metric": "miou_dataset", "max_drop": 0, "test": "noninferiority"}
    assert assert_gate(GOOD, maybe, GOOD).verdict == "pass"
    other = model(seed=3)
    assert assert_gate(other, maybe, GOOD).verdict == "inconclusive"
    with pytest.raises(AssertionError, match="INCONCLUSIVE|FAIL"):
        assert_gate(other, maybe, GOOD, inconclusive="fail")
    verdict = assert_gate(other, maybe, GOOD, group_by="^[A-C]", confidence=0.8, resamples=300, seed=9)
    assert verdict.document()["statistics"] == {
        **{"group_by": "^[A-C]", "confidence": 0.8, "resamples": 300, "seed": 9},
    }
    few = model(images=range(12))
    with pytest.raises(OtherImages):
        assert_gate(few, maybe, GOOD)
    assert assert_gate(few, maybe, GOOD, intersect=True).verdict == "pass"


@pytest.fixture
def runs(root: Path, tmp_path: Path):
    """A run of the sample data in memory, and where it is stored."""
    data = root / "sample_data"
    run = segeval.score(data / "pred", data / "truth", num_classes=19, ignore=[255])
    run.to_json(tmp_path / "run.json")
    return run, tmp_path


def test_runs_in_memory_and_on_disk(runs):
    """Both, on either side."""
    run, folder = runs
    rules = ["miou_dataset >= 0.7", {"metric": "miou_dataset", "max_drop": 0, "test": "none"}]
    for now in (run, folder, str(folder / "run.json")):
        for before in (run, folder / "run.json", str(folder)):
            assert assert_gate(now, rules, before).verdict == "pass"
    with pytest.raises(AssertionError, match="miou_dataset 0.7769, >= 0.8"):
        assert_gate(run, "miou_dataset >= 0.8")


def test_an_incomplete_run_does_not_pass(runs):
    """Even where every rule does."""
    _, folder = runs
    document = json.loads((folder / "run.json").read_text())
    document["complete"] = False
    (folder / "run.json").write_text(json.dumps(document))
    with pytest.raises(AssertionError, match="INCOMPLETE: PASS"):
        assert_gate(folder, "miou_dataset >= 0.5")


def test_what_cannot_be_judged(tmp_path):
    """Is an error with a code, never a failed assertion."""
    for rules, error in (("miou >= 0.5", BadRule), ([], BadRule), ("miou_dataset drop <= 1%", NoBaseline)):
        with pytest.raises(error):
            assert_gate(GOOD, rules)
    with pytest.raises(BadBaseline):
        assert_gate(GOOD, "miou_dataset >= 0.5", tmp_path)
    with pytest.raises(BadOption):
        assert_gate(GOOD, "miou_dataset >= 0.5", inconclusive="perhaps")
    with pytest.raises(TypeError):
        assert_gate(GOOD, "miou_dataset >= 0.5", resample=np.int64(3))


def test_rules_as_python_has_them():
    """NumPy numbers, tuples of classes, and rules that were made before."""
    table = {"metric": "iou", "classes": ("road", "sky"), "min": np.float64(0.25)}
    assert str(assert_gate(GOOD, table).rulings[0].rule) == "iou[road,sky] >= 0.25"
    rule = Rule.parse("miou_dataset > 0.1")
    assert assert_gate(GOOD, rule).rulings == assert_gate(GOOD, [rule]).rulings
