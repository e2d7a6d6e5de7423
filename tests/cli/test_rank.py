"""Tests of `segeval rank` as users run it."""

import json
import re
import shutil

import numpy as np


def test_a_leaderboard(invoke, masks, tmp_path):
    """Of three stored runs, by two numbers, under their names; what is missing is counted and told."""
    random = np.random.default_rng(1)
    for name, wrong in (("good", 0.1), ("mid", 0.3), ("bad", 0.5)):
        for n in range(12):
            truth = np.random.default_rng(n).integers(0, 2, (8, 9))
            pred = np.where(random.random(truth.shape) < wrong, 1 - truth, truth)
            masks(**{f"{n:02}": (None if (name, n) == ("bad", 3) else pred.tolist(), truth.tolist())})
        args = ["--num-classes", "2", "-o", f"run-{name}", "--missing", "worst"]
        assert invoke("score", "pred", "truth", *args).exit_code == 0
        shutil.rmtree("pred")
    runs = ["run-mid", "run-good", "run-bad"]
    found = invoke("rank", *runs, "-n", "miou_dataset", "-n", "dice over images p05", "--names", "M,G,B")
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert [line.split()[:2] for line in lines[3:6]] == [["1", "G"], ["2", "M"], ["3", "B"]]
    assert "B: 1 image without prediction (scored as all wrong)" in lines
    assert lines[-1] == "first of 3 by miou_dataset, dice over images p05: G"
    asked = ["-n", "miou_dataset", "-n", "dice over images p05", "--names", "M,<b>G,B", "--report", "x.html"]
    assert invoke("rank", *runs, *asked, "--format", "json").exit_code == 0
    document = json.loads(invoke("rank", *runs, *asked, "--format", "json").stdout)
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert re.findall(r'<section id="([\w-]+)"', page) == ["leaderboard", "number-1", "number-2", "provenance"]
    assert re.findall(r'<th scope="row">(.+?)</th>', page)[:3] == ["&lt;b&gt;G", "M", "B"]
    assert "<b>G" not in page
    pairs = page.split('<section id="number-1"')[1].split("</section>")[0]
    number = document["numbers"][0]
    for text in (f">{number['values'][1]:.4f}<", f">{number['p'][0][1]:.4f} ●<"):
        assert text in pairs
    assert pairs.count(" ●</td>") == sum(p is not None and p <= 0.05 for row in number["p"] for p in row) == 6
    refused = invoke("rank", *runs, "--report", "run-mid/run.json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    refused = invoke("rank", *runs, "--names", "M,G")
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_a_number_that_no_run_has(invoke, masks):
    """Where all pixels are ignored, nobody is first, and no value is told."""
    for name in ("a", "b"):
        masks(x=([[0, 1]], [[9, 9]]))
        assert invoke("score", "pred", "truth", "--num-classes", "2", "--ignore", "9", "-o", name).exit_code == 0
    found = invoke("rank", "a", "b")
    assert (found.exit_code, found.stdout.splitlines()[-1]) == (
        0,
        "first of 2 by miou_dataset: none, for no run has a finite value",
    )
