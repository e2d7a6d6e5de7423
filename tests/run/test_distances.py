"""Distances in runs: means with and without misses, penalties, units, rules, comparisons, and what is stored."""

import csv
import json
import math
import warnings

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

import segeval
from segeval.cli.main import cli
from segeval.errors import BadOption, BadParameter
from segeval.run.bootstrap import Stat, sums_with_inf
from segeval.run.numbers import find
from segeval.run.options import Options
from segeval.run.run import Run

INF = math.inf
# Pixels on a line: the class 1 begins and ends there, in truth and prediction. Its borders are the two ends.
TRUTH = {"a": (2, 7), "b": (2, 7), "c": None, "d": (3, 9)}
PRED = {"a": (2, 8), "b": None, "c": (5, 6), "d": (5, 9)}
SHAPE = (1, 12)
# By hand: the ends 2, 6 and 2, 7 (a) and 3, 8 and 5, 8 (d), whose distances both ways are 0, 1, 0, 1 and 2, 0, 2, 0.
HD = {"a": 1, "b": INF, "c": INF, "d": 2}
ASSD = {"a": 0.5, "b": INF, "c": INF, "d": 1}
NSD1 = {"a": 1, "b": 0, "c": 0, "d": 0.5}


def line(ends):
    array = np.zeros(SHAPE, np.uint8)
    if ends:
        array[0, ends[0] : ends[1]] = 1
    return array


def run(*names, **options):
    chosen = {"metrics": "surface", "num_classes": 3, **options}
    return segeval.score({n: line(PRED[n]) for n in names}, {n: line(TRUTH[n]) for n in names}, **chosen)


@pytest.fixture
def invoke(tmp_path):
    for side, masks in (("pred", PRED), ("gt", TRUTH), ("same", TRUTH)):
        (tmp_path / side).mkdir()
        for name, ends in masks.items():
            np.save(tmp_path / side / f"{name}.npy", line(ends))

    def invoked(*args, exit_code=0):
        named = [str(tmp_path / arg[1:]) if arg.startswith("@") else arg for arg in args]
        result = CliRunner().invoke(cli, named)
        assert result.exit_code == exit_code, result.output
        return result.output if exit_code > 1 else result.stdout

    return invoked


def test_means_over_images_stay_infinite_and_say_why():
    """One missed and one invented class; class 2 is in no mask, and the background has no surface."""
    found = run("a", "b", "d", tolerance=1)
    assert found.classes[1]["hd"] == found.summary["mhd_image"] == INF
    assert found.classes[1]["hd_finite"] == (1 + 2) / 2
    assert found.classes[1]["assd_finite"] == (0.5 + 1) / 2
    assert found.classes[1]["nsd@1"] == found.summary["mnsd_class@1"] == (1 + 0 + 0.5) / 3
    assert (found.classes[1]["n_missed"], found.classes[1]["n_hallucinated"]) == (1, 0)
    document = found.document()
    row = document["classes"][1]
    assert (row["hd"], row["undefined"]["hd"]) == (None, "empty-prediction")
    assert document["classes"][0]["undefined"]["hd"] == document["classes"][0]["undefined"]["nsd@1"] == "background"
    assert document["classes"][2]["undefined"]["hd_finite"] == "absent-in-both"
    assert document["undefined"]["mhd_image"] == {"skipped": 0, "of": 3, "reason": "infinite"}
    only = run("b").document()["classes"][1]["undefined"]
    assert only["hd"] == only["hd_finite"] == "empty-prediction"


def test_an_invented_class_counts_only_where_it_is_asked_for():
    """Under presence `truth` its distance is undefined, and left out."""
    assert run("a", "c").classes[1]["hd"] == INF
    lenient = run("a", "c", presence="truth")
    assert (lenient.classes[1]["hd"], lenient.classes[1]["n_hallucinated"]) == (1, 1)
    assert run("a", "c").document()["classes"][1]["undefined"]["hd"] == "empty-truth"


