"""`segeval score --resume` and `losses --resume`: killed, and gone on with."""

import json
import os
import signal
import zlib

import numpy as np
import pytest
from support.files import content
from support.patches import signalled

from segeval import __version__
from segeval.evaluate import measure as measuring

IMAGES = 7
OPTIONS = ["--num-classes", "4", "--ignore", "9", "--losses", "dice,boundary", "--missing", "worst", "--beta", "3"]
SCORE = ["score", "pred", "truth", *OPTIONS, "-j", "1", "--resume", "-o"]
ADD = "segeval.io.journal:Journal.add"


@pytest.fixture(autouse=True)
def pairs(save, invoke):
    """Seven pairs: one without a prediction, one that holds an id that is no class, which is worth a note."""
    for n in range(IMAGES):
        random = np.random.RandomState(n)
        truth = random.randint(0, 4, (5, 6 + n)).astype(np.uint8)
        truth[0, n] = 9
        save(f"truth/{n}.png", truth)
        if n != 3:
            save(f"pred/{n}.png", random.randint(0, 4 + 2 * (n == 1), (5, 6 + n)).astype(np.uint8))


@pytest.fixture
def measured(monkeypatch):
    """The ids that are measured, as they are."""
    found, real = [], measuring.measure

    def counted(pair, options):
        found.append(pair.id)
        return real(pair, options)

    monkeypatch.setattr(measuring, "measure", counted)
    return found


@pytest.fixture
def killed(start, tmp_path):
    """Kill a run at the count-th call of something, in the folder `out`."""

    def killed(place, count):
        process = start(*SCORE, "out", patch=signalled(place, count, "SIGKILL"))
        process.communicate(timeout=30)
        assert process.returncode == -signal.SIGKILL
        assert not (tmp_path / "out/run.json").exists()

    return killed


