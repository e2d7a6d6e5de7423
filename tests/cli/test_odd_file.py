"""A file that trips a fault of ours costs that file: the others are scored and written; the exit code is 70."""

import json

import numpy as np
import pytest
from support.patches import swapped

# No known file does this; the fault is injected where the pixels or the header of `b` are asked for.
FAULT = """
import segeval.io as io
def faulty(real):
    def read(file, *args):
        if file.name.endswith("/b.npy"):
            raise RuntimeError("odd\\n::error::x")
        return real(file, *args)
    return read
io.read, io.header = faulty(io.read), faulty(io.header)
"""
SAID = "Error: SEG903 truth/b.npy: RuntimeError: odd\\x0a::error::x"
HINT = "Hint: please report this with the traceback that SEGEVAL_DEBUG=1 shows"


@pytest.fixture(autouse=True)
def pairs(save):
    for id_ in "abcde":
        save(f"truth/{id_}.npy", np.eye(6, dtype=np.uint8))
        save(f"pred/{id_}.npy", np.tri(6, dtype=np.uint8))


def stored(path):
    return json.loads(path.read_text())


def test_score(run, tmp_path):
    code, out, err = run("score", "pred", "truth", "-o", "out", patch=FAULT)
    assert code == 70
    assert err.decode().splitlines() == [SAID, HINT]
    assert out.decode().splitlines()[-1].startswith("INCOMPLETE: 4 images scored, 1 failed")
    images = stored(tmp_path / "out/run.json")["images"]
    assert (images["scored"], [(each["id"], each["code"]) for each in images["failed"]]) == (4, [("b", "SEG903")])


def test_score_with_a_bad_file_and_a_failed_gate(run, tmp_path):
    """70 before 3 and 1."""
    (tmp_path / "pred/c.npy").write_bytes(b"")
    code, _, err = run("score", "pred", "truth", "-r", "miou_dataset >= 0.99", patch=FAULT)
    assert code == 70
    assert [line.split()[1] for line in err.decode().splitlines() if line.startswith("Error")] == ["SEG201", "SEG903"]


def test_check(run):
    code, out, err = run("check", "pred", "truth", patch=FAULT)
    assert (code, err.decode().splitlines()) == (70, [SAID, HINT])
    assert out.decode().splitlines()[-1] == "1 problem"


def test_losses(run, tmp_path):
    options = ["--binary", "--losses", "dice", "-o", "out", "--maps", "maps"]
    code, _, err = run("losses", "pred", "truth", *options, patch=FAULT)
    assert (code, SAID in err.decode().splitlines()) == (70, True)
    assert stored(tmp_path / "out/losses.json")["gradient_images"] == ["a", "c", "d", "e"]
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == ["a", "c", "d", "e", "index.html"]


@pytest.mark.parametrize(
    ("step", "of"), [("zones", "study.study"), ("sensitivity", "study.study"), ("drawn", "study.files")]
)
def test_losses_of_which_a_part_fails(run, tmp_path, step, of):
    """What was found before stands in the document."""
    patch = swapped(f"segeval.{of}:{step}", "def new(*args, **kwargs): raise LookupError('odd')")
    code, _, err = run(
        "losses", "pred", "truth", "--binary", "--losses", "dice", "-o", "out", "--maps", "m", patch=patch
    )
    assert code == 70
    assert b"Error: SEG903 truth/a.npy: LookupError: odd" in err
    assert stored(tmp_path / "out/losses.json")["losses"]["dice"]["images"] == 5


DONE = """
from segeval.weightmap import one_mask as maps
from segeval.weightmap import scan as surveys
def weigh(task, plan):
    return maps.weigh(task, plan)
def survey(*args):
    return surveys.survey(*args)
"""


@pytest.mark.parametrize(
    ("jobs", "options"),
    [pytest.param(2, [], marks=pytest.mark.slow), (1, ["--class-weights", "none", "--labels", "binary"])],
)
def test_weightmap(run, tmp_path, monkeypatch, jobs, options):
    """In the processes that make maps, and in those that count before them."""
    (tmp_path / "faulty.py").write_text(FAULT + DONE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    patch = "import faulty, segeval.weightmap.folder as f\nf.weigh, f.survey = faulty.weigh, faulty.survey"
    code, _, err = run("weightmap", "truth", "-o", "out", "-j", jobs, *options, patch=patch)
    assert (code, err.decode().splitlines()) == (70, [SAID, HINT])
    document = stored(tmp_path / "out/weightmap.json")
    assert [entry["id"] for entry in document["files"]] == ["a", "c", "d", "e"]
    assert [entry["code"] for entry in document["failed"]] == ["SEG903"]


def test_the_traceback_on_demand(run):
    """SEGEVAL_DEBUG ends the work at that file."""
    code, _, err = run("score", "pred", "truth", patch=FAULT, traceback=True, SEGEVAL_DEBUG=1)
    assert code == 70
    assert b"in read" in err
    assert b"SEG901 RuntimeError: odd" in err