@pytest.mark.parametrize(("penalty", "length"), [(7.5, 7.5), ("diagonal", 12.0)])
def test_a_penalty_is_in_means_only(penalty, length):
    """The line is 12 pixels long; axes of length 1 have no length."""
    found = run("a", "b", "d", metrics="hd,nsd", penalty=penalty)
    assert found.classes[1]["hd"] == found.summary["mhd_class"] == found.summary["mhd_image"] == (1 + length + 2) / 3
    assert found.classes[1]["hd_finite"] == 1.5
    assert found.classes[1]["nsd@2"] == 2 / 3
    assert found.tables.values(found.options.scoring.entries[0])[:, 1].tolist() == [1, INF, 2]
    assert found.options.recorded()["penalty"] == penalty
    wide = run("a", "b", metrics="hd", penalty="diagonal", spacing=(3, 2.5))
    assert wide.classes[1]["hd"] == (2.5 + 30) / 2


def test_undefined_fills_no_background():
    """nsd of the background is none of the scores that a policy makes of undefined ones."""
    found = run("a", "d", metrics="nsd", undefined="zero", tolerance=1)
    assert math.isnan(found.classes[0]["nsd@1"])
    assert found.summary["mnsd_class@1"] == (0.75 + 0) / 2  # class 2 is absent, and zero


ABSENT = {"presence": "truth", "metrics": "hd,nsd", "undefined": "absent=best"}


def test_where_a_class_is_in_neither_mask_a_distance_can_be_none():
    """Class 2 is in no mask, class 1 not in the truth of c: distances 1, 2 and, of e, where it is in neither, 0."""
    empty = {"e": line(None)}
    pred, truth = ({n: line(side[n]) for n in "ad"} | empty for side in (PRED, TRUTH))
    found = segeval.score(pred, truth, num_classes=3, **{**ABSENT, "presence": "union"})
    assert found.classes[1]["hd"] == (1 + 2 + 0) / 3
    assert found.classes[1]["hd_finite"] == (1 + 2) / 2
    assert math.isnan(found.classes[2]["hd"])
    assert math.isnan(found.classes[0]["hd"])  # the background has no surface, and so no distance
    assert found.summary["mhd_class"] == (1 + 0) / 2  # with 0 of class 2
    assert found.summary["mhd_image"] == (1 / 2 + 2 / 2 + 0) / 3
    assert found.summary["mnsd_class@2"] == 1
    assert found.options.recorded()["undefined"] == {"absent-in-both": "best"}
    assert Options.from_record(found.options.recorded()).recorded() == found.options.recorded()
    invented = segeval.score([line(PRED["c"])], [line(TRUTH["c"])], num_classes=3, **ABSENT)
    assert math.isnan(invented.classes[1]["hd"])  # its truth is empty, which is another reason


def test_the_best_distance_is_drawn_and_judged(invoke, tmp_path):
    for side in ("pred", "same"):
        np.save(tmp_path / side / "e.npy", line(None))
    asked = ("--num-classes", "2", "--metrics", "hd", "--undefined", "absent=best", "--ci", "--resamples", "400")
    for name in "bc":
        for side in ("pred", "same"):
            (tmp_path / side / f"{name}.npy").unlink()
    invoke("score", "@pred", "@same", *asked, "-o", "@out")
    ci = json.loads((tmp_path / "out" / "run.json").read_text())["ci"]["summary"]["mhd_class"]
    assert (ci["low"], ci["high"]) == (0, 2)  # three images: all of e, all of d
    assert invoke("gate", "@out", "--isolated", "-r", "mhd_class <= 1.01")
    invoke("gate", "@out", "--isolated", "-r", "mhd_class <= 0.99", exit_code=1)


