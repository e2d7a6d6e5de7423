"""iIoU: objects of a class weigh the same, large or small."""

import math

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import segeval
from segeval import metrics
from segeval.cli.main import cli
from segeval.errors import BadOption, LacksScores, ShapesDiffer
from segeval.evaluate.api import IncompleteRun
from segeval.evidence import ObjectWeights
from segeval.run import folder

# Two cars of 2 and of 4 pixels, one of a person, a group of cars (26), road (7), void (0).
TRUTH = np.array([[26000, 26000, 26001, 26001, 26001, 26001, 24000, 26, 7, 7, 0]])
PRED = np.array([[26, 7, 26, 26, 26, 7, 7, 24, 26, 7, 26]])


def test_by_hand():
    found = ObjectWeights.of(PRED, TRUTH, ignore=[0])
    assert found.ids == (7, 24, 26)
    assert found.objects.tolist() == [0, 1, 2]
    assert found.found.tolist() == [0, 0, 1 / 2 + 3 / 4]
    assert found.area.tolist() == [0, 1, 6]
    assert found.fp.tolist() == [3, 1, 1]  # what lies in void is not looked at
    # cars: 3 pixels on average, so iTP = 3 · 5/4, iTP + iFN = 6
    assert metrics.iiou(found) == pytest.approx([math.nan, 0, (15 / 4) / (6 + 1)], nan_ok=True)


def test_known_sizes():
    """Of classes without a size nothing is told; one with a size and no object is 0 where it is predicted."""
    found = ObjectWeights.of(PRED, TRUTH, ignore=[0], sizes={26: 10.0, 24: 4.0, 27: 5.0})
    assert found.ids == (7, 24, 26, 27)
    assert metrics.iiou(found) == pytest.approx([math.nan, 0, 10 * 1.25 / (20 + 1), math.nan], nan_ok=True)
    other = ObjectWeights.of(np.where(PRED == 7, 27, PRED), TRUTH, ignore=[0], sizes={26: 10.0, 27: 5.0})
    assert metrics.iiou(other)[other.ids.index(27)] == 0
    with pytest.raises(ShapesDiffer):
        ObjectWeights.of(PRED[:, 1:], TRUTH)


def test_the_average_size_is_that_of_all_images():
    """Sums are added before the formula: 26 has objects of 2, 4 and 3 pixels, 3 on average."""
    more = ObjectWeights.of(np.array([[26, 26, 7]]), np.array([[26007, 26007, 26007]]))
    both = ObjectWeights.of(PRED, TRUTH, ignore=[0]) + more
    assert metrics.iiou(both)[both.ids.index(26)] == pytest.approx(3 * (5 / 4 + 2 / 3) / (9 + 1))


def test_groups_of_classes():
    """An ignored class is found too where it belongs to the group, and what lies in a group of objects is no error."""
    pred = np.where(np.arange(11) == 5, 29, PRED)
    groups = [{26, 29}, {24}, {24, 26}, {7, 26}]
    found = ObjectWeights.of(pred, TRUTH, ignore=[0, 29], groups=groups)
    assert found.ids == (7, 24, 26, -2, -3, -4, -5)
    assert found.fp.tolist()[3:] == [1, 1, 1, 1]
    # 26 and 29: half of the first car and all of the second, 3 pixels on average; one pixel of road
    vehicles = 3 * (1 / 2 + 1) / (6 + 1)
    # with the person, who is not found: 7/3 pixels on average, 26 found as 24 is right; 29 is not of it
    both = 7 / 3 * (1 / 2 + 3 / 4) / (7 + 1)
    road = 3 * (1 + 3 / 4) / (6 + 1)  # roads are no objects, and the person is taken for one
    assert metrics.iiou(found)[3:] == pytest.approx([vehicles, 0, both, road])
    known = ObjectWeights.of(pred, TRUTH, ignore=[0, 29], groups=groups, sizes={26: 10.0, 24: 4.0})
    # each object by the size of its class; a class of the last group has none
    sized = [10 * 1.5 / (20 + 1), 0, 10 * 1.25 / (20 + 4 + 1), math.nan]
    assert metrics.iiou(known)[3:] == pytest.approx(sized, nan_ok=True)
    assert known.fp.tolist()[3:] == found.fp.tolist()[3:]


