"""`summary.json` under the profile of nnU-Net, against its own evaluation as a plain loop (0e49508)."""

import json

import numpy as np
import pytest
from check_peers import label_set
from click.testing import CliRunner

import segeval
from segeval.cli.main import cli

NAMES = ("Dice", "IoU", "FP", "TP", "FN", "TN", "n_pred", "n_ref")


def plain(pred, truth, labels, void=None):
    """A row of numbers for each case and label; their means over cases, and over labels."""
    cases = []
    for p, t in zip(pred, truth, strict=True):
        rows = {}
        for label in labels:
            ids = label if isinstance(label, tuple) else (label,)
            given, true, used = np.isin(p, ids), np.isin(t, ids), t != void
            tp, fp = int((given & true & used).sum()), int((given & ~true & used).sum())
            fn, tn = int((~given & true & used).sum()), int((~given & ~true & used).sum())
            over = 2 * tp + fp + fn, tp + fp + fn
            shares = [2 * tp / over[0] if over[0] else np.nan, tp / over[1] if over[1] else np.nan]
            rows[str(label)] = dict(zip(NAMES, [*shares, fp, tp, fn, tn, fp + tp, fn + tp], strict=True))
        cases.append(rows)
    means = {key: {name: np.nanmean([case[key][name] for case in cases]) for name in NAMES} for key in cases[0]}
    return {name: np.mean([each[name] for each in means.values()]) for name in NAMES}, means, cases


def same(found, wanted):
    """Whether the numbers of a table are those, with null for nan."""
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert (found[name] is None) == np.isnan(value)
        assert found[name] is None or found[name] == pytest.approx(value, abs=1e-12)


@pytest.fixture
def score(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(pred, truth, *options):
        for side, masks in (("pred", pred), ("gt", truth)):
            (tmp_path / side).mkdir(exist_ok=True)
            for n, mask in enumerate(masks):
                np.save(tmp_path / side / f"case{n}.npy", mask.astype(np.uint8))
        return CliRunner().invoke(cli, ["score", "pred", "gt", "-o", "out", *options])

    return run


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize("seed", [0, 3, 8])
def test_the_numbers_are_those_of_nnunet(score, tmp_path, seed):
    pred, truth = label_set(seed)
    truth[:, 0, :2] = 9
    result = score(pred, truth, "--num-classes", "5", "--ignore", "9", "--profile", "nnunet")
    assert result.exit_code == 0
    found = json.loads((tmp_path / "out/summary.json").read_text())
    foreground, means, cases = plain(pred, truth, [1, 2, 3, 4], void=9)
    assert set(found) == {"foreground_mean", "mean", "metric_per_case"}
    same(found["foreground_mean"], foreground)
    assert found["mean"].keys() == means.keys()
    for key, row in means.items():
        same(found["mean"][key], row)
    for n, (case, rows) in enumerate(zip(found["metric_per_case"], cases, strict=True)):
        assert (case["reference_file"], case["prediction_file"]) == (f"case{n}", f"case{n}")
        for key, row in rows.items():
            same(case["metrics"][key], row)
            assert all(type(case["metrics"][key][name]) is int for name in NAMES[2:])
    assert segeval.Run.read(tmp_path / "out").document()["options"]["profile"] == "nnunet"
    assert "summary.json" in json.loads((tmp_path / "out/run.json").read_text())["files"]


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_regions_are_told_instead_of_labels(score, tmp_path):
    pred, truth = label_set(4)
    labels = {"background": 0, "whole": [1, 2, 4], "core": [4, 2], "rim": 3}
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    assert score(pred, truth, "--classes", "dataset.json", "--profile", "nnunet").exit_code == 0
    found = json.loads((tmp_path / "out/summary.json").read_text())
    _, means, cases = plain(pred, truth, [(1, 2, 4), (4, 2), 3])
    assert found["mean"].keys() == means.keys()
    for key, row in means.items():
        same(found["mean"][key], row)
        same(found["metric_per_case"][0]["metrics"][key], cases[0][key])


def test_the_file_goes_with_its_run(score, tmp_path):
    """A run over it that has none removes it; a file of that name that is nobody's is left alone, or refused."""
    pred, truth = label_set(2)
    assert score(pred, truth, "--num-classes", "5", "--profile", "nnunet").exit_code == 0
    assert score(pred, truth, "--num-classes", "5", "--force").exit_code == 0
    assert not (tmp_path / "out/summary.json").exists()
    (tmp_path / "out/summary.json").write_text("mine")
    assert score(pred, truth, "--num-classes", "5").exit_code == 0
    (tmp_path / "out/run.json").rename(tmp_path / "run.json")
    for table in (tmp_path / "out").iterdir():
        if table.name != "summary.json":
            table.unlink()
    result = score(pred, truth, "--num-classes", "5", "--profile", "nnunet")
    assert result.exit_code == 2
    assert "holds summary.json but no run.json" in result.stderr
    assert (tmp_path / "out/summary.json").read_text() == "mine"
