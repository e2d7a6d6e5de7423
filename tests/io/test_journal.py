"""What is done already, and what counts as not done."""

import os

import pytest

from segeval.errors import BadOutput
from segeval.io.journal import Journal, sha256, stored


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "a.jsonl")


def test_lines_in_order(journal, tmp_path):
    journal.start([{"a": 1}])
    journal.add({"id": "café\n\udcff", "b": [1.5, None]})
    assert [*journal.entries()] == [{"a": 1}, {"id": "café\n\udcff", "b": [1.5, None]}]
    journal.start([])
    assert [*journal.entries()] == []
    journal.remove()
    journal.remove()
    assert os.listdir(tmp_path) == []
    assert [*journal.entries()] == []


def test_every_cut_loses_the_last_line_only(journal, tmp_path):
    journal.start([{"id": "a"}])
    journal.add({"id": "b"})
    data = (tmp_path / "a.jsonl").read_bytes()
    first = data.index(b"\n") + 1
    for length in range(first, len(data) - 1):
        (tmp_path / "a.jsonl").write_bytes(data[:length])
        assert [*journal.entries()] == [{"id": "a"}]


def test_an_altered_line_does_not_count(journal, tmp_path):
    journal.start([{"id": "a"}, {"id": "b"}, {"id": "c"}])
    path = tmp_path / "a.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"b"', b'"x"'))
    assert [*journal.entries()] == [{"id": "a"}, {"id": "c"}]


def test_a_line_after_a_torn_one_counts(journal, tmp_path):
    journal.start([{"id": "a"}])
    with open(tmp_path / "a.jsonl", "ab") as stream:
        stream.write(b"0123")
    journal.add({"id": "b"})
    journal.add({"id": "c"})
    assert [*journal.entries()] == [{"id": "a"}, {"id": "c"}]


def test_no_place_for_it(tmp_path):
    with pytest.raises(BadOutput, match="cannot write"):
        Journal(tmp_path / "absent" / "a").add({})


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff", "[" * 100000])
def test_documents_that_are_none(tmp_path, text):
    (tmp_path / "a.json").write_text(text, encoding="latin-1")
    assert stored(tmp_path / "a.json") == stored(tmp_path / "absent") == {}


def test_check_sum(tmp_path):
    """Of the empty file: from FIPS 180."""
    (tmp_path / "a").touch()
    assert sha256(tmp_path / "a") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha256(tmp_path) is None
