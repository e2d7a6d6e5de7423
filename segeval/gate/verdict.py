"""One object that says whether a run is good enough: it feeds table, JSON, every CI surface and the exit code."""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike, fspath
from typing import Any

import numpy as np

import segeval
from segeval.bootstrap import Draws, holm
from segeval.catalog import check_choice
from segeval.errors import GATE_FAILED, INPUT, OK, BadRule, NoBaseline
from segeval.evidence.runs import Array
from segeval.gate.baseline import Paired, check_loss, paired, read
from segeval.gate.decide import FAIL, FEW, INCONCLUSIVE, PASS, Decision, Interval, decide, detectable
from segeval.gate.rules import Limit, Rule, distinct
from segeval.grouping import Grouping, Slice
from segeval.numbers import Number
from segeval.results import Results
from segeval.rows import Resampled, Rows, resample
from segeval.run import finite

SCHEMA = "segeval-gate/1"
POLICIES = ("pass", "warn", "fail")


@dataclass(frozen=True)
class Check:
    """One number against one limit. For a drop `change` is positive where the run is better."""

    number: str  # iou[person]
    limit: str  # drop <= 0.01
    verdict: str
    reason: str
    value: float
    baseline: float = math.nan
    change: float = math.nan
    allowed: float = math.nan  # the drop that is allowed, in points
    lower: float = math.nan
    upper: float = math.nan
    p: float = math.nan
    p_adjusted: float = math.nan
    detectable: float = math.nan
    undefined_resamples: float = math.nan


