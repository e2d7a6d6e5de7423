"""Two folders -> pairs of files."""

import hashlib
import os
import stat
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from segeval.catalog import check_choice
from segeval.data.shards import Shards
from segeval.documents import read
from segeval.errors import (
    Ambiguous,
    BadOption,
    DanglingLink,
    InputError,
    LinkOutside,
    MissingFolder,
    MissingPrediction,
    MissingTruth,
    NameCollision,
    NothingMatched,
    NotRegular,
    SameFolder,
    Unreadable,
)
from segeval.io.files import Folder, MaskFile
from segeval.patterns import CLASS, Pattern, proposed
from segeval.text import some

# What becomes of an image without prediction.
MISSING = {"error": "missing", "worst": "scored as all wrong", "skip": "left out"}


@dataclass(frozen=True)
class Layout:
    """How files pair: patterns of their names, what a missing prediction means, which links are followed."""

    pred_pattern: str | None = None
    gt_pattern: str | None = None
    missing: str = "error"
    follow_symlinks: bool = False
    ids: str | None = None  # a file that names the images to look at
    pred_array: str | None = None  # the array that is meant, of files that hold several
    gt_array: str | None = None

    @property
    def arrays(self) -> dict[str, str]:
        """Which arrays are meant, where options say so."""
        named = {"pred_array": self.pred_array, "gt_array": self.gt_array}
        return {name: array for name, array in named.items() if array is not None}

    def __post_init__(self) -> None:
        check_choice("--missing", self.missing, MISSING)
        for pattern in (self.pred_pattern, self.gt_pattern):
            if pattern is not None:
                Pattern.parse(pattern)

    def recorded(self) -> dict[str, Any]:
        """What can change a number, as it stands in `run.json`."""
        always = {name: getattr(self, name) for name in ("pred_pattern", "gt_pattern", "missing")}
        return always | self.arrays

    @classmethod
    def from_record(cls, options: Mapping[str, Any]) -> "Layout":
        """The same from the options of a `run.json`."""
        return cls(**{each.name: options[each.name] for each in fields(cls) if each.name in options})


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
    shards: Shards | None = None  # the parts that it was cut down to

    def only(self, shards: Shards | None) -> "Pairing":
        """What is in some shards."""
        if shards is None:
            return self
        pairs = [pair for pair in self.pairs if shards.holds(pair.id)]
        missing, extra = ([id_ for id_ in side if shards.holds(id_)] for side in (self.missing, self.extra))
        faults = [(id_, fault) for id_, fault in self.faults if shards.holds(id_)]
        return Pairing(pairs, missing, extra, faults, shards if shards.missing else None)

    @cached_property
    def digest(self) -> str:
        """A number for the ids, names and sizes of all files: equal for equal folders, seen from outside."""
        listings = ((p.id, *(_listed(f) for f in (p.pred, p.truth) if f)) for p in self.pairs)
        return added(hashlib.sha256(ascii(listing).encode()).hexdigest() for listing in listings)


def _listed(file: MaskFile) -> tuple[Any, ...]:
    """What a file is seen from outside; of a panoptic mask what its table says of it too."""
    return (file.relative, file.size, *((file.segments.infos,) if file.segments else ()))


def added(digests: Iterable[str]) -> str:
    """The sum of digests, so that the parts of a folder add up to the folder in any order."""
    return f"{sum(int(digest or '0', 16) for digest in digests) % (1 << 256):064x}"


def pair(pred_dir: str, truth_dir: str, layout: Layout, suffixes: tuple[str, ...], refused: tuple[str, ...]) -> Pairing:
    """Pair the masks of two folders by relative path and stem; the truth drives the list.

    suffixes: what can be read.  refused: known formats that cannot, paired only where nothing else has that id, so that
    the reason is told.
    """
    if os.path.isfile(pred_dir) and os.path.isfile(truth_dir):
        return _single(pred_dir, truth_dir, layout)
    _check_folders(pred_dir, truth_dir, layout)
    pred_label, truth_label = _labels(pred_dir, truth_dir)
    known = (suffixes, refused)
    preds, pred_faults = _masks(pred_dir, pred_label, layout.follow_symlinks, layout.pred_pattern, known)
    truths, truth_faults = _masks(truth_dir, truth_label, layout.follow_symlinks, layout.gt_pattern, known)
    preds, truths = _named(preds, layout.pred_array), _named(truths, layout.gt_array)
    if _nested(pred_dir, truth_dir):
        _check_sides(pred_dir, preds, truths)
    wanted = truths.keys() | {id_ for id_, _ in truth_faults}
    if layout.ids is not None:
        chosen = _chosen(layout.ids, wanted, suffixes)
        pred_faults, truth_faults = (
            [(id_, fault) for id_, fault in side if id_ in chosen] for side in (pred_faults, truth_faults)
        )
        truth_faults += [(id_, _no_truth(id_, layout.ids, truth_dir)) for id_ in chosen - wanted]
        preds, truths = ({id_: file for id_, file in side.items() if id_ in chosen} for side in (preds, truths))
        wanted = chosen
    faults = truth_faults + [(id_, fault) for id_, fault in pred_faults if id_ in wanted]
    broken = {id_ for id_, _ in faults}
    both = sorted(truths.keys() & preds.keys())
    missing = sorted(truths.keys() - preds.keys() - broken)
    extra = sorted((preds.keys() | {id_ for id_, _ in pred_faults}) - wanted)
    if not both and not faults:
        raise _nothing_matched(pred_dir, truth_dir, preds, truths, layout, known)
    pairs = [Pair(id_, preds[id_], truths[id_]) for id_ in both if id_ not in broken]
    if layout.missing == "worst":
        pairs += [Pair(id_, None, truths[id_]) for id_ in missing]
    if layout.missing == "error":
        faults += [(id_, _missing(truths[id_], pred_label)) for id_ in missing]
    return Pairing(sorted(pairs, key=lambda p: p.id), missing, extra, sorted(faults, key=lambda fault: fault[0]))


