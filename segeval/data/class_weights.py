"""The weight of each class, from how often it occurs."""

import math
import numbers
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

from segeval.catalog import did_you_mean
from segeval.errors import BadOption

LARGEST = 1e30  # a weight, so that sums stay finite in float32


@dataclass(frozen=True)
class Frequencies:
    """Pixels of each class, and pixels of the images that hold it; over any number of images."""

    pixels: Mapping[int, int] = field(default_factory=dict)
    around: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, pixels: Mapping[int, int]) -> "Frequencies":
        """Those of one image."""
        present = {kind: number for kind, number in pixels.items() if number}
        return cls(present, dict.fromkeys(present, sum(present.values())))

    def __add__(self, other: "Frequencies") -> "Frequencies":
        return Frequencies(_sum(self.pixels, other.pixels), _sum(self.around, other.around))


def _sum(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    return {kind: one.get(kind, 0) + other.get(kind, 0) for kind in sorted({*one, *other})}


def balanced(found: Frequencies) -> dict[int, float]:
    """N / (C · n_c)"""
    total = sum(found.pixels.values())
    return {kind: total / (len(found.pixels) * number) for kind, number in found.pixels.items()}


def median_frequency(found: Frequencies) -> dict[int, float]:
    """median(f) / f_c with f_c = pixels of c / pixels of the images that hold c"""
    shares = {kind: number / found.around[kind] for kind, number in found.pixels.items()}
    middle = statistics.median(shares.values())
    return {kind: middle / share for kind, share in shares.items()}


def rarest1(found: Frequencies) -> dict[int, float]:
    """min(n) / n_c"""
    rarest = min(found.pixels.values())
    return {kind: rarest / number for kind, number in found.pixels.items()}


def complement(found: Frequencies) -> dict[int, float]:
    """1 − n_c / N"""
    total = sum(found.pixels.values())
    return {kind: 1 - number / total for kind, number in found.pixels.items()}


def none(found: Frequencies) -> dict[int, float]:
    """0"""
    return dict.fromkeys(found.pixels, 0.0)


SCHEMES = {
    "balanced": balanced,
    "median-frequency": median_frequency,
    "rarest1": rarest1,
    "complement": complement,
    "none": none,
}


def by_scheme(name: str, found: Frequencies) -> dict[int, float]:
    """The weights of the classes that occur."""
    if name not in SCHEMES:
        raise BadOption(f"--class-weights is {name!r}", did_you_mean(name, [*SCHEMES, "ID=W,…"]))
    return SCHEMES[name](found) if found.pixels else {}


def parse(text: str) -> str | dict[int, float]:
    """The name of a scheme, or the weights of `0=1,1=2.5`."""
    if "=" not in text:
        by_scheme(text, Frequencies())
        return text
    weights: dict[int, float] = {}
    for part in text.split(","):
        id_, _, weight = part.partition("=")
        try:
            key, value = int(id_), float(weight)
        except ValueError as fault:
            raise BadOption(f"--class-weights holds {part.strip()!r}", "write ID=W,ID=W, such as 0=1,1=2.5") from fault
        if key in weights:
            raise BadOption(f"--class-weights gives the id {key} twice", "give each id once")
        weights[key] = value
    return checked(weights)


def checked(weights: Mapping[int, float]) -> dict[int, float]:
    """The given weights, if they are numbers that weights can be."""
    for id_, weight in weights.items():
        if not isinstance(weight, numbers.Real):
            raise BadOption(f"--class-weights gives the id {id_} the weight {weight!r}", "give a number")
        if not 0 <= weight <= LARGEST or not math.isfinite(weight):
            raise BadOption(f"--class-weights gives the id {id_} the weight {weight}", "give numbers from 0 to 1e30")
    return {int(id_): float(weight) for id_, weight in weights.items()}
