"""Everything that the weight maps of a folder depend on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from segeval.catalog import check_choice
from segeval.data import class_weights as frequencies
from segeval.distance.grid import steps
from segeval.errors import BadOption, NoEffect
from segeval.weightmap.formula import CLASS_WEIGHTS, Formula, check_cells, formula

FORMS, TYPES = ("npy", "tiff", "npz"), ("float32", "float16")


@dataclass(frozen=True)
class Plan:
    """All that making a map needs to know; small, and the same for every mask."""

    rule: Formula
    labels: str
    connectivity: str
    ignore: frozenset[int]
    class_weights: str | Mapping[int, float]
    frequency: str
    gap: bool
    spacing: tuple[float, ...] | str | None
    form: str
    dtype: str
    preview: bool
    max_pixels: int
    memory: int
    kind: str = ""  # what the ids are, once `labels` is decided
    found: Mapping[int, float] | None = None  # the class weights of the folder

    def recorded(self) -> dict[str, Any]:
        """The options that can change a map, as they stand in `weightmap.json`."""
        given = self.class_weights
        return {
            **{name: getattr(self.rule, name) for name in ("convention", "w0", "sigma", "eps", "where", "nearest")},
            "labels": self.labels,
            "connectivity": self.connectivity,
            "ignore": sorted(self.ignore),
            "class_weights": given if isinstance(given, str) else keyed(given),
            "frequency": self.frequency,
            "touching": "gap" if self.gap else "keep",
            "spacing": list(self.spacing) if isinstance(self.spacing, tuple) else self.spacing,
            "format": self.form,
            "dtype": self.dtype,
        }

    @property
    def ids(self) -> str:
        """What the ids are, as far as that is known."""
        return self.kind or self.labels

    @property
    def counts_folder(self) -> bool:
        """Whether all masks have to be looked at before the first map: for frequencies, or for what the ids are."""
        if self.labels == "auto" or not isinstance(self.class_weights, str):
            return True
        return self.frequency == "folder" and self.class_weights != "none"


def plan(
    *,
    convention: str,
    w0: float | None,
    sigma: float | None,
    eps: float,
    where: str,
    nearest: str,
    class_weights: str | None,
    frequency: str,
    labels: str,
    connectivity: str,
    ignore: Iterable[int],
    touching: str | None,
    spacing: str | None,
    form: str,
    dtype: str,
    preview: bool,
    max_pixels: int,
    max_memory: int,
) -> Plan:
    """The plan that options make, if they make sense together; the command line knows the defaults."""
    rule = formula(convention, w0, sigma, eps, where, nearest)
    check_cells(rule, labels, connectivity, touching, class_weights)
    check_choice("--frequency", frequency, ("folder", "image"))
    check_choice("--format", form, FORMS)
    if frequency == "image" and (rule.falk or _fixed(class_weights)):
        why = (
            "the convention has weights of its own" if rule.falk else f"--class-weights {class_weights} counts nothing"
        )
        raise NoEffect(f"--frequency image has no effect: {why}", "leave it out", "frequency")
    if connectivity != "face" and labels == "instances":
        what = "--connectivity has no effect on --labels instances: each id is one cell, in however many parts"
        raise NoEffect(what, "leave it out", "connectivity")
    if dtype not in TYPES:
        raise BadOption(f"--dtype is {dtype!r}", "give float32 or float16: 8 bits would blur and cut the weights")
    for name, number in (("max-memory", max_memory), ("max-pixels", max_pixels)):
        if number < 1:
            raise BadOption(f"--{name} is {number}", "give a number above 0")
    return Plan(
        rule,
        labels,
        connectivity,
        frozenset(ignore),
        frequencies.parse(class_weights or ("none" if rule.falk else CLASS_WEIGHTS)),
        frequency,
        rule.falk or touching == "gap",
        _spacing(spacing),
        form,
        dtype,
        preview,
        max_pixels,
        max_memory << 20,
    )


def _fixed(class_weights: str | None) -> bool:
    """Whether weights of classes are the same for any frequencies."""
    return class_weights is not None and (class_weights == "none" or "=" in class_weights)


def _spacing(text: str | None) -> tuple[float, ...] | str | None:
    """`2,0.5` as numbers; `file` as it is."""
    if text is None or text == "file":
        return text
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError as fault:
        raise BadOption(f"--spacing is {text!r}", "give numbers such as 2,0.5,0.5, or file") from fault
    return steps(numbers, len(numbers)).lengths


def keyed(mapping: Mapping[int, Any]) -> dict[str, Any]:
    """A mapping by ids as it stands in JSON."""
    return {str(key): mapping[key] for key in sorted(mapping)}