def listed(
    folder: str, follow: bool, suffixes: tuple[str, ...], refused: tuple[str, ...], pattern: str | None = None
) -> tuple[dict[str, MaskFile], list[tuple[str, InputError]]]:
    """The masks of one folder by id, and the ids that cannot be used."""
    _check_folder(folder, "give the folder of masks")
    (label,) = _labels(folder)
    masks, faults = _masks(folder, label, follow, pattern, (suffixes, refused))
    if not masks and not faults:
        raise NothingMatched(f"{folder} holds {_no_masks(folder, follow)}", _FORMATS)
    return dict(sorted(masks.items())), sorted(faults, key=lambda fault: fault[0])


def _check_folder(folder: str, hint: str) -> None:
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.lexists(folder) else "does not exist"
        raise MissingFolder(f"{folder} {what}", hint)


def _check_folders(pred_dir: str, truth_dir: str, layout: Layout) -> None:
    for folder in (pred_dir, truth_dir):
        _check_folder(folder, "give the folder of predictions, then the folder of true masks; or two files")
    if os.path.samefile(pred_dir, truth_dir) and not (layout.pred_pattern and layout.gt_pattern):
        what = f"{pred_dir} and {truth_dir} are the same folder"
        hint = "give the predictions first, then the truth; or tell them apart with --pred-pattern and --gt-pattern"
        raise SameFolder(what, hint)


def _nested(*folders: str) -> bool:
    """Whether one of two folders is, or holds, the other."""
    first, second = (os.path.join(os.path.realpath(folder), "") for folder in folders)
    return first.startswith(second) or second.startswith(first)


def _check_sides(folder: str, preds: dict[str, MaskFile], truths: dict[str, MaskFile]) -> None:
    """Refuse a file that is on both sides, by two patterns in one folder or in one inside the other."""
    sides = [{path for file in side.values() for path in file.paths} for side in (preds, truths)]
    both = sides[0] & sides[1]
    if both:
        names = some(sorted(os.path.relpath(path, folder) for path in both))
        raise SameFolder(f"both patterns find {names} in {folder}", "give patterns that share no file")


def _named(masks: dict[str, MaskFile], array: str | None) -> dict[str, MaskFile]:
    """The same files with the array that is meant in them."""
    return masks if array is None else {id_: replace(file, array=array) for id_, file in masks.items()}


def _single(pred: str, truth: str, layout: Layout) -> Pairing:
    """Two files are a pair, under the name of the true one."""
    if os.path.samefile(pred, truth):
        raise SameFolder(f"{pred} and {truth} are the same file", "give the prediction first, then the truth")
    names = _labels(pred, truth)
    files = [
        MaskFile.at(path, name, os.path.basename(path), os.stat(path).st_size, array=array or "")
        for path, name, array in zip((pred, truth), names, (layout.pred_array, layout.gt_array), strict=True)
    ]
    id_ = unicodedata.normalize("NFC", os.path.basename(truth).partition(".")[0] or os.path.basename(truth))
    return Pairing([Pair(id_, *files)], [], [], [])


def _chosen(path: str, known: Collection[str], suffixes: tuple[str, ...]) -> set[str]:
    """The ids that a split list names: the first word of each line, with or without folder and suffix."""
    lines = [line.split("#")[0].split() for line in read(path).splitlines()]
    words = [unicodedata.normalize("NFC", words[0]) for words in lines if words]
    if not words:
        raise BadOption(f"--ids {path} names no image", "give a text file with an id in each line")
    short: dict[str, list[str]] = defaultdict(list)
    for id_ in known:
        short[id_.rpartition("/")[2]].append(id_)

    def named(word: str) -> str:
        stem = word[: -len(suffix)] if (suffix := _suffix(word, suffixes)) else word
        if word in known or stem in known:
            return word if word in known else stem
        alike = short[stem.rpartition("/")[2]]
        return alike[0] if len(alike) == 1 else stem

    return {named(word) for word in words}


