"""How files become labels: what the options say about them."""

from dataclasses import dataclass
from typing import Any

from segeval.errors import BadOption
from segeval.io import MAX_PIXELS


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

    def recorded(self) -> dict[str, Any]:
        """What can change a number, as it stands in `run.json`; later options only where they are used."""
        always = {name: getattr(self, name) for name in ("probability", "logits", "threshold", "soft_truth")}
        later = {"one_hot": self.one_hot, "truth_threshold": self.truth_threshold}
        return always | {name: value for name, value in later.items() if value}

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