@pytest.mark.parametrize(
    ("place", "count", "left"),
    [
        (ADD, 1, IMAGES),
        (ADD, 4, IMAGES - 3),
        ("os:replace", 1, IMAGES),  # the head of the journal
        ("os:replace", 4, 0),  # in the middle of the tables
        ("os:replace", 8, 0),  # run.json itself
    ],
)
def test_killed_at_any_moment(killed, invoke, tmp_path, measured, place, count, left):
    """The bytes of a run that nobody stopped, and nothing else in the folder; what is measured stays so."""
    killed(place, count)
    result = invoke(*SCORE, "out")
    assert result.exit_code == 0, result.stderr
    assert len(measured) == left
    whole = invoke(*SCORE[:-2], "-o", "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert result.stdout == whole.stdout
    assert result.stderr == whole.stderr


@pytest.mark.parametrize(("place", "count", "left"), [(ADD, 4, IMAGES - 3), ("os:replace", 2, 0), ("os:replace", 3, 0)])
def test_a_study_that_was_killed(start, invoke, tmp_path, measured, place, count, left):
    """Its pictures too: while it measured, and while it wrote its table and its document."""
    given = ["losses", "pred", "truth", *OPTIONS[:-2], "-j", "1", "--steps", "2"]
    process = start(*given, "--resume", "-o", "out", "--maps", "maps", patch=signalled(place, count, "SIGKILL"))
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    result = invoke(*given, "--resume", "-o", "out", "--maps", "maps")
    assert result.exit_code == 0, result.stderr
    assert len(measured) == left
    whole = invoke(*given, "-o", "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert (result.stdout, result.stderr) == (whole.stdout, whole.stderr)


@pytest.mark.parametrize(
    ("more", "count", "left"),
    [
        (["--shard", "1/3"], 3, 2),  # of the images 0, 1, 2 and 4
        (["--losses", "tversky", "--pool-by", ".(.*)"], 3, IMAGES - 2),
        (
            ["--metrics", "f_beta,nsd,hd95_max,pq", "--instances", "components", "--tolerance", "2", "--penalty", "30"],
            5,
            IMAGES - 4,
        ),
    ],
)
def test_any_kind_and_order_of_images(start, invoke, tmp_path, measured, more, count, left):
    """A shard, pooled images, and evidence of distances and objects go on as counts and losses do."""
    given = ["score", "pred", "truth", *OPTIONS, "-j", "1", *more]
    process = start(*given, "--resume", "-o", "out", patch=signalled(ADD, count, "SIGKILL"))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    result = invoke(*given, "--resume", "-o", "out")
    assert result.exit_code in (0, 3), result.stderr
    assert len(measured) == left
    whole = invoke(*given, "-o", "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert (result.stdout, result.stderr, result.exit_code) == (whole.stdout, whole.stderr, whole.exit_code)


def test_what_changed_is_measured_again(killed, invoke, save, tmp_path, measured):
    """Of the same size and with the old time too."""
    killed(ADD, 6)
    path = tmp_path / "truth/2.png"
    before = path.stat()
    data = np.full((5, 8), 3, np.uint8)
    save("truth/2.png", data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert invoke(*SCORE, "out").exit_code == 0
    assert measured == ["2", "5", "6"]
    invoke(*SCORE[:-2], "-o", "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_a_weight_map_that_changed(start, invoke, save, tmp_path, measured):
    """It belongs to its image as the masks do."""
    for n in range(IMAGES):
        save(f"weights/{n}.npy", np.full((5, 6 + n), 1.5, np.float32))
    given = ["score", "pred", "truth", *OPTIONS[:4], "--losses", "unet_cross_entropy", "--weights", "weights"]
    given += ["--missing", "skip", "-j", "1"]
    start(*given, "--resume", "-o", "out", patch=signalled(ADD, 4, "SIGKILL")).communicate(timeout=30)
    save("weights/1.npy", np.linspace(1, 5, 35, dtype=np.float32).reshape(5, 7))
    assert invoke(*given, "--resume", "-o", "out").exit_code == 0
    assert measured == ["1", "4", "5", "6"]
    invoke(*given, "-o", "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def line(entry):
    text = json.dumps(entry, sort_keys=True).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(text), text)


@pytest.mark.parametrize("how", ["torn", "flipped", "forged", "another's"])
def test_a_damaged_line_is_measured_again(killed, invoke, tmp_path, measured, how):
    """Torn in the middle, a bit of its evidence turned, or with a check sum that fits what is no evidence of it."""
    killed(ADD, 6)
    journal = tmp_path / "out/run.jsonl"
    *lines, last = journal.read_bytes().splitlines(keepends=True)
    if how == "torn":
        last = last[:-40]
    elif how == "flipped":
        last = last[:60] + bytes([last[60] ^ 1]) + last[61:]
    else:
        own, other = (json.loads(each.partition(b" ")[2]) for each in (last, lines[-1]))
        last = line(own | {"evidence": "AAAA" if how == "forged" else other["evidence"]})
    journal.write_bytes(b"".join([*lines, last]))
    assert invoke(*SCORE, "out").exit_code == 0
    assert measured == ["4", "5", "6"]
    invoke(*SCORE[:-2], "-o", "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_other_options(killed, invoke, tmp_path, measured):
    """Refused with the way out; --force measures all anew."""
    killed(ADD, 6)
    before = content(tmp_path / "out")
    other = [each if each != "3" else "2.5" for each in SCORE]
    result = invoke(*other, "out")
    assert (result.exit_code, result.stdout, measured) == (2, "", [])
    assert "SEG107 out/run.jsonl is of a run with other options or another version, or is damaged" in result.stderr
    assert "--force" in result.stderr
    assert content(tmp_path / "out") == before
    assert invoke(*other, "out", "--force").exit_code == 0
    assert len(measured) == IMAGES
    assert not (tmp_path / "out/run.jsonl").exists()


@pytest.mark.parametrize("head", [b"", b"nonsense", line({"segeval": __version__ + "x"})])
def test_a_foreign_journal(invoke, tmp_path, measured, head):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/run.jsonl").write_bytes(head)
    assert invoke(*SCORE, "out").exit_code == 2
    assert measured == []


def test_tables_of_a_half_run_without_resume(killed, invoke):
    """As ever: they are nobody's."""
    killed("os:replace", 4)
    result = invoke(*SCORE[:-2], "-o", "out")
    assert result.exit_code == 2
    assert "but no run.json" in result.stderr


def test_a_fault_is_met_again(killed, invoke, tmp_path, measured):
    """What failed is in no journal."""
    (tmp_path / "truth/0.png").write_bytes(b"")
    killed(ADD, 6)
    result = invoke(*SCORE, "out")
    assert (result.exit_code, measured) == (3, ["0", "6"])
    assert "truth/0.png" in result.stderr


@pytest.mark.parametrize("command", ["score", "losses"])
def test_without_a_folder(invoke, command):
    result = invoke(command, "pred", "truth", "--num-classes", "4", "--ignore", "9", "--missing", "worst", "--resume")
    assert result.exit_code == 2
    assert "give -o DIR too" in result.stderr
