"""The gate in a test: `assert_gate`, for pytest."""

import io
from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from typing import Any

from segeval.gate import Rule, Verdict, judge
from segeval.report import verdict as gated
from segeval.run.bootstrap import Draws
from segeval.run.results import Results
from segeval.run.run import Run

__all__ = ["assert_gate"]

AnyRun = Run | Results | str | PathLike[str]
AnyRule = Rule | str | Mapping[str, Any]


def assert_gate(
    run: AnyRun,
    rules: AnyRule | Iterable[AnyRule],
    baseline: AnyRun | None = None,
    *,
    inconclusive: str = "warn",
    intersect: bool = False,
    **statistics: Any,
) -> Verdict:
    """Fail a test where `segeval gate` would not end with 0.

        run = segeval.score("pred", "gt", num_classes=19)
        assert_gate(run, ["miou_dataset >= 0.78", "iou[*] drop <= 0.02"], baseline="baseline")

    run, baseline: a `segeval.Run`, or where one is stored (a folder or its run.json).
    rules: texts as after `-r`, or tables as below `[[gate.rule]]`.
    statistics: `group_by`, `confidence`, `resamples`, `seed`, as the options of `segeval gate`.

    Gives the verdict. Raises AssertionError with the table and the sentences of the gate, for an incomplete run too,
    and a `SegevalError` where nothing can be judged: a misspelt rule, a baseline of other images.
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    asked = [rules] if isinstance(rules, Rule | str | Mapping) else rules
    parsed = [_rule(number, rule) for number, rule in enumerate(asked, 1)]
    before = Results.of(baseline) if isinstance(baseline, Run) else baseline
    verdict = judge(parsed, _results(run), before, Draws(**statistics), inconclusive, intersect)
    if verdict.exit_code:
        text = io.StringIO()
        gated.write(verdict.document(), text)
        raise AssertionError(f"segeval gate\n{text.getvalue().rstrip()}")
    return verdict


def _rule(number: int, rule: AnyRule) -> Rule:
    if isinstance(rule, Rule):
        return rule
    return Rule.parse(rule) if isinstance(rule, str) else Rule.from_table(rule, number)


def _results(run: AnyRun) -> Results:
    if isinstance(run, Results):
        return run
    return Results.of(run) if isinstance(run, Run) else Results.read(fspath(run))
