"""`segeval weightmap` again and again: the same bytes, resumed, stopped, killed."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from segeval.weightmap import unet_weights

CELLS = np.array([[0, 0, 0, 0, 0, 0], [0, 1, 0, 2, 2, 0], [0, 1, 0, 2, 2, 0], [0, 0, 0, 0, 0, 0]], np.uint8)
OTHER = np.array([[7, 0, 0], [0, 0, 9]], np.uint16)


def document(folder):
    return json.loads((folder / "weightmap.json").read_text(encoding="utf-8"))


def content(folder):
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def masks(save):
    """Two instance masks, one of them in a folder of its own."""
    save("masks/a.png", CELLS)
    save("masks/deep/er/b.png", OTHER)


@pytest.fixture
def many(save):
    """Twelve masks of many cells."""
    random = np.random.RandomState(1)
    for n in range(12):
        labels = np.zeros((200, 210), np.uint16)
        for id_ in range(1, 61):
            y, x = random.randint(0, 200), random.randint(0, 210)
            labels[y : y + random.randint(2, 20), x : x + random.randint(2, 20)] = id_
        save(f"masks/{n % 3}/{n}.png", labels)


def test_nothing_depends_on_processes_or_memory(run, many, tmp_path):
    """Byte for byte, the document too."""
    for name, options in {"one": ["-j", 1], "three": ["-j", 3], "tiles": ["-j", 2, "--max-memory", 1]}.items():
        assert run("weightmap", "masks", "-o", name, "--preview", "--format", "npz", *options)[0] == 0
    wanted = content(tmp_path / "one")
    assert len(wanted) == 25
    assert content(tmp_path / "three") == content(tmp_path / "tiles") == wanted


def test_the_same_again_replaces(run, masks, tmp_path):
    run("weightmap", "masks", "-o", "out")
    before = content(tmp_path / "out")
    assert run("weightmap", "masks", "-o", "out")[0] == 0
    assert content(tmp_path / "out") == before


def test_other_options_or_masks_are_refused(run, masks, save, tmp_path):
    """Without --force or --resume; and what nobody wrote for us stays in any case but the first."""
    run("weightmap", "masks", "-o", "out")
    before = content(tmp_path / "out")
    code, _, err = run("weightmap", "masks", "-o", "out", "--sigma", "3")
    assert code == 2
    assert b"SEG107 out holds maps of other masks or options" in err
    save("masks/c.png", CELLS)
    assert run("weightmap", "masks", "-o", "out")[0] == 2
    assert content(tmp_path / "out") == before
    assert run("weightmap", "masks", "-o", "out", "--sigma", "3", "--force")[0] == 0
    assert document(tmp_path / "out")["options"]["sigma"] == 3


@pytest.mark.parametrize("option", [[], ["--resume"]])
def test_foreign_files_are_not_overwritten(run, masks, save, tmp_path, option):
    path = save("out/deep/er/b.npy", CELLS)
    before = path.read_bytes()
    code, _, err = run("weightmap", "masks", "-o", "out", *option)
    assert code == 2
    assert b"out/deep/er/b.npy exists already" in err
    assert path.read_bytes() == before
    assert run("weightmap", "masks", "-o", "out", *option, "--force")[0] == 0


def stamps(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.npy")}


def test_resume_keeps_what_is_unchanged(run, masks, save, tmp_path):
    """A changed mask, a damaged map and a lost one are made anew; the others are not touched."""
    for name in ("c", "d", "e"):
        save(f"masks/{name}.png", CELLS)
    given = ["weightmap", "masks", "-o", "out", "--class-weights", "none", "--resume"]
    run(*given)
    before = stamps(tmp_path / "out")
    wanted = content(tmp_path / "out")
    save("masks/c.png", np.ascontiguousarray(CELLS.T))
    os.truncate(tmp_path / "out/d.npy", 20)
    (tmp_path / "out/e.npy").unlink()
    code, out, _ = run(*given)
    assert code == 0
    assert b"5 maps in out (npy, float32), 2 of them unchanged" in out
    after = stamps(tmp_path / "out")
    assert {name for name in after if after[name] != before[name]} == {"c.npy", "d.npy", "e.npy"}
    assert np.array_equal(np.load(tmp_path / "out/c.npy"), unet_weights(CELLS.T))
    assert content(tmp_path / "out")["d.npy"] == wanted["d.npy"]


@pytest.mark.parametrize("change", [["--sigma", "3"], ["--class-weights", "0=1,1=2"], ["--labels", "binary"]])
def test_resume_with_other_options_makes_all_maps_anew(run, masks, tmp_path, change):
    run("weightmap", "masks", "-o", "out")
    _, out, _ = run("weightmap", "masks", "-o", "out", "--resume", *change)
    assert b"unchanged" not in out
    run("weightmap", "masks", "-o", "fresh", *change)
    assert content(tmp_path / "out") == content(tmp_path / "fresh")


def test_resume_follows_the_frequencies(run, masks, save, tmp_path):
    """A new mask changes the class weights of the folder, and so every map."""
    run("weightmap", "masks", "-o", "out")
    save("masks/c.png", CELLS)
    _, out, _ = run("weightmap", "masks", "-o", "out", "--resume")
    assert b"unchanged" not in out
    run("weightmap", "masks", "-o", "fresh")
    assert content(tmp_path / "out") == content(tmp_path / "fresh")


def test_resume_adds_previews(run, masks, tmp_path):
    run("weightmap", "masks", "-o", "out")
    run("weightmap", "masks", "-o", "out", "--resume", "--preview")
    run("weightmap", "masks", "-o", "fresh", "--preview")
    assert content(tmp_path / "out") == content(tmp_path / "fresh")


SLOW = """
import segeval.weighing.maps as maps, time
real = maps.encoded
def slow(*args):
    time.sleep(0.05)
    return real(*args)
