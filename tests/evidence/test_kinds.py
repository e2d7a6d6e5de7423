"""A new kind of evidence is scored, resampled, gated, compared and printed by everything, and nothing knows it."""

import csv
import json
import math

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from support import toy

from segeval.cli.main import cli
from segeval.evidence.kinds import EVIDENCE

TRUTH = {"a": [[0, 0], [0, 1], [1, 1]], "b": [[0, 0], [0, 0], [2, 2]], "c": [[1, 1], [1, 1], [0, 0]]}
PRED = {"a": [[0, 1], [0, 1], [1, 1]], "b": [[0, 0], [2, 0], [0, 0]], "c": [[1, 0], [1, 1], [0, 1]]}
# By hand: pixels of classes 0, 1, 2 that are predicted, and the last row of each, from 1.
AREA = {"a": [2, 4, 0], "b": [5, 0, 1], "c": [2, 4, 0]}
REACH = {"a": [2, 3, math.nan], "b": [3, math.nan, 2], "c": [3, 3, math.nan]}
STEP = 4


@pytest.fixture(autouse=True)
def _listed():
    with toy.listed():
        yield


@pytest.fixture
def invoke(tmp_path):
    for side, masks in (("pred", PRED), ("gt", TRUTH), ("truth_as_pred", TRUTH)):
        for name, labels in masks.items():
            (tmp_path / side).mkdir(exist_ok=True)
            np.save(tmp_path / side / f"{name}.npy", np.array(labels, np.uint8))

    def invoked(*args, exit_code=0):
        named = [str(tmp_path / arg[1:]) if arg.startswith("@") else arg for arg in args]
        result = CliRunner().invoke(cli, named)
        assert result.exit_code == exit_code, result.output
        return result.stdout

    return invoked


def score(invoke, pred, out, *more):
    asked = ("--num-classes", "3", "--metrics", "iou,toy", "-p", f"toy_reach.step={STEP}")
    return invoke("score", pred, "@gt", *asked, "-o", out, *more)


