"""Rules and a run (and a baseline) -> the verdict."""

import functools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike, fspath

import numpy as np

from segeval.catalog import check_choice
from segeval.errors import BadRule, NoBaseline, OtherClasses
from segeval.evidence.run_length import Array
from segeval.gate.baseline import Paired, check_number, paired, read
from segeval.gate.decide import (
    FAIL,
    INCONCLUSIVE,
    NOT_APPLICABLE,
    PASS,
    Decision,
    Interval,
    cautions,
    change,
    decide,
    detectable,
)
from segeval.gate.rules import Limit, Rule, distinct
from segeval.gate.verdict import Check, Ruling, Verdict
from segeval.run.bootstrap import Draws, holm, known
from segeval.run.grouping import Grouping, Slice
from segeval.run.means import Drawn, resample
from segeval.run.numbers import Number
from segeval.run.results import Results
from segeval.run.tables import Tables
from segeval.text import some

POLICIES = ("pass", "warn", "fail")
IDLE = {False: "in no mask", True: "of the background"}  # why a rule leaves a number out, by whether it is bare


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
        return float(change(now, then))

    @property
    def allowed(self) -> float:
        most = self.limit.number * abs(self.before) if self.limit.relative else self.limit.number
        return most if self.limit.op == "<=" else math.nextafter(most, -math.inf)


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
    pair = next((each.pair for each in judged if each.pair), None)
    found = differences(numbers, pair, draws) if numbers and pair else {}
    for each in judged:
        yield each, each.ruling(found, draws)


def differences(numbers: Iterable[Number], pair: Paired, draws: Draws) -> dict[str, Array]:
    """For each number, by its title, the resampled differences (B,) of run and baseline: positive is better."""
    found = {number.title: functools.partial(_difference, number) for number in numbers if number.drawn}
    return resample(draws, [pair.run.rows, pair.baseline.rows], found)


def _difference(number: Number, now: Drawn, then: Drawn) -> Array:
    assert number.drawn
    return change(number.good(number.drawn(now)), number.good(number.drawn(then)))


class _Judge:
    """A rule with the numbers that it is about."""

    def __init__(self, rule: Rule, run: Results, draws: Draws) -> None:
        self.rule = rule
        self.alpha = draws.alpha
        self.grouping = Grouping(draws.group_by or run.document["options"].get("group_by"))
        self.run = _sliced(run, rule, self.grouping)
        self.pair: Paired | None = None
        self.numbers = self._numbers()

    def compare(self, pair: Paired) -> None:
        """Look at the baseline too."""
        try:
            check_number(self.rule.asked.metric, pair.run, pair.baseline)
        except OtherClasses:
            if any(limit.drop for limit in self.rule.limits):
                raise
            return  # the value stands alone
        sides = [_sliced(side, self.rule, self.grouping) for side in (pair.run, pair.baseline)]
        self.pair = replace(pair, run=sides[0], baseline=sides[1])

    @cached_property
    def drops(self) -> list[_Drop]:
        pair = self.pair
        return [self._drop(n, limit) for limit in self.rule.limits if limit.drop and pair for n in self.applicable]

    @cached_property
    def applicable(self) -> list[Number]:
        """The numbers but those of classes that only a pattern means, and that can have no value.

        Such is a class in no mask, and the background where it has no such number.
        """
        classes, asked = self.run.classes, self.rule.asked
        sides = [self.run, *([self.pair.run, self.pair.baseline] if self.pair else [])]
        named, places = asked.named(classes), asked.positions(classes)
        return [
            number
            for k, number in zip(places, self.numbers, strict=True)
            if k is None or k in named or not (number.bare or all(_lacks(side, number, k) for side in sides))
        ]

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
        _check_unit(self.rule, numbers)
        for number in numbers:
            for limit in self.rule.limits:
                _check_limit(self.rule, limit, number)
        return numbers

    def _drop(self, number: Number, limit: Limit) -> _Drop:
        assert self.pair
        return _Drop(number, limit, self.pair.run.value(number), self.pair.baseline.value(number))

    def ruling(self, found: Mapping[str, Array], draws: Draws) -> Ruling:
        checks = self._checks(found, draws)
        verdicts = {check.verdict for check in checks}
        verdict = next(v for v in (FAIL, INCONCLUSIVE, PASS) if v in verdicts)
        limits = " and ".join(map(str, self.rule.limits))
        where = f" where {self.rule.where.text}" if self.rule.where else ""
        text = f"{self.rule.asked.text} {limits}{where}"
        test = self.rule.test if self.drops else "none"
        groups = self.pair.run.rows.clusters if self.pair and self.tested else None
        notes = () if groups is None else tuple(cautions(groups, [self.rule.asked.stat]))
        notes += tuple(_idle(checks))
        if all(limit.always_holds(n.low, n.high) for limit in self.rule.limits for n in self.numbers):
            low, high = self.numbers[0].low, self.numbers[0].high
            notes += (f"no run can fail it but by an undefined number: the range is {low:g} … {high:g}",)
        return Ruling(self.rule.id, text, self.rule.level, test, verdict, tuple(checks), groups, notes)

    def _checks(self, found: Mapping[str, Array], draws: Draws) -> list[Check]:
        """Every number against every limit, values before drops."""
        if not self.applicable:
            return self._all(FAIL, "no class of the rule is in any mask and has such a number")
        if self.rule.unit and (odd := [n for n in self.numbers if self.run.unit(n) != self.rule.unit]):
            told = self.run.unit(odd[0]) or "no spacing"
            reason = f"the unit is to be {self.rule.unit!r} and the run has {told}"
            return self._all(FAIL, reason)
        checks = [self._value(n, limit) for limit in self.rule.limits if not limit.drop for n in self.applicable]
        return checks + self._drops(found, draws) + self._idle()

    def _idle(self) -> list[Check]:
        """What the rule leaves out, and why."""
        tested = {number.title for number in self.applicable}
        return [
            Check(n.title, str(limit), NOT_APPLICABLE, IDLE[n.bare], math.nan)
            for limit in self.rule.limits
            for n in self.numbers
            if n.title not in tested
        ]

    def _all(self, verdict: str, reason: str) -> list[Check]:
        """The same verdict on every number, without a value."""
        return [
            Check(n.title, str(limit), verdict, reason, math.nan) for limit in self.rule.limits for n in self.numbers
        ]

    def _value(self, number: Number, limit: Limit) -> Check:
        value = self.run.value(number)
        decision = _within(limit, value)
        if math.isnan(value) and number.drawn is None and not self.run.whole:
            decision = Decision(FAIL, number.refusal)  # it is told of all images, and not of some of them
        if not self.pair:
            return Check(number.title, str(limit), *decision, value)
        beside = self._drop(number, limit)
        return Check(number.title, str(limit), *decision, value, beside.before, beside.change)

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
        decision = self._decision(drop, interval, p)
        numbers = (drop.value, drop.before, drop.change, drop.allowed)
        if interval.groups < 2:
            return Check(drop.number.title, str(drop.limit), *decision, *numbers)
        seen = detectable(self.rule.test, interval, drop.allowed, draws.confidence)
        told = (*known(interval.lower, interval.upper), interval.p, p, seen, interval.undefined)
        return Check(drop.number.title, str(drop.limit), *decision, *numbers, *told)

    def _decision(self, drop: _Drop, interval: Interval, p: float) -> Decision:
        if math.isinf(drop.value) and math.isinf(drop.before):
            return Decision(INCONCLUSIVE, "infinite in both runs")
        if math.isnan(drop.change):
            return Decision(FAIL, f"undefined in {'this run' if math.isnan(drop.value) else 'the baseline'}")
        found = decide(self.rule.test, drop.change, drop.allowed, interval, p, self.alpha)
        if found.verdict == INCONCLUSIVE and drop.number.drawn is None:
            return Decision(INCONCLUSIVE, drop.number.refusal)
        return found


