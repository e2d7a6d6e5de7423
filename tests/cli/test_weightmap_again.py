"""`segeval weightmap` again and again: the same bytes, resumed, stopped, killed."""

import contextlib
import json
import os
import signal
import time
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from click.testing import CliRunner
from support.files import content
from support.patches import signalled, swapped

from segeval.cli.main import cli
from segeval.weightmap.formula import unet_weights

CELLS = np.array([[0, 0, 0, 0, 0, 0], [0, 1, 0, 2, 2, 0], [0, 1, 0, 2, 2, 0], [0, 0, 0, 0, 0, 0]], np.uint8)
OTHER = np.array([[7, 0, 0], [0, 0, 9]], np.uint16)


def document(folder):
    return json.loads((folder / "weightmap.json").read_text(encoding="utf-8"))


@pytest.fixture
def masks(save):
    """Two instance masks, one of them in a folder of its own."""
    save("masks/a.png", CELLS)
    save("masks/deep/er/b.png", OTHER)


MASKS, SHAPE = 8, (120, 130)


def many_masks(folder):
    """Masks of many cells."""
    random = np.random.RandomState(1)
    for n in range(MASKS):
        labels = np.zeros(SHAPE, np.uint16)
        for id_ in range(1, 36):
            y, x = random.randint(0, 120), random.randint(0, 130)
            labels[y : y + random.randint(2, 20), x : x + random.randint(2, 20)] = id_
        path = folder / "masks" / str(n % 3) / f"{n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(imagecodecs.png_encode(labels))


