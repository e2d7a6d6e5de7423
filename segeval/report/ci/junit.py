"""JUnit XML in the dialect of Jenkins' xUnit-2 and pytest's `xunit2`."""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from segeval.report.ci.severity import ERROR, NOT_APPLICABLE, WARNING, standing, told
from segeval.report.verdict import Document
from segeval.text import safe_text

MOST = 100  # failed images that are named
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBERS = ("value", "baseline", "change", "allowed", "lower", "upper", "p_adjusted", "detectable")


def junit(document: Document, name: str) -> str:
    """A suite for each rule with a case for each of its checks, and the suite `inputs` for images without a score.

    A check that stops the pipeline is a failure. One that is only a warning, that the images cannot decide or that is
    not applicable is skipped. An image that could not be scored is an error. There is no time in it: the same verdict
    has the same bytes.
    """
    suites = [_suite(document, ruling, name) for ruling in document["rules"]]
    if document["failed"]:
        suites.append(_inputs(document["failed"], name))
    whole = Element("testsuites", name=f"segeval.{name}", time="0")
    for key in ("tests", "failures", "errors"):
        whole.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    whole.extend(suites)
    indent(whole, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(whole, "unicode")}\n'


def xml_text(text: str) -> str:
    """Text that XML can hold and that hides nothing: `\\x1b`, and `#xFFFE` for what is no character."""
    return _ILLEGAL.sub(lambda found: f"#x{ord(found[0]):02X}", safe_text(text))


def _suite(document: Document, ruling: Document, name: str) -> Element:
    cases = [_case(document, ruling, check, name) for check in ruling["checks"]]
    return _counted(ruling["id"], cases, _properties(ruling))


def _case(document: Document, ruling: Document, check: Document, name: str) -> Element:
    case = _testcase(f"{name}.{ruling['id']}", f"{check['number']} {check['limit']}")
    idle = "skipped" if check["verdict"] == NOT_APPLICABLE else None
    tag = {ERROR: "failure", WARNING: "skipped"}.get(standing(document, ruling, check), idle)
    if tag:
        said = SubElement(case, tag, type=check["verdict"], message=xml_text(told(check)))
        said.text = xml_text(ruling["rule"])
    return case


def _inputs(failed: list[str], name: str) -> Element:
    """The images that could not be scored, so many of them as a page can show."""
    named = failed[:MOST] + ([f"and {len(failed) - MOST} more"] if len(failed) > MOST else [])
    cases = [_testcase(f"{name}.inputs", image) for image in named]
    for case in cases:
        SubElement(case, "error", type="input", message="not scored: the verdict is of the other images")
    return _counted("inputs", cases, [("failed", len(failed))])


def _testcase(classname: str, name: str) -> Element:
    return Element("testcase", classname=xml_text(classname), name=xml_text(name), time="0")


def _counted(name: str, cases: list[Element], properties: Iterable[tuple[str, object]]) -> Element:
    """A suite with its counts."""
    suite = Element("testsuite", name=xml_text(name), tests=str(len(cases)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", "0")
    listed = SubElement(suite, "properties")
    for key, value in properties:
        SubElement(listed, "property", name=xml_text(key), value=xml_text(str(value)))
    suite.extend(cases)
    return suite


def _properties(ruling: Document) -> Iterable[tuple[str, object]]:
    """The rule, what stands below its table, and every number of its checks, unrounded."""
    yield from ((key, ruling[key]) for key in ("rule", "level", "test", "verdict"))
    yield from (("note", note) for note in ruling["notes"])
    for check in ruling["checks"]:
        for key in _NUMBERS:
            if check[key] is not None:
                yield f"{check['number']} {check['limit']}: {key}", check[key]