@pytest.fixture
def city(tmp_path):
    """Three images with objects, groups of them, ignored classes, and label ids as predictions."""
    random = np.random.RandomState(0)
    for side in ("pred", "gt"):
        (tmp_path / side).mkdir()
    for n in range(3):
        ids = np.zeros((40, 60), np.uint16)
        ids[:20], ids[20:] = 7, 11
        ids[5:15, 5:20], ids[16:19, 30:50] = 26000, 26001
        ids[25:35, 10:14], ids[25:35, 20:25] = 24000, 24001
        ids[30:38, 40:55], ids[0:3, 0:4], ids[36:40, 0:9] = 26, 29001, 25003 if n else 0
        labels = np.where(ids >= 1000, ids // 1000, ids)
        noise = random.rand(40, 60) < 0.8
        pred = np.where(noise, labels, random.choice([7, 11, 24, 26, 25, 29, 0, 27], (40, 60)))
        Image.fromarray(pred.astype(np.uint8)).save(tmp_path / "pred" / f"c_{n}.png")
        Image.fromarray(ids).save(tmp_path / "gt" / f"c_{n}_gtFine_instanceIds.png")
        Image.fromarray(labels.astype(np.uint8)).save(tmp_path / "gt" / f"c_{n}_gtFine_labelIds.png")
    return tmp_path


PATTERN = {"gt_pattern": "{id}_gtFine_instanceIds.png"}


def test_the_official_script(city):
    """Numbers of cityscapesScripts 2.2.4 (evalPixelLevelSemanticLabeling.evaluateImgLists) on these files."""
    run = segeval.score(city / "pred", city / "gt", profile="cityscapes-instances", **PATTERN)
    official = {
        "person": 0.7917780131584067,
        "rider": 0.7880128768804059,
        "car": 0.8479752592695332,
        "truck": 0.0,
    }
    found = {row["name"]: row["iiou"] for row in run.classes if not math.isnan(row["iiou"])}
    assert found == pytest.approx(official, abs=1e-14)
    assert run.summary["miiou_dataset"] == pytest.approx(0.6069415373270864, abs=1e-14)
    assert run.summary["miou_dataset"] == pytest.approx(0.511896991286292, abs=1e-14)
    assert run.summary["group_miou_dataset"] == pytest.approx(0.6738603245717049, abs=1e-14)
    groups = {row["name"]: row["iiou"] for row in run.groups if not math.isnan(row["iiou"])}
    assert groups == pytest.approx({"human": 0.821692955467436, "vehicle": 0.8790563995349512}, abs=1e-14)
    assert run.summary["group_miiou_dataset"] == pytest.approx(0.8503746775011936, abs=1e-14)


def test_a_run_is_stored_added_and_judged(city):
    asked = {"profile": "cityscapes-instances", **PATTERN}
    run = segeval.score(city / "pred", city / "gt", **asked)
    (city / "out").mkdir()
    folder.write(run, city / "out")
    again = segeval.Run.read(city / "out")
    assert again.document() == run.document()
    options = ["--isolated", "-r", "iiou[car] >= 0.84", "-r", "iiou[person] >= 0.8"]
    result = CliRunner().invoke(cli, ["gate", str(city / "out"), *options])
    assert result.exit_code == 1
    assert "iiou[person]" in result.stdout
    for bound, exit_code in ((0.8503, 0), (0.8504, 1)):  # of the tables of the run, without its evidence
        options = ["--isolated", "-r", f"group_miiou_dataset >= {bound}"]
        assert CliRunner().invoke(cli, ["gate", str(city / "out"), *options]).exit_code == exit_code
    for n in (1, 2):
        named = ["--profile", "cityscapes-instances", "--gt-pattern", PATTERN["gt_pattern"], "--isolated"]
        part = ["--shard", f"{n}/2", "-o", str(city / f"part{n}")]
        CliRunner().invoke(cli, ["score", str(city / "pred"), str(city / "gt"), *named, *part])
    CliRunner().invoke(cli, ["merge", str(city / "part1"), str(city / "part2"), "-o", str(city / "whole")])
    whole = segeval.Run.read(city / "whole")
    assert whole.document()["groups"] == run.document()["groups"]
    (city / "pred" / "c_2.png").unlink()
    worst = segeval.score(city / "pred", city / "gt", **asked, missing="worst")
    assert worst.summary["miiou_dataset"] < run.summary["miiou_dataset"]
    assert worst.records[2].evidence["object_weights"].objects.sum() == 5
    assert worst.records[2].evidence["object_weights"].found.sum() == 0


def test_what_it_needs(city):
    with pytest.raises(BadOption, match="iiou needs an option"):
        segeval.score([PRED], [TRUTH], metrics="iiou")
    with pytest.raises(LacksScores, match="read without ids of instances"):
        segeval.score([PRED], [TRUTH], metrics="iiou", instances="labels")
    every = segeval.score([PRED], [TRUTH], metrics="all", instances="panoptic", losses="none")
    assert every.summary["miiou_dataset"] == pytest.approx((0 + 15 / 28) / 2)
    plain = segeval.score([PRED], [TRUTH], instances="panoptic", losses="none")
    assert "miiou_dataset" not in plain.summary


def test_a_missing_prediction_lacks_what_others_lack(city):
    """Where the truth has no ids of instances: left out of `all`, an error for whoever names it."""
    (city / "pred" / "c_2.png").unlink()
    asked = {"gt_pattern": "{id}_gtFine_labelIds.png", "instances": "components", "missing": "worst", "losses": "none"}
    run = segeval.score(city / "pred", city / "gt", classes="cityscapes-ids", metrics="all", **asked)
    assert run.failures == ()
    assert "object_weights" not in run.records[2].evidence
    assert "left out are object_weights" in [note.message for note in run.notes if note.id == "c_2"][-1]
    with pytest.warns(IncompleteRun):
        run = segeval.score(city / "pred", city / "gt", classes="cityscapes-ids", metrics="iiou", **asked)
    assert [note.code for note in run.failures] == [LacksScores.code] * 3


def test_a_profile_says_what_it_lacks(city):
    options = ["--gt-pattern", "{id}_gtFine_labelIds.png", "--isolated"]
    result = CliRunner().invoke(
        cli, ["score", str(city / "pred"), str(city / "gt"), "--profile", "cityscapes", *options]
    )
    assert "miiou_dataset wants --profile cityscapes-instances and *_instanceIds.png as the truth" in result.stdout
    options[1] = PATTERN["gt_pattern"]
    names = ["--profile", "cityscapes-instances", *options]
    result = CliRunner().invoke(cli, ["score", str(city / "pred"), str(city / "gt"), *names])
    assert "miiou_dataset 0.6069" in result.stdout
    assert "group_miiou_dataset 0.8504" in result.stdout
    assert "wants" not in result.stdout
