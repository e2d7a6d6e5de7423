"""How files become labels: what the options say about them."""

from dataclasses import dataclass

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

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise BadOption(f"--threshold is {self.threshold}", "give a number between 0 and 1")
        if self.max_pixels < 1:
            raise BadOption(f"--max-pixels is {self.max_pixels}", "give a number above 0")
        if self.probability and self.logits:
            raise BadOption("--probability and --logits exclude each other", "grey files hold no logits")
