"""What the caller of a loss says about the numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """How predictions are to be read, and which labels are left out."""

    inputs: str
    ignore: frozenset[int]
    any_range: bool

    @property
    def numbers(self) -> str:
        """What the values of pred are checked for."""
        return "scores" if self.any_range else self.inputs
