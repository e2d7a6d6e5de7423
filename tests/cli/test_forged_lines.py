"""No line of any output begins with a name: logs of CI systems take such lines for commands."""

import json
import os

import numpy as np
import pytest

NAMES = ["::error::x", "  ::warning::y", "::set-output name=z::1", "plain", "=1+1", "'::notice::n"]
CLASSES = "id,name\n0,::error::road\n1, ::debug::sky\n2,=cmd()\n"


@pytest.fixture
def place(invoke, save, tmp_path):
    """Two runs in folders with such names, of masks and classes with such names; one prediction is bad."""
    for n, name in enumerate(NAMES):
        for side in ("pred", "truth"):
            save(f"{side}/{name}.npy", np.arange(16, dtype=np.uint8).reshape(4, 4) % 3)
        save(f"pred2/{name}.npy", (np.arange(16, dtype=np.uint8).reshape(4, 4) + (n > 2)) % 3)
    (tmp_path / "classes.csv").write_text(CLASSES)
    for pred, run in (("pred", "::error::run"), ("pred2", " ::error::other"), ("pred2", "::error::third")):
        options = ["--classes", "classes.csv", "--losses", "dice", "-o", run]
        assert invoke("score", pred, "truth", *options).exit_code == 0
    return tmp_path


def forged(text):
    return [line for line in text.splitlines() if line.lstrip().startswith("::")]


COMMANDS = [
    *(["score", "pred", "truth", "--classes", "classes.csv", "--format", form] for form in ("table", "csv", "md")),
    *(
        ["score", "pred", "truth", "--classes", "classes.csv", "--confusion", "raw", "--format", form]
        for form in ("table", "csv", "md")
    ),
    *(
        ["losses", "pred", "truth", "--classes", "classes.csv", "--losses", "dice", "--steps", "1", "--format", form]
        for form in ("table", "csv", "md")
    ),
    *(
        ["compare", "::error::run", " ::error::other", "::error::third", "--resamples", "100", "--format", form]
        for form in ("table", "csv", "md")
    ),
    ["gate", "::error::run", "-r", "iou[*] drop <= 0.5", "--baseline", " ::error::other", "--resamples", "100"],
    ["gate", "::error::run", "-r", "iou[::nothing] >= 0.5"],
    ["gate", "::error::nowhere", "-r", "miou_dataset >= 0.5"],
    ["check", "pred", "truth", "--classes", "classes.csv"],
    ["check", "::error::run", "truth"],
    ["weightmap", "pred", "-o", "::error::maps", "-j", "1"],
    ["explain", "::error::x"],
    ["::error::x"],
]


def test_no_line_is_forged(invoke, place):
    """In what every command prints, and in the tables that it writes."""
    for path in (place / "pred2").glob("*"):
        path.write_bytes(b"")
    for args in [*COMMANDS, ["score", "pred2", "truth", "-o", "bad"], ["check", "pred2", "truth"]]:
        result = invoke(*args)
        assert (args, forged(result.stdout), forged(result.stderr)) == (args, [], [])
    invoke("losses", "pred", "truth", "--classes", "classes.csv", "--losses", "dice", "--steps", "1", "-o", "study")
    tables = [*place.glob("*/*.csv")]
    assert len(tables) > 12
    for path in tables:
        assert (path, forged(path.read_text())) == (path, [])


def test_marked_names_are_read_back(invoke, place):
    """A run from memory and one from its tables have the same images."""
    os.rename(place / " ::error::other", place / "before")
    options = ["--classes", "classes.csv", "-r", "iou[*] drop <= 0.9", "--baseline", "before", "--resamples", "100"]
    result = invoke("score", "pred", "truth", *options)
    assert result.exit_code == 0, result.stderr
    assert "not compared" not in result.stdout
    document = json.loads(invoke("gate", "::error::run", *options[2:], "--json").stdout)
    assert document["images"]["only_run"] == document["images"]["only_baseline"] == []