def _no_truth(id_: str, path: str, folder: str) -> MissingTruth:
    return MissingTruth(f"{id_}, named in {path}, is no true mask of {folder}", "remove the line, or add the mask")


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
    files = sorted(_walk(folder, label, follow), key=lambda found: found.relative)
    expression = Pattern.parse(pattern) if pattern else None
    if expression and expression.by_class:
        return _by_class(files, label, expression, known)
    return _by_id(files, expression, known)


def _by_id(
    files: list["MaskFile | Odd"], expression: Pattern | None, known: tuple[tuple[str, ...], tuple[str, ...]]
) -> tuple[dict[str, MaskFile], list[tuple[str, InputError]]]:
    """The mask of each id among files, and the files or ids that cannot be used."""
    claims: dict[str, MaskFile | Odd] = {}  # the first claim of each id; there are very many, and few others
    others: dict[str, list[MaskFile | Odd]] = defaultdict(list)
    for found in files:
        suffix = _suffix(found.relative, known[0] + known[1])
        id_ = _id(found.relative, suffix, expression) if suffix else None
        if id_ is None:
            continue
        if id_ in claims:
            others[id_].append(found)
        else:
            claims[id_] = found
    return _settle(claims, others, known)


def _by_class(
    files: list["MaskFile | Odd"],
    label: str,
    expression: Pattern,
    known: tuple[tuple[str, ...], tuple[str, ...]],
) -> tuple[dict[str, MaskFile], list[tuple[str, InputError]]]:
    """The masks that have a file for each class: what each class would have for itself, put together."""
    kinds = dict[str, None]()
    for relative in (file.relative for file in files):
        if (suffix := _suffix(relative, known[0] + known[1])) and (found := _match(relative, suffix, expression)):
            kinds[found[CLASS]] = None
    parts: dict[str, list[tuple[str, MaskFile]]] = defaultdict(list)
    faults: list[tuple[str, InputError]] = []
    for kind in kinds:
        masks, wrong = _by_id(files, expression.of_class(kind), known)
        faults += wrong
        for id_, file in masks.items():
            parts[id_].append((kind, file))
    broken = {id_ for id_, _ in faults}
    joined = {id_: _joined(id_, label, each) for id_, each in parts.items() if id_ not in broken}
    return joined, list(dict(faults).items())


def _joined(id_: str, label: str, files: list[tuple[str, MaskFile]]) -> MaskFile:
    """The files of all classes as one."""
    relative = ",".join(file.relative for _, file in files)
    size = sum(file.size for _, file in files)
    return MaskFile.at(files[0][1].path, f"{label}/{id_}", relative, size, parts=tuple(files))


def _settle(
    claims: dict[str, "MaskFile | Odd"],
    others: dict[str, list["MaskFile | Odd"]],
    known: tuple[tuple[str, ...], tuple[str, ...]],
) -> tuple[dict[str, MaskFile], list[tuple[str, InputError]]]:
    masks: dict[str, MaskFile] = {}
    faults: list[tuple[str, InputError]] = []
    for id_, first in claims.items():
        claimants = [first, *others.get(id_, ())]
        if len(claimants) > 1:  # those that can be read, if there are any
            suffixes = known[0] + known[1]
            claimants = [each for each in claimants if _suffix(each.relative, suffixes) in known[0]] or claimants
        wrong = [each.fault for each in claimants if isinstance(each, Odd)]
        files = [each for each in claimants if isinstance(each, MaskFile)]
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

    def fold(id_: str) -> str:
        return unicodedata.normalize("NFC", id_.casefold())

    if len({fold(id_) for id_ in masks}) == len(masks):  # as a rule; the lists take more memory than the files
        return []
    folded: dict[str, list[str]] = defaultdict(list)
    for id_ in masks:
        folded[fold(id_)].append(id_)
    faults: list[tuple[str, InputError]] = []
    for ids in folded.values():
        if len(ids) > 1:
            names = some([masks[id_].name for id_ in ids])
            faults += [(id_, NameCollision(f"{names} differ only by case", "rename all but one")) for id_ in ids]
    for id_, _ in faults:
        del masks[id_]
    return faults


def _id(relative: str, suffix: str, expression: Pattern | None) -> str | None:
    """The id of a file, in Unicode form NFC; None where the pattern does not fit. Suffixes fit in any case."""
    if expression is None:
        return unicodedata.normalize("NFC", relative)[: -len(suffix)]
    return (_match(relative, suffix, expression) or {}).get("{id}")