@dataclass(frozen=True)
class Ruling:
    """What became of one rule."""

    id: str
    rule: str
    level: str
    test: str  # none where nothing is compared with a baseline
    verdict: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What became of all rules."""

    rulings: tuple[Ruling, ...]
    run: Results
    pair: Paired | None
    draws: Draws
    inconclusive: str  # what an inconclusive rule does: pass | warn | fail

    @property
    def failed(self) -> list[Ruling]:
        """The rules that stop the run."""
        stops = {FAIL, INCONCLUSIVE} if self.inconclusive == "fail" else {FAIL}
        return [ruling for ruling in self.rulings if ruling.level == "error" and ruling.verdict in stops]

    @property
    def warned(self) -> list[Ruling]:
        """The rules that do not, but are worth a look."""
        quiet = {PASS, INCONCLUSIVE} if self.inconclusive == "pass" else {PASS}
        return [ruling for ruling in self.rulings if ruling.verdict not in quiet and ruling not in self.failed]

    @property
    def verdict(self) -> str:
        if self.failed:
            return FAIL
        undecided = any(ruling.verdict == INCONCLUSIVE for ruling in self.warned if ruling.level == "error")
        return INCONCLUSIVE if undecided else PASS

    @property
    def exit_code(self) -> int:
        """0, 1, or 3 where images are missing from the run, so that 1 always means: evaluated in full."""
        if not self.run.document["complete"]:
            return INPUT
        return GATE_FAILED if self.failed else OK

    @property
    def worse(self) -> list[str]:
        """The numbers of rules that are worse than in the baseline."""
        return [check.number for ruling in self.rulings for check in ruling.checks if check.change < 0]

    def document(self) -> dict[str, Any]:
        """The verdict as JSON has it."""
        pair = self.pair
        left_out = {
            "only_run": list(pair.only_run) if pair else [],
            "only_baseline": list(pair.only_baseline) if pair else [],
            "other_truth": list(pair.other_truth) if pair else [],
        }
        document = {
            "schema": SCHEMA,
            "segeval": segeval.__version__,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "complete": self.run.document["complete"],
            "run": self._told(self.run),
            "baseline": self._told(pair.baseline) if pair else None,
            "images": {"scored": self.run.document["images"]["scored"], **left_out},
            "inconclusive": self.inconclusive,
            "statistics": {
                "confidence": self.draws.confidence,
                "resamples": self.draws.resamples,
                "seed": self.draws.seed,
                "group_by": self.draws.group_by,
            },
            "rules": [asdict(ruling) for ruling in self.rulings],
            "summary": dict(self.run.document["summary"]),
            "failed": [note["id"] for note in self.run.document["images"]["failed"]],
        }
        clean = finite(document)
        assert isinstance(clean, dict)
        return clean

    @staticmethod
    def _told(results: Results) -> dict[str, Any]:
        return {"fingerprint": results.document["fingerprint"], "segeval": results.document["segeval"]}


@dataclass(frozen=True)
class _Drop:
    """A drop that a rule limits, before it is judged."""

    number: Number
    limit: Limit
    value: float
    before: float

    @property
    def change(self) -> float:
        now, then = self.number.good(np.array([self.value, self.before]))
        return float(now - then)

    @property
    def allowed(self) -> float:
        return self.limit.number * abs(self.before) if self.limit.relative else self.limit.number


def judge(
    rules: Iterable[Rule],
    run: Results,
    baseline: str | PathLike[str] | Results | None = None,
    draws: Draws | None = None,
    inconclusive: str = "warn",
    intersect: bool = False,
) -> Verdict:
    """The verdict of the rules on a run, compared with a baseline (a run, or where it is stored) where rules want that.

    Errors: BadRule for what the run does not have or nobody can mean; NoBaseline, BadBaseline, OtherImages,
    OtherClasses.
    """
    check_choice("--inconclusive", inconclusive, POLICIES)
    draws = draws or Draws()
    live = [rule for rule in distinct(rules) if rule.level != "off"]
    if not live:
        raise BadRule("there are no rules", 'give -r "miou_dataset >= 0.78", or [[gate.rule]] in segeval.toml')
    run = run.grouped(draws.grouping)
    judged = [_Judge(rule, run, draws) for rule in live]
    pair = _pair(live, run, baseline, intersect)
    if pair:
        for each in judged:
            each.compare(pair)
    enough = replace(draws, resamples=max([draws.resamples, *(each.resamples_needed for each in judged)]))
    slices: dict[str, list[_Judge]] = {}
    for each in judged:
        slices.setdefault(each.rule.where.text if each.rule.where else "", []).append(each)
    rulings = {each.rule.id: ruling for alike in slices.values() for each, ruling in _ruled(alike, enough)}
    return Verdict(tuple(rulings[rule.id] for rule in live), run, pair, enough, inconclusive)


def _pair(
    rules: Sequence[Rule], run: Results, baseline: str | PathLike[str] | Results | None, intersect: bool
) -> Paired | None:
    """The run beside its baseline."""
    if baseline is None:
        if needy := [rule.id for rule in rules if any(limit.drop for limit in rule.limits)]:
            raise NoBaseline(f"rule {needy[0]!r} asks for a drop and there is no baseline", "give --baseline RUN")
        return None
    return paired(run, baseline if isinstance(baseline, Results) else read(fspath(baseline)), intersect)


def _ruled(judged: Sequence["_Judge"], draws: Draws) -> Iterable[tuple["_Judge", Ruling]]:
    """The rulings of rules about the same images: they are drawn once for all."""
    numbers = [drop.number for each in judged for drop in each.tested]
    pair = judged[0].pair
    found = differences(numbers, pair, draws) if numbers and pair else {}
    for each in judged:
        yield each, each.ruling(found, draws)


def differences(numbers: Iterable[Number], pair: Paired, draws: Draws) -> dict[str, Array]:
    """For each number, by its title, the resampled differences (B,) of run and baseline: positive is better."""
    found = {number.title: functools.partial(_difference, number) for number in numbers if number.drawn}
    return resample(draws, [pair.run.rows, pair.baseline.rows], found)


def _difference(number: Number, now: Resampled, then: Resampled) -> Array:
    assert number.drawn
    return number.good(number.drawn(now)) - number.good(number.drawn(then))


class _Judge:
    """A rule with the numbers that it is about."""

    def __init__(self, rule: Rule, run: Results, draws: Draws) -> None:
        self.rule = rule
        self.alpha = draws.alpha
        self.grouping = Grouping(draws.group_by or run.document["options"].get("group_by"))
        self.run = _sliced(run, rule, self.grouping)
        self.pair: Paired | None = None
        self.numbers = self._numbers()
        self.drops: list[_Drop] = []

    def compare(self, pair: Paired) -> None:
        """Look at the baseline too."""
        check_loss(self.rule.asked.metric, pair.run, pair.baseline)
        sides = [_sliced(side, self.rule, self.grouping) for side in (pair.run, pair.baseline)]
        self.pair = replace(pair, run=sides[0], baseline=sides[1])
        self.drops = [self._drop(n, limit) for limit in self.rule.limits if limit.drop for n in self.numbers]

    @property
    def tested(self) -> list[_Drop]:
        return [] if self.rule.test == "none" else self.drops

    @property
    def resamples_needed(self) -> int:
        """With fewer, no class of a rule could ever fail by its adjusted p-value."""
        return math.ceil(10 * len(self.tested) / self.alpha) if self.rule.test == "regression" else 0

    def _numbers(self) -> list[Number]:
        """The numbers of the rule, for which its limits make sense."""
        try:
            numbers = self.rule.asked.numbers(self.run)
        except BadRule as fault:
            raise BadRule(f"rule {self.rule.id!r}: {fault.message}", fault.hint) from fault
        for number in numbers:
            for limit in self.rule.limits:
                _check_limit(self.rule, limit, number)
        return numbers

    def _drop(self, number: Number, limit: Limit) -> _Drop:
        assert self.pair
        return _Drop(number, limit, number.value(self.pair.run), number.value(self.pair.baseline))

    def ruling(self, found: Mapping[str, Array], draws: Draws) -> Ruling:
        checks = [self._value(n, limit) for limit in self.rule.limits if not limit.drop for n in self.numbers]
        checks += self._drops(found, draws)
        verdicts = {check.verdict for check in checks}
        verdict = next(v for v in (FAIL, INCONCLUSIVE, PASS) if v in verdicts)
        limits = " and ".join(map(str, self.rule.limits))
        where = f" where {self.rule.where.text}" if self.rule.where else ""
        text = f"{self.rule.asked.text} {limits}{where}"
        test = self.rule.test if self.drops else "none"
        return Ruling(self.rule.id, text, self.rule.level, test, verdict, tuple(checks), tuple(self._notes()))

    def _value(self, number: Number, limit: Limit) -> Check:
        if self.rule.unit and self.rule.unit != self._unit():
            reason = f"the run has no unit {self.rule.unit!r} (no spacing)"
            return Check(number.title, str(limit), FAIL, reason, math.nan)
        value = number.value(self.run)
        decision = _within(limit, value)
        if not self.pair:
            return Check(number.title, str(limit), *decision, value)
        beside = _Drop(number, limit, number.value(self.pair.run), number.value(self.pair.baseline))
        return Check(number.title, str(limit), *decision, value, beside.before, beside.change)

    def _unit(self) -> str | None:
        unit = self.run.document["options"].get("unit")
        return unit if isinstance(unit, str) else None

    def _drops(self, found: Mapping[str, Array], draws: Draws) -> list[Check]:
        intervals = [self._interval(drop, found, draws) for drop in self.drops]
        p_values = [each.p for each in intervals]
        adjusted = holm(p_values) if self.rule.test == "regression" and self.rule.adjust == "holm" else p_values
        return [self._check(*each, draws) for each in zip(self.drops, intervals, adjusted, strict=True)]

    def _interval(self, drop: _Drop, found: Mapping[str, Array], draws: Draws) -> Interval:
        resampled = found.get(drop.number.title)
        if self.rule.test == "none" or resampled is None or not resampled.size:
            return Interval()
        assert self.pair
        return Interval.of(resampled, draws.confidence, self.pair.run.rows.clusters)

    def _check(self, drop: _Drop, interval: Interval, p: float, draws: Draws) -> Check:
        rule, allowed = self.rule, drop.allowed
        if rule.test != "none" and drop.number.drawn is None and not math.isnan(drop.change):
            decision = Decision(PASS) if drop.change >= -allowed and rule.test == "regression" else None
            decision = decision or Decision(INCONCLUSIVE, drop.number.refusal)
        else:
            decision = decide(rule.test, drop.change, allowed, interval, p, draws.alpha)
        if math.isnan(drop.change):
            decision = Decision(FAIL, f"undefined in {'this run' if math.isnan(drop.value) else 'the baseline'}")
        shown = (drop.value, drop.before, drop.change, allowed)
        base = Check(drop.number.title, str(drop.limit), *decision, *shown)
        if rule.test == "none" or interval.groups < 2:
            return base
        seen = detectable(rule.test, interval, allowed, draws.confidence)
        return replace(
            base,
            lower=interval.lower,
            upper=interval.upper,
            p=interval.p,
            p_adjusted=p,
            detectable=seen,
            undefined_resamples=interval.undefined,
        )

    def _notes(self) -> Iterable[str]:
        if not self.tested or not self.pair:
            return
        groups = self.pair.run.rows.clusters
        if groups < FEW:
            yield f"only {groups} images or groups: intervals are rough below {FEW}"
        if self.rule.asked.stat and self.rule.asked.stat.rough:
            yield f"bootstrap intervals of {self.rule.asked.stat.name} are known to be poor; the mean has better ones"


def _within(limit: Limit, value: float) -> Decision:
    if math.isnan(value):
        return Decision(FAIL, "undefined")
    return Decision(PASS) if limit.holds(value) else Decision(FAIL, "too low" if ">" in limit.op else "too high")


def _check_limit(rule: Rule, limit: Limit, number: Number) -> None:
    """Refuse limits that cannot be meant, and drops of numbers without a better side."""
    if limit.drop and math.isnan(number.best):
        raise BadRule(f"rule {rule.id!r}: {number.title} has no better and worse", "limit its value with min or max")
    span = number.high - number.low if limit.drop else number.high
    if not limit.relative and limit.number > span:
        what = f"rule {rule.id!r}: {limit} is beyond {span:g}, the most that {number.title} can be"
        raise BadRule(what, f"did you mean {limit.number:g}%?")


def _sliced(results: Results, rule: Rule, grouping: Grouping) -> Results:
    """The images that a rule is about."""
    if rule.where is None:
        return results
    rule.where.check(grouping.names)
    where = rule.where
    return results.changed(lambda rows: rows.only(_positions(rows, where, grouping)), whole=False)


def _positions(rows: Rows, where: Slice, grouping: Grouping) -> Array:
    return np.array([n for n, id_ in enumerate(rows.ids) if where.holds(grouping.named(id_))], np.int64)
