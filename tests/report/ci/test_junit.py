"""Tests of JUnit XML, against what Jenkins' xUnit-2 schema allows."""

import re
from xml.etree import ElementTree

import pytest
from support.verdicts import ATTACKS, TABLES, undecided, verdict

from segeval.report.ci.junit import junit, xml_text

# What junit-10.xsd of Jenkins' xUnit plugin says of the elements used here: attributes (! is required), children.
SCHEMA = {
    "testsuites": ("name time tests failures errors", "testsuite"),
    "testsuite": (
        "name! tests! failures! errors! group time skipped timestamp hostname id package file log url version",
        "testsuite properties testcase system-out system-err",
    ),
    "properties": ("", "property"),
    "property": ("name! value!", ""),
    "testcase": ("name! time classname group", "skipped error failure system-out system-err"),
    **dict.fromkeys(("failure", "error", "skipped"), ("type message", "")),
}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?")


def check(element):
    """Hold an element and all below it to the schema."""
    attributes, children = (part.split() for part in SCHEMA[element.tag])
    assert set(element.attrib) <= {name.rstrip("!") for name in attributes}
    assert {name[:-1] for name in attributes if name.endswith("!")} <= set(element.attrib)
    assert TIME.fullmatch(element.get("time", "0"))
    if children:
        assert not (element.text or "").strip()
    for child in element:
        assert child.tag in children
        check(child)


def parsed(*args, called="gate", **settings):
    """The XML of a verdict, read again and checked."""
    document, _ = verdict(*args, **settings)
    whole = ElementTree.fromstring(junit(document, called).encode())
    assert whole.tag == "testsuites"
    check(whole)
    for suite in whole:
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(key)) == len(suite.findall(f"testcase/{tag}"))
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
    for key in ("tests", "failures", "errors"):
        assert int(whole.get(key)) == sum(int(suite.get(key)) for suite in whole)
    return whole


def test_a_suite_for_each_rule_and_a_case_for_each_check():
    """With numbers in properties, unrounded, and in messages."""
    whole = parsed(called="nightly")
    pooled, classes = whole
    assert whole.get("name") == "segeval.nightly"
    assert [suite.get("name") for suite in whole] == ["miou_dataset >= 0.5", "iou[*] drop <= 0.01"]
    assert [case.get("name") for case in classes.iter("testcase")] == [
        f"iou[{name}] drop <= 0.01" for name in ("road", "sky", "car", "rare")
    ]
    assert {case.get("classname") for case in classes.iter("testcase")} == {"nightly.iou[*] drop <= 0.01"}
    assert [failure.get("type") for failure in whole.iter("failure")] == ["fail"] * 3
    (skipped,) = whole.iter("skipped")
    assert (skipped.get("type"), skipped.get("message")) == (
        "not applicable",
        "iou[rare] –, drop <= 0.01: in no mask",
    )
    assert ("note", "not applicable, in no mask: iou[rare]") in [
        (each.get("name"), each.get("value")) for each in classes.iter("property")
    ]
    message = classes.find("testcase/failure").get("message")
    assert re.fullmatch(
        r"iou\[road\] 0\.6377 \(−0\.1177 against the baseline\), drop <= 0\.01: the drop is too large, and more than "
        r"chance; interval −0\.\d{4} … −0\.\d{4}; detectable 0\.\d{4}",
        message,
    )
    numbers = {each.get("name"): each.get("value") for each in pooled.iter("property")}
    assert numbers["miou_dataset >= 0.5: value"] == "0.6502007595026936"
    assert numbers["verdict"] == "pass"
    assert pooled.find("testcase").find("*") is None


def test_failures_warnings_and_passes():
    """An error-level rule fails, a warn-level rule is skipped with its message."""
    stops, warns, passes = parsed(TABLES)
    assert [child.tag for child in stops.find("testcase")] == ["failure"]
    assert [child.tag for child in warns.find("testcase")] == ["skipped"]
    assert "too low" in warns.find("testcase/skipped").get("message")
    assert [child.tag for child in passes.find("testcase")] == []


@pytest.mark.parametrize(("policy", "tags"), [("pass", []), ("warn", ["skipped"]), ("fail", ["failure"])])
def test_what_the_images_cannot_decide(policy, tags):
    """As `--inconclusive` says."""
    whole = ElementTree.fromstring(junit(undecided(inconclusive=policy), "gate"))
    assert [child.tag for child in whole.find("testsuite/testcase")] == tags
    assert [child.get("type") for child in whole.find("testsuite/testcase")] == ["inconclusive"] * len(tags)


@pytest.mark.parametrize(("failed", "last"), [(1, "i000"), (100, "i099"), (101, "and 1 more"), (5000, "and 4900 more")])
def test_failed_images_are_errors(failed, last):
    """A suite of their own, capped."""
    inputs = parsed(failed=[f"i{n:03}" for n in range(failed)]).findall("testsuite")[-1]
    cases = inputs.findall("testcase")
    assert inputs.get("name") == "inputs"
    assert len(cases) == min(failed, 101)
    assert cases[-1].get("name") == last
    assert all(case.find("error") is not None for case in cases)
    assert inputs.find("properties/property").attrib == {"name": "failed", "value": str(failed)}


def test_whole_inputs_have_no_suite():
    """Nothing is said of nothing."""
    assert "inputs" not in [suite.get("name") for suite in parsed()]


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks(attack):
    """As names of classes, images and rules: the file parses, and shows each as text without controls."""
    rule = {"id": attack, "metric": "iou", "classes": [attack, "sky"], "min": 0.99}
    whole = parsed([rule], name=attack, failed=[attack])
    rules, inputs = whole
    assert rules.get("name") == xml_text(attack)
    assert rules.find("testcase").get("name") == f"iou[{xml_text(attack)}] >= 0.99"
    assert inputs.find("testcase").get("name") == xml_text(attack)
    every = "".join(whole.itertext()) + "".join("".join(each.attrib.values()) for each in whole.iter())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffe]", every)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1bb", "a\\x1bb"), ("\ufffe\uffff", "#xFFFE#xFFFF"), ("😀]]>&<", "😀]]>&<"), ("\ud800", "\\ud800")],
)
def test_text_for_xml(text, shown):
    """Escapes for what is hidden, `#x` for what is no character of XML 1.0."""
    assert xml_text(text) == shown


def test_the_same_bytes():
    """Nothing depends on the time."""
    document, _ = verdict()
    assert junit(document, "gate") == junit(document, "gate")
    assert "timestamp" not in junit(document, "gate")
    assert set(re.findall(r' time="(.*?)"', junit(document, "gate"))) == {"0"}