@pytest.fixture
def many(tmp_path):
    many_masks(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """What a run over them leaves that nobody stopped."""
    place = tmp_path_factory.mktemp("whole")
    many_masks(place)
    with contextlib.chdir(place):
        assert CliRunner().invoke(cli, ["weightmap", "masks", "-o", "out", "--preview", "-j", "1"]).exit_code == 0
    return content(place / "out")


@pytest.mark.slow
def test_nothing_depends_on_processes_or_memory(run, inside, many, tmp_path):
    """Byte for byte, the document too."""
    given = ["weightmap", "masks", "--preview", "--format", "npz"]
    assert inside(*given, "-o", "one", "-j", 1)[0] == 0
    assert run(*given, "-o", "three", "-j", 3)[0] == 0
    assert run(*given, "-o", "tiles", "-j", 2, "--max-memory", 1)[0] == 0
    wanted = content(tmp_path / "one")
    assert len(wanted) == 2 * MASKS + 1
    assert content(tmp_path / "three") == content(tmp_path / "tiles") == wanted


def test_the_same_again_replaces(inside, masks, tmp_path):
    inside("weightmap", "masks", "-o", "out")
    before = content(tmp_path / "out")
    assert inside("weightmap", "masks", "-o", "out")[0] == 0
    assert content(tmp_path / "out") == before


def test_other_options_or_masks_are_refused(inside, masks, save, tmp_path):
    """Without --force or --resume; and what nobody wrote for us stays in any case but the first."""
    inside("weightmap", "masks", "-o", "out")
    before = content(tmp_path / "out")
    code, _, err = inside("weightmap", "masks", "-o", "out", "--sigma", "3")
    assert code == 2
    assert b"SEG107 out holds maps of other masks or options" in err
    save("masks/c.png", CELLS)
    assert inside("weightmap", "masks", "-o", "out")[0] == 2
    assert content(tmp_path / "out") == before
    assert inside("weightmap", "masks", "-o", "out", "--sigma", "3", "--force")[0] == 0
    assert document(tmp_path / "out")["options"]["sigma"] == 3


@pytest.mark.parametrize("option", [[], ["--resume"]])
def test_foreign_files_are_not_overwritten(inside, masks, save, tmp_path, option):
    path = save("out/deep/er/b.npy", CELLS)
    before = path.read_bytes()
    code, _, err = inside("weightmap", "masks", "-o", "out", *option)
    assert code == 2
    assert b"out/deep/er/b.npy exists already" in err
    assert path.read_bytes() == before
    assert inside("weightmap", "masks", "-o", "out", *option, "--force")[0] == 0


def stamps(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.npy")}


def test_resume_keeps_what_is_unchanged(inside, masks, save, tmp_path):
    """A changed mask, a damaged map and a lost one are made anew; the others are not touched."""
    for name in ("c", "d", "e"):
        save(f"masks/{name}.png", CELLS)
    given = ["weightmap", "masks", "-o", "out", "--class-weights", "none", "--resume", "-j", 1]
    inside(*given)
    before = stamps(tmp_path / "out")
    wanted = content(tmp_path / "out")
    save("masks/c.png", np.ascontiguousarray(CELLS.T))
    os.truncate(tmp_path / "out/d.npy", 20)
    (tmp_path / "out/e.npy").unlink()
    code, out, _ = inside(*given)
    assert code == 0
    assert b"5 maps in out (npy, float32), 2 of them unchanged" in out
    after = stamps(tmp_path / "out")
    assert {name for name in after if after[name] != before[name]} == {"c.npy", "d.npy", "e.npy"}
    assert np.array_equal(
        np.load(tmp_path / "out/c.npy"), unet_weights(CELLS.T, class_weights="none", labels="instances")
    )
    assert content(tmp_path / "out")["d.npy"] == wanted["d.npy"]


@pytest.mark.parametrize("change", [["--sigma", "3"], ["--class-weights", "0=1,1=2"], ["--labels", "binary"]])
def test_resume_with_other_options_makes_all_maps_anew(inside, masks, tmp_path, change):
    inside("weightmap", "masks", "-o", "out")
    _, out, _ = inside("weightmap", "masks", "-o", "out", "--resume", *change)
    assert b"unchanged" not in out
    inside("weightmap", "masks", "-o", "fresh", *change)
    assert content(tmp_path / "out") == content(tmp_path / "fresh")


def test_resume_follows_the_frequencies(inside, masks, save, tmp_path):
    """A new mask changes the class weights of the folder, and so every map."""
    inside("weightmap", "masks", "-o", "out")
    save("masks/c.png", CELLS)
    _, out, _ = inside("weightmap", "masks", "-o", "out", "--resume")
    assert b"unchanged" not in out
    inside("weightmap", "masks", "-o", "fresh")
    assert content(tmp_path / "out") == content(tmp_path / "fresh")


def test_resume_adds_previews(inside, masks, tmp_path):
    inside("weightmap", "masks", "-o", "out")
    inside("weightmap", "masks", "-o", "out", "--resume", "--preview")
    inside("weightmap", "masks", "-o", "fresh", "--preview")
    assert content(tmp_path / "out") == content(tmp_path / "fresh")


@pytest.mark.parametrize(
    ("jobs", "place", "count"),
    [
        (1, "os:fsync", 1),
        (1, "os:replace", 8),
        (1, "segeval.io.journal:Journal.add", 3),
        *(pytest.param(2, "segeval.io.journal:Journal.add", count, marks=pytest.mark.slow) for count in (1, 5)),
    ],
)
def test_killed_at_any_moment(start, inside, many, finished, tmp_path, jobs, place, count):
    """`kill -9`, then --resume: the bytes of a run that nobody stopped, and nothing else in the folder."""
    options = ["weightmap", "masks", "-o", "out", "--preview"]
    process = start(*options, "-j", jobs, patch=signalled(place, count, "SIGKILL"))
    process.communicate(timeout=30)  # also of the processes that it started, which end with it
    assert process.returncode == -signal.SIGKILL
    half = content(tmp_path / "out")
    for name, data in half.items():
        if name.endswith(".npy") and not Path(name).name.startswith("."):
            np.load(tmp_path / "out" / name)
            assert len(data) == 128 + 4 * np.prod(SHAPE)
    assert inside(*options, "--resume", "-j", 1)[0] == 0
    assert content(tmp_path / "out") == finished


def test_a_half_run_is_known_as_ours(start, inside, many, tmp_path):
    """Stopped by Ctrl-C: 130, no temporary file, and the same command starts anew without --force."""
    patch = signalled("segeval.weightmap.one_mask:encoded", 3, "SIGINT")
    process = start("weightmap", "masks", "-o", "out", "-j", 1, patch=patch)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, b"\ninterrupted\n")
    assert sorted(name for name in content(tmp_path / "out") if not name.endswith(".npy")) == ["weightmap.jsonl"]
    _, out, _ = inside("weightmap", "masks", "-o", "out", "--resume", "-j", 1)
    assert b"2 of them unchanged" in out
    assert inside("weightmap", "masks", "-o", "out", "-j", 1)[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "code", "said"), [(signal.SIGINT, 130, b"\ninterrupted\n"), (signal.SIGTERM, 143, b"")]
)
def test_signals_with_processes(start, save, tmp_path, sent, code, said):
    """At once and without a word from the processes, though the whole group is told, as by a terminal."""
    noise = save("masks/0.npy", np.random.RandomState(0).randint(0, 4, (700, 700)).astype(np.uint8))
    for n in range(1, 40):
        os.link(noise, noise.with_name(f"{n}.npy"))
    options = ["--labels", "semantic", "--class-weights", "none"]
    process = start("weightmap", "masks", "-o", "out", "-j", 2, *options, patch="import os; os.setsid()")
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
import numpy as np
def new(work, *args):
    np.save("masks/c.npy", np.array([[0, 1, 0]], np.uint8))
    return real(work, *args)