def test_options_add_the_metrics_and_are_recorded():
    """Tolerances stand for the default, percentiles beside 95; metrics that are asked for are not added to."""
    options = Options.of(tolerance=[3, 1], percentile=90, num_classes=2, spacing="2,0.5", border_connectivity="full")
    names = [each.printed for each in options.scoring.entries if each.family == "surface"]
    assert names[:6] == ["hd", "hd90_max", "hd95_max", "hd90_pooled", "hd95_pooled", "assd"]
    assert names[-3:] == ["nsd@1", "nsd@3", "boundary_iou@2%"]
    assert "iou" in options.scoring.names
    recorded = options.recorded()
    assert recorded["metric_params"]["nsd"] == {"tolerance": [1, 3]}
    assert (recorded["spacing"], recorded["border_connectivity"], recorded["background"]) == ([2, 0.5], "full", 0)
    again = Options.from_record(recorded)
    assert again.recorded() == recorded
    assert again.reading.spacing == (2, 0.5)
    assert Options.of(metrics="nsd", tolerance=1.5).scoring.names == ["nsd"]
    assert [e.printed for e in Options.of(metrics="hd90_max,nsd@4").scoring.entries] == ["hd90_max", "nsd@4"]
    assert Options.of(metrics="iou", penalty="diagonal").scoring.names[1] == "hd"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"penalty": "far"}, BadOption),
        ({"penalty": -1}, BadOption),
        ({"background": "sky", "metrics": "hd"}, BadOption),
        ({"spacing": "1,0", "metrics": "hd"}, BadOption),
        ({"spacing": "wide", "metrics": "hd"}, BadOption),
        ({"border_connectivity": "full"}, BadOption),
        ({"border_connectivity": "corner", "metrics": "hd"}, BadOption),
        ({"background": None}, BadOption),
        ({"tolerance": -1}, BadParameter),
        ({"percentile": 101}, BadParameter),
        ({"tolerance": 1, "params": ["nsd.tolerance=2"]}, BadOption),
        ({"metrics": "surface", "pool_by": "."}, BadOption),
        ({"metrics": "hd", "pool_by": "."}, BadOption),
    ],
)
def test_wrong_options(options, error):
    with pytest.raises(error):
        Options.of(**options)


def test_a_spacing_that_does_not_fit_names_the_mask(invoke):
    text = invoke("score", "@pred", "@gt", "--metrics", "hd", "--spacing", "1,2,3", exit_code=3)
    assert "SEG224" in text
    assert "has 2 axes, and --spacing 3 lengths" in text


def test_a_spacing_without_distances_is_refused_or_noted(invoke, tmp_path):
    """Typed it is an error; of a configuration, which may be of other runs too, a note."""
    assert "SEG117" in invoke("score", "@pred", "@gt", "--metrics", "iou", "--spacing", "2", exit_code=2)
    (tmp_path / "segeval.toml").write_text('[data]\nspacing = "1,2"\n')
    for command in ("score", "check"):
        result = CliRunner().invoke(
            cli, [command, *(str(tmp_path / n) for n in ("pred", "gt")), "--config", str(tmp_path / "segeval.toml")]
        )
        assert result.exit_code == 0, result.output
        assert "--spacing had no effect" in result.output
    assert segeval.score([line((1, 3))], [line((1, 4))], metrics="hd", spacing=[1, 2]).classes[1]["hd"] == 2


def test_unlike_units_are_a_doubt():
    """One image says how large a pixel is, the other does not."""
    evaluator = segeval.Evaluator(metrics="hd", num_classes=2)
    evaluator.update(line((1, 3)), line((1, 4)), batch=False, spacing=(2, 2))
    assert evaluator.compute().document()["options"]["unit"] == "mm"
    assert evaluator.compute().classes[1]["hd"] == 2
    evaluator.update(line((1, 3)), line((1, 4)), batch=False)
    found = evaluator.compute()
    assert found.document()["options"]["unit"] == "mixed"
    assert [note.code for note in found.doubts] == ["SEG220"]
    evaluator = segeval.Evaluator(metrics="hd", num_classes=2, spacing=3)
    evaluator.update(line((1, 3)), line((1, 4)), batch=False, spacing=(2, 2))
    assert (evaluator.compute().classes[1]["hd"], evaluator.compute().doubts) == (3, [])


def test_stored_and_read_back(invoke, tmp_path, root):
    """The tables tell inf; run.json is valid, and the run that is read back has the same bytes."""
    asked = ("score", "@pred", "@gt", "--num-classes", "3", "--metrics", "surface", "--ci", "--resamples", "300")
    invoke(*asked, "-o", "@out")
    text = (tmp_path / "out" / "run.json").read_text()
    document = json.loads(text)
    jsonschema.validate(document, json.loads((root / "segeval" / "schemas" / "run.schema.json").read_text()))
    with open(tmp_path / "out" / "images.csv", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["class_id"] == "1"]
    assert {row["id"]: float(row["hd"]) for row in rows} == HD
    assert {row["id"]: float(row["assd"]) for row in rows} == ASSD
    assert not [key for row in rows for key in row if key.startswith("surface.")]
    with open(tmp_path / "out" / "records.csv", newline="") as table:
        assert [float(row["surface.diagonal"]) for row in csv.DictReader(table)] == [12] * 4
    again = Run.read(tmp_path / "out")
    assert again.to_json(files=document["files"]) == text
    assert document["ci"]["summary"]["mnsd_image@2"]["high"] == 1
    low = document["ci"]["summary"]["mhd_image"]
    assert (low["high"], low["undefined"]) == (None, 0)
    invoke(*asked, "-o", "@out")  # the same may be written again


