"""Tests of every way in which the program ends, each in a process of its own."""

import json
import os
import re
import signal
import time

import numpy as np
import pytest
from support.patches import swapped

SQUARE = [[0, 1], [1, 1]]


def test_done(run, masks):
    """0: results on stdout, nothing on stderr."""
    masks(a=(SQUARE, SQUARE))
    code, out, err = run("score", "pred", "truth")
    assert (code, err) == (0, b"")
    assert out.decode().splitlines()[-1] == "1 image scored · mIoU 1.0000 (miou_dataset) · worst: a 1.0000"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["score", "pred", "truth", "--no-such"], "--no-such"),
        (["score", "pred"], "Missing argument 'GT'"),
        (["score", "pred", "truth", "--num-classes", "x"], "'x' is not a valid integer"),
        (["score", "pred", "truth", "--num-classes", "0"], "SEG101 --num-classes is 0"),
        (["score", "pred", "truth", "--missing", "maybe"], "'maybe' is not one of"),
        (["scroe", "pred", "truth"], "did you mean 'score'?"),
        (["score", "pred", "truth", "--metrics", "iou,dise"], "did you mean 'dice'?"),
        (["score", "pred", "truth", "--pred-pattern", "x.png"], "SEG106"),
        (["score", "pred", "pred"], "SEG105"),
        (["explain", "SEG999"], "there is no error code"),
    ],
)
def test_wrong_use(run, masks, args, said):
    """2: what is wrong stands on stderr, and stdout is empty."""
    masks(a=(SQUARE, SQUARE))
    code, out, err = run(*args)
    assert (code, out) == (2, b"")
    assert said in err.decode()


def test_one_bad_file(run, masks, tmp_path):
    """3: the others were scored and written, the run says that it is incomplete, equal causes stand together."""
    masks(a=(SQUARE, SQUARE), b=(SQUARE, SQUARE), c=(SQUARE, SQUARE), d=(SQUARE, SQUARE), e=([[0]], SQUARE))
    for name in "bcd":
        (tmp_path / f"pred/{name}.png").write_bytes(b"")
    code, out, err = run("score", "pred", "truth", "-o", "out")
    document = json.loads((tmp_path / "out/run.json").read_text())
    assert code == 3
    assert document["complete"] is False
    assert [(f["id"], f["code"]) for f in document["images"]["failed"]] == [
        ("b", "SEG201"),
        ("c", "SEG201"),
        ("d", "SEG201"),
        ("e", "SEG214"),
    ]
    assert (document["images"]["paired"], document["images"]["scored"]) == (5, 1)
    assert out.decode().splitlines()[-1].startswith("INCOMPLETE: 1 image scored, 4 failed")
    lines = err.decode().splitlines()
    assert [line for line in lines if line.startswith("Error:")] == [
        "Error: SEG201 pred/b.png is an empty file (and 2 more like it: c, d)",
        "Error: SEG214 pred/e.png is 1 x 1 but truth/e.png is 2 x 2",
    ]
    assert sum(line.startswith("Hint:") for line in lines) == 2


def test_no_file_is_good(run, masks, tmp_path):
    """3, with a whole and empty result, in every shape of output."""
    masks(a=(SQUARE, SQUARE))
    (tmp_path / "pred/a.png").write_bytes(b"")
    code, out, _ = run("score", "pred", "truth", "--format", "json")
    assert code == 3
    assert json.loads(out)["summary"]["miou_dataset"] is None


BUG = swapped("segeval.evaluate.measure:measure", "def new(pair, job): raise RuntimeError('odd\\n::error::x')")


def test_our_own_fault(run, masks):
    """70: one line and how to report it; the traceback on demand only."""
    masks(a=(SQUARE, SQUARE))
    code, out, err = run("score", "pred", "truth", patch=BUG)
    assert (code, out) == (70, b"")
    assert err.decode().splitlines() == [
        "Error: SEG901 RuntimeError: odd\\x0a::error::x",
        "Hint: please report this with the traceback that SEGEVAL_DEBUG=1 shows",
    ]


@pytest.mark.parametrize(("option", "env"), [([], {"SEGEVAL_DEBUG": 1}), (["--debug"], {})])
def test_our_own_fault_in_full(run, masks, option, env):
    """70 again, with the traceback."""
    masks(a=(SQUARE, SQUARE))
    code, _, err = run(*option, "score", "pred", "truth", patch=BUG, traceback=True, **env)
    assert code == 70
    assert b"in new" in err


@pytest.mark.parametrize(
    "args",
    [["score", "pred", "truth"], ["score", "pred", "truth", "--format", "json"], ["score", "--help"], ["--version"]],
)
def test_full_disk(run, masks, args):
    """70 and one line that says why."""
    masks(a=(SQUARE, SQUARE))
    with open("/dev/full", "wb") as full:
        code, _, err = run(*args, stdout=full)
    assert code == 70
    assert err.decode().splitlines() == [
        "Error: SEG902 cannot write: No space left on device",
        "Hint: free some space",
    ]


