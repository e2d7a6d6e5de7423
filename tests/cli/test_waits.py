"""No file and no pattern makes a command wait or go on for ever."""

import os
import signal

import pytest

SQUARE = [[0, 1], [1, 1]]


@pytest.fixture
def pipe(tmp_path):
    """Make a pipe that nobody writes into."""

    def pipe(name):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(tmp_path / name)

    return pipe


pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")


@pytest.mark.parametrize(
    ("name", "args", "code", "said"),
    [
        ("c.csv", ["--classes", "c.csv"], 2, "SEG104 c.csv: not a regular file"),
        ("c.toml", ["--colors", "c.toml"], 2, "SEG104 c.toml: not a regular file"),
        ("c.toml", ["--config", "c.toml"], 2, "SEG103 c.toml: not a regular file"),
        ("base/run.json", ["-r", "iou[*] drop <= 0.1", "--baseline", "base"], 4, "SEG302 "),
        ("out/run.json", ["-o", "out"], 2, "SEG107 out holds a run of other inputs"),
        ("out/images.csv", ["-o", "out"], 2, "SEG107 out holds images.csv but no run.json"),
    ],
)
def test_pipes_in_place_of_files_of_score(invoke, masks, pipe, name, args, code, said):
    masks(a=(SQUARE, SQUARE))
    pipe(name)
    result = invoke("score", "pred", "truth", *args)
    assert result.exit_code == code
    assert f"Error: {said}" in result.stderr


def test_devices_in_place_of_files_of_score(invoke, masks, tmp_path):
    masks(a=(SQUARE, SQUARE))
    (tmp_path / "c.csv").symlink_to("/dev/zero")
    assert invoke("score", "pred", "truth", "--classes", "c.csv").exit_code == 2


@pytest.mark.parametrize("table", ["run.json", "images.csv", "records.csv"])
def test_pipes_in_place_of_a_run(invoke, masks, pipe, tmp_path, table):
    masks(a=(SQUARE, SQUARE))
    assert invoke("score", "pred", "truth", "-o", "out").exit_code == 0
    (tmp_path / "out" / table).unlink()
    pipe(f"out/{table}")
    for args in (["gate", "out", "-r", "iou[*] over images mean >= 0.1"], ["compare", "out", "out"]):
        result = invoke(*args)
        assert (result.exit_code, "SEG271" in result.stderr) == (3, True)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("out/losses.json", ["losses", "pred", "truth", "--binary", "--losses", "dice", "--steps", "1"]),
        ("out/weightmap.json", ["weightmap", "truth"]),
        ("out/weightmap.jsonl", ["weightmap", "truth", "--force"]),
        ("out/a.npy", ["weightmap", "truth", "--resume"]),
    ],
)
def test_pipes_in_output_folders(invoke, masks, pipe, name, args):
    """What cannot be looked at is not ours: it is replaced with --force, or stays."""
    masks(a=(SQUARE, SQUARE))
    pipe(name)
    result = invoke(*args, "-o", "out")
    assert result.exit_code == (0 if "--force" in args or name.endswith("map.json") else 2), result.stderr


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer on this system")
def test_a_pattern_that_never_ends(run, save, tmp_path):
    """2, before any work."""
    for side in ("pred", "truth"):
        save(f"{side}/{'a' * 60}!.npy", [[0, 1]])
    patch = "import segeval.run.grouping as g; g._PATIENCE = 0.05"
    code, out, err = run("score", "pred", "truth", "--ci", "--group-by", "(a+)+$", patch=patch)
    assert (code, out) == (2, b"")
    assert b"SEG112 --group-by '(a+)+$' takes too long" in err
