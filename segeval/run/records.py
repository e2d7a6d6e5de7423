"""What is said about pairs, and what each leaves behind; as a few arrays, and back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segeval.errors import SegevalError, causes
from segeval.evidence.kinds import EVIDENCE, packed_text, unpacked_text
from segeval.evidence.multilabel import PixelEvidence
from segeval.evidence.run_length import Array
from segeval.run.tables import PIXELS

FORMAT = 1  # of packed records


@dataclass(frozen=True, slots=True)
class Note:
    """Something to say about one pair (or, without an id, about all): a fault or a remark."""

    id: str
    code: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, id_: str, said: SegevalError) -> "Note":
        return cls(id_, said.code, said.message, said.hint)

    @property
    def exit_code(self) -> int:
        """How a run ends that has this to say."""
        return causes()[self.code].exit_code

    def recorded(self) -> dict[str, str]:
        """The same as it stands in `run.json`."""
        hint = {"hint": self.hint} if self.hint else {}
        return {"id": self.id, "code": self.code, "message": self.message} | hint

    @classmethod
    def from_record(cls, record: Mapping[str, str]) -> "Note":
        """The same from a `run.json`."""
        found = cls(record["id"], record["code"], record["message"], record.get("hint", ""))
        _ = found.exit_code  # a code that is none is refused at once
        return found


@dataclass(frozen=True, slots=True)
class Record:
    """What one pair leaves behind."""

    id: str
    evidence: Mapping[str, Any]  # by kind
    truth_digest: str
    notes: tuple[Note, ...] = ()
    used: frozenset[str] | None = None  # the options about reading that had an effect; None: there is no prediction

    @property
    def confusion(self) -> PixelEvidence:
        """The counts of pixels; of each class by itself where classes do not exclude each other."""
        found: PixelEvidence = self.evidence[pixels(self.evidence)]
        return found


def pixels(kinds: Iterable[str]) -> str:
    """Which of some kinds counts pixels: every image has one of them."""
    return next(kind for kind in kinds if EVIDENCE[kind].eaten is PIXELS.eaten)


def packed(records: Sequence[Record], kinds: Iterable[str]) -> Iterator[tuple[str, Array]]:
    """The records as a few named arrays, without loss but for their notes; those of a kind are made in its turn."""
    used: dict[frozenset[str] | None, int] = {}
    which = [used.setdefault(record.used, len(used)) for record in records]
    about = {
        "format": FORMAT,
        "ids": [record.id for record in records],
        "truths": [record.truth_digest for record in records],
        "used": [None if each is None else sorted(each) for each in used],
        "which": which,
    }
    yield "records", packed_text(about)
    for kind in kinds:
        found = EVIDENCE[kind].evidence.packed([record.evidence.get(kind) for record in records])
        yield from ((f"{kind}/{name}", array) for name, array in found.items())


def unpacked(arrays: Mapping[str, Array], kinds: Iterable[str], notes: Iterable[Note] = ()) -> tuple[Record, ...]:
    """The records that `packed` was given, with their notes.  ValueError, KeyError, … where it was given none."""
    about = unpacked_text(arrays["records"])
    if about["format"] != FORMAT:
        raise ValueError(f"its evidence has the format {about['format']!r}; wanted: {FORMAT}")
    ids = [str(id_) for id_ in about["ids"]]
    if ids != sorted(set(ids)):
        raise ValueError("its images are not in order")
    said: dict[str, list[Note]] = {id_: [] for id_ in ids}
    for note in notes:
        said[note.id].append(note)
    evidence: list[dict[str, Any]] = [{} for _ in ids]
    for kind in kinds:
        own = {name.removeprefix(f"{kind}/"): each for name, each in arrays.items() if name.startswith(f"{kind}/")}
        for found, each in zip(evidence, EVIDENCE[kind].evidence.unpacked(own), strict=True):
            if each is not None:
                found[kind] = each
    used = [None if each is None else frozenset(map(str, each)) for each in about["used"]]
    rows = zip(ids, evidence, about["truths"], about["which"], strict=True)
    return tuple(Record(id_, found, str(truth), tuple(said[id_]), used[n]) for id_, found, truth, n in rows)
