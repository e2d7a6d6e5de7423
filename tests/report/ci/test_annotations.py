"""Tests of workflow commands, read as GitHub's runner reads them."""

import re

import pytest
from support.verdicts import ATTACKS, TABLES, undecided, verdict

from segeval.report.ci.annotations import annotations


def commands(document, name="gate"):
    """(kind, title, text) of every line; all are commands, with encodings undone."""
    text = annotations(document, name)
    found = [re.fullmatch(r"::(\w+) title=([^:,]*)::(.*)", line) for line in text.splitlines()]
    assert all(found), text
    assert text.count("\n") == len(found)
    return [(each[1], *map(decoded, each.groups()[1:])) for each in found]


def decoded(text):
    """What the runner makes of properties and data; a `%` is always part of an encoding."""
    assert re.fullmatch(r"(?:[^%\r\n]|%(?:25|0D|0A|3A|2C))*", text)
    for code, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, char)
    return text


def test_errors_and_warnings():
    """By the level of the rule; what passes is silent."""
    document, _ = verdict(TABLES)
    (error, title, text), (warning, _, other) = commands(document, "nightly")
    assert (error, warning) == ("error", "warning")
    assert title == "segeval nightly: miou_dataset"
    assert text == "miou_dataset 0.6502 (−0.1023 against the baseline), >= 0.99: too low"
    assert other.endswith("too low")


@pytest.mark.parametrize(("policy", "kinds"), [("pass", []), ("warn", ["warning"]), ("fail", ["error"])])
def test_what_the_images_cannot_decide(policy, kinds):
    """As `--inconclusive` says."""
    assert [kind for kind, *_ in commands(undecided(inconclusive=policy))] == kinds


@pytest.mark.parametrize(
    ("number", "more"),
    [
        (9, []),
        (10, ["and 1 more error", "and 1 more warning"]),
        (500, ["and 491 more errors", "and 491 more warnings"]),
    ],
)
def test_at_most_nine_of_each(number, more):
    """GitHub drops what is beyond ten."""
    document, _ = verdict(TABLES)
    for rule in document["rules"]:
        rule["checks"] *= number
    found = commands(document)
    kinds = [kind for kind, *_ in found]
    assert (kinds.count("error"), kinds.count("warning")) == (9, 9)
    assert [text for kind, _, text in found if kind == "notice"] == more


def test_failed_images():
    """One error, with the first names."""
    document, _ = verdict(["miou_dataset >= 0"], failed=["a", "b", "c", "d, e"])
    assert commands(document) == [("error", "segeval gate: inputs", "4 images not scored: a, b, c and 1 more")]


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks(attack):
    """No line that is not ours, no command inside one, no control character."""
    document, _ = verdict([{"id": attack, "metric": "iou", "classes": "*", "min": 0.99}], name=attack, failed=[attack])
    text = annotations(document, "gate")
    assert len(commands(document)) == 4
    assert len(re.split("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text)) == 5
    assert not set(text) & set("\x1b\x00\r\u202e\udcff\ud800")
    assert "##[" not in text


def test_encodings():
    """`%` in data; `:` and `,` in properties too."""
    document, _ = verdict(["iou[50%: a, b] >= 0.99"], name="50%: a, b")
    line = annotations(document, "gate")
    assert line.startswith("::error title=segeval gate%3A iou[50%25%3A a%2C b]::iou[50%25: a, b] 0.6377 ")
