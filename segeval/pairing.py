"""Two folders -> pairs of files."""

import hashlib
import os
import re
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from segeval.catalog import check_choice
from segeval.errors import (
    Ambiguous,
    BadPattern,
    DanglingLink,
    InputError,
    LinkOutside,
    MissingFolder,
    MissingPrediction,
    NameCollision,
    NothingMatched,
    NotRegular,
    SameFolder,
    Unreadable,
)
from segeval.text import some

MISSING = ("error", "worst", "skip")


@dataclass(frozen=True)
class Layout:
    """How files pair: patterns of their names, what a missing prediction means, which links are followed."""

    pred_pattern: str | None = None
    gt_pattern: str | None = None
    missing: str = "error"
    follow_symlinks: bool = False

    def __post_init__(self) -> None:
        check_choice("--missing", self.missing, MISSING)
        for pattern in (self.pred_pattern, self.gt_pattern):
            if pattern is not None:
                Pattern.parse(pattern)


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A file in one of the folders; `name` is how messages call it."""

    path: str
    name: str
    relative: str = ""
    size: int = 0

    def same_as(self, other: "MaskFile") -> bool:
        """Whether both are one file, by a link of either kind."""
        try:
            return os.path.samefile(self.path, other.path)
        except OSError:  # one of them went away meanwhile
            return False


@dataclass(frozen=True, slots=True)
class Pair:
    """What belongs together; `pred` is None where a missing prediction is to be scored as all wrong."""

    id: str
    pred: MaskFile | None
    truth: MaskFile

    @property
    def names(self) -> list[str]:
        """How messages call the files, the true one first: it is always there."""
        return [self.truth.name, *([self.pred.name] if self.pred else [])]


@dataclass(frozen=True)
class Pairing:
    """The pairs, sorted by id, and what found no partner or cannot be read."""

    pairs: list[Pair]
    missing: list[str]
    extra: list[str]
    faults: list[tuple[str, InputError]]  # (id, what is wrong)

    @property
    def digest(self) -> str:
        """A number for the ids, names and sizes of all files: equal for equal folders, seen from outside."""
        listings = [(p.id, *((f.relative, f.size) for f in (p.pred, p.truth) if f)) for p in self.pairs]
        return added("", *(hashlib.sha256(ascii(listing).encode()).hexdigest() for listing in listings))


def added(*digests: str) -> str:
    """The sum of digests, so that the parts of a folder add up to the folder in any order."""
    return f"{sum(int(digest or '0', 16) for digest in digests) % (1 << 256):064x}"


def pair(pred_dir: str, truth_dir: str, layout: Layout, suffixes: tuple[str, ...], refused: tuple[str, ...]) -> Pairing:
    """Pair the masks of two folders by relative path and stem; the truth drives the list.

    suffixes: what can be read.  refused: known formats that cannot, paired only where nothing else has that id, so that
    the reason is told.
    """
    _check_folders(pred_dir, truth_dir)
    pred_label, truth_label = _labels(pred_dir, truth_dir)
    known = (suffixes, refused)
    preds, pred_faults = _masks(pred_dir, pred_label, layout.follow_symlinks, layout.pred_pattern, known)
    truths, truth_faults = _masks(truth_dir, truth_label, layout.follow_symlinks, layout.gt_pattern, known)
    wanted = truths.keys() | {id_ for id_, _ in truth_faults}
    faults = truth_faults + [(id_, fault) for id_, fault in pred_faults if id_ in wanted]
    broken = {id_ for id_, _ in faults}
    both = sorted(truths.keys() & preds.keys())
    missing = sorted(truths.keys() - preds.keys() - broken)
    extra = sorted((preds.keys() | {id_ for id_, _ in pred_faults}) - wanted)
    if not both and not faults:
        raise _nothing_matched(pred_dir, truth_dir, preds, truths, layout)
    pairs = [Pair(id_, preds[id_], truths[id_]) for id_ in both if id_ not in broken]
    if layout.missing == "worst":
        pairs += [Pair(id_, None, truths[id_]) for id_ in missing]
    if layout.missing == "error":
        faults += [(id_, _missing(truths[id_], pred_label)) for id_ in missing]
    return Pairing(sorted(pairs, key=lambda p: p.id), missing, extra, sorted(faults, key=lambda fault: fault[0]))


def listed(
    folder: str, follow: bool, suffixes: tuple[str, ...], refused: tuple[str, ...]
) -> tuple[dict[str, MaskFile], list[tuple[str, InputError]]]:
    """The masks of one folder by id, and the ids that cannot be used."""
    _check_folder(folder, "give the folder of masks")
    (label,) = _labels(folder)
    masks, faults = _masks(folder, label, follow, None, (suffixes, refused))
    if not masks and not faults:
        raise NothingMatched(f"{folder} holds no masks", "see `segeval list formats` for what can be read")
    return dict(sorted(masks.items())), sorted(faults, key=lambda fault: fault[0])


@dataclass(frozen=True)
class Pattern:
    """A pattern such as `*/{id}_pred.png`, for names in Unicode form NFC.

    Wildcards take as much as they can, from left to right, as those of a regular expression do; but no name and no
    pattern makes that take long: from one place on, a rest that does not fit is tried only once.
    """

    head: str
    steps: tuple[tuple[str, str], ...]  # the wildcards, each with the text after it

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """The same from its text."""
        head, *rest = re.split(r"(\{[^}]*\}|\*)", unicodedata.normalize("NFC", text))
        wildcards = rest[::2]
        if wildcards.count(_ID) != 1 or not set(wildcards) <= {_ID, "*"}:
            what = f"the pattern {text!r} must hold {{id}} once and no other name in braces"
            raise BadPattern(what, "for example '{id}_pred.png'")
        if len(wildcards) > _MOST:
            raise BadPattern(f"the pattern has {len(wildcards)} wildcards", f"{_MOST} are enough")
        return cls(head, tuple(zip(wildcards, rest[1::2], strict=True)))

    def id_of(self, name: str) -> str | None:
        """What `{id}` stands for in a name; None where the pattern does not fit."""
        unfit: set[tuple[int, int]] = set()

        def rest(step: int, start: int, id_: str) -> str | None:
            if step == len(self.steps):
                return id_ if start == len(name) else None
            if (step, start) not in unfit:
                wildcard, after = self.steps[step]
                for end in _ends(name, start, wildcard, after):
                    found = rest(step + 1, end + len(after), name[start:end] if wildcard == _ID else id_)
                    if found is not None:
                        return found
                unfit.add((step, start))
            return None

        return rest(0, len(self.head), "") if name.startswith(self.head) else None


_ID, _MOST = "{id}", 32


def _ends(name: str, start: int, wildcard: str, after: str) -> Iterator[int]:
    """Where a wildcard that begins at `start` can end, with the text after it; the last place first."""
    slash = name.find("/", start)
    first, last = (start + 1, len(name)) if wildcard == _ID else (start, len(name) if slash < 0 else slash)
    while last >= first:
        end = name.rfind(after, first, last + len(after))
        if end < 0:
            return
        yield end
        last = end - 1


def _check_folder(folder: str, hint: str) -> None:
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.lexists(folder) else "does not exist"
        raise MissingFolder(f"{folder} {what}", hint)


def _check_folders(pred_dir: str, truth_dir: str) -> None:
    for folder in (pred_dir, truth_dir):
        _check_folder(folder, "give the folder of predictions, then the folder of true masks")
    if os.path.samefile(pred_dir, truth_dir):
        raise SameFolder(
            f"{pred_dir} and {truth_dir} are the same folder", "give the predictions first, then the truth"
        )


def _labels(*folders: str) -> list[str]:
    """How messages call the folders: by their names, with as many parents as it takes to tell them apart."""
    parts = [Path(folder).resolve().parts for folder in folders]
    for count in range(1, max(map(len, parts))):
        names = ["/".join(part[-count:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return list(folders)


def _masks(
    folder: str, label: str, follow: bool, pattern: str | None, known: tuple[tuple[str, ...], tuple[str, ...]]
) -> tuple[dict[str, MaskFile], list[tuple[str, InputError]]]:
    """The mask of each id in a folder, and the files or ids that cannot be used."""
    claims: dict[str, list[tuple[bool, MaskFile | InputError]]] = defaultdict(list)
    expression = Pattern.parse(pattern) if pattern else None
    suffixes, refused = known
    for relative, found in sorted(_walk(folder, label, follow), key=lambda item: item[0]):
        suffix = _suffix(relative, suffixes + refused)
        if suffix:
            id_ = _id(relative, suffix, expression)
            if id_ is not None:
                claims[id_].append((suffix in refused, found))
    return _settle(claims)


def _settle(
    claims: dict[str, list[tuple[bool, MaskFile | InputError]]],
) -> tuple[dict[str, MaskFile], list[tuple[str, InputError]]]:
    masks: dict[str, MaskFile] = {}
    faults: list[tuple[str, InputError]] = []
    for id_, claimants in claims.items():
        readable = [found for is_refused, found in claimants if not is_refused] or [found for _, found in claimants]
        wrong = [found for found in readable if isinstance(found, InputError)]
        files = [found for found in readable if isinstance(found, MaskFile)]
        if wrong:
            faults.append((id_, wrong[0]))
        elif len(files) > 1:
            faults.append((id_, _claimed_twice(id_, [file.name for file in files])))
        else:
            masks[id_] = files[0]
    return masks, faults + _collisions(masks)


def _claimed_twice(id_: str, names: list[str]) -> InputError:
    if len({unicodedata.normalize("NFC", name) for name in names}) == 1:
        return NameCollision(f"{some(names)} differ only by their Unicode form", "rename all but one")
    return Ambiguous(f"{some(names)} claim the same id {id_!r}", "remove all but one, or give a pattern")


def _collisions(masks: dict[str, MaskFile]) -> list[tuple[str, InputError]]:
    """Ids that are the same on a system that folds case; removed from `masks`."""
    folded: dict[str, list[str]] = defaultdict(list)
    for id_ in masks:
        folded[unicodedata.normalize("NFC", id_.casefold())].append(id_)
    faults: list[tuple[str, InputError]] = []
    for ids in folded.values():
        if len(ids) > 1:
            names = some([masks[id_].name for id_ in ids])
            faults += [(id_, NameCollision(f"{names} differ only by case", "rename all but one")) for id_ in ids]
    for id_, _ in faults:
        del masks[id_]
    return faults


def _id(relative: str, suffix: str, expression: Pattern | None) -> str | None:
    """The id of a file, in Unicode form NFC; None where the pattern does not fit."""
    normal = unicodedata.normalize("NFC", relative)
    if expression is None:
        return normal[: -len(suffix)]
    return expression.id_of(normal)


def _suffix(relative: str, suffixes: tuple[str, ...]) -> str | None:
    """The suffix of a file that is, or pretends to be, a mask; the longest counts."""
    name = relative.rpartition("/")[2]
    fitting = [s for s in suffixes if name.lower().endswith(s) and len(name) > len(s)]
    return name[-max(map(len, fitting)) :].lower() if fitting else None


def _walk(folder: str, label: str, follow: bool) -> Iterator[tuple[str, MaskFile | InputError]]:
    """Every file below a folder with its relative path, `/` between the parts; what is no regular file is an error.

    Names are UTF-8 whatever the locale; hidden ones are skipped. A folder is visited once, under its own name if it has
    one besides those of links.
    """
    root = os.path.realpath(folder)
    own, linked = [("", root)], list[tuple[str, str]]()
    seen: set[tuple[int, int]] = set()
    while own or linked:
        below, place = own.pop() if own else linked.pop()
        if _identity(os.stat(place)) in seen:
            continue
        seen.add(_identity(os.stat(place)))
        for entry in _entries(place, f"{label}/{below}"):
            own_name = os.fsencode(entry.name).decode("utf-8", "surrogateescape")
            relative = f"{below}/{own_name}" if below else own_name
            found = _look(entry, relative, f"{label}/{relative}", root, follow)
            if found is None:
                (linked if entry.is_symlink() else own).append((relative, entry.path))
                found = NotRegular(f"{label}/{relative} is a folder", "a mask is a file")
            yield relative, found


def _entries(place: str, name: str) -> list[os.DirEntry[str]]:
    """What is in a folder and not hidden, last name first."""
    try:
        entries = [entry for entry in os.scandir(place) if not entry.name.startswith(".")]
    except OSError as fault:
        raise Unreadable(f"{name}: {fault.strerror}", "check the permissions of the folder") from fault
    return sorted(entries, key=lambda entry: entry.name, reverse=True)


def _look(entry: os.DirEntry[str], relative: str, name: str, root: str, follow: bool) -> MaskFile | InputError | None:
    """What an entry of a folder is; None for a folder."""
    try:
        status = entry.stat()
    except OSError as fault:
        if entry.is_symlink():
            return DanglingLink(f"{name} is a link that leads nowhere", "fetch what it points to, or remove it")
        return Unreadable(f"{name}: {fault.strerror}", "check its permissions")
    if entry.is_symlink() and not follow and not _inside(entry.path, root):
        return LinkOutside(f"{name} links to a place outside its folder", "follow it with --follow-symlinks")
    if stat.S_ISDIR(status.st_mode):
        return None
    if not stat.S_ISREG(status.st_mode):
        return NotRegular(f"{name} is not a regular file", "only regular files are read")
    return MaskFile(entry.path, name, relative, status.st_size)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _inside(path: str, root: str) -> bool:
    return os.path.commonpath([os.path.realpath(path), root]) == root


def _missing(truth: MaskFile, pred_label: str) -> MissingPrediction:
    way_out = "score it as all wrong with --missing worst, or leave it out with --missing skip"
    return MissingPrediction(f"{truth.name} has no prediction in {pred_label}", way_out)


def _nothing_matched(
    pred_dir: str, truth_dir: str, preds: dict[str, MaskFile], truths: dict[str, MaskFile], layout: Layout
) -> NothingMatched:
    sides = []
    for folder, masks, pattern in ((pred_dir, preds, layout.pred_pattern), (truth_dir, truths, layout.gt_pattern)):
        names = some([mask.name for mask in masks.values()]) if masks else "no masks"
        sides.append(f"{folder} has {names}" + (f" by the pattern {pattern!r}" if pattern else ""))
    return NothingMatched(f"0 pairs: {'; '.join(sides)}", "pair other names with --pred-pattern and --gt-pattern")
