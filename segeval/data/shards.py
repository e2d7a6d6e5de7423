"""Which part of the images a run is of, so that many machines share the work and nobody has to plan it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segeval.errors import BadOption

MOST = 1_000_000


@dataclass(frozen=True)
class Shards:
    """Some of `of` parts; an image is in one of them by its id alone, whatever other images there are."""

    of: int
    parts: tuple[int, ...]  # counted from 1, in order

    @classmethod
    def parse(cls, text: str | None) -> "Shards | None":
        """One part, from `3/16`."""
        if text is None:
            return None
        found = re.fullmatch(r"([0-9]{1,7})/([0-9]{1,7})", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]) <= MOST:
            raise BadOption(f"--shard is {text!r}", "give K/N, the K-th of N parts, from 1/N to N/N")
        return cls(int(found[2]), (int(found[1]),))

    @classmethod
    def from_record(cls, record: Mapping[str, Any] | None) -> "Shards | None":
        """The same from a `run.json`."""
        if record is None:
            return None
        of, parts = record["of"], record["parts"]
        if type(of) is not int or not 1 <= of <= MOST or not isinstance(parts, list):
            raise ValueError(f"shards are {record}")
        if parts != sorted({*parts} & {*range(1, of + 1)}):
            raise ValueError(f"shards are {parts} of {of}")
        return cls(of, tuple(parts))

    def recorded(self) -> dict[str, Any]:
        """The same as it stands in `run.json`."""
        return {"of": self.of, "parts": list(self.parts)}

    def holds(self, id_: str) -> bool:
        """Whether an image is in one of these parts: sha256(id) mod N, counted from 1."""
        number = int.from_bytes(hashlib.sha256(id_.encode("utf-8", "surrogatepass")).digest(), "big")
        return number % self.of + 1 in self.parts

    @property
    def missing(self) -> list[int]:
        """The parts that are not among these."""
        return sorted(set(range(1, self.of + 1)) - set(self.parts))

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.parts))} of {self.of}"


def together(one: Shards | None, other: Shards | None) -> Shards | None:
    """The parts of two runs; None where nothing is missing, or one of them was never cut in parts."""
    if one is None or other is None:
        return one or other
    if one.of != other.of or set(one.parts) & set(other.parts):
        raise ValueError(f"shards {one} and {other} do not add up")
    both = Shards(one.of, tuple(sorted(one.parts + other.parts)))
    return both if both.missing else None