maps.encoded = slow
"""


@pytest.mark.parametrize(("jobs", "seconds"), [(1, 0.0), (1, 0.25), (2, 0.1), (2, 0.4)])
def test_killed_at_any_moment(start, run, many, tmp_path, seconds, jobs):
    """`kill -9`, then --resume: the bytes of a run that nobody stopped, and nothing else in the folder."""
    options = ["weightmap", "masks", "--preview", "-j", jobs]
    process = start(*options, "-o", "out", patch=SLOW if jobs == 1 else "")
    deadline = time.monotonic() + 20
    while not (tmp_path / "out/weightmap.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.3)  # the processes that it started end with it
    half = content(tmp_path / "out")
    for name, data in half.items():
        if name.endswith(".npy") and not Path(name).name.startswith("."):
            np.load(tmp_path / "out" / name)
            assert len(data) == 128 + 4 * 200 * 210
    assert run(*options, "-o", "out", "--resume")[0] == 0
    assert run(*options, "-o", "fresh")[0] == 0
    assert content(tmp_path / "out") == content(tmp_path / "fresh")


def test_a_half_run_is_known_as_ours(start, run, many, tmp_path):
    """Stopped by Ctrl-C: 130, no temporary file, and the same command starts anew without --force."""
    process = start("weightmap", "masks", "-o", "out", "-j", 1, patch=SLOW)
    deadline = time.monotonic() + 20
    while len(list((tmp_path / "out").rglob("*.npy"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, b"\ninterrupted\n")
    assert [name for name in content(tmp_path / "out") if name.endswith(".tmp")] == []
    _, out, _ = run("weightmap", "masks", "-o", "out", "--resume")
    assert b"of them unchanged" in out
    assert run("weightmap", "masks", "-o", "out")[0] == 0


@pytest.mark.parametrize(
    ("sent", "code", "said"), [(signal.SIGINT, 130, b"\ninterrupted\n"), (signal.SIGTERM, 143, b"")]
)
def test_signals_with_processes(start, save, tmp_path, sent, code, said):
    """At once and without a word from the processes, though the whole group is told, as by a terminal."""
    noise = np.random.RandomState(0).randint(0, 4, (700, 700)).astype(np.uint8)
    for n in range(40):
        save(f"masks/{n}.png", noise)
    process = start("weightmap", "masks", "-o", "out", "-j", 2, "--labels", "semantic", patch="import os; os.setsid()")
    deadline = time.monotonic() + 20
    while not list((tmp_path / "out").rglob("*.npy")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None
    before = time.monotonic()
    os.killpg(process.pid, sent)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (code, said)
    assert time.monotonic() - before < 5
    assert [name for name in content(tmp_path / "out") if name.endswith(".tmp")] == []


CHANGES = """
import segeval.weighing.folder as folder
real = folder.write_maps
def later(work, *args):
    import numpy as np
    np.save("masks/c.npy", np.array([[0, 1, 0]], np.uint8))
    return real(work, *args)