def test_parts_add_up_to_the_whole(invoke, tmp_path):
    """Shards of a run with surfaces merge to its bytes."""
    asked = ("score", "@pred", "@gt", "--num-classes", "2", "--metrics", "surface", "--penalty", "9")
    invoke(*asked, "-o", "@whole")
    for k in (1, 2):
        invoke(*asked, "--shard", f"{k}/2", "-o", f"@part{k}")
    invoke("merge", "@part1", "@part2", "-o", "@merged")
    for name in ("run.json", "images.csv", "records.csv", "evidence.npz"):
        assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_rules_know_infinity(invoke, tmp_path):
    """An infinite mean fails `<=`, of the tables and of run.json alone; finite means and statistics have their own."""
    invoke("score", "@pred", "@gt", "--num-classes", "2", "--metrics", "surface", "--tolerance", "1", "-o", "@out")
    rules = {
        "hd95_max[1] <= 100": "fail",
        "hd_finite[1] <= 1.5": "pass",
        "nsd@1[1] >= 0.375": "pass",
        "nsd@1[1] >= 0.376": "fail",
        "mhd_image <= 50": "fail",
        "hd[1] over images median <= 1e9": "fail",  # between 2 and inf
        "hd[1] over images p25 <= 1.76": "pass",
        "hd[1] over images min <= 1": "pass",
        "hd[1] over images max <= 1e9": "fail",
        "hd[1] over images worst-mean:1 <= 1e9": "fail",
        "hd[1] >= 5": "pass",
    }
    asked = [part for rule in rules for part in ("-r", rule)]
    found = json.loads(invoke("gate", "@out", *asked, "--json", exit_code=1))
    assert {rule["id"]: rule["verdict"] for rule in found["rules"]} == rules
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "run.json").write_bytes((tmp_path / "out" / "run.json").read_bytes())
    found = json.loads(invoke("gate", "@alone", "-r", "hd[1] <= 100", "-r", "hd[1] >= 5", "--json", exit_code=1))
    assert [rule["verdict"] for rule in found["rules"]] == ["fail", "pass"]
    assert "no number" in invoke("gate", "@out", "-r", "hd90_max[1] <= 3", exit_code=2)


def test_drops_of_infinite_numbers(invoke):
    """From finite to infinite is a drop; both ways infinite, nobody knows; from infinite to finite is a gain."""
    asked = ("--num-classes", "2", "--metrics", "hd")
    invoke("score", "@same", "@gt", *asked, "-o", "@fine")
    for out in ("@out", "@again"):
        invoke("score", "@pred", "@gt", *asked, "-o", out)
    for run, baseline, verdict, reason, exit_code in (
        ("@out", "@fine", "inconclusive", "7% of the resamples", 0),
        ("@out", "@again", "inconclusive", "infinite in both runs", 0),
        ("@fine", "@out", "pass", "", 0),
    ):
        rules = ("-r", "hd[1] drop <= 1", "--baseline", baseline, "--json")
        check = json.loads(invoke("gate", run, *rules, exit_code=exit_code))["rules"][0]["checks"][0]
        assert check["verdict"] == verdict
        assert check["reason"].startswith(reason)
    found = json.loads(invoke("gate", "@out", "-r", "hd[1] <= 1", "--json", exit_code=1))
    assert found["rules"][0]["checks"][0]["reason"] == "infinite"


