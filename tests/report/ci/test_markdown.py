"""Tests of Markdown, as a parser sees it."""

import re

import pytest
from markdown_it import MarkdownIt
from support.verdicts import ATTACKS, verdict

from segeval.report.ci.markdown import COMMENT, SUMMARY, markdown
from segeval.report.verdict import verdict_headline

FORBIDDEN = {"html_inline", "link_open", "image", "em_open", "strong_open", "code_inline", "s_open", "fence"}


def tokens(text):
    """All tokens of a Markdown text."""
    found = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").parse(text)
    return [token for outer in found for token in (outer, *(outer.children or []))]


def test_marker_headline_table_and_sentences():
    """In this order; the marker is hidden and alone on the first line."""
    document, _ = verdict()
    text = markdown(document, "night.ly_2-b")
    lines = text.splitlines()
    assert lines[0] == "<!-- segeval:night.ly_2-b -->"
    assert lines[1].startswith("## FAIL  1 of 2 rules · iou")
    assert lines[3] == "### Quality gate"
    assert lines[5].startswith("| rule | number | limit | value |")
    assert sum(line.startswith("| ") for line in lines) == 1 + 1 + 3
    assert lines[-2].startswith("- change: \\+ is better; intervals: 90 % two-sided")
    kinds = [token.type for token in tokens(text)]
    assert [kinds.count(kind) for kind in ("html_block", "heading_open", "table_open", "bullet_list_open")] == [
        *(1, 2, 1, 1)
    ]


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks(attack):
    """As names of classes and rules: no markup, link, element, mention, or cell too many."""
    rule = {"id": attack, "metric": "iou", "classes": "*", "max_drop": 0.01}
    document, _ = verdict([rule], name=attack)
    document["rules"][0]["notes"] = ["a note"]
    document["images"]["only_run"] = [attack]
    found = tokens(markdown(document, "gate"))
    assert {token.type for token in found} & FORBIDDEN == set()
    (marker,) = [token.content for token in found if token.type == "html_block"]
    assert marker.strip() == "<!-- segeval:gate -->"
    kinds = [token.type for token in found]
    assert kinds.count("td_open") == 9 * 3
    assert kinds.count("th_open") == 9
    assert kinds.count("tr_open") == 4
    text = "".join(token.content for token in found if token.type == "text")
    assert not re.search(r"(?<!\w)[@#!]\w", text)
    assert not set(text) & set("\x1b\x00\r\u202e\udcff\ud800")
    source = markdown(document, "gate")
    assert not [line for line in re.split("[\n\r]", source) if line.lstrip().startswith("::")]
    assert "##[" not in source


@pytest.fixture(scope="module")
def long():
    """A verdict of many rows, and its whole text."""
    document, _ = verdict()
    check = document["rules"][1]["checks"][0]
    document["rules"][1]["checks"] = [{**check, "number": f"iou[{n}{'é' * 200}]"} for n in range(2500)]
    return document, markdown(document, "gate", 1 << 30)


@pytest.mark.parametrize(("limit", "least"), [(COMMENT, 100), (SUMMARY, 1500), (500, 0), (-5, 0)])
def test_what_is_too_long_is_cut(long, limit, least):
    """At whole lines, with the number of the others; a short one is whole."""
    document, whole = long
    cut = markdown(document, "gate", limit)
    assert len(cut.encode()) <= max(limit, 60)
    kept, omitted = re.fullmatch(r"(.*)\n… ([\d,]+) rows omitted\n", cut, re.DOTALL).groups()
    assert whole.startswith(kept)
    assert kept.count("\n") + int(omitted.replace(",", "")) == whole.count("\n")
    assert kept.count("\n") >= least


def test_what_just_fits_is_whole(long):
    """To the byte."""
    document, whole = long
    assert "omitted" not in whole
    assert markdown(document, "gate", len(whole.encode())) == whole
    assert markdown(document, "gate", len(whole.encode()) - 1) != whole


def test_the_headline_shows_what_the_verdict_comes_from():
    """Not the first number that does not pass: one that these images cannot decide stops nothing."""
    document, _ = verdict(["iou[*] >= 0.99"])
    first, second, *_ = document["rules"][0]["checks"]
    first["verdict"], first["reason"] = "inconclusive", "the drop is too large, but may be chance"
    assert verdict_headline(document).startswith(f"FAIL  1 of 1 rule · {second['number']} ")
