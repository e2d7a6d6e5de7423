"""Which losses and classes of a study are shown, and in which order."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class View:
    """A study, as it is shown to people."""

    document: dict[str, Any]
    sort: str = "importance"
    top: int | None = None

    @cached_property
    def metric(self) -> str:
        """The metric that losses are compared with first: the first one asked for."""
        known = self.document["agreement"]
        compared: dict[str, Any] = next(iter(known.values()), {})
        asked = [name for name in self.document["options"]["metrics"] if name in compared]
        return next(iter([*asked, *compared]), "")

    @cached_property
    def losses(self) -> list[str]:
        """All losses, the most important first; what has no number comes last, and the rest as it was asked for."""
        return self._sorted([*self.document["losses"]], self._rank, self._value)

    @cached_property
    def classes(self) -> list[str]:
        """All classes, the most important first."""
        first: dict[str, Any] = next(iter(self.document["losses"].values()), {"per_class": {}})
        return self._sorted([*first["per_class"]], self._pull, self._largest)

    def first(self, names: list[str]) -> list[str]:
        """Those that are shown."""
        return names[: self.top]

    def _sorted(self, names: list[str], importance: Any, value: Any) -> list[str]:
        if self.sort == "given":
            return names
        if self.sort == "name":
            return sorted(names)
        number = importance if self.sort == "importance" else value
        return sorted(names, key=lambda name: _largest_first(number(name)))

    def _rank(self, loss: str) -> float | None:
        return self.document["agreement"][loss][self.metric]["spearman"]  # type: ignore[no-any-return]

    def _value(self, loss: str) -> float | None:
        return self.document["losses"][loss]["value"]  # type: ignore[no-any-return]

    def _pull(self, name: str) -> float | None:
        """The share of the gradient on a class, the mean over losses."""
        every = [found["classes"][name] for found in self.document["gradient_shares"].values()]
        defined = [share for share in every if share is not None]
        return math.fsum(defined) / len(defined) if defined else None

    def _largest(self, name: str) -> float | None:
        """The largest value of a class, whatever the loss."""
        every = [found["per_class"][name] for found in self.document["losses"].values()]
        return max((value for value in every if value is not None), default=None)


def _largest_first(value: float | None) -> float:
    return math.inf if value is None else -value