def test_scored_and_stored(invoke, tmp_path, root):
    """The numbers of paper: sums are of the data set, values are means over images."""
    score(invoke, "@pred", "@out", "--ci", "--resamples", "200")
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    jsonschema.validate(run, json.loads((root / "segeval" / "schemas" / "run.schema.json").read_text()))
    assert [row["toy_area"] for row in run["classes"]] == [9, 8, 1]
    reach = [(2 + 3 + 3) / 3 / STEP, 3 / STEP, 2 / STEP]
    assert [row[f"toy_reach@{STEP}"] for row in run["classes"]] == pytest.approx(reach)
    images = [np.nanmean(REACH[name]) / STEP for name in "abc"]
    assert run["summary"][f"mreach_image@{STEP}"] == pytest.approx(np.mean(images))
    assert (
        run["summary"][f"mreach_dataset@{STEP}"]
        == run["summary"][f"mreach_class@{STEP}"]
        == pytest.approx(np.mean(reach))
    )
    assert run["options"]["metric_params"] == {"toy_reach": {"step": STEP}}
    low, high = (run["ci"]["summary"][f"mreach_image@{STEP}"][side] for side in ("low", "high"))
    assert min(images) - 1e-12 <= low < run["summary"][f"mreach_image@{STEP}"] < high <= max(images) + 1e-12
    with open(tmp_path / "out" / "images.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [int(row["toy.area"]) for row in rows] == [n for name in "abc" for n in AREA[name]]
    assert [float(row["toy.reach"] or "nan") for row in rows] == pytest.approx(
        [n for name in "abc" for n in REACH[name]], nan_ok=True
    )


@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
def test_printed(invoke, form):
    """Every format has the metrics and their means."""
    text = score(invoke, "@pred", "@out", "--format", form)
    for shown in ("0.6667", "0.7500") if form in ("table", "md") else ("0.6666666666666666", "0.75"):
        assert shown in text, text
    assert {"table": f"Reach@{STEP}", "md": "Reach\\@"}.get(form, f"toy_reach@{STEP}") in text


def test_gated(invoke, tmp_path):
    """By class, by mean, over images and by drop from a baseline; as a run of another parameter too."""
    score(invoke, "@truth_as_pred", "@before")
    score(invoke, "@pred", "@out")
    rules = [
        "toy_reach[0] <= 0.67",
        "toy_area[1] >= 8",
        "mreach_dataset <= 0.7",
        "toy_reach[0] over images max <= 0.75",
    ]
    found = json.loads(invoke("gate", "@out", *(part for rule in rules for part in ("-r", rule)), "--json"))
    assert [rule["verdict"] for rule in found["rules"]] == ["pass"] * 4
    found = json.loads(invoke("gate", "@out", "-r", "toy_reach[0] <= 0.66", "--json", exit_code=1))
    assert found["rules"][0]["checks"][0]["value"] == pytest.approx(8 / 3 / STEP)
    drops = ("-r", "mreach_image drop <= 0.5", "-r", "toy_area[2] drop <= 0", "--baseline", "@before")
    found = json.loads(invoke("gate", "@out", *drops, "--json", "--openmetrics", "@numbers.txt"))
    drop, area = (rule["checks"][0] for rule in found["rules"])
    assert drop["change"] == pytest.approx(drop["baseline"] - drop["value"])  # less is better
    assert (area["value"], area["baseline"], area["change"]) == (1, 2, -1)
    assert f'segeval_toy_reach_{STEP}{{class="1"}} 0.75' in (tmp_path / "numbers.txt").read_text()


def test_compared(invoke):
    """The difference, and which side is better."""
    score(invoke, "@truth_as_pred", "@before")
    score(invoke, "@pred", "@out")
    found = json.loads(
        invoke("compare", "@before", "@out", "-n", "toy_area[*]", "-n", "mreach_class", "--format", "json")
    )
    better = {number["number"]: number["better"] for number in found["numbers"]}
    assert better == {
        "toy_area[0]": "higher",
        "toy_area[1]": "higher",
        "toy_area[2]": "higher",
        f"mreach_class@{STEP}": "lower",
    }
    differences = {number["number"]: number["differences"][0]["difference"] for number in found["numbers"]}
    assert [differences[f"toy_area[{k}]"] for k in range(3)] == [9 - 9, 8 - 7, 1 - 2]


def test_section(invoke, tmp_path, root):
    """By hand, from AREA: the section of `run.json`, and the same numbers wherever numbers go."""
    score(invoke, "@pred", "@out", "--ci", "--resamples", "200", "--confidence", "0.9")
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    jsonschema.validate(run, json.loads((root / "segeval" / "schemas" / "run.schema.json").read_text()))
    assert run["toy"]["overall"] == pytest.approx({"area": 18, "share": 1 / 18})
    assert run["toy"]["images"] == {"share": pytest.approx(1 / 6 / 3)}
    assert run["toy"]["mean"] == pytest.approx({"area": 6, "area_1_2": 4.5})
    assert run["toy"]["steps"] == {"7": {"area": pytest.approx(18 / 7)}}
    assert run["toy"]["per_class"]["1"] == pytest.approx({"area": 8, "toy_area": 8, f"toy_reach@{STEP}": 3 / STEP})
    assert run["toy"]["per_class"].keys() == {"0", "1", "2"}
    found = run["ci"]["toy"]["toy.share"]
    assert 0 <= found["low"] <= 1 / 18 <= found["high"] <= 1 / 6
    flat = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert flat["toy/share"] == run["toy"]["overall"]["share"]
    assert flat["toy/area_7"] == pytest.approx(18 / 7)
    assert flat["toy/area_of/2"] == 1


def test_section_is_ruled_on_and_compared(invoke, tmp_path):
    """Rules, drops from a baseline, single images, comparison and OpenMetrics know the numbers of sections."""
    score(invoke, "@truth_as_pred", "@before")
    score(invoke, "@pred", "@out")
    rules = [
        "toy.area >= 18",
        "toy.share <= 6%",
        "toy.share over images max <= 0.17",
        "toy.mean_area_1_2 >= 4.5",
        "toy.area_of[2] >= 1",
        "toy.area@7 >= 2.5",
        "toy.share drop <= 0.06",
    ]
    asked = ("@out", *(part for rule in rules for part in ("-r", rule)), "--baseline", "@before")
    found = json.loads(invoke("gate", *asked, "--json", "--openmetrics", "@numbers.txt"))
    assert [rule["verdict"] for rule in found["rules"]][:6] == ["pass"] * 6
    assert found["rules"][6]["checks"][0]["change"] == pytest.approx(1 / 18 - 2 / 18)
    text = (tmp_path / "numbers.txt").read_text()
    assert 'segeval_toy_area{of="steps/7"} 2.5714' in text
    assert 'segeval_toy_area{of="per_class/1"} 8' in text
    wrong = {"toy.area[1] >= 1": "no single class", "toy.area_of >= 1": "toy.area_of[*]", "toy.aera >= 1": "'area'"}
    for rule, said in wrong.items():
        result = CliRunner().invoke(cli, ["gate", str(tmp_path / "out"), "-r", rule])
        assert result.exit_code == 2, rule
        assert said in result.output
    compared = json.loads(invoke("compare", "@before", "@out", "--format", "json"))
    numbers = {each["number"]: each for each in compared["numbers"]}
    assert numbers["toy.share"]["values"] == pytest.approx([2 / 18, 1 / 18])
    assert "toy.area@7" not in numbers


def test_section_in_tables(invoke):
    """Main numbers under the names of rules; details in a table of their own."""
    text = score(invoke, "@pred", "@out")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "2 toy.share 0.0556" in lines
    assert "1 7 2.5714" in lines


def test_section_denied_by_its_tables(invoke, tmp_path):
    """A number of a section that is altered, or gone, is refused."""
    score(invoke, "@pred", "@out")
    path = tmp_path / "out" / "run.json"
    run = json.loads(path.read_text())
    run["toy"]["overall"]["share"] = 0.5
    path.write_text(json.dumps(run))
    invoke("gate", "@out", "-r", "toy.share >= 0", exit_code=3)
    for value in (1.5, "much"):
        run["toy"]["overall"]["share"] = value
        path.write_text(json.dumps(run))
        invoke("gate", "@out", "-r", "toy.area >= 0", exit_code=3)
    del run["toy"]["overall"]["share"]
    path.write_text(json.dumps(run))
    invoke("gate", "@out", "-r", "toy.area >= 0", exit_code=3)


def test_named(invoke):
    """`list` and `explain` print the declaration."""
    assert "toy_reach" in invoke("list", "metrics")
    assert "toy_reach = reach / step" in invoke("explain", "toy_reach")


def test_units(invoke, tmp_path):
    """A rule can ask for the unit that the metric declares."""
    score(invoke, "@pred", "@out")
    for unit, exit_code in (("pixel", 0), ("mm", 1)):
        rule = f'[[gate.rule]]\nmetric = "mreach_dataset"\nmax = 1\nunit = "{unit}"\n'
        (tmp_path / "segeval.toml").write_text(rule)
        invoke("gate", "@out", "--config", "@segeval.toml", exit_code=exit_code)


def test_it_adds_up_and_comes_back():
    """Sums are added over the ids of both, values are not of two images; stored and read it is the same."""
    a = toy.Toy((0, 2), np.array([3, 1]), np.array([2.0, math.nan]))
    b = toy.Toy((1, 2), np.array([5, 4]), np.array([1.0, 3.0]))
    both = a + b
    assert (both.ids, both.area.tolist()) == ((0, 1, 2), [3, 5, 5])
    assert np.isnan(both.reach).all()
    found = EVIDENCE["toy"].evidence.unpacked(EVIDENCE["toy"].evidence.packed([a, None, b]))
    assert found[1] is None
    for one, other in ((a, found[0]), (b, found[2])):
        assert one.ids == other.ids
        assert np.array_equal(one.area, other.area)
        assert np.array_equal(one.reach, other.reach, equal_nan=True)