def test_too_little_memory(run, masks):
    """3 where no single file is at fault, with a way out."""
    masks(a=(SQUARE, SQUARE))
    patch = "import segeval.evaluate.measure as e\ndef find_pairs(*args): raise MemoryError\ne.find_pairs = find_pairs"
    code, out, err = run("score", "pred", "truth", patch=patch)
    assert (code, out) == (3, b"")
    assert err.decode().startswith("Error: SEG212 there is not enough memory\nHint: use fewer workers")


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="files have no limit of size here")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("args", [["-o", "out"], ["--format", "json"]])
def test_a_limit_of_the_size_of_files(run, masks, tmp_path, args, unbuffered):
    """70, as on a full disk, and nothing half-written; also where Python would drop the rest of a short write."""
    masks(a=(SQUARE, SQUARE))
    patch = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
    with open(tmp_path / "stdout", "wb") as stdout:
        code, _, err = run("score", "pred", "truth", *args, patch=patch, stdout=stdout, PYTHONUNBUFFERED=unbuffered)
    assert code == 70
    assert re.fullmatch(r"Error: SEG902 cannot write.*: File too large\nHint: .*\n", err.decode())
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("form", ["json", "csv", "table", "md"])
def test_closed_pipe(start, masks, form):
    """141 and silence when the reader of stdout goes away."""
    masks(a=([list(range(256))], [list(range(256))]))
    matrix = [] if form == "json" else ["--confusion", "raw"]
    process = start("score", "pred", "truth", "--format", form, *matrix)
    process.stdout.close()
    assert (process.stderr.read(), process.wait(30)) == (b"", 141)


def test_closed_pipe_of_help(start):
    """Help prints before any command runs, and ends the same way."""
    process = start("score", "--help")
    process.stdout.close()
    assert (process.stderr.read(), process.wait(30)) == (b"", 141)


@pytest.fixture
def long_work(tmp_path):
    """Two folders whose scoring takes minutes: noise, under many names."""
    noise = np.random.RandomState(0).randint(0, 200, (2, 3000, 3000), np.uint8)
    for side, array in zip(("pred", "truth"), noise, strict=True):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "0.npy", array)
        for n in range(1, 800):
            os.link(tmp_path / side / "0.npy", tmp_path / side / f"{n}.npy")
    return tmp_path


@pytest.mark.parametrize(
    ("sent", "code", "said"), [(signal.SIGINT, 130, b"\ninterrupted\n"), (signal.SIGTERM, 143, b"")]
)
def test_signals(start, long_work, sent, code, said):
    """130 and 143: at once, whatever the workers do, and nothing half-written."""
    process = start("score", "pred", "truth", "-o", "out", patch="pass")
    deadline = time.monotonic() + 20
    while not (long_work / "out").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    assert process.poll() is None, "the work was too short to be interrupted"
    process.send_signal(sent)
    before = time.monotonic()
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - before < 3
    assert (process.returncode, out, err) == (code, b"", said)
    assert not (long_work / "out").exists()


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_closed_stream_is_no_crash(run, masks, tmp_path, closed):
    """`>&-` and `2>&-`: the work is done all the same."""
    masks(a=(SQUARE, SQUARE))
    number = {"stdout": 1, "stderr": 2}[closed]
    again = "os.execv(sys.executable, [sys.executable, '-m', 'segeval', *sys.argv[1:]])"
    code, _, _ = run("score", "pred", "truth", "-o", "out", patch=f"import os; os.close({number}); {again}")
    assert code == 0
    assert (tmp_path / "out/run.json").exists()


@pytest.mark.parametrize("locale", [{}, {"LC_ALL": "C", "PYTHONUTF8": 0, "PYTHONCOERCECLOCALE": 0}])
def test_hostile_names_in_any_locale(run, save, tmp_path, locale):
    """Names that no terminal, log or encoding likes: the run completes, and no line is forged."""
    names = ["\x1b]0;p\x07", "[b]", "\n::error::x", "a\u202eb", "\udcff", "=cmd()", "-x", "café"]
    for name in names:
        save(f"pred/{name}.png", np.array(SQUARE, np.uint8))
        save(f"truth/{name}.png", np.array(SQUARE, np.uint8))
    code, out, err = run("score", "pred", "truth", **locale)
    assert (code, err) == (0, b"")
    for name in names[:4]:
        os.truncate(tmp_path / f"pred/{name}.png", 0)
    code, out, err = run("score", "pred", "truth", "-o", "out", **locale)
    assert code == 3
    assert err.startswith(b"Error: SEG201 ")
    for line in (out + b"\n" + err).splitlines():
        assert not line.strip().startswith(b"::")
        assert not set(line) & {0x1B, 0x07, 0xFF, 0x00}
    document = json.loads((tmp_path / "out/run.json").read_text())
    assert [f["code"] for f in document["images"]["failed"]] == ["SEG201"] * 4


@pytest.mark.parametrize("args", [["score", "pred", "truth"], ["score"], ["list"], ["explain"], ["completion"], []])
@pytest.mark.parametrize("text", ["\n::error::x", "\x1b]0;p\x07", "--\x1b]0;p\x07", "--\n::error::x"])
def test_hostile_arguments(invoke, args, text):
    """A glob may hand us any name; what the message quotes of it cannot forge a line."""
    result = invoke(*args, text)
    assert result.exit_code == 2
    assert not [line for line in result.output.splitlines() if line.strip().startswith("::")]
    assert not set(result.output) & {"\x1b", "\x07"}


def test_endings_in_one_place(root):
    """Commands hold no `try`: every ending is decided in the main module."""
    sources = {path.stem: path.read_text(encoding="utf-8") for path in root.glob("segeval/cli/commands/*.py")}
    assert "score" in sources
    assert [name for name, source in sources.items() if "except" in source and name != "gate"] == []
