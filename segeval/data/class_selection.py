"""The classes that the options name."""

import difflib
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import Any, SupportsIndex

from segeval.data.class_tables import known, names, no_table
from segeval.data.classes import SUFFIXES, ClassInfo, ClassTable, Colour, parse
from segeval.documents import read
from segeval.errors import BadClassTable, BadOption

VOID_IDS = {255, 65535}  # what data sets call pixels that are not to be looked at, in 8 and 16 bits
VOID = -(1 << 30)  # the id of pixels without data behind the door: even float32 holds it


@dataclass(frozen=True)
class ClassChoice:
    """What counts as a class; without a table, the ids that are found."""

    table: ClassTable | None = None  # ignored ids included: they may have a channel
    ignore: frozenset[int] = frozenset()
    binary: bool = False
    colors: Mapping[Colour, int] = field(default_factory=dict)
    multilabel: bool = False  # each class has a channel of its own, and `ignore` are values of the truth, not ids
    nodata: frozenset[str | float] = frozenset()  # "nan", "nodata" and numbers that are no ids: `VOID` is ignored then
    palette: bool = False  # the colours are those of --colors, and did not just come with the classes
    raw_threshold: int | None = None  # a true mask of grey is foreground from here on; None: values are ids
    by_table: frozenset[int] = frozenset()  # ignored ids that a class table names, and no option
    dropped: frozenset[int] = frozenset()  # ignored ids that would be classes otherwise
    objects: bool = False  # ids number objects: all but the background are of class 1
    segments: bool = False  # ids number the segments of a panoptic table
    background: int | None = 0  # where ids number objects or segments the one that is none
    named: tuple[int, ...] = ()  # ids that are known as classes where all ids are counted
    members: tuple[tuple[int, ...], ...] = ()  # classes are regions of label maps: the ids of each
    labels: tuple[int, ...] = ()  # all ids of such maps

    @property
    def asked(self) -> frozenset[int]:
        """The ids that options ignore."""
        return self.ignore - self.by_table - {VOID}

    @property
    def ignored(self) -> list[Any]:
        """What is ignored, as the options say it."""
        return [*sorted(self.ignore - {VOID}), *sorted(self.nodata, key=lambda each: (isinstance(each, str), each))]

    def recorded(self) -> dict[str, Any]:
        """What can change a number, as it stands in `run.json`."""
        return {
            "classes": [[c.id, c.name, c.group] for c in self.scored.classes] if self.scored else None,
            **({"regions": {name: [*ids] for name, ids in regions}} if (regions := self._regions) else {}),
            "ignore": self.ignored,
            "binary": self.binary,
            "multilabel": self.multilabel,
            "colors": sorted([id_, *color] for color, id_ in self.colors.items()),
            **({"palette": True} if self.palette else {}),
            **({"raw_threshold": self.raw_threshold} if self.raw_threshold else {}),
            **({"ignore_of_table": sorted(self.by_table)} if self.by_table else {}),
            **({"ignored_classes": sorted(self.dropped)} if self.dropped else {}),
            **({"members": [*map(list, self.members)], "labels": list(self.labels)} if self.members else {}),
        }

    @classmethod
    def from_record(cls, options: Mapping[str, Any]) -> "ClassChoice":
        """The same from the options of a `run.json`, which does not name what is ignored."""
        ignore, nodata = _ignored(options["ignore"])
        multilabel = options["multilabel"]
        classes = options["classes"] and tuple(
            ClassInfo(id_, name, None, group) for id_, name, group in options["classes"]
        )
        regions = tuple((name, tuple(ids)) for name, ids in options.get("regions", {}).items())
        table = ClassTable(classes, frozenset() if multilabel else ignore, regions=regions) if classes else None
        colors = {(red, green, blue): id_ for id_, red, green, blue in options["colors"]}
        palette, threshold = options.get("palette", False), options.get("raw_threshold")
        by_table, dropped = (frozenset(options.get(key, ())) for key in ("ignore_of_table", "ignored_classes"))
        return cls(
            table,
            ignore,
            options["binary"],
            colors,
            multilabel,
            nodata,
            palette,
            threshold,
            by_table=by_table,
            dropped=dropped,
            members=tuple(tuple(ids) for ids in options.get("members", ())),
            labels=tuple(options.get("labels", ())),
        )

    @property
    def _regions(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        return self.scored.regions if self.scored else ()

    @cached_property
    def channels(self) -> tuple[int, ...] | None:
        """The ids that the channels of probabilities stand for, in order."""
        return self.table.ids if self.table else None

    @cached_property
    def scored(self) -> ClassTable | None:
        return self.table.scored if self.table else None


def choose(
    num_classes: int | None = None,
    classes: str | PathLike[str] | Sequence[str] | None = None,
    ignore: Iterable[int | float | str] = (),
    binary: bool = False,
    colors: str | PathLike[str] | None = None,
    multilabel: bool = False,
    regions: bool = False,
) -> ClassChoice:
    """The classes of a run, and what is ignored."""
    ids, nodata = _ignored(ignore)
    found = _chosen(num_classes, classes, ids, binary, colors, multilabel and not regions)
    found = _of_regions(found) if regions else found
    return replace(found, nodata=nodata, by_table=found.ignore - ids)


def _chosen(
    num_classes: int | None,
    classes: str | PathLike[str] | Sequence[str] | None,
    ignored_ids: frozenset[int],
    binary: bool,
    colors: str | PathLike[str] | None,
    multilabel: bool,
) -> ClassChoice:
    """The classes of a run: a number, names or a file, both halves of a binary mask, or what a colour table holds."""
    if num_classes is not None and classes is not None:
        raise BadOption(
            "--num-classes and --classes exclude each other",
            "give one of them; a profile or a configuration may give one too",
        )
    palette = _palette(fspath(colors)) if colors else None
    if num_classes is not None:
        if isinstance(num_classes, bool) or not isinstance(num_classes, SupportsIndex):
            raise BadOption(f"--num-classes is {num_classes!r}", "give a whole number")
        table: ClassTable | None = ClassTable.numbered(num_classes)
    elif classes is not None:
        table = _named(classes)
    else:
        table = ClassTable.binary() if binary else palette
    grey = known(table.known_as).raw_threshold if table and table.known_as and not colors else None
    if multilabel:
        return _independent(table, ignored_ids, binary, palette)
    if binary and ignored_ids & {0, 1}:
        raise BadOption(
            "--binary makes 0 and 1 of all ids, so that neither can be ignored", "leave out --ignore 0 or 1"
        )
    if binary and table and not set(table.ids) <= {0, 1}:
        raise BadOption(
            "--binary has the classes 0 and 1, and no others", "leave out --num-classes and --classes, or name two"
        )
    dropped = ignored_ids & set(table.scored.ids) if table else frozenset[int]()
    if table:
        table = table.ignoring(ignored_ids)
        if not table.scored.classes:
            raise BadOption("--ignore leaves no class", "ignore fewer ids")
    ignored = table.ignore if table else ignored_ids
    found = palette.colors if palette else table.colors if table else {}
    return ClassChoice(
        table,
        ignored,
        binary or grey is not None,
        found,
        palette=palette is not None,
        raw_threshold=grey,
        dropped=dropped,
    )


def _independent(
    table: ClassTable | None, ignored: frozenset[int], binary: bool, palette: ClassTable | None
) -> ClassChoice:
    """The classes of masks with a channel for each: a class that a file ignores is left out, other ids are values."""
    if binary:
        raise BadOption("--multilabel and --binary exclude each other", "a mask of one class is binary: --binary")
    if palette:
        raise BadOption("--multilabel and --colors exclude each other", "a colour stands for one class a pixel")
    if ignored & {0, 1}:
        raise BadOption(
            "the channels of --multilabel hold 0 and 1, so that neither can be ignored", "leave out --ignore 0 or 1"
        )
    if table is None:
        return ClassChoice(None, ignored, multilabel=True)
    if table.known_as:
        table = replace(table, classes=tuple(replace(info, group=None) for info in table.classes), regions=())
    if table.groups:
        raise BadOption(
            "--multilabel counts each class by itself, and the class file has groups", "leave out the groups"
        )
    if len(table.scored.classes) < 2:
        raise BadOption("--multilabel has only one class", "save the mask without channels and use --binary")
    return ClassChoice(table, ignored | (table.ignore - set(table.ids)), multilabel=True)


def _of_regions(choice: ClassChoice) -> ClassChoice:
    """The regions of a class table as classes that do not exclude each other; their masks hold the ids of the table."""
    found = choice.table.scored_regions if choice.table else {}
    if choice.table is None or len(found) < 2:
        hint = "such as --classes brats, kits23, a dataset.json of nnU-Net, or a file with `regions`"
        raise BadOption("--regions wants --classes with two regions or more", hint)
    if choice.binary or choice.palette:
        raise BadOption("--regions takes masks that hold the ids of their table", "leave out --binary and --colors")
    table = ClassTable(tuple(ClassInfo(n, name) for n, name in enumerate(found, 1)))
    members = tuple(map(tuple, found.values()))
    return ClassChoice(
        table, choice.ignore, multilabel=True, members=members, labels=choice.table.ids, dropped=choice.dropped
    )


def of_objects(choice: ClassChoice, background: int | None) -> ClassChoice:
    """The classes of masks whose ids number objects: background, and object."""
    if choice.multilabel or (choice.table and set(choice.table.ids) != {0, 1}):
        what = "--instances labels has two classes, background and object"
        raise BadOption(what, "objects of several classes: --instances components or panoptic")
    if choice.ignore & {0, 1} or background in choice.ignore:
        what = "--instances labels makes 0 and 1 of all ids, so that neither can be ignored"
        raise BadOption(what, "leave out --ignore, or name the background: --background ID|none")
    table = (choice.table or ClassTable.named(["background", "object"])).ignoring(choice.ignore)
    return replace(choice, table=table, binary=True, objects=True, background=background)


def of_segments(choice: ClassChoice, background: int | None) -> ClassChoice:
    """The classes of panoptic masks, in which pixels of no segment are void."""
    if choice.binary or choice.palette:
        what = "--instances panoptic takes the class of each segment from its table"
        raise BadOption(what, "leave out --binary and --colors")
    ignore = choice.ignore | {VOID}
    table = choice.table and choice.table.ignoring(ignore)
    return replace(choice, table=table, ignore=ignore, colors={}, segments=True, background=background)


def check_two(choice: ClassChoice) -> None:
    """Refuse classes that `--truth-threshold` cannot make."""
    if choice.multilabel or (choice.table and len(choice.table.ids) != 2):
        raise BadOption("--truth-threshold makes two classes", "give --binary, or two classes")


def check_soft(choice: ClassChoice) -> None:
    """Refuse ignored ids that a truth of fractions cannot have: every channel takes part in the sum of 1."""
    if choice.table and set(choice.table.ids) & choice.ignore:
        raise BadOption(
            "--soft-truth has a channel for each class, and one of them is ignored", "ignore a value that is no class"
        )
    if choice.ignore & {0, 1}:
        raise BadOption("0 and 1 are fractions of --soft-truth, and cannot be ignored", "leave out --ignore 0 or 1")


def _ignored(ignore: Iterable[int | float | str]) -> tuple[frozenset[int], frozenset[str | float]]:
    """The ids that are ignored, and what else is: "nan", "nodata", numbers that are no ids."""
    try:
        values = [_value(each) for each in (ignore if _several(ignore) else [ignore])]
    except TypeError as fault:
        raise BadOption(f"--ignore is {ignore!r}", "give a list of ids") from fault
    ids = {int(each) for each in values if not isinstance(each, str) and each == int(each) and abs(each) < 1 << 31}
    others = frozenset(each for each in values if isinstance(each, str) or each not in ids)
    return frozenset(ids | ({VOID} if others else set())), others


def _several(ignore: Any) -> bool:
    """Whether values to ignore were given as a list, and not as the only one."""
    return isinstance(ignore, Iterable) and not isinstance(ignore, str)


def _value(text: Any) -> str | float:
    """A word or a number to ignore."""
    if str(text).strip().lower() in ("nan", "nodata"):
        return str(text).strip().lower()
    try:
        number = float(text) if not isinstance(text, int) else text
        if math.isfinite(number):
            return number
    except (ValueError, OverflowError):
        pass
    raise BadOption(f"--ignore is {text!r}", "give an id, nan, nodata, or another number that stands for no data")


def load_table(path: str) -> ClassTable:
    """The class table in a file of one of the formats that people have."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise BadClassTable(f"{path} is not a class file", f"give a file that ends in {', '.join(SUFFIXES)}")
    return parse(read(path, BadClassTable), suffix, path)


def _palette(colors: str) -> ClassTable:
    """The table of `--colors`: a file, or one that comes with the program."""
    table = known(colors).table if colors in names() else load_table(colors)
    if table.colors:
        return table
    if table.known_as and known(colors).shared_colors:
        what = f"several classes of {colors} share a colour, so that masks in colour do not tell their ids"
        raise BadClassTable(what, "score the masks that hold ids")
    raise BadClassTable(f"{colors} has no colours", "give each class a 'color', such as '#804080'")


def _named(classes: str | PathLike[str] | Sequence[str]) -> ClassTable:
    if isinstance(classes, PathLike):
        return load_table(fspath(classes))
    if not isinstance(classes, str):
        return ClassTable.named(classes)
    if classes in names():
        return known(classes).table
    if classes.lower().endswith(SUFFIXES) or os.path.isfile(classes):
        return load_table(classes)
    if "," not in classes and re.search(r"/|\.[A-Za-z]{2,5}$", classes):
        raise BadClassTable(f"there is no file {classes}", "give class names with commas between them, or a class file")
    if "," not in classes and _meant(classes):
        raise no_table(classes)
    return ClassTable.named(classes.split(","))


def _meant(name: str) -> bool:
    """Whether one name alone is rather the name of a class table, misspelt or of several, than the only class."""
    return any(each.startswith(f"{name}-") for each in names()) or bool(
        difflib.get_close_matches(name.casefold(), names(), 1, 0.8)
    )
