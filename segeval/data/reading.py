"""How files become labels: what the options say about them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from segeval.data.translation import Translation, translations
from segeval.errors import BadOption
from segeval.io import MAX_PIXELS
from segeval.parameters import measurable


@dataclass(frozen=True)
class Reading:
    """How files become labels."""

    probability: bool = False
    logits: bool = False
    threshold: float = 0.5
    max_pixels: int = MAX_PIXELS
    soft_truth: bool = False
    one_hot: bool = False
    truth_threshold: float | None = None
    ignore_geometry: bool = False
    maps: Mapping[str, Translation] = field(default_factory=dict)  # of `pred` and `gt`: other ids for those in files
    spacing: tuple[float, ...] | None = None  # the length of a pixel along each axis, whatever files say

    def recorded(self) -> dict[str, Any]:
        """What can change a number, as it stands in `run.json`; later options only where they are used."""
        always = {name: getattr(self, name) for name in ("probability", "logits", "threshold", "soft_truth")}
        maps = {side: each.recorded() for side, each in sorted(self.maps.items())}
        later: dict[str, Any] = {"one_hot": self.one_hot, "truth_threshold": self.truth_threshold, "map": maps}
        later["ignore_geometry"] = self.ignore_geometry
        later["spacing"] = list(self.spacing or ())
        return always | {name: value for name, value in later.items() if value}

    @classmethod
    def from_record(cls, options: Mapping[str, Any]) -> "Reading":
        """The same from the options of a `run.json`."""
        maps = {side: Translation.from_record(each) for side, each in options.get("map", {}).items()}
        known = {each.name: options[each.name] for each in fields(cls) if each.name in options}
        return cls(maps=maps, **known | {"spacing": lengths(options.get("spacing"))})

    def __post_init__(self) -> None:
        for name in ("threshold", "truth_threshold"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise BadOption(f"--{name.replace('_', '-')} is {value}", "give a number between 0 and 1")
        if self.max_pixels < 1:
            raise BadOption(f"--max-pixels is {self.max_pixels}", "give a number above 0")
        if self.probability and self.logits:
            raise BadOption("--probability and --logits exclude each other", "grey files hold no logits")
        if self.one_hot and self.soft_truth:
            raise BadOption("--one-hot and --soft-truth exclude each other", "fractions want --soft-truth alone")
        if self.truth_threshold and (self.one_hot or self.soft_truth):
            raise BadOption("--truth-threshold makes two classes of grey", "leave out --one-hot and --soft-truth")


def reading(map: Iterable[str] = (), spacing: Any = None, **options: Any) -> Reading:  # the option's name
    """How files become labels, from the options of commands and of Python."""
    maps = translations([map] if isinstance(map, str) else map)
    return Reading(maps=maps, spacing=lengths(spacing), **options)


def lengths(given: Any) -> tuple[float, ...] | None:
    """What `--spacing` says: numbers with commas between them, a number, or several; None for nothing."""
    if given is None:
        return None
    parts = given.split(",") if isinstance(given, str) else given if isinstance(given, Iterable) else [given]
    try:
        found = tuple(float(part) for part in parts)
    except (TypeError, ValueError):
        found = ()
    if not found or not all(map(measurable, found)):
        raise BadOption(
            f"--spacing is {given!r}", "give lengths from 1e-50 to 1e50, one for each axis: --spacing 3,0.8,0.8"
        )
    return found
