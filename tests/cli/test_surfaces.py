"""Tests of where a verdict is shown: files, the summary of a step, annotations, and what is refused."""

import json
import os
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from support.patches import FULL_DISK

FILES = ["--junit", "ci/junit.xml", "--markdown", "ci/comment.md", "--openmetrics", "ci/metrics.txt"]
PAIRS = {"a": ([[0, 1, 1, 0]], [[0, 1, 1, 1]]), "b": ([[0, 1]], [[0, 1]])}
FAILS, PASSES = "miou_dataset >= 0.99", "miou_dataset >= 0.5"


@pytest.fixture
def stored(invoke, masks, tmp_path):
    """A stored run in `out`."""
    masks(**PAIRS)
    assert invoke("score", "pred", "truth", "--num-classes", "2", "-o", "out").exit_code == 0
    return tmp_path


def test_every_file(invoke, stored):
    """One call writes them all, folders included, and leaves nothing else; stdout and exit code are as without."""
    plain = invoke("gate", "out", "-r", FAILS, "-r", PASSES)
    result = invoke("gate", "out", "-r", FAILS, "-r", PASSES, *FILES, "--name", "night-ly_1.0")
    assert (result.exit_code, result.stdout, result.stderr) == (1, plain.stdout, "")
    assert sorted(os.listdir(stored / "ci")) == ["comment.md", "junit.xml", "metrics.txt"]
    whole = ElementTree.parse(stored / "ci/junit.xml").getroot()
    assert (whole.get("name"), whole.get("failures"), whole.get("tests")) == ("segeval.night-ly_1.0", "1", "2")
    comment = (stored / "ci/comment.md").read_text()
    assert comment.startswith("<!-- segeval:night-ly_1.0 -->\n## FAIL  1 of 2 rules")
    metrics = (stored / "ci/metrics.txt").read_text()
    summary = json.loads((stored / "out/run.json").read_text())["summary"]
    assert f"segeval_miou_dataset {summary['miou_dataset']!r}\n" in metrics
    assert f'segeval_gate_passed{{rule="{FAILS}"}} 0\nsegeval_gate_passed{{rule="{PASSES}"}} 1\n' in metrics


def test_score_writes_them_too(invoke, stored):
    """The bytes of `gate` on the stored run."""
    losses = ["--losses", "tversky,focal"]
    assert invoke("score", "pred", "truth", "--num-classes", "2", *losses, "-o", "out", "--force").exit_code == 0
    assert invoke("gate", "out", "-r", FAILS, *FILES).exit_code == 1
    wanted = {path.name: path.read_bytes() for path in (stored / "ci").iterdir()}
    for path in (stored / "ci").iterdir():
        path.unlink()
    result = invoke("score", "pred", "truth", "--num-classes", "2", *losses, "-r", FAILS, *FILES)
    assert result.exit_code == 1
    assert {path.name: path.read_bytes() for path in (stored / "ci").iterdir()} == wanted


def test_an_incomplete_run(invoke, stored):
    """Its verdict is written and says so; the ending is 3."""
    (stored / "pred/b.png").write_bytes(b"")
    result = invoke("score", "pred", "truth", "--num-classes", "2", "-r", PASSES, *FILES)
    assert result.exit_code == 3
    (error,) = ElementTree.parse(stored / "ci/junit.xml").iter("error")
    assert error.get("type") == "input"
    assert "## INCOMPLETE: PASS" in (stored / "ci/comment.md").read_text()


def test_the_configuration_names_them(invoke, stored):
    """In the table of the gate; `score` without rules does not mind them."""
    (stored / "segeval.toml").write_text(
        '[gate]\njunit = "j.xml"\nname = "x"\n[[gate.rule]]\nmetric = "miou_dataset"\nmin = 0.5\n'
    )
    assert invoke("gate", "out", "--config", "segeval.toml").exit_code == 0
    assert 'name="segeval.x"' in (stored / "j.xml").read_text()
    (stored / "j.xml").unlink()
    assert invoke("score", "pred", "truth", "--num-classes", "2", "--config", "segeval.toml").exit_code == 0
    assert not (stored / "j.xml").exists()


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_summary_of_a_step(invoke, stored, monkeypatch, form):
    """The Markdown is added to what other steps wrote."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    (stored / "summary.md").write_text("earlier\n")
    for _ in range(2):
        assert invoke("gate", "out", "-r", PASSES, "--markdown", "c.md", *form).exit_code == 0
    comment = (stored / "c.md").read_text()
    assert (stored / "summary.md").read_text() == f"earlier\n{comment}{comment}"


def test_a_full_summary_is_not_lost(invoke, stored, monkeypatch):
    """What others wrote counts too."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    (stored / "summary.md").write_text("x" * (900 * 1024 - 200) + "\n")
    assert invoke("gate", "out", "-r", PASSES).exit_code == 0
    assert (stored / "summary.md").stat().st_size <= 900 * 1024
    assert (stored / "summary.md").read_text().endswith("rows omitted\n")


