"""Whether two runs may be compared, and over which images."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NoReturn, TypeVar

import numpy as np

from segeval.errors import BadBaseline, NoBaseline, OtherClasses, OtherImages, UnreadableRun
from segeval.evidence.confusion import PixelCounts
from segeval.evidence.kinds import EVIDENCE
from segeval.losses import LOSSES
from segeval.metrics import METRICS
from segeval.run import stored
from segeval.run.numbers import Number
from segeval.run.results import Results
from segeval.run.scoring import MEASURING
from segeval.run.tables import Tables
from segeval.text import counted, some

T = TypeVar("T")
Document = Mapping[str, Any]

# How predictions are read may differ from model to model; what is measured besides changes no number that both have.
# Classes and the parameters of metrics are compared by themselves.
FREE = {
    "classes",
    "classes_found",  # the classes themselves are compared
    "beta",
    "metric_params",
    "pred_pattern",
    "gt_pattern",
    "pred_array",
    "ignore_geometry",
    "one_hot",  # of both sides: another truth shows in its digest
    "colors",
    "probability",
    "logits",
    "threshold",
    "metrics",
    "losses",
    "group_by",
    "ci",
}


# What is asked of a kind of evidence changes the numbers of that kind alone.
SETTINGS = {kind.name for kind in EVIDENCE.values() if kind.settings}


@dataclass(frozen=True)
class Paired:
    """Two runs over the same images, and the images that were left out."""

    run: Results
    baseline: Results
    only_run: tuple[str, ...] = ()
    only_baseline: tuple[str, ...] = ()
    other_truth: tuple[str, ...] = ()


def read(name: str) -> Results:
    """The results of a baseline."""
    if not name:
        raise NoBaseline("the name of the baseline is empty", "give --baseline RUN")
    return _blamed(lambda: Baseline.read(name))


@dataclass(frozen=True, eq=False, repr=False)
class Baseline(Results):
    """The results of a baseline; what is wrong with them is its fault and not the run's, whenever it shows."""

    @cached_property
    def rows(self) -> Tables:
        found = _blamed(self.load)
        load = {kind: functools.partial(found.columns, kind) for kind in found.load}  # made once, for both
        return replace(found, load=load, load_merged=lambda: _blamed(found.load_merged))

    def value(self, number: Number) -> float:
        return _blamed(lambda: Results.value(self, number))


def _blamed(load: Callable[[], T]) -> T:
    """What is loaded of a baseline; what is wrong with it is no fault of the run."""
    try:
        return load()
    except UnreadableRun as fault:
        raise BadBaseline(f"baseline {fault.message}", fault.hint) from fault


def paired(run: Results, baseline: Results, intersect: bool = False) -> Paired:
    """Two runs, checked: same classes, same options, same images with the same truth (or what they share of them)."""
    _check_options(run, baseline)
    if run.whole and baseline.whole and run.document["fingerprint"] == baseline.document["fingerprint"]:
        if run.beside is False:  # without tables nothing of it can be drawn
            return Paired(run, baseline)
        return Paired(run, baseline.changed(lambda rows: rows.with_groups(run.rows.groups), whole=True))
    mine, theirs = run.rows, baseline.rows
    truths = dict(zip(theirs.ids, theirs.truths, strict=True))
    common = [id_ for id_, truth in zip(mine.ids, mine.truths, strict=True) if truths.get(id_) == truth]
    other = tuple(id_ for id_ in mine.ids if id_ in truths and id_ not in set(common))
    shared = _only(run, common)
    found = Paired(
        shared,
        _only(baseline, common).changed(lambda rows: rows.with_groups(shared.rows.groups), whole=False),
        tuple(id_ for id_ in mine.ids if id_ not in truths),
        tuple(sorted(set(theirs.ids) - set(mine.ids))),
        other,
    )
    if not (found.only_run or found.only_baseline or other):
        return found
    if not common or not intersect:
        hint = (
            f"--intersect compares the {counted(len(common), 'image')} that both have" if common else "score it again"
        )
        raise OtherImages(f"{baseline.name} is of other images than {run.name}: {_difference(found)}", hint)
    return found


def _difference(found: Paired) -> str:
    parts = {
        f"only in {found.baseline.name}": found.only_baseline,
        f"only in {found.run.name}": found.only_run,
        "with another truth": found.other_truth,
    }
    return ", ".join(f"{len(ids)} {where} ({some(list(ids), 2)})" for where, ids in parts.items() if ids)


def _check_options(run: Results, baseline: Results) -> None:
    mine, theirs = run.document, baseline.document
    classes = [[(row["id"], row["name"], row.get("group")) for row in each.classes] for each in (run, baseline)]
    if classes[0] != classes[1]:
        odd = [str(name) for _, name, _ in sorted(set(classes[0]) ^ set(classes[1]), key=repr)] or ["their order"]
        hint = "score both with the same --num-classes or --classes"
        raise OtherClasses(f"{baseline.name} has other classes than {run.name}: {some(odd, 4)}", hint)
    for key in sorted((mine["options"].keys() | theirs["options"].keys()) - FREE - SETTINGS):
        now, then = (_meant(document["options"], key) for document in (mine, theirs))
        if now != then and not (key in HARMLESS and HARMLESS[key](mine, theirs)):
            what = f"{baseline.name} was scored with {key} = {json.dumps(then)}, {run.name} with {json.dumps(now)}"
            raise OtherClasses(what, "score both with the same options")