import segeval.weighing
segeval.weighing.write_maps = later
"""


def test_a_mask_that_changes_meanwhile(run, masks, save, tmp_path):
    """It was counted as it was: a map of what it is now would have wrong class weights."""
    save("masks/c.npy", CELLS)
    code, _, err = run("weightmap", "masks", "-o", "out", "-j", 1, patch=CHANGES)
    assert code == 3
    assert b"masks/c.npy changed since it was counted" in err
    assert sorted(content(tmp_path / "out")) == ["a.npy", "deep/er/b.npy", "weightmap.json"]


DIES = """
import os
from segeval.weighing import maps
def weigh(task, plan):
    return os._exit(9) if task.id == "1/4" else maps.weigh(task, plan)
"""


def test_a_process_that_dies(run, many, tmp_path):
    """Of a mask that takes all memory, say: the others get their maps, and the fault has the file's name."""
    (tmp_path / "deadly.py").write_text(DIES)
    patch = "import deadly, segeval.weighing.folder as folder\nfolder.weigh = deadly.weigh"
    places = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    code, _, err = run("weightmap", "masks", "-o", "out", "-j", 2, patch=patch, PYTHONPATH=places)
    assert code == 3
    assert b"SEG265 masks/1/4.png: the process that worked on it died twice" in err
    assert len(document(tmp_path / "out")["files"]) == 11


def test_masks_of_others_are_not_overwritten(run, masks, save, tmp_path):
    """An earlier run with another folder for masks with gaps does not make this one ours."""
    given = ["weightmap", "masks", "-o", "out", "--touching", "gap", "--masks-out"]
    assert run(*given, "parted")[0] == 0
    assert run(*given, "parted", "--resume")[0] == 0
    own = save("own/deep/er/b.png", CELLS)
    before = own.read_bytes()
    code, _, err = run(*given, "own", "--resume")
    assert code == 2
    assert b"own/deep/er/b.png exists already" in err
    assert own.read_bytes() == before
    assert run(*given, "own", "--force")[0] == 0
    assert own.read_bytes() == (tmp_path / "parted/deep/er/b.png").read_bytes()


def test_long_names(run, save, tmp_path):
    """A temporary name is not longer than the name."""
    save(f"masks/{'n' * 251}.png", CELLS)
    assert run("weightmap", "masks", "-o", "out")[0] == 0


def test_no_mask_can_be_read(run, save, tmp_path):
    """3, and a whole document that says so."""
    (tmp_path / "masks").mkdir()
    for n in range(5):
        (tmp_path / f"masks/{n}.png").touch()
    code, out, _ = run("weightmap", "masks", "-o", "out")
    assert code == 3
    assert b"INCOMPLETE: 5 masks failed; 0 maps in out" in out
    assert document(tmp_path / "out")["files"] == []


def test_masks_that_do_not_fit_their_name(run, save, tmp_path):
    """An array under the name of a PNG reads, but its masks with gaps cannot go back there."""
    save("masks/a.npy", np.stack([CELLS, CELLS]))
    os.rename(tmp_path / "masks/a.npy", tmp_path / "masks/a.png")
    code, _, err = run("weightmap", "masks", "-o", "out", "--touching", "gap", "--masks-out", "parted")
    assert code == 3
    assert b"masks/a.png cannot be written with gaps" in err


def test_what_a_killed_process_left_is_removed(run, masks, save, tmp_path):
    """Half-written files, in the folders below too. No process has so high a number."""
    run("weightmap", "masks", "-o", "out", "--preview")
    wanted = content(tmp_path / "out")
    for name in (".a.npy.4194305-0123abcd.tmp", "preview/deep/.b.png.4194305-89abcdef.tmp"):
        (tmp_path / "out" / name).touch()
    run("weightmap", "masks", "-o", "out", "--preview", "--resume")
    assert content(tmp_path / "out") == wanted
