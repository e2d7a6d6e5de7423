"""Tests of `segeval rank` as users run it."""

import shutil

import numpy as np


def test_a_leaderboard(invoke, masks):
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