def test_a_summary_that_cannot_be_written(invoke, stored, monkeypatch):
    """It is told, and changes no ending: nobody asked for it by an option."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/such/place")
    result = invoke("gate", "out", "-r", PASSES)
    assert result.exit_code == 0
    assert result.stderr == "Note: no summary of the step: cannot write no/such/place: No such file or directory\n"


@pytest.mark.parametrize(("value", "lines"), [("true", 1), ("false", 0), ("", 0)])
def test_annotations(invoke, stored, monkeypatch, value, lines):
    """On stderr, so that stdout stays JSON."""
    monkeypatch.setenv("GITHUB_ACTIONS", value)
    result = invoke("gate", "out", "-r", FAILS, "--json", "--name", "n")
    assert json.loads(result.stdout)["verdict"] == "fail"
    assert result.stderr.count("\n") == lines
    assert result.stderr.startswith("::error title=segeval n%3A miou_dataset::miou_dataset 0.") == bool(lines)


@pytest.mark.parametrize("name", ["", "a b", "-->", "a\n", "é", "a/b"])
def test_names_of_gates(invoke, stored, name):
    """Nothing that could end the hidden marker."""
    result = invoke("gate", "out", "-r", PASSES, f"--name={name}", "--markdown", "c.md")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: SEG101 --name is ")
    assert not (stored / "c.md").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--junit", "j.xml", "--markdown", "./j.xml"], "two reports have the same file"),
        (["--junit", ""], "--junit '' is no file"),
        (["--openmetrics", "."], "--openmetrics '.' is no file"),
        (["--markdown", "pipe"], "--markdown 'pipe' is no file"),
        (["--junit", "out/run.json"], "--junit out/run.json belongs to the input"),
        (["--junit", "link/images.csv"], "--junit link/images.csv belongs to the input"),
        (["--junit", "base/records.csv"], "--junit base/records.csv belongs to the input"),
        (["--junit", "plain/x.xml"], "--junit: cannot write plain: File exists"),
    ],
)
def test_places_that_are_refused(invoke, stored, args, said):
    """2, and nothing is overwritten."""
    (stored / "link").symlink_to("out")
    (stored / "plain").write_text("mine")
    os.mkfifo(stored / "pipe")
    assert invoke("score", "pred", "truth", "--num-classes", "2", "-o", "base").exit_code == 0
    before = {path: path.read_bytes() for path in stored.rglob("*") if path.is_file()}
    result = invoke("gate", "out", "-r", PASSES, "--baseline", "base", *args)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: SEG114 {said}\nHint: ")
    assert {path: path.read_bytes() for path in stored.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--junit", "j.xml"], "--junit, and there is no rule"),
        (["-r", PASSES, "--junit", "pred/a.png"], "--junit pred/a.png belongs to the input"),
        (["-r", PASSES, "--junit", "truth/new/j.xml"], "--junit truth/new/j.xml belongs to the input"),
        (["-r", PASSES, "--markdown", "new/run.json", "-o", "new"], "--markdown new/run.json belongs to the input"),
    ],
)
def test_places_that_score_refuses(invoke, stored, args, said):
    """Before any work."""
    result = invoke("score", "pred", "truth", "--num-classes", "2", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: SEG114 {said}")
    assert not (stored / "new").exists()


def test_a_name_that_no_file_can_have(invoke, stored):
    """A configuration can hold what a command line cannot."""
    (stored / "segeval.toml").write_text('[gate]\njunit = "a\\u0000b"\n')
    result = invoke("gate", "out", "-r", PASSES, "--config", "segeval.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: SEG114 --junit 'a\\x00b' is no file")


def test_annotations_stand_below_the_table(stored):
    """Where both streams are one log."""
    env = {name: value for name, value in os.environ.items() if name not in ("GITHUB_STEP_SUMMARY", "PYTHONUNBUFFERED")}
    done = subprocess.run(
        [sys.executable, "-m", "segeval", "gate", "out", "-r", FAILS],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=stored,
        env=env | {"GITHUB_ACTIONS": "true"},
        check=False,
    )
    assert [line[:4] for line in done.stdout.decode().splitlines() if line] == ["rule", "----", "   1", "FAIL", "::er"]


def test_a_report_inside_the_folder_of_the_run(invoke, stored):
    """Is fine: only the run's own files are spared."""
    assert invoke("gate", "out", "-r", PASSES, "--junit", "out/junit.xml").exit_code == 0


def test_a_link_to_a_table_of_the_run(invoke, stored):
    """Is that table."""
    (stored / "j.xml").symlink_to("out/records.csv")
    assert invoke("gate", "out", "-r", PASSES, "--junit", "j.xml").exit_code == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_named(run, stored):
    """70 where the disk is full, as for every output."""
    code, _, err = run("gate", "out", "-r", PASSES, "--junit", "j.xml", patch=FULL_DISK)
    assert code == 70
    assert b"No space left" in err
    assert not (stored / "j.xml").exists()


def test_what_gate_does_not_need_is_not_loaded(run, stored):
    """No SciPy, no Pillow, no terminal library off a terminal, no decoder; XML only where it is written."""
    shutil.copytree(stored / "out", stored / "base")
    heavy = ["scipy", "PIL", "rich", "tifffile", "imagecodecs", "nibabel", "dask", "torch", "xml.etree"]
    patch = f"import atexit, sys\natexit.register(lambda: print([n for n in {heavy} if n in sys.modules]))"
    for args, loaded in (([], "[]"), (["--markdown", "c.md"], "[]"), (["--junit", "j.xml"], "['xml.etree']")):
        code, out, err = run("gate", "out", "-r", "iou[*] drop <= 0.5", "--baseline", "base", *args, patch=patch)
        assert (code, err) == (0, b"")
        assert out.decode().splitlines()[-1] == loaded