"""


def test_a_mask_that_changes_meanwhile(run, masks, save, tmp_path):
    """It was counted as it was: a map of what it is now would have wrong class weights."""
    save("masks/c.npy", CELLS)
    code, _, err = run(
        "weightmap", "masks", "-o", "out", "-j", 1, patch=swapped("segeval.weightmap.folder:write_maps", CHANGES)
    )
    assert code == 3
    assert b"masks/c.npy changed since it was counted" in err
    assert sorted(content(tmp_path / "out")) == ["a.npy", "deep/er/b.npy", "weightmap.json"]


DIES = """
import os
from segeval.weightmap import one_mask as maps
def weigh(task, plan):
    return os._exit(9) if task.id == "1/4" else maps.weigh(task, plan)
"""


@pytest.mark.slow
def test_a_process_that_dies(run, many, tmp_path):
    """Of a mask that takes all memory, say: the others get their maps, and the fault has the file's name."""
    (tmp_path / "deadly.py").write_text(DIES)
    patch = swapped("segeval.weightmap.folder:weigh", "from deadly import weigh as new")
    places = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    code, _, err = run("weightmap", "masks", "-o", "out", "-j", 2, patch=patch, PYTHONPATH=places)
    assert code == 3
    assert b"SEG265 masks/1/4.png: the process that worked on it died twice" in err
    assert len(document(tmp_path / "out")["files"]) == MASKS - 1


def test_masks_of_others_are_not_overwritten(inside, masks, save, tmp_path):
    """An earlier run with another folder for masks with gaps does not make this one ours."""
    given = ["weightmap", "masks", "-o", "out", "--touching", "gap", "--masks-out"]
    assert inside(*given, "parted")[0] == 0
    assert inside(*given, "parted", "--resume")[0] == 0
    own = save("own/deep/er/b.png", CELLS)
    before = own.read_bytes()
    code, _, err = inside(*given, "own", "--resume")
    assert code == 2
    assert b"own/deep/er/b.png exists already" in err
    assert own.read_bytes() == before
    assert inside(*given, "own", "--force")[0] == 0
    assert own.read_bytes() == (tmp_path / "parted/deep/er/b.png").read_bytes()


def test_long_names(inside, save, tmp_path):
    """A temporary name is not longer than the name."""
    save(f"masks/{'n' * 251}.png", CELLS)
    assert inside("weightmap", "masks", "-o", "out")[0] == 0


def test_no_mask_can_be_read(inside, save, tmp_path):
    """3, and a whole document that says so."""
    (tmp_path / "masks").mkdir()
    for n in range(5):
        (tmp_path / f"masks/{n}.png").touch()
    code, out, _ = inside("weightmap", "masks", "-o", "out")
    assert code == 3
    assert b"INCOMPLETE: 5 masks failed; 0 maps in out" in out
    assert document(tmp_path / "out")["files"] == []


def test_masks_that_do_not_fit_their_name(inside, save, tmp_path):
    """An array under the name of a PNG reads, but its masks with gaps cannot go back there."""
    save("masks/a.npy", np.stack([CELLS, CELLS]))
    os.rename(tmp_path / "masks/a.npy", tmp_path / "masks/a.png")
    code, _, err = inside("weightmap", "masks", "-o", "out", "--touching", "gap", "--masks-out", "parted")
    assert code == 3
    assert b"masks/a.png cannot be written with gaps" in err


def test_what_a_killed_process_left_is_removed(inside, masks, save, tmp_path):
    """Half-written files, in the folders below too. No process has so high a number."""
    inside("weightmap", "masks", "-o", "out", "--preview")
    wanted = content(tmp_path / "out")
    for name in (".a.npy.4194305-0123abcd.tmp", "preview/deep/.b.png.4194305-89abcdef.tmp"):
        (tmp_path / "out" / name).touch()
    inside("weightmap", "masks", "-o", "out", "--preview", "--resume")
    assert content(tmp_path / "out") == wanted
