"""Files that appear whole or not at all."""

import contextlib
import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from segeval.errors import BadOutput, DiskFull
from segeval.io.write import atomic, make_folder, save, sweep


def test_text_appears_when_the_block_ends_well(tmp_path):
    with atomic(tmp_path / "run.json") as stream:
        stream.write("café\n")
        assert not (tmp_path / "run.json").exists()
    assert (tmp_path / "run.json").read_bytes() == "café\n".encode()
    assert os.listdir(tmp_path) == ["run.json"]


def test_line_ends_are_written_as_they_are(tmp_path):
    with atomic(tmp_path / "a.csv") as stream:
        stream.write("a\nb\r\n")
    assert (tmp_path / "a.csv").read_bytes() == b"a\nb\r\n"


@pytest.mark.parametrize("crash", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_crash_keeps_the_old_file_and_leaves_nothing(tmp_path, crash):
    (tmp_path / "run.json").write_text("old")

    def write_half():
        with atomic(tmp_path / "run.json") as stream:
            stream.write("half of the new")
            raise crash

    with pytest.raises(crash):
        write_half()
    assert (tmp_path / "run.json").read_text() == "old"
    assert os.listdir(tmp_path) == ["run.json"]


def test_crash_leaves_nothing_where_there_was_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic(tmp_path / "run.json") as stream:
        stream.write(str(1 // 0))
    assert os.listdir(tmp_path) == []


def test_temporary_file_lies_beside_and_has_another_suffix(tmp_path):
    """A reader of `*.json` never sees half a file."""
    with atomic(tmp_path / "run.json") as stream:
        stream.write("x")
        (name,) = os.listdir(tmp_path)
        assert Path(name).suffix != ".json"
        assert name.startswith(".")


def test_content_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    steps, fsync, replace = [], os.fsync, os.replace

    def log_fsync(descriptor):
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def log_replace(old, new):
        steps.append(Path(old).read_text())
        replace(old, new)

    monkeypatch.setattr(os, "fsync", log_fsync)
    monkeypatch.setattr(os, "replace", log_replace)
    with atomic(tmp_path / "a.txt") as stream:
        stream.write("all of it")
    assert steps[:2] == ["file", "all of it"]
    assert steps[2:] == (["folder"] if os.name == "posix" else [])


@pytest.mark.skipif(os.name != "posix", reason="there is no umask")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o002, 0o664)])
def test_umask_is_respected(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        with atomic(tmp_path / "a.txt") as stream:
            stream.write("x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == mode


def write_something(path):
    with atomic(path) as stream:
        stream.write("x")


def test_missing_folder_is_an_error_with_the_reason(tmp_path):
    with pytest.raises(BadOutput, match=r"absent/a\.txt: No such file or directory") as caught:
        write_something(tmp_path / "absent" / "a.txt")
    assert (caught.value.code, caught.value.exit_code) == ("SEG107", 2)


def test_file_in_place_of_the_folder_is_an_error_with_the_reason(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadOutput, match=r"cannot write .*file/a\.txt"):
        write_something(tmp_path / "file" / "a.txt")


def test_name_that_the_system_finds_too_long_is_an_error_with_the_reason(tmp_path):
    with pytest.raises(BadOutput, match="cannot write"):
        write_something(tmp_path / ("a" * 300))
    assert os.listdir(tmp_path) == []


def test_folder_in_place_of_the_file_is_an_error_and_stays(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(BadOutput, match=r"cannot write .*a\.txt"):
        write_something(tmp_path / "a.txt")
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no read-only system folder")
def test_system_folder_is_an_error():
    with pytest.raises(BadOutput, match="cannot write /proc/a.txt"):
        write_something(Path("/proc/a.txt"))


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(("number", "reason"), [(errno.ENOSPC, "No space left"), (errno.EROFS, "Read-only")])
def test_full_or_read_only_disk_keeps_the_old_file(tmp_path, monkeypatch, step, number, reason):
    (tmp_path / "a.txt").write_text("old")

    def full(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, step, full)
    with pytest.raises(DiskFull, match=reason) as caught:
        write_something(tmp_path / "a.txt")
    assert "-o" in caught.value.hint
    assert (tmp_path / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_read_only_disk_that_refuses_even_to_remove_is_an_error_with_the_reason(tmp_path, monkeypatch):
    """Such a disk answers so before it looks whether there is a file."""

    def refused(*args, **options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("builtins.open", refused)
    monkeypatch.setattr(os, "unlink", refused)
    with pytest.raises(DiskFull, match="Read-only"):
        write_something(tmp_path / "a.txt")


def test_folder_is_made_with_its_parents_and_is_empty(tmp_path):
    make_folder(tmp_path / "a" / "b", [])
    make_folder(tmp_path / "a" / "b", [])
    assert os.listdir(tmp_path / "a" / "b") == []


@pytest.mark.parametrize("place", ["pred", "pred/out", "pred/deep/out", "link", "link/out", "pred/../pred/out"])
def test_input_folder_is_no_place_for_the_output(tmp_path, place):
    (tmp_path / "pred").mkdir()
    with contextlib.suppress(OSError, NotImplementedError):
        (tmp_path / "link").symlink_to(tmp_path / "pred")
    with pytest.raises(BadOutput, match="inside the input folder") as caught:
        make_folder(tmp_path / place, [str(tmp_path / "gt"), str(tmp_path / "pred")])
    assert caught.value.code == "SEG107"
    assert os.listdir(tmp_path / "pred") == []


def test_a_name_that_no_folder_can_have(tmp_path):
    """A configuration can hold what a command line cannot."""
    with pytest.raises(BadOutput, match="is no name of a folder"):
        make_folder(tmp_path / "a\0b", [])


def test_folder_beside_or_around_the_inputs_is_allowed(tmp_path):
    (tmp_path / "pred").mkdir()
    make_folder(tmp_path / "pred2", [str(tmp_path / "pred")])
    make_folder(tmp_path, [str(tmp_path / "pred")])
    assert sorted(os.listdir(tmp_path)) == ["pred", "pred2"]


def test_file_in_place_of_the_output_folder_is_an_error(tmp_path):
    (tmp_path / "out").touch()
    for path in (tmp_path / "out", tmp_path / "out" / "deep"):
        with pytest.raises(BadOutput, match="cannot write into") as caught:
            make_folder(path, [])
        assert caught.value.code == "SEG107"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no read-only system folder")
def test_system_folder_is_no_place_for_the_output():
    with pytest.raises(BadOutput, match="cannot write into /proc"):
        make_folder(Path("/proc/segeval"), [])
    with pytest.raises(BadOutput, match="cannot write into /proc"):
        make_folder(Path("/proc"), [])


def test_bytes_appear_with_the_folders_above_them(tmp_path):
    save(tmp_path / "a" / "b" / "c.npy", b"\0\r\n")
    assert (tmp_path / "a/b/c.npy").read_bytes() == b"\0\r\n"
    assert os.listdir(tmp_path / "a/b") == ["c.npy"]


def test_bytes_that_cannot_be_written(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(BadOutput, match=r"cannot write .*a/b"):
        save(tmp_path / "a" / "b" / "c.npy", b"x")


def test_sweep_removes_what_dead_processes_left(tmp_path):
    """And nothing else: neither the files of a living one, nor hidden files of others."""
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    (tmp_path / "deep").mkdir()
    gone = [f".a.npy.{dead.pid}-0123abcd.tmp", f"deep/.b\n.npy.{dead.pid}-0123abcd.tmp"]
    kept = [f".a.npy.{os.getpid()}-0123abcd.tmp", ".a.tmp", f"a.npy.{dead.pid}-0123abcd.tmp", ".1-0123abcd.tmp"]
    for name in gone + kept:
        (tmp_path / name).touch()
    sweep(tmp_path.rglob(".*.tmp"))
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)