def _match(relative: str, suffix: str, expression: Pattern) -> dict[str, str] | None:
    """What the pattern finds in a name."""
    normal = unicodedata.normalize("NFC", relative)
    found = expression.match(normal)
    return expression.match(normal[: -len(suffix)] + suffix) if found is None else found


def _suffix(relative: str, suffixes: tuple[str, ...]) -> str | None:
    """The suffix of a file that is, or pretends to be, a mask; the longest counts."""
    name = relative.rpartition("/")[2].lower()
    return max((s for s in suffixes if name.endswith(s) and len(name) > len(s)), key=len, default=None)


class Odd(NamedTuple):
    """What is no regular file, and why it is not looked at."""

    relative: str
    fault: InputError


def _walk(folder: str, label: str, follow: bool) -> Iterator[MaskFile | Odd]:
    """Every file below a folder, its relative path with `/` between the parts; what is no regular file is odd.

    Names are UTF-8 whatever the locale; hidden ones are skipped. A folder is visited once, under its own name if it has
    one besides those of links.
    """
    root = os.path.realpath(folder)
    home = Folder(root, label)
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
            size = _look(entry, home.name_of(relative), root, follow)
            if size is None:
                (linked if entry.is_symlink() else own).append((relative, entry.path))
                size = NotRegular(f"{home.name_of(relative)} is a folder", "a mask is a file")
            yield MaskFile(home, relative, size) if isinstance(size, int) else Odd(relative, size)


_OF_SYSTEMS = ("@eaDir", "#recycle", "__MACOSX")  # folders that storage devices and archives add


def _entries(place: str, name: str) -> list[os.DirEntry[str]]:
    """What is in a folder, but for what is hidden or of a system, last name first."""
    try:
        entries = [entry for entry in os.scandir(place) if not entry.name.startswith((".", *_OF_SYSTEMS))]
    except OSError as fault:
        raise Unreadable(f"{name}: {fault.strerror}", "check the permissions of the folder") from fault
    return sorted(entries, key=lambda entry: entry.name, reverse=True)


def _look(entry: os.DirEntry[str], name: str, root: str, follow: bool) -> int | InputError | None:
    """The size of the file that an entry of a folder is, or why it is none; None for a folder."""
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
    return status.st_size


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _inside(path: str, root: str) -> bool:
    return os.path.commonpath([os.path.realpath(path), root]) == root


def _missing(truth: MaskFile, pred_label: str) -> MissingPrediction:
    way_out = "score it as all wrong with --missing worst, or leave it out with --missing skip"
    return MissingPrediction(f"{truth.name} has no prediction in {pred_label}", way_out)


def _nothing_matched(
    pred_dir: str,
    truth_dir: str,
    preds: dict[str, MaskFile],
    truths: dict[str, MaskFile],
    layout: Layout,
    known: tuple[tuple[str, ...], tuple[str, ...]],
) -> NothingMatched:
    sides, empty = [], False
    for folder, masks, pattern in ((pred_dir, preds, layout.pred_pattern), (truth_dir, truths, layout.gt_pattern)):
        names = some([mask.relative for mask in masks.values()])
        empty = empty or not (masks or pattern)
        sides.append(f"{folder} has {names or _no_masks(folder, layout.follow_symlinks)}")
        sides[-1] += f" by the pattern {pattern!r}" if pattern else ""
    what = f"0 pairs: {'; '.join(sides)}"
    if empty:
        return NothingMatched(what, _FORMATS)
    return NothingMatched(what, _proposal(*(_paths(each, layout, known) for each in (pred_dir, truth_dir))))


_FORMATS = "see `segeval list formats` for what can be read"


def _proposal(preds: list[str], truths: list[str]) -> str:
    """The patterns that would pair most files, as a hint."""
    found = proposed(preds, truths)
    if found is None:
        return "pair other names with --pred-pattern and --gt-pattern"
    pred, truth, number = found
    return f"these patterns would pair {number:,}: --pred-pattern '{pred}' --gt-pattern '{truth}'"


def _paths(folder: str, layout: Layout, known: tuple[tuple[str, ...], tuple[str, ...]]) -> list[str]:
    """The relative paths of all files in a folder that can be read."""
    walked = _walk(folder, folder, layout.follow_symlinks)
    return [each.relative for each in walked if isinstance(each, MaskFile) and _suffix(each.relative, known[0])]


def _no_masks(folder: str, follow: bool) -> str:
    """`no masks`, and what there is instead."""
    names = [found.relative for found in _walk(folder, folder, follow) if isinstance(found, MaskFile)]
    kinds = Counter(os.path.splitext(name)[1].lower() or "without suffix" for name in names)
    return "no masks" + (f", but {some([f'{n:,} {kind}' for kind, n in kinds.most_common()])}" if kinds else "")
