"""Kills, full disks and odd places: what was written is whole, and a second run gives the same bytes."""

import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest
from support.files import content
from support.patches import FULL_DISK, signalled

COMMANDS = {
    "score": ["score", "pred", "truth", "--num-classes", "3"],
    "losses": ["losses", "pred", "truth", "--num-classes", "3", "--losses", "dice", "--steps", "1"],
    "weightmap": ["weightmap", "truth", "-j", "1"],
    "merge": ["merge", "part1", "part2"],
}


@pytest.fixture(autouse=True)
def pairs(save):
    noise = np.random.RandomState(0)
    for n in range(4):
        for side in ("pred", "truth"):
            save(f"{side}/{n}.png", noise.randint(0, 3, (5, 6)).astype(np.uint8))


@pytest.fixture
def parts(inside):
    """Two shards, to be merged."""
    for k in (1, 2):
        inside(*COMMANDS["score"], "--shard", f"{k}/2", "-o", f"part{k}")


def moments(command, writes):
    """Some of the places where a file reaches the disk or gets its name, by a seed."""
    every = [(place, count) for place in ("os:fsync", "os:replace") for count in range(1, writes + 1)]
    return [(command, *each) for each in random.Random(7).sample(every, 4)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "place", "count"), [*moments("score", 5), *moments("losses", 2), *moments("merge", 5)]
)
@pytest.mark.usefixtures("parts")
def test_killed_while_it_writes(start, inside, tmp_path, command, place, count):
    """`kill -9`: every file there is whole; the same command again gives the bytes of a run that nobody stopped."""
    args = COMMANDS[command]
    assert inside(*args, "-o", "finished")[0] == 0
    process = start(*args, "-o", "out", patch=signalled(place, count, "SIGKILL"))
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    finished = content(tmp_path / "finished")
    for name, data in content(tmp_path / "out").items():
        assert name.startswith(".") or data == finished[name]
    code, _, err = inside(*args, "-o", "out")
    if code == 2:  # tables without the document that is written last could be anybody's
        assert b"--force" in err
        code, *_ = inside(*args, "-o", "out", "--force")
    assert (code, content(tmp_path / "out")) == (0, finished)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("parts")
def test_a_full_disk_keeps_what_was_there(run, inside, tmp_path, command):
    """70 with the reason, and not a byte changed; nor is anything left where nothing was."""
    args = COMMANDS[command]
    assert inside(*args, "-o", "out")[0] == 0
    before = content(tmp_path / "out")
    code, _, err = run(*args, "-o", "out", "--force", patch=FULL_DISK)
    assert code == 70
    assert b"Error: SEG902 cannot write" in err
    kept = content(tmp_path / "out")
    assert {name: kept.get(name) for name in before} == before


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="only root makes small disks")
@pytest.mark.slow
def test_a_small_disk(run, inside, tmp_path):
    """As many bytes as there are room for: whole files or none."""
    assert inside(*COMMANDS["score"], "-o", "finished")[0] == 0
    finished = content(tmp_path / "finished")
    (tmp_path / "disk").mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", tmp_path / "disk"], check=False).returncode:
        pytest.skip("no disk can be made here")
    try:
        code, _, err = run(*COMMANDS["score"], "-o", "disk/out")
        assert (code, b"SEG902" in err) == (70, True)
        for name, data in content(tmp_path / "disk/out").items():
            assert data == finished[name]
    finally:
        subprocess.run(["umount", tmp_path / "disk"], check=True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
@pytest.mark.parametrize(
    "args",
    [
        COMMANDS["losses"],
        ["check", "pred", "truth"],
        ["weightmap", "truth", "-j", "1", "-o", "maps"],
        ["gate", "out", "-r", "miou_dataset >= 0.01"],
        ["compare", "out", "out"],
        ["list", "losses"],
        ["explain", "SEG902"],
        ["completion", "bash"],
    ],
    ids=lambda args: args[0],
)
def test_stdout_on_a_full_disk(run, inside, args):
    """70 and one line, whatever the command."""
    if args[0] in ("gate", "compare"):
        assert inside("score", "pred", "truth", "--num-classes", "3", "-o", "out")[0] == 0
    with open("/dev/full", "wb") as full:
        code, _, err = run(*args, stdout=full)
    assert code == 70
    assert "Error: SEG902 cannot write: No space left on device" in err.decode().splitlines()


def test_places(inside, tmp_path, monkeypatch):
    """The bytes are the same from another folder, by whole paths, through links, and into a link."""
    args = ["--num-classes", "3", "-o"]
    assert inside("score", "pred", "truth", *args, "out")[0] == 0
    wanted = content(tmp_path / "out")
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    (tmp_path / "real").mkdir()
    for name, target in (("preds", "pred"), ("elsewhere/truths", "truth"), ("link", "real")):
        (tmp_path / name).symlink_to(tmp_path / target)
    assert inside("score", tmp_path / "pred", tmp_path / "truth", *args, tmp_path / "whole")[0] == 0
    assert inside("score", "preds", "elsewhere/truths", *args, "link")[0] == 0
    assert content(tmp_path / "whole") == content(tmp_path / "real") == wanted
    assert (tmp_path / "link").is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_umask(run, tmp_path):
    """Files and folders have the modes that the user wants for new ones."""
    code, *_ = run(*COMMANDS["weightmap"], "-o", "a/out", patch="import os; os.umask(0o027)")
    assert code == 0
    modes = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "a").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o640}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o750}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "wait4"), reason="the system does not tell the peak")
def test_memory_over_more_and_more_images(root):
    """At most 10 kB for each pair more: 7.6 were measured with 16 classes, where a pair is 64 × 64."""
    script = "import bench_memory as b; print(b.peaks(2500)[0] - b.peaks(500)[0])\n"
    done = subprocess.run(
        [sys.executable, "-c", f"if __name__ == '__main__':\n    {script}"],
        cwd=root / "scripts",
        capture_output=True,
        check=True,
        text=True,
    )
    assert int(done.stdout) < 2000 * 10_000