def _lacks(results: Results, number: Number, k: int) -> bool:
    """Whether a class is in no mask of a run, and its number so has no value."""
    if results.whole:
        there = any(results.classes[k][name] for name in ("tp", "fp", "fn"))
    else:
        counts = results.rows.counts
        there = any(each[:, k].any() for each in (counts.tp, counts.fp, counts.fn))
    return not there and math.isnan(results.value(number))


def _idle(checks: Iterable[Check]) -> Iterator[str]:
    """Which numbers a rule left out."""
    for reason in IDLE.values():
        left = [check.number for check in checks if (check.verdict, check.reason) == (NOT_APPLICABLE, reason)]
        if left:
            yield f"not applicable, {reason}: {some(list(dict.fromkeys(left)), 5)}"


def _within(limit: Limit, value: float) -> Decision:
    if math.isnan(value):
        return Decision(FAIL, "undefined")
    if limit.holds(value):
        return Decision(PASS)
    return Decision(FAIL, "infinite" if math.isinf(value) else "too low" if ">" in limit.op else "too high")


def _check_unit(rule: Rule, numbers: Sequence[Number]) -> None:
    """Refuse a unit for numbers that have none."""
    if rule.unit and not any(number.unit for number in numbers):
        what = f"rule {rule.id!r}: unit is {rule.unit!r}, and {rule.asked.metric} has no unit"
        raise BadRule(what, "leave `unit` out; it is about distances")


def _check_limit(rule: Rule, limit: Limit, number: Number) -> None:
    """Refuse limits that cannot be meant, and drops of numbers without a better side."""
    if limit.drop and math.isnan(number.best):
        raise BadRule(f"rule {rule.id!r}: {number.title} has no better and worse", "limit its value with min or max")
    span = 1.0 if limit.relative else number.high - number.low if limit.drop else number.high
    if limit.number > span or (limit.drop and limit.number == span):
        share = limit.relative or number.high == 1
        most = f"{span:.0%}" if share else f"{span:.6g}"
        what = f"rule {rule.id!r}: {limit}, where {most} is the most that there can be"
        hint = f"did you mean {limit.number:g}%?" if share else "give a limit that a run can meet or miss"
        raise BadRule(what, hint)
    if not limit.drop and limit.number < number.low:
        what = f"rule {rule.id!r}: {limit}, where {number.low:g} is the least that there can be"
        raise BadRule(what, "give a limit that a run can meet or miss")


def _sliced(results: Results, rule: Rule, grouping: Grouping) -> Results:
    """The images that a rule is about."""
    if rule.where is None:
        return results
    rule.where.check(grouping.names)
    where = rule.where
    return results.changed(lambda rows: rows.only(_positions(rows, where, grouping)), whole=False)


def _positions(rows: Tables, where: Slice, grouping: Grouping) -> Array:
    return np.array([n for n, id_ in enumerate(rows.ids) if where.holds(grouping.named(id_))], np.int64)
