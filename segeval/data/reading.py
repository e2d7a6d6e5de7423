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

    def recorded(self) -> dict[str, Any]:
        """What can change a number, as it stands in `run.json`; later options only where they are used."""
        always = {name: getattr(self, name) for name in ("probability", "logits", "threshold", "soft_truth")}
        return always | ({"one_hot": True} if self.one_hot else {})

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise BadOption(f"--threshold is {self.threshold}", "give a number between 0 and 1")
        if self.max_pixels < 1:
            raise BadOption(f"--max-pixels is {self.max_pixels}", "give a number above 0")
        if self.probability and self.logits:
            raise BadOption("--probability and --logits exclude each other", "grey files hold no logits")
        if self.one_hot and self.soft_truth:
            raise BadOption("--one-hot and --soft-truth exclude each other", "fractions want --soft-truth alone")
