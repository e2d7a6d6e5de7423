"""Tests of `segeval check` as a command."""

import json

import numpy as np
import pytest


def test_ready(invoke, masks):
    """0: what was found, and that nothing is wrong."""
    masks(a=([[0, 1]], [[0, 1]]), b=([[0, 2]], [[0, 5]]))
    result = invoke("check", "pred", "truth")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "2 pairs, 0 truths without prediction, 0 predictions without truth",
        "sizes: 1 x 2 (2)",
        "true ids: 0–1, 5 (in 2 pairs)",
        "predicted ids: 0–2",
        "suggestion: --num-classes 6: ids go from 0 to 5; give the number of your classes, so that absent ones are "
        "listed too",
        "no problems: ready to score",
    ]
    assert result.stderr == ""


@pytest.mark.parametrize("broken", ["empty", "shape", "missing", "text"])
def test_problems(invoke, masks, tmp_path, broken):
    """3, with the number of problems last."""
    masks(a=([[0, 1]], [[0, 1]]), b=([[0, 1]] if broken != "missing" else None, [[0, 1]]))
    if broken == "empty":
        (tmp_path / "pred/b.png").write_bytes(b"")
    if broken == "text":
        (tmp_path / "truth/b.png").write_text("<html>")
    if broken == "shape":
        masks(b=([[0]], [[0, 1]]))
    result = invoke("check", "pred", "truth")
    code = {"empty": "SEG201", "shape": "SEG214", "missing": "SEG232", "text": "SEG202"}[broken]
    assert result.exit_code == 3
    assert f"Error: {code}" in result.stderr
    assert result.stdout.splitlines()[-1] == "1 problem"


@pytest.mark.parametrize(("args", "code"), [(["pred", "pred"], 2), (["pred", "nowhere"], 3), (["pred"], 2)])
def test_wrong_use(invoke, masks, args, code):
    """The endings are those of every command."""
    masks(a=([[0]], [[0]]))
    assert invoke("check", *args).exit_code == code


@pytest.mark.parametrize(
    ("pred", "truth", "options"),
    [
        ([[0, 0, 255, 0]], [[0, 0, 255, 255]], ["--num-classes", "2"]),
        ([[0, 1, 1, 0]], [[0, 7, 1, 0]], ["--num-classes", "2"]),
        ([[0, 1, 1, 0]], [[0, 255, 1, 0]], ["--classes", "road,sky"]),
    ],
)
def test_ready_means_ready(invoke, masks, pred, truth, options):
    """What `score` refuses under the same options is not called ready."""
    masks(a=(pred, truth))
    assert invoke("score", "pred", "truth", *options).exit_code == 3
    result = invoke("check", "pred", "truth", *options)
    assert "suggestion: --" in result.stdout
    assert "ready to score" not in result.stdout


def test_hostile_names(invoke, save, tmp_path):
    """No line of the report is forged by a name."""
    names = ["\x1b]0;p\x07", "\n::error::x", "\udcff", "a\u202eb"]
    for name in names:
        save(f"truth/{name}.png", np.zeros((1, 1), np.uint8))
    save("pred/\n::notice::x.png", np.zeros((1, 1), np.uint8))
    save(f"pred/{names[0]}.png", np.zeros((1, 1), np.uint8))
    result = invoke("check", "pred", "truth", "--missing", "skip")
    assert "\\x0a::error::x" in result.stdout
    assert not [line for line in result.output.splitlines() if line.strip().startswith("::")]
    assert not set(result.output) & set("\x1b\x07\u202e\udcff")


def test_one_hot_masks(invoke, save):
    """A problem without --one-hot, none with it: in the headers and in the pixels."""
    labels = np.array([[0, 1, 2], [2, 1, 1]])
    one_hot = (np.arange(3)[:, None, None] == labels).astype(np.uint8)
    save("pred/a.npy", np.moveaxis(one_hot, 0, -1))
    save("truth/a.tif", one_hot)
    save("pred/b.npy", one_hot)
    save("truth/b.npy", one_hot)
    result = invoke("check", "pred", "truth")
    assert result.exit_code == 3
    assert "SEG288" in result.stderr
    assert "SEG214" in result.stderr
    result = invoke("check", "pred", "truth", "--one-hot")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "true ids: 0–2" in result.stdout
    result = invoke("score", "pred", "truth", "--one-hot", "--format", "json")
    assert json.loads(result.stdout)["summary"]["miou_dataset"] == 1
    assert json.loads(result.stdout)["options"]["one_hot"] is True