def _meant(options: Document, key: str) -> Any:
    """What an option says, of `map` about the truth."""
    value = options.get(key)
    return value.get("gt") if key == "map" and isinstance(value, Mapping) else value


def _none_made_up(*documents: Document) -> bool:
    """Whether no image counts as all wrong for want of a prediction."""
    return not any(each["options"].get("missing") == "worst" and each["images"]["missing"] for each in documents)


def _none_hallucinated(*documents: Document) -> bool:
    """Whether no class is predicted where the truth lacks it: the classes in both masks are those of the truth."""
    return all(row["n_hallucinated"] == 0 for each in documents for row in each["classes"])


def _none_ignored(*documents: Document) -> bool:
    """Whether the ids that only one of both ignores are in none of the same true masks."""
    ignored = sorted((set(each["options"].get("ignore", ())) for each in documents), key=len)
    pixels = [[sum(row[name] for name in PixelCounts._fields) for row in each["classes"]] for each in documents]
    same = documents[0]["fingerprint"] == documents[1]["fingerprint"] and pixels[0] == pixels[1]
    return same and ignored[0] <= ignored[1]


def _measured_apart(*documents: Document) -> bool:
    """Whether only one of both measured in space: then no number that both have is by how it did."""
    return not all(each["options"].keys() & {*MEASURING} for each in documents)


# Options that may differ where they changed no number.
HARMLESS: Mapping[str, Callable[[Document, Document], bool]] = {
    "missing": _none_made_up,
    "presence": _none_hallucinated,
    "ignore": _none_ignored,
    **dict.fromkeys((*MEASURING, "penalty", "unit"), _measured_apart),
}


def check_number(name: str, run: Results, baseline: Results) -> None:
    """Refuse to compare a number that was computed otherwise."""
    entry = METRICS.named(name)
    of = entry or next((each for each in METRICS.values() if each.mean and name.startswith(f"{each.mean}_")), None)
    for kind in SETTINGS:
        if name.startswith(f"{kind}.") or (of and of.eats is EVIDENCE[kind].eaten):
            _check_settings(name, kind, run, baseline)
    if name.startswith("loss."):
        _check_loss(name, run, baseline)
    elif entry:
        now, then = ([each.printed for each in side.outline.scoring.bound(entry)] for side in (run, baseline))
        if now != then and not (name in now and name in then):
            what = f"{name} is {some(then)} in {baseline.name} and {some(now)} in {run.name}"
            raise OtherClasses(what, "score both with the same parameters")


def _check_settings(name: str, kind: str, *sides: Results) -> None:
    """Refuse a number of a kind of evidence of which something else was asked."""
    now, then = (each.document["options"].get(kind) for each in sides)
    if now and then and now != then:
        odd = next(key for key in sorted(now.keys() | then.keys()) if now.get(key) != then.get(key))
        said = [f"{odd.replace('_', '-')} {json.dumps(each.get(odd))}" for each in (then, now)]
        what = f"{name} is by {said[0]} in {sides[1].name} and by {said[1]} in {sides[0].name}"
        raise OtherClasses(what, "score both with the same options")


def _check_loss(name: str, run: Results, baseline: Results) -> None:
    loss, mine, theirs = name.removeprefix("loss."), run.document, baseline.document
    for key in ("params", "reduction"):
        now, then = (document.get("losses", {}).get(loss, {}).get(key) for document in (mine, theirs))
        if now != then:
            _refuse_loss(name, key, (run, now), (baseline, then))
    for key in ("average", "background", "weights", "presence"):
        now, then = ((each["options"].get("losses", {}) | each["options"]).get(key) for each in (mine, theirs))
        if now != then and (key != "weights" or LOSSES[loss].weight_map):
            _refuse_loss(name, key, (run, now), (baseline, then))


def _refuse_loss(name: str, key: str, *sides: tuple[Results, Any]) -> NoReturn:
    (run, now), (baseline, then) = sides
    what = f"{name} has {key} {json.dumps(then)} in {baseline.name} and {json.dumps(now)} in {run.name}"
    raise OtherClasses(what, "score both with the same losses and parameters")


def _only(results: Results, ids: list[str]) -> Results:
    """The results of some images."""
    place = {id_: n for n, id_ in enumerate(results.rows.ids)}
    return results.changed(lambda rows: rows.only(np.array([place[id_] for id_ in ids], np.int64)), whole=False)


def renew(run: Results, baseline: str, ratchet: bool, worse: list[str] | None) -> str:
    """Make a stored run the baseline, unless it is incomplete or a ratchet forbids it; gives what was done.

    worse: the numbers in which the run is worse; None where the two could not be compared.
    """
    source, target = stored.run_file(run.name), stored.place(baseline)
    if not run.document["complete"]:
        return "the baseline stays: images are missing from this run"
    if ratchet and worse is None and target.exists():
        return "the baseline stays: a ratchet does not move where nothing can be compared"
    if ratchet and worse:
        return f"the baseline stays: worse is {some(worse)}"
    if source.resolve() != target.resolve():
        _ = run.rows  # a run whose tables are not its own is no baseline
        stored.copy(source, target, run.document["files"])
    return f"the baseline is now {target}"