def test_infinity_is_told(invoke, tmp_path):
    """Where a number or a bound is infinite, tables say ∞ and JSON says so beside the null; a gate that passes too."""
    asked = ("--num-classes", "2", "--metrics", "hd", "--losses", "none")
    invoke("score", "@same", "@gt", *asked, "-o", "@fine")
    drawn = invoke("score", "@pred", "@gt", *asked, "--ci", "-o", "@out")
    row = next(line for line in drawn.splitlines() if "mhd_image" in line).split()
    assert row[1:3] == ["mhd_image", "∞"]
    assert row[4] == "∞"  # nearly all resamples hold b or c
    told = json.loads((tmp_path / "out" / "run.json").read_text())["ci"]["summary"]["mhd_image"]
    assert (told["high"], told["infinite"]["high"]) == (None, "inf")
    for rule in ("hd[1] >= 5", "mhd_image >= 5"):
        assert " ∞ " in invoke("gate", "@out", "-r", rule)
        check = json.loads(invoke("gate", "@out", "-r", rule, "--json"))["rules"][0]["checks"][0]
        assert (check["value"], check["infinite"], check["verdict"]) == (None, {"value": "inf"}, "pass")
    gained = invoke("gate", "@fine", "-r", "hd[1] drop <= 1", "--baseline", "@out")
    assert {"∞", "+∞"} <= set(gained.split())
    assert "infinite" not in invoke("gate", "@fine", "-r", "miou_dataset drop <= 0.5", "--baseline", "@out", "--json")
    found = invoke("compare", "@fine", "@out", "-n", "mhd_image")
    assert "∞ (+∞)" in found.splitlines()[-1]
    number = json.loads(invoke("compare", "@fine", "@out", "-n", "mhd_image", "--format", "json"))["numbers"][0]
    assert (number["values"], number["infinite"]) == ([0.0, None], {"values": [None, "inf"]})
    assert number["differences"][0]["infinite"]["difference"] == "inf"
    row = next(csv.DictReader(invoke("compare", "@fine", "@out", "-n", "mhd_image", "--format", "csv").splitlines()))
    assert (row["before"], row["after"], row["difference"]) == ("0.0", "inf", "inf")
    invoke("report", "@out", "--baseline", "@fine", "-o", "@page.html")
    page = (tmp_path / "page.html").read_text()
    assert "∞" in page
    assert 'cx="inf' not in page


def test_rules_ask_for_a_unit(invoke, tmp_path):
    for spacing, unit in (([], "pixel"), (["--spacing", "2"], "mm")):
        invoke("score", "@pred", "@gt", "--num-classes", "2", "--metrics", "hd", *spacing, "-o", f"@{unit}")
        for asked in ("pixel", "mm"):
            rule = f'[[gate.rule]]\nmetric = "hd_finite"\nclasses = "1"\nmax = 3\nunit = "{asked}"\n'
            (tmp_path / "segeval.toml").write_text(rule)
            invoke("gate", f"@{unit}", "--config", "@segeval.toml", exit_code=int(asked != unit))


def test_runs_are_compared(invoke):
    """Better is lower; images that are infinite in one run have no difference."""
    asked = ("--num-classes", "2", "--metrics", "surface")
    invoke("score", "@same", "@gt", *asked, "-o", "@same_out")
    invoke("score", "@pred", "@gt", *asked, "-o", "@out")
    found = json.loads(
        invoke("compare", "@same_out", "@out", "-n", "hd_finite[1]", "-n", "nsd@2[1]", "--format", "json")
    )
    first, second = found["numbers"]
    assert (first["better"], first["values"], first["differences"][0]["difference"]) == ("lower", [0, 1.5], 1.5)
    assert (second["better"], second["values"]) == ("higher", [1, 0.5])
    assert "infinite in" in invoke("compare", "@same_out", "@out", "-n", "hd[1]")
    invoke("score", "@pred", "@gt", *asked, "--spacing", "2", "-o", "@other")
    assert "spacing" in invoke("compare", "@out", "@other", "-n", "hd[1]", exit_code=4)


def test_groups_of_images(invoke):
    """The value of a group is the mean over its images, infinite where one of them is."""
    asked = ("score", "@pred", "@gt", "--num-classes", "2", "--metrics", "hd", "-o", "@out")
    invoke(*asked, "--group-by", "[ad]|[bc]")
    rules = ("-r", "hd[1] over groups max <= 9", "-r", "hd[1] over groups min <= 1")
    found = json.loads(invoke("gate", "@out", *rules, "--json", "--group-by", "(?P<group>[ad]?)", exit_code=1))
    assert [rule["verdict"] for rule in found["rules"]] == ["fail", "pass"]


