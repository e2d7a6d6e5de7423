"""Which options act on which loss: an option without effect is an error."""

from collections.abc import Mapping

import numpy as np

from segeval.errors import BadOption
from segeval.evidence.sample import Field, Sample
from segeval.evidence.soft import SoftCounts
from segeval.losses.engine.evidence import Asked, Caller, Leaf, Plan

OF_CLASSES = (SoftCounts, Field)


def check_effects(asked: Asked, caller: Caller, image: Sample) -> None:
    """Refuse what the caller chose for a loss where it changes nothing."""
    options = chosen(caller)
    reasons = without_effect(asked, image.binary, image.multilabel) if options else {}
    for option in options:
        if option in reasons:
            raise BadOption(f"{option} has no effect on {asked.name}: {reasons[option]}", "leave it out")


def chosen(caller: Caller) -> list[str]:
    """The options that are off their defaults."""
    found = ["average"] if caller.average != "macro" else []
    found += ["presence"] if caller.presence != "union" else []
    found += ["mean_weights"] if caller.mean_weights is not None else []
    return found if caller.background is None else [*found, f"background={caller.background}"]


def without_effect(asked: Asked, binary: bool, multilabel: bool) -> Mapping[str, str]:
    """The options that change nothing for a loss, with the reason."""
    leaves = list(Plan([asked]).leaves.values())
    rows = [_rows(leaf, 1 if binary else 3) for leaf in leaves]
    found = {}
    if not any(_pools(leaf, 1 if binary else 3) for leaf in leaves):
        found["average"] = "it is no mean over classes of a formula of counts"
    if not any(rows):
        found["presence"] = found["mean_weights"] = "it is no mean over classes"
    elif binary and max(rows) == 1:
        found["mean_weights"] = "one channel is of the foreground alone"
    if multilabel:
        reason = "classes that do not exclude each other have none"
        found |= {"background=True": reason, "background=False": reason}
    elif not any(issubclass(leaf.needs, OF_CLASSES) for leaf in leaves):
        reason = "it is a mean over pixels, which ignore= leaves out"
        found |= {"background=True": reason, "background=False": reason}
    elif binary and max(rows) == 1:
        found["background=True"] = "one channel is of the foreground alone"
    return found


def _rows(leaf: Leaf, channels: int) -> int:
    """How many classes a formula has a value of; 0 if it has none of single classes."""
    if issubclass(leaf.needs, Field):
        return 1 if channels == 1 and not leaf.outcomes else max(channels, 2)
    if leaf.needs is not SoftCounts:
        return 0
    shape = leaf.placed(0)(two_pixels(channels if channels == 1 else leaf.by_class or channels)).shape
    return int(shape[0]) if shape else 0


def _pools(leaf: Leaf, channels: int) -> bool:
    """Whether the counts of all classes can be added before a formula."""
    if leaf.needs is not SoftCounts or leaf.by_class or _rows(leaf, channels) != channels:
        return False
    return bool(leaf.placed(0)(two_pixels(channels).pooled).shape[0] == 1)


def two_pixels(channels: int) -> SoftCounts:
    """The counts of two pixels, of which one is true, at p = 1/2."""
    return SoftCounts(*(np.full(channels, each) for each in (1.0, 1.0, 0.5, 0.5, 1.0, 0.5, 0.25, 2.0)))
