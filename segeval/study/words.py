"""What a study of losses says, in words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from segeval.report.sections import shown
from segeval.study.analysis import SPOILT
from segeval.study.view import View
from segeval.text import clipped, counted, some

ALIKE, UNLIKE = 0.9, 0.5  # Spearman's ρ from which ranks are called alike, and under which they are not
FEW = 10  # images: below, ρ is often large by chance
NAMED = 6  # losses that a sentence names
LONG = 40  # columns that the name of a class or image keeps


def sentences(view: View) -> list[str]:
    """How losses rank images beside the metrics, what they push on, and what they do not see."""
    if not view.document["losses"]:
        return []
    return [*_ranks(view), *_pushes(view), *_answers(view)]


def _ranks(view: View) -> Iterator[str]:
    every = view.document["agreement"]
    metrics = [view.metric, *(name for name in next(iter(every.values()), {}) if name != view.metric)]
    most = 0
    for metric in metrics:
        rhos = {name: every[name][metric]["spearman"] for name in view.losses}
        known = {name: rho for name, rho in rhos.items() if rho is not None}
        if not known:
            yield f"no order of images to compare with {metric}"
            continue
        most = max(most, *(every[name][metric]["images"] for name in known))
        told = []
        if alike := [name for name, rho in known.items() if rho >= ALIKE]:
            told.append(f"as {metric} does (Spearman {ALIKE} or more): {_named(alike, len(rhos))}")
        if partly := [name for name, rho in known.items() if UNLIKE <= rho < ALIKE]:
            told.append(f"in part {'so' if told else f'as {metric} does'}: {_named(partly, len(rhos))}")
        if unlike := sorted((name for name, rho in known.items() if rho < UNLIKE), key=lambda name: known[name]):
            apart = every[unlike[0]][metric]["disagree"]
            where = f", farthest on {clipped(apart[0], LONG)}" if apart else ""
            other = "otherwise" if told else f"otherwise than by {metric}"
            told.append(f"{other}: {_named(unlike, len(rhos))} (the first {shown(known[unlike[0]])}{where})")
        if len(known) < len(rhos):
            told.append(f"in no order: {_named([name for name in rhos if name not in known], len(rhos))}")
        yield f"images are ranked {'; '.join(told)}"
    if 0 < most < FEW:
        yield f"of {counted(most, 'image')} such ranks are alike by chance too easily: take {FEW} or more"


def _pushes(view: View) -> Iterator[str]:
    shares = view.document["gradient_shares"]
    for what, kind in (("zone", "zones"), ("class", "classes")):
        found: dict[str, list[str]] = {}
        for name in (each for each in view.losses if each in shares):
            if (most := _largest(shares[name][kind])) is not None:
                found.setdefault(most, []).append(name)
        if found:
            told = []
            for most, names in found.items():
                percents = _percents(shares[name][kind][most] for name in names)
                told.append(f"{_place(most)} ({percents} of the gradient): {_named(names, len(shares))}")
            yield f"{what} that is pushed on most, {'; '.join(told)}"
    still = [name for name in view.losses if name in shares and _largest(shares[name]["zones"]) is None]
    if still:
        yield f"without a gradient here: {_named(still, len(shares))}"


def _answers(view: View) -> Iterator[str]:
    every, image = view.document["sensitivity"], view.document["sensitivity_image"]
    if not every:
        return
    of = f"the truth of {clipped(image, LONG)}"
    for flag, words in (
        ("blind", "blind to an error (the value never moves)"),
        ("not monotone", "not monotone (less at a larger error)"),
        ("undefined", "undefined under an error"),
    ):
        kinds = {kind: [name for name in view.losses if every[name][kind]["flag"] == flag] for kind in SPOILT}
        told = [f"{kind}: {_named(names, len(every))}" for kind, names in kinds.items() if names]
        if told:
            yield f"{words}, on {of}: {'; '.join(told)}"
        elif flag == "blind":
            yield f"no loss is blind to {', '.join(SPOILT)}, on {of}"


def _named(names: list[str], of: int) -> str:
    """The names, or that it is all of them."""
    return f"all {of} losses" if len(names) == of > 1 else some(names, NAMED)


def _place(name: str) -> str:
    return clipped(name.replace("false_positives", "false positives"), LONG)


def _largest(shares: Mapping[str, float | None]) -> str | None:
    defined: dict[str, float] = {name: share for name, share in shares.items() if share is not None}
    return max(defined, key=lambda name: defined[name], default=None)


def _percents(shares: Iterable[Any]) -> str:
    """The range of some shares."""
    every = [f"{100 * share:.0f}" for share in sorted(shares)]
    return f"{every[0]} %" if every[0] == every[-1] else f"{every[0]} … {every[-1]} %"
