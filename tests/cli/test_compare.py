"""Tests of `segeval compare` as users run it."""

import csv
import io
import json
import shutil

import numpy as np
import pytest
from markdown_it import MarkdownIt


@pytest.fixture
def runs(invoke, masks, tmp_path):
    """Three stored runs of twelve images, one of them hostile by its class names."""
    random = np.random.default_rng(1)
    truths = {f"img{n:02}": random.integers(0, 2, (8, 9)) for n in range(12)}
    names = "road,<b>x</b>|`y`"
    for name, wrong in (("good", 0.1), ("mid", 0.3), ("bad", 0.5)):
        spoilt = {id_: np.where(random.random(t.shape) < wrong, 1 - t, t).tolist() for id_, t in truths.items()}
        masks(**{id_: (spoilt[id_], truth.tolist()) for id_, truth in truths.items()})
        assert invoke("score", "pred", "truth", "--classes", names, "-o", name).exit_code == 0
        shutil.rmtree("pred")
    return tmp_path


def test_table(invoke, runs):
    """A table for each run, the movers, the ranks, and the main difference last."""
    found = invoke("compare", "good", "mid/run.json", "bad", "-n", "miou_dataset", "-n", "iou[road]", "--images", "2")
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert lines[0] == "mid/run.json against good"
    assert [line for line in lines if "images that moved most" in line] == [
        "images that moved most, mid/run.json against good",
        "images that moved most, bad against good",
    ]
    assert "ranks under resampling" in lines
    values = {
        name: json.loads((runs / name / "run.json").read_text())["summary"]["miou_dataset"]
        for name in ("good", "mid", "bad")
    }
    assert lines[-1].startswith(f"miou_dataset: good {values['good']:.4f} · mid/run.json {values['mid']:.4f} (−0.")
    assert f"· bad {values['bad']:.4f} (−{values['good'] - values['bad']:.4f}, −0." in lines[-1]


def test_groups_of_the_first_run_are_told(invoke, masks):
    """Runs that were scored with a pattern are compared by it, and what is said is of groups."""
    masks(**{f"{who}_{n}": ([[0, 1, n % 2]], [[0, 1, 1]]) for who in "ab" for n in range(3)})
    for name in ("one", "two"):
        assert invoke("score", "pred", "truth", "-o", name, "--group-by", "^(?P<group>.)_").exit_code == 0
    assert "all subsets of the 2 groups" in invoke("compare", "one", "two").stdout
    how = json.loads(invoke("compare", "one", "two", "--format", "json").stdout)["statistics"]
    assert how["group_by"] == "^(?P<group>.)_"


def test_formats_agree(invoke, runs):
    """JSON, CSV and Markdown hold the same numbers; the same bytes each time."""
    args = ["compare", "good", "bad", "-n", "iou[*]", "--seed", "5", "--format"]
    document = json.loads(invoke(*args, "json").stdout, parse_constant=lambda name: pytest.fail(name))
    assert (document["schema"], document["statistics"]["seed"], document["images"]) == ("segeval-compare/1", 5, 12)
    rows = list(csv.DictReader(io.StringIO(invoke(*args, "csv").stdout)))
    for row, number in zip(rows, document["numbers"], strict=True):
        difference = number["differences"][0]
        assert (float(row["difference"]), float(row["high"])) == (difference["difference"], difference["high"])
        assert (float(row["before"]), float(row["after"])) == tuple(number["values"])
    assert invoke(*args, "json").stdout == invoke(*args, "json").stdout


def test_markdown_stays_text(invoke, runs):
    """A class name cannot become markup or another cell."""
    text = invoke("compare", "good", "bad", "-n", "iou[*]", "--format", "md").stdout
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    assert not any(token.type.startswith("html") for token in tokens)
    cells = [len([t for t in tokens if t.type == "td_open"]), len([t for t in tokens if t.type == "tr_open"])]
    assert cells[0] == 2 * 13 + 5 * 4
    assert "iou[<b>x</b>|`y`]" in [token.content.replace("\\", "") for token in tokens if token.type == "inline"]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ([], 2, "Missing argument"),
        (["good"], 2, "SEG101 one run cannot be compared"),
        (["good", "none"], 3, "SEG271 none"),
        (["good", "bad", "-n", "iou"], 2, "SEG111 iou: iou belongs to classes"),
        (["good", "bad", "--confidence", "2"], 2, "SEG101 --confidence is 2"),
    ],
)
def test_endings(invoke, runs, args, code, said):
    """2, 3 and 4 as always, and never 1."""
    found = invoke("compare", *args)
    assert (found.exit_code, said in found.stderr) == (code, True), found.output


def test_other_images_end_with_4(invoke, runs, masks):
    """Unless --intersect compares the others."""
    masks(img00=([[0, 1]], [[0, 1]]))
    assert invoke("score", "pred", "truth", "--classes", "road,<b>x</b>|`y`", "-o", "new").exit_code == 3
    shutil.rmtree("truth")
    masks(img00=([[0, 1]], [[0, 1]]))
    assert invoke("score", "pred", "truth", "--classes", "road,<b>x</b>|`y`", "-o", "new", "--force").exit_code == 0
    found = invoke("compare", "good", "new")
    assert (found.exit_code, "SEG303 new is of other images than good" in found.stderr) == (4, True)


def test_an_incomplete_run_ends_with_3(invoke, runs, masks):
    """The comparison of what there is is printed all the same."""
    masks(img00=([[0, 1]], [[0, 1]]), img01=([[0, 1]], [[0, 1, 1]]))
    args = ["--classes", "road,<b>x</b>|`y`", "--gt-pattern", "img0{id}.png", "--pred-pattern", "img0{id}.png"]
    for name in ("one", "two"):
        assert invoke("score", "pred", "truth", *args, "-o", name).exit_code == 3
    found = invoke("compare", "one", "two", "-n", "pixel_accuracy")
    assert (found.exit_code, "one is incomplete" in found.stdout) == (3, True), found.output


def test_runs_of_which_every_image_failed(invoke, tmp_path):
    """They have no classes: their numbers are undefined, the run is incomplete, and a class asked for says why."""
    for side in ("pred", "truth"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "1.png").write_text("no picture")
    for name in ("one", "two"):
        assert invoke("score", "pred", "truth", "-o", name).exit_code == 3
    found = invoke("compare", "one", "two")
    assert (found.exit_code, found.stderr) == (3, "")
    assert found.stdout.splitlines()[-1] == "miou_dataset: one – · two – (–)"
    assert "one is incomplete: 1 image not scored" in found.stdout
    asked = invoke("compare", "one", "two", "-n", "iou[*]")
    assert asked.exit_code == 2
    assert "Hint: the run has none: no image was scored, so look at its faults" in asked.stderr
