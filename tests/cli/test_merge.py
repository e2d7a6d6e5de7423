"""`segeval score --shard` and `segeval merge`: parts of the images make the run of all of them."""

import hashlib
import json

import pytest
from click.testing import CliRunner
from support.files import content
from test_fence import CLOSE, EXACT

from segeval.cli.main import cli

CASES = {case.__name__: case for case in EXACT + CLOSE}


def invoke(*args):
    return CliRunner().invoke(cli, [str(arg) for arg in args])


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scored(options, number):
    """One run, and the runs of so many shards."""
    assert invoke("score", "pred", "gt", *options, "-o", "one", "-j", 1).exit_code == 0
    parts = [f"part{k}" for k in range(1, number + 1)]
    for k, part in enumerate(parts, 1):
        result = invoke("score", "pred", "gt", *options, "-o", part, "-j", 1, "--shard", f"{k}/{number}")
        assert result.exit_code == 0, result.output
    return parts


@pytest.mark.parametrize(
    ("name", "number"), [*((name, 2) for name in CASES), *(("counts", number) for number in (1, 3, 7))]
)
def test_the_bytes_of_one_run(place, name, number):
    """Every file, in any order of the shards; seven shards of four images are partly empty."""
    parts = scored(CASES[name](place).split(), number)
    result = invoke("merge", *reversed(parts), "-o", "all")
    assert result.exit_code == 0, result.output
    assert content(place / "all") == content(place / "one")


def test_shards_are_by_id(place):
    """sha256(id) mod N, counted from 1; with a word where a shard is empty."""
    options = CASES["counts"](place).split()
    parts = scored(options, 7)
    empty = 0
    for k, part in enumerate(parts, 1):
        document = json.loads((place / part / "run.json").read_text())
        assert document["shards"] == {"of": 7, "parts": [k]}
        assert document["complete"] is False
        ids = {line.split(",")[0] for line in (place / part / "records.csv").read_text().splitlines()[1:]}
        every = ("a_1", "a_2", "b_1", "c/b_2")
        assert ids == {i for i in every if int(hashlib.sha256(i.encode()).hexdigest(), 16) % 7 + 1 == k}
        empty += not ids
        assert ("SEG267" in {note["code"] for note in document["notes"]}) == (not ids)
    assert empty >= 3


def test_missing_shards(place):
    """The run of what is there says so, and merges with the rest later."""
    parts = scored(CASES["counts"](place).split(), 3)
    result = invoke("merge", *parts[:2], "-o", "some")
    assert result.exit_code == 3
    assert "shard 3 of 3 is missing" in result.stderr
    document = json.loads((place / "some/run.json").read_text())
    assert (document["complete"], document["shards"]) == (False, {"of": 3, "parts": [1, 2]})
    assert invoke("merge", "some", parts[2], "-o", "all").exit_code == 0
    assert content(place / "all") == content(place / "one")


def test_what_does_not_merge(place):
    """Twice the same, other options, another version, a folder that is none: never a traceback, nothing written."""
    options = CASES["counts"](place).split()
    parts = scored(options, 2)
    assert invoke("score", "pred", "gt", *options, "--mean", "harmonic", "-o", "other", "--shard", "2/2").exit_code == 0
    document = json.loads((place / "part2/run.json").read_text())
    (place / "old").mkdir()
    (place / "old/run.json").write_text(json.dumps(document | {"segeval": "0.0.1"}))
    for given, code, said in (
        (("part1", "part1"), 2, "SEG115"),
        (("one", "part1"), 2, "SEG115"),
        (("part1", "other"), 2, "mean"),
        (("part1", "old"), 2, "0.0.1"),
        (("part1", "nothing"), 3, "SEG271"),
    ):
        result = invoke("merge", *given, "-o", "all")
        assert result.exit_code == code, result.output
        assert said in result.stderr
        assert not (place / "all/run.json").exists()
    assert parts == ["part1", "part2"]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "1/99999999", "-1/3"])
def test_senseless_shards(place, text):
    CASES["counts"](place)
    result = invoke("score", "pred", "gt", "--shard", text)
    assert result.exit_code == 2
    assert "--shard" in result.stderr
