"""Tests of OpenMetrics text, read by a strict parser."""

import json
import math
import re

import pytest
from support.verdicts import ATTACKS, TABLES, verdict

from segeval.report.ci.openmetrics import openmetrics
from segeval.text import safe_text

LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?\d+(?:\.\d*)?(?:e[+-]?\d+)?)")


def samples(text):
    """{(name, labels): value}; every family is declared once, before its samples, which stand together."""
    *lines, end, empty = text.split("\n")
    assert (end, empty) == ("# EOF", "")
    families, found = [], {}
    for line in lines:
        if line.startswith("#"):
            family = re.fullmatch(r"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) gauge", line)[1]
            assert family not in families
            families.append(family)
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        assert name == families[-1]
        assert not name.endswith(("_total", "_count", "_sum", "_bucket", "_created", "_info"))
        key = (name, frozenset(read(labels)))
        assert key not in found
        found[key] = float(value)
    assert {name for name, _ in found} == set(families)
    return found


def read(labels):
    """(name, value) of each label, unescaped; nothing may be left between them."""
    found = list(LABEL.finditer(labels or ""))
    assert "".join(each[0] for each in found) == (labels or "")
    names = [each[1] for each in found]
    assert len(set(names)) == len(names)
    return [(each[1], re.sub(r"\\(.)", lambda c: {"n": "\n"}.get(c[1], c[1]), each[2])) for each in found]


def sample(text, name, **labels):
    """The value of one sample; None if it is not there."""
    return samples(text).get((name, frozenset(labels.items())))


def test_numbers_of_the_run_and_the_verdict():
    """Summary, classes and rules, unrounded; an undefined number is left out."""
    document, run = verdict(TABLES)
    text = openmetrics(run, document)
    assert sample(text, "segeval_miou_dataset") == run["summary"]["miou_dataset"]
    assert sample(text, "segeval_pixel_accuracy") == run["summary"]["pixel_accuracy"]
    assert sample(text, "segeval_iou", **{"class": "sky"}) == run["classes"][1]["iou"]
    assert sample(text, "segeval_dice", **{"class": "road"}) == run["classes"][0]["dice"]
    assert sample(text, "segeval_iou", **{"class": "rare"}) is None
    assert [sample(text, "segeval_gate_passed", rule=rule) for rule in ("stops", "warns", "passes")] == [0, 0, 1]
    families = set(run["summary"]) | {"iou", "dice", "gate_passed"}
    assert {name for name, _ in samples(text)} == {f"segeval_{name}" for name in families}
    assert 'segeval_iou{class="road"} 0.6376811594202898\n' in text


def test_losses_groups_and_knobs():
    """By hand."""
    losses = {"dice": {"value": -0.5, "per_class": {"a": 0.125, "b": None}}, "focal": {"value": None, "per_class": {}}}
    run = {
        "summary": {"miou_dataset": 0.25, "miou_image": None},
        "classes": [{"name": "a", "tp": 3, "f_beta@0.5": 1e-05}, {"name": "b", "tp": 0, "f_beta@0.5": None}],
        "groups": [{"name": "g", "tp": 3, "f_beta@0.5": 1.0}],
        "losses": losses,
    }
    text = openmetrics(run, {"rules": []})
    found = {(name, *sorted(labels)): value for (name, labels), value in samples(text).items()}
    assert found == {
        ("segeval_miou_dataset",): 0.25,
        ("segeval_f_beta_0_5", ("class", "a")): 1e-05,
        ("segeval_group_f_beta_0_5", ("group", "g")): 1.0,
        ("segeval_loss", ("loss", "dice")): -0.5,
        ("segeval_loss_of_class", ("class", "a"), ("loss", "dice")): 0.125,
    }


def test_the_order_of_keys_does_not_matter():
    """A run in memory and the same run read back have the same bytes."""
    losses = {"b": {"value": 1.0, "per_class": {"y": 2.0, "x": 3.0}}, "a": {"value": 4.0, "per_class": {"x": 5.0}}}
    run = {"summary": {"b": 1.0, "a": 2.0}, "classes": [{"name": "x", "iou": 1.0, "dice": 0.5}], "losses": losses}
    again = json.loads(json.dumps(run, sort_keys=True))
    assert openmetrics(run, {"rules": []}) == openmetrics(again, {"rules": []})


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks(attack):
    """Names come back as they are shown everywhere, and forge no sample."""
    document, run = verdict([{"id": attack, "metric": "miou_dataset", "min": 0.5}], name=attack)
    text = openmetrics(run, document)
    value = sample(text, "segeval_iou", **{"class": safe_text(attack)})
    assert math.isclose(value, run["classes"][0]["iou"], abs_tol=0)
    assert sample(text, "segeval_gate_passed", rule=safe_text(attack)) == 1
    text.encode()


def test_names_that_look_alike():
    """Two classes never share a sample."""
    rows = [{"name": name, "iou": value} for name, value in (("a\x1b", 0.25), ("a\\x1b", 0.5), ("a\\x1b ", 0.75))]
    text = openmetrics({"summary": {}, "classes": rows}, {"rules": []})
    assert sorted(samples(text).values()) == [0.25, 0.5, 0.75]
    assert sample(text, "segeval_iou", **{"class": "a\\x1b", "number": "2"}) == 0.5


def test_nothing_but_the_end():
    """A run without any number is valid too."""
    assert openmetrics({"summary": {}, "classes": []}, {"rules": []}) == "# EOF\n"
