"""Every surface tells the same of each check, and as the exit code does."""

import io
import re
from xml.etree import ElementTree

import pytest
from support.verdicts import TABLES, undecided, verdict

from segeval.report import verdict as gated
from segeval.report.ci.annotations import annotations
from segeval.report.ci.junit import junit
from segeval.report.ci.markdown import markdown
from segeval.report.ci.openmetrics import openmetrics
from segeval.report.ci.severity import standing

KINDS = {
    "levels": lambda policy: verdict(TABLES, inconclusive=policy),
    "classes": lambda policy: verdict(["iou[*] drop <= 0.01", "iou[rare] >= 0", "iou[*,!road] >= 0"], policy),
    "undecided": lambda policy: (undecided(inconclusive=policy), None),
    "a warning undecided": lambda policy: (undecided(inconclusive=policy, rule={"level": "warn"}), None),
}


@pytest.mark.parametrize("policy", ["pass", "warn", "fail"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_surface_tells_the_same(kind, policy):
    """JUnit, annotations, table, Markdown, OpenMetrics, headline and exit code."""
    document, run = KINDS[kind](policy)
    words = [[standing(document, ruling, check) for check in ruling["checks"]] for ruling in document["rules"]]
    every = [word for ruling in words for word in ruling]
    assert ("error" in every) == (document["exit_code"] == 1)
    suites = ElementTree.fromstring(junit(document, "gate"))
    for suite, ruling, said in zip(suites, document["rules"], words, strict=True):
        skipped = [each.get("type") for each in suite.iter("skipped")]
        idle = sum(check["verdict"] == "not applicable" for check in ruling["checks"])
        assert (len([*suite.iter("failure")]), len(skipped) - skipped.count("not applicable")) == (
            said.count("error"),
            said.count("warning"),
        )
        assert skipped.count("not applicable") == idle
    lines = annotations(document, "gate").splitlines()
    assert [sum(line.startswith(f"::{word} ") for line in lines) for word in ("error", "warning")] == [
        every.count("error"),
        every.count("warning"),
    ]
    table, text = io.StringIO(), markdown(document, "gate")
    gated.write(document, table)
    head = re.match(r"(PASS|FAIL|INCONCLUSIVE)", table.getvalue().splitlines()[-1])[1]
    assert (head == "FAIL") == ("error" in every)
    assert f"## {head}" in text
    if run:
        passed = re.findall(r'gate_passed\{rule="[^"]*"\} (\d)', openmetrics(run, document))
        assert sorted(passed) == sorted(str(int(ruling["verdict"] == "pass")) for ruling in document["rules"])