def test_a_penalty_is_in_the_means_of_groups():
    """x: 1 and a miss that counts 4; y: 2."""
    names = {"x1": "a", "x2": "b", "y1": "d"}
    pred, truth = ({id_: line(side[name]) for id_, name in names.items()} for side in (PRED, TRUTH))
    found = segeval.score(pred, truth, metrics="hd", num_classes=2, penalty=4, group_by="^[xy]")
    for stat, value in (("min", 2), ("max", 2.5), ("mean", 2.25)):
        assert find(found.outline, "hd", 1, "groups", Stat.find(stat)).of_images(found.tables) == value


def test_printed(invoke):
    text = invoke("score", "@pred", "@gt", "--num-classes", "3", "--metrics", "iou,surface", "--spacing", "2,1")
    assert "∞ (1.5000)" in text
    assert "distances are in mm" in text
    assert invoke("score", "@pred", "@gt", "--metrics", "iou", "--num-classes", "2").count("distances") == 0
    assert "HD95" in invoke("score", "@same", "@gt", "--metrics", "surface", "--format", "md")
    rows = list(csv.reader(invoke("score", "@pred", "@gt", "--metrics", "hd,nsd", "--format", "csv").splitlines()))
    cells = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [row["hd"] for row in cells] == ["", "inf", "inf", "inf", "inf"]
    assert [row["hd_finite"] for row in cells] == ["", "1.5", "", "", ""]
    assert "hd95_max" in invoke("explain", "hd90_max")


def test_a_missing_prediction_is_infinite(invoke, tmp_path):
    (tmp_path / "pred" / "a.npy").unlink()
    asked = ("score", "@pred", "@gt", "--num-classes", "2", "--metrics", "hd", "--missing", "worst", "--format", "json")
    row = json.loads(invoke(*asked))["classes"][1]
    assert (row["hd"], row["hd_finite"], row["n_missed"]) == (None, 2, 2)


def test_statistics_of_infinite_values():
    """Each drawn as often as its weight says; undefined ones are left out, infinite ones never."""
    values = np.array([4.0, INF, math.nan, 1.0])
    weights = np.array([[1.0, 1, 5, 1], [1, 0, 5, 3], [0, 0, 5, 0], [1, 3, 0, 1]])
    expected = {
        "mean": [INF, 7 / 4, math.nan, INF],
        "median": [4, 1, math.nan, INF],
        "min": [1, 1, math.nan, 1],
        "max": [INF, 4, math.nan, INF],
        "p50": [4, 1, math.nan, INF],
        "worst-mean:1": [INF, 4, math.nan, INF],
    }
    for name, numbers in expected.items():
        stat = Stat.find(name)
        np.testing.assert_array_equal(stat.of(weights, values, lambda v: -v), numbers, err_msg=name)
    np.testing.assert_array_equal(sums_with_inf(weights[:, :2], values[:2, None], 4)[:, 0], [INF, 4, 0, INF])


@pytest.mark.parametrize(
    ("background", "undefined", "mean"), [(0, "zero", 5 / 18), (0, "one", 7 / 9), (1, "zero", 9 / 35)]
)
def test_what_is_put_for_undefined_is_not_put_for_the_background(background, undefined, mean):
    """By hand: class 1 has an object of IoU 5/6 and a missed one, PQ 5/9, class 2 none. The first image's two objects
    of class 0 have IoU 1 and 4/5, the second's two are one, of IoU 5/12: PQ (1 + 4/5) / (2 + 3/2).
    """
    found = run("a", "b", metrics="pq", instances="components", undefined=undefined, background=background)
    assert found.summary["mpq_dataset"] == pytest.approx(mean)


@pytest.mark.parametrize("spacing", ["1,1e-60", "1e60,1", "nan,1", "inf", "-1", "1,0"])
def test_a_length_whose_powers_are_no_numbers(invoke, spacing):
    """Refused before anything is measured; those that are large and small stay, without a warning."""
    options = ["--num-classes", "2", "--losses", "boundary,weighted_hausdorff,shape_aware", "--spacing"]
    assert "lengths from 1e-50 to 1e50" in invoke("score", "@pred", "@gt", *options, spacing, exit_code=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        invoke("score", "@pred", "@gt", *options, "1e-50,1e50")
