"""`segeval score --instances`, and what follows from it: rules, comparison, intervals, shards, a missing prediction."""

import json

import pytest
from click.testing import CliRunner

from segeval.cli.main import cli
from segeval.run.run import Run


@pytest.fixture
def cells(root):
    return [str(root / "sample_data" / "cells" / side) for side in ("pred", "truth")]


@pytest.fixture
def invoke(tmp_path):
    def invoked(*args, exit_code=0):
        result = CliRunner().invoke(cli, [str(tmp_path / arg[1:]) if arg.startswith("@") else arg for arg in args])
        assert result.exit_code == exit_code, result.output
        return result

    return invoked


def document(tmp_path, name):
    return json.loads((tmp_path / name / "run.json").read_text())


def test_scored_stored_and_read_back(invoke, cells, tmp_path, root):
    """The section, the class rows and the tables beside agree; a run read back writes the same bytes."""
    said = invoke("score", *cells, "--instances", "labels", "-o", "@out", "--ci", "--resamples", "100").output
    assert "Note:" not in said  # ids of objects raise no doubt
    run = document(tmp_path, "out")
    known = json.loads((root / "tests" / "files" / "instances_peers.json").read_text())["images"]
    tp = sum(each["stardist"]["0.75"]["tp"] for each in known.values())  # StarDist 0.9.1
    assert run["instances"]["thresholds"]["0.75"]["tp"] == tp
    assert [row["name"] for row in run["classes"]] == ["background", "object"]
    assert run["classes"][1]["pq"] == run["instances"]["classes"]["object"]["pq"] == run["instances"]["mean"]["pq"]
    assert run["ci"]["instances"]["instances.pq"]["low"] < run["instances"]["overall"]["pq"]
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["instances/f1_0.75"] > 0
    assert Run.read(tmp_path / "out").to_json(files=run["files"]) == (tmp_path / "out" / "run.json").read_text()


def test_the_same_bytes_by_shards_and_threads(invoke, cells, tmp_path):
    """Merged shards are the run."""
    asked = ("--instances", "labels", "--iou-thresholds", "0.75,0.5")
    invoke("score", *cells, *asked, "-o", "@whole", "-j", "1")
    for k in "12":
        invoke("score", *cells, *asked, "--shard", f"{k}/2", "-o", f"@{k}", "-j", "2")
    invoke("merge", "@1", "@2", "-o", "@merged")
    for name in ("run.json", "images.csv", "records.csv", "metrics.json", "evidence.npz"):
        assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_ruled_on_and_compared(invoke, cells, tmp_path):
    """By class, by threshold, over images, by drop; options that differ are refused where they matter."""
    invoke("score", *cells, "--instances", "labels", "-o", "@out")
    rules = ["instances.pq >= 0.4", "pq[object] >= 0.4", "instances.f1@0.5 >= 0.5", "instances.pq over images min >= 0"]
    asked = [part for rule in rules for part in ("-r", rule)]
    found = json.loads(invoke("gate", "@out", *asked, "--json").stdout)
    assert [rule["verdict"] for rule in found["rules"]] == ["pass"] * 4
    invoke("gate", "@out", "-r", "instances.pq >= 0.99", exit_code=1)
    compared = json.loads(invoke("compare", "@out", "@out", "--format", "json").stdout)
    assert "instances.aji" in {each["number"] for each in compared["numbers"]}
    invoke("score", *cells, "--instances", "labels", "--matching", "greedy", "-o", "@greedy")
    for number in ("instances.pq", "pq[object]", "mpq_image"):
        said = invoke("compare", "@out", "@greedy", "-n", number, exit_code=4).output
        assert 'by matching "optimal"' in said
    others = json.loads(invoke("compare", "@out", "@greedy", "--format", "json").stdout)["numbers"]
    assert not [each for each in others if each["number"].startswith(("instances.", "mpq_"))]
    assert "miou_dataset" in {each["number"] for each in others}


def test_missing_predictions(invoke, cells, tmp_path):
    """Of an image without prediction all objects are missed, where it is scored as all wrong."""
    (tmp_path / "pred").mkdir()
    for name in ("6c67b78e.png", "b2c5d865.png", "bf566e75.png"):
        (tmp_path / "pred" / name).symlink_to(f"{cells[0]}/{name}")
    asked = ("score", "@pred", cells[1], "--instances", "labels", "--follow-symlinks")
    invoke(*asked, "--missing", "worst", "-o", "@worst")
    invoke(*asked, "--missing", "skip", "-o", "@skip")
    invoke("score", *cells, "--instances", "labels", "-o", "@all")
    worst, skip, every = (document(tmp_path, name)["instances"]["overall"] for name in ("worst", "skip", "all"))
    assert worst["truth_objects"] == every["truth_objects"] > skip["truth_objects"]
    assert (worst["tp"], worst["fp"], worst["splits"]) == (skip["tp"], skip["fp"], skip["splits"])


def test_pooled_images_are_one_case(invoke, cells, tmp_path):
    """Objects of the images of a case are counted together; none is in two images."""
    invoke("score", *cells, "--instances", "labels", "--pool-by", "^([6bc])", "-o", "@out")
    invoke("score", *cells, "--instances", "labels", "-o", "@all")
    pooled, every = (document(tmp_path, name)["instances"] for name in ("out", "all"))
    assert pooled["overall"] == pytest.approx(every["overall"])
    assert pooled["images"]["pq"] != pytest.approx(every["images"]["pq"])


def test_a_doubt_names_the_way_out(invoke, cells):
    """Ids of objects that are scored as classes."""
    assert "--instances labels" in invoke("score", *cells).output


def test_explained(invoke):
    """Numbers of the section, with formula and other programs."""
    text = invoke("explain", "instances.vi_merge").stdout
    assert text.startswith("instances.vi_merge: of all images together")
    assert "vi_merge = H(truth | prediction)" in text
    assert "scikit-image 0.26.0" in text
    assert "instances.mean_pq_stuff" in invoke("explain").stdout
    assert "StarDist 0.9.1" in invoke("explain", "instances.pq_over_images").stdout
    assert "no metric called 'instances.nothing'" in invoke("explain", "instances.nothing", exit_code=2).output


@pytest.mark.parametrize("form", ["table", "md", "json", "csv"])
def test_printed(invoke, cells, form):
    """Each format tells the quality of objects."""
    text = invoke("score", *cells, "--instances", "labels", "--format", form).stdout
    assert {"csv": "object_ap"}.get(form, "instances") in text
