"""Tests of what a shell offers while somebody types, through click's own completion and in shells that are here."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from segeval.cli.main import cli


@pytest.fixture
def offered(tmp_path, monkeypatch, capsys):
    """What is offered behind words for what is typed so far, as (type, value); nothing else is said."""
    monkeypatch.chdir(tmp_path)

    def offered(*words, typed=""):
        found = ShellComplete(cli, {}, "segeval", "_SEGEVAL_COMPLETE").get_completions([*map(str, words)], typed)
        assert capsys.readouterr() == ("", "")
        return [(item.type, item.value) for item in found]

    return offered


def _plain(*names):
    return [("plain", name) for name in names]


@pytest.mark.parametrize(
    ("words", "typed", "wanted"),
    [
        (["score", "a", "b", "--losses"], "foc", ["focal", "focal_tversky"]),
        (["score", "a", "b", "--losses"], "dice,foc", ["dice,focal", "dice,focal_tversky"]),
        (["losses", "a", "b", "--losses"], "dice,focal,FOC", ["dice,focal,focal_tversky"]),
        (["score", "a", "b", "--losses"], "no", ["none"]),
        (["score", "--metrics"], "surf", ["surface", "surface_area"]),
        (["score", "--metrics"], "iou,surface,dic", ["iou,surface,dice"]),
        (["score", "--metrics"], "al", ["all"]),
        (["score", "--profile"], "city", ["cityscapes", "cityscapes-instances", "cityscapes-trainids"]),
        (["score", "-n"], "miou_da", ["miou_dataset"]),
        (["plot", "losses", "dice"], "lovasz_h", ["lovasz_hinge"]),
        (["why", "out", "--metric"], "iou", ["iou"]),
        (["explain"], "seg214", ["SEG214"]),
        (["explain"], "miou_d", ["miou_dataset"]),
        (["explain"], "loss.lovasz_h", ["loss.lovasz_hinge"]),
        (["explain"], "profile.nn", ["profile.nnunet"]),
        (["explain"], "map.ade20k-s", ["map.ade20k-shift"]),
        (["explain"], "exit", ["exit-codes"]),
        (["score", "a", "b", "-h"], "", ["all"]),
        (["score", "a", "b", "--missing"], "w", ["worst"]),
    ],
)
def test_names_are_completed(offered, words, typed, wanted):
    """Names of the catalogues, in a list the last of them, and none that stands there already."""
    assert offered(*words, typed=typed) == _plain(*wanted)


def test_tables_of_classes_are_offered_beside_files(offered):
    """A file stands first: what click's script for bash finds behind it is what it shows."""
    for option in ("--classes", "--colors"):
        assert offered("score", "a", "b", option, typed="camvid-1") == [("file", "camvid-1"), ("plain", "camvid-11")]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["score"], "file"),
        (["score", "a"], "file"),
        (["gate"], "file"),
        (["compare", "a"], "file"),
        (["weightmap"], "file"),
        (["score", "a", "b", "-o"], "dir"),
        (["score", "a", "b", "--report"], "file"),
        (["gate", "a", "--baseline"], "file"),
    ],
)
def test_places_are_left_to_the_shell(offered, words, kind):
    assert offered(*words, typed="da") == [(kind, "da")]


def test_classes_are_those_of_the_run(offered, tmp_path):
    """By id where a shell would take the name apart; of no run none."""
    rows = [{"id": 3, "name": "rider"}, {"id": 7, "name": "road"}, {"id": 8, "name": "traffic light"}]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.json").write_text(json.dumps({"schema": "segeval-run/1", "classes": rows}))
    (tmp_path / "odd.json").write_text(json.dumps({"schema": "segeval-run/1", "classes": [3]}))
    assert offered("why", "out", "--class") == _plain("rider", "road", "8")
    assert offered("why", "out/run.json", "--class", typed="ro") == _plain("road")
    assert offered("why", "odd.json", "--class") == offered("why", "none", "--class") == []


def test_a_shell_hears_nothing_of_configurations(offered, tmp_path):
    """Neither where one is found, nor where it is wrong, nor of a profile that is not yet typed in full."""
    for line in ("losses = 'dice'", "losse = 'dice'"):
        (tmp_path / "segeval.toml").write_text(f"[data]\n{line}\n")
        assert offered("score", "a", "b", "--profile", "city", "--losses", typed="lovasz_h") == _plain("lovasz_hinge")


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "COMP_WORDS=(segeval score --losses dice,foc); COMP_CWORD=3; _segeval_completion segeval; "),
        ("fish", "complete -C 'segeval score --losses dice,foc'"),
    ],
)
def test_a_shell_completes_lists(tmp_path, shell, line):
    """Commas are no ends for the scripts."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "segeval").write_text(f"#!/bin/sh\nexec '{sys.executable}' -m segeval \"$@\"\n")
    (tmp_path / "segeval").chmod(0o755)
    script = subprocess.run([sys.executable, "-m", "segeval", "completion", shell], capture_output=True, check=True)
    (tmp_path / "script").write_bytes(script.stdout)
    shown = 'printf "%s\\n" "${COMPREPLY[@]}"' if shell == "bash" else ""
    found = subprocess.run(
        [shell, "-c", f"source {tmp_path}/script; {line}{shown}"],
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=True,
    )
    assert found.stdout.split() == ["dice,focal", "dice,focal_tversky"]
