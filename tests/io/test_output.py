"""Folders that results go into: one writer at a time, and nothing of others is lost."""

import multiprocessing
import os

import pytest

from segeval.errors import BadOutput
from segeval.io import output
from segeval.io.output import OutputFolder, held


@pytest.fixture(params=["lock", "mark"])
def way(request, monkeypatch):
    """Locks of the system, or a file where there are none."""

    def none(folder):
        raise OSError("no locks here")

    if request.param == "mark":
        monkeypatch.setattr(output, "_locked", none)


def test_one_at_a_time(way, tmp_path):
    """The second is told so, and gets its turn afterwards; nothing is left behind."""
    folder = str(tmp_path / "out")
    refused = pytest.raises(BadOutput, match="another segeval writes into")
    with held({"-o": folder}, []), refused as caught, held({"-o": folder}, []):
        pass
    assert "wait until it is done" in caught.value.hint
    with held({"-o": folder}, []):
        pass
    assert not os.path.exists(folder)  # it was made for this, and nothing was written


def test_whatever_ends_it(way, tmp_path):
    """A fault lets the next one in."""
    folder = str(tmp_path / "out")
    with pytest.raises(OSError, match="odd"), held({"-o": folder}, []):
        raise OSError("odd")
    with held({"-o": folder}, []):
        pass


def test_several_folders(way, tmp_path):
    """One folder under two options, or under two names, is held once; each of them is taken."""
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    with held({"-o": one, "--maps": f"{one}/../one"}, []):
        pass
    with held({"-o": one, "--maps": two, "--other": None}, []):
        for name in (one, two):
            with pytest.raises(BadOutput), held({"-o": name}, []):
                pass


def hold_and_die(folder, ready):
    with held({"-o": folder}, []):
        ready.set()
        os.kill(os.getpid(), 9)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system keeps no locks")
def test_a_killed_process_holds_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=hold_and_die, args=(str(tmp_path), ready))
    process.start()
    process.join(30)
    assert ready.is_set()
    with held({"-o": str(tmp_path)}, []):
        pass


@pytest.mark.parametrize(("option", "name"), [("-o", ""), ("--maps", "")])
def test_empty_names(option, name):
    with pytest.raises(BadOutput, match=f"{option} is empty"), held({option: name}, []):
        pass


@pytest.fixture
def folder(tmp_path):
    def folder(force=False, **files):
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text)
        return OutputFolder(tmp_path, "run", "run.json", ("a.csv", "b.csv"), force)

    return folder


KNOWN = {"schema": "x/1", "options": {"n": [1, 2]}}
DOCUMENT = '{"schema": "x/1", "options": {"n": [1, 2]}, "value": 3, "files": {"a": "b"}}'


def test_what_a_folder_may_hold_before_the_work(folder):
    """Nothing, or an earlier document that began alike; tuples are lists in JSON."""
    folder().check(KNOWN)
    folder(run_json=DOCUMENT).check({"schema": "x/1", "options": {"n": (1, 2)}})


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"run_json": DOCUMENT.replace("2", "4")}, "holds a run of other inputs or options"),
        ({"run_json": "cut {"}, "holds a run of other inputs or options"),
        ({"b_csv": "id"}, "holds b.csv but no run.json"),
    ],
)
def test_what_it_may_not(folder, files, said):
    with pytest.raises(BadOutput, match=said) as caught:
        folder(**files).check(KNOWN)
    assert "--force" in caught.value.hint
    folder(force=True).check(KNOWN)


def test_what_shows_after_the_work(folder):
    """A document that came out differently is not replaced; check sums alone are no difference."""
    document = {**KNOWN, "value": 3}
    assert not folder().holds_other(document)
    assert not folder(run_json=DOCUMENT).holds_other(document)
    assert folder().holds_other({**KNOWN, "value": 4})
    assert not folder(force=True).holds_other({**KNOWN, "value": 4})
    assert "it was left as it is" in folder().refusal().message
