"""What `segeval weightmap` says about its plan and its maps."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from segeval.text import counted, some

if TYPE_CHECKING:
    from segeval.data.class_weights import Frequencies
    from segeval.weightmap.folder import Weighed
    from segeval.weightmap.options import Plan


def plan_lines(plan: "Plan", found: "Frequencies") -> Iterator[str]:
    """What the ids are taken for, the formula with its unit, and the weights of the classes."""
    meanings = {"binary": "one kind of cell, split into connected parts", "instances": "single cells"}
    meanings["semantic"] = "classes, split into connected parts"
    why = " (by their number of parts; say --labels if that is wrong)" if plan.labels == "auto" else ""
    yield f"ids are {meanings[plan.ids]}{why}"
    rule, unit = plan.rule, "units of the spacing" if plan.spacing else "pixels"
    reach = rule.reach(len([id_ for id_ in found.pixels if id_]) if plan.ids == "semantic" else 1)
    ends = f"no ridge where d1 + d2 > {reach:.4g}" if math.isfinite(reach) else "a ridge at any distance"
    yield (f"{rule.convention}: w0 = {rule.w0:g}, sigma = {rule.sigma:g} {unit}, {ends} (eps {rule.eps:g})")
    if plan.found:
        total = sum(found.pixels.values())
        shares = [
            f"{id_} = {weight:.4g}" + (f" ({found.pixels[id_] / total:.2%} of pixels)" if id_ in found.pixels else "")
            for id_, weight in sorted(plan.found.items())
        ]
        how = plan.class_weights if isinstance(plan.class_weights, str) else "given"
        yield f"class weights ({how}): {some(shares, 12)}"
    elif not rule.falk and plan.frequency == "image":
        yield f"class weights: {plan.class_weights}, by the frequencies of each image"


def result_lines(weighed: "Weighed", plan: "Plan", folder: str) -> Iterator[str]:
    """How many maps there are, and what is in them."""
    entries: list[dict[str, Any]] = weighed.document["files"]
    if entries:
        low, high = min(entry["min"] for entry in entries), max(entry["max"] for entry in entries)
        number = sum(entry["cells"] for entry in entries)
        yield f"{counted(number, 'cell')}; weights from {low:.4g} to {high:.4g}"
    skipped = f", {weighed.skipped:,} of them unchanged" if weighed.skipped else ""
    failed = f"INCOMPLETE: {counted(len(weighed.failures), 'mask')} failed; " if weighed.failures else ""
    yield f"{failed}{counted(len(entries), 'map')} in {folder} ({plan.form}, {plan.dtype}){skipped}"
