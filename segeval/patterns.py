"""Patterns of file names: what of a name is the id, and which patterns would pair two lists of names."""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from segeval.errors import BadPattern


@dataclass(frozen=True)
class Pattern:
    """A pattern such as `*/{id}_pred.png` or `**/{id}.png`, for names in Unicode form NFC.

    `*` is anything but `/`, `**` anything at all, and `**/` any number of folders, none too.

    Wildcards take as much as they can, from left to right, as those of a regular expression do; but no name and no
    pattern makes that take long: from one place on, a rest that does not fit is tried only once.
    """

    head: str
    steps: tuple[tuple[str, str], ...]  # the wildcards, each with the text after it

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """The same from its text."""
        head, *rest = re.split(r"(\{[^}]*\}|\*\*/|\*\*|\*)", unicodedata.normalize("NFC", text))
        wildcards = rest[::2]
        if wildcards.count(_ID) != 1 or wildcards.count(CLASS) > 1 or not set(wildcards) <= {_ID, CLASS, *_STARS}:
            what = f"the pattern {text!r} must hold {{id}} once and no other name in braces but {{class}}"
            raise BadPattern(what, "for example '{id}_pred.png'")
        if len(wildcards) > _MOST:
            raise BadPattern(f"the pattern has {len(wildcards)} wildcards", f"{_MOST} are enough")
        return cls(head, tuple(zip(wildcards, rest[1::2], strict=True)))

    @property
    def by_class(self) -> bool:
        """Whether it tells the class of a file."""
        return any(wildcard == CLASS for wildcard, _ in self.steps)

    def of_class(self, name: str) -> "Pattern":
        """The same with a name, to the letter, for the class."""
        head, steps = self.head, list[tuple[str, str]]()
        for wildcard, after in self.steps:
            if wildcard != CLASS:
                steps.append((wildcard, after))
            elif steps:
                steps[-1] = (steps[-1][0], steps[-1][1] + name + after)
            else:
                head += name + after
        return Pattern(head, tuple(steps))

    def match(self, name: str) -> dict[str, str] | None:
        """What `{id}` and `{class}` stand for in a name; None where the pattern does not fit."""
        unfit: set[tuple[int, int]] = set()

        def rest(step: int, start: int) -> dict[str, str] | None:
            if step == len(self.steps):
                return {} if start == len(name) else None
            if (step, start) not in unfit:
                wildcard, after = self.steps[step]
                for end in _ends(name, start, wildcard, after):
                    found = rest(step + 1, end + len(after))
                    if found is not None:
                        return {wildcard: name[start:end]} | found if wildcard in (_ID, CLASS) else found
                unfit.add((step, start))
            return None

        return rest(0, len(self.head)) if name.startswith(self.head) else None


_ID, CLASS, _STARS, _MOST = "{id}", "{class}", ("*", "**", "**/"), 32


def _ends(name: str, start: int, wildcard: str, after: str) -> Iterator[int]:
    """Where a wildcard that begins at `start` can end, with the text after it; the last place first."""
    slash = name.find("/", start)
    first = start + (wildcard in (_ID, CLASS))
    last = slash if wildcard in ("*", CLASS) and slash >= 0 else len(name)
    while last >= first:
        end = name.rfind(after, first, last + len(after))
        if end < 0:
            return
        if wildcard != "**/" or end == start or name[end - 1] == "/":
            yield end
        last = end - 1


LOOKED_AT = 1000  # names of a side, for a proposal


def proposed(preds: Sequence[str], truths: Sequence[str]) -> tuple[str, str, int] | None:
    """The two patterns that would pair most of some paths, and how many; None where none pairs any.

    What the names of a side have in common, up to a mark such as `_`, may be no part of the id; nor may the folders.
    """
    sides = [_readings(sorted(names)[:LOOKED_AT]) for names in (preds, truths)]
    best: tuple[int, int, str, str] | None = None
    for pred, (pred_cut, pred_ids) in sides[0].items():
        for truth, (truth_cut, truth_ids) in sides[1].items():
            number = len(pred_ids & truth_ids)
            if number and (best is None or (number, -pred_cut - truth_cut) > best[:2]):
                best = (number, -pred_cut - truth_cut, pred, truth)
    return (best[2], best[3], best[0]) if best else None


def _readings(names: Sequence[str]) -> dict[str, tuple[int, set[str]]]:
    """For each pattern that fits all names, how much of them it takes as no part of the id, and the ids."""
    if not names:
        return {}
    suffix = "." + names[0].rpartition(".")[2]
    stems = [name.rpartition(".")[0] for name in names]
    end = suffix if all(name.endswith(suffix) for name in names) else ".*"
    found = {}
    for folders in (True, False):
        bare = stems if folders else [stem.rpartition("/")[2] for stem in stems]
        tails = [each[::-1] for each in _common([stem[::-1] for stem in bare])]
        for head, tail in itertools.product(_common(bare), tails):
            if not set("{}*") & set(head + tail):
                ids = {stem[len(head) : len(stem) - len(tail)] for stem in bare}
                if all(len(stem) > len(head) + len(tail) for stem in bare) and len(ids) == len(names):
                    cut = len(head) + len(tail) + (not folders)
                    found[f"{'' if folders else '**/'}{head}{{id}}{tail}{end}"] = (cut, ids)
    return found


def _common(names: Sequence[str]) -> list[str]:
    """The beginnings that all names share, each up to a mark; nothing first."""
    low, high = min(names), max(names)
    number = next((n for n, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return ["", *(low[:n] for n in range(1, number + 1) if re.match(r"[^0-9A-Za-z]", low[n - 1]))]
