"""Panoptic masks: ids of segments, and the table that says of which class each is."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from segeval.data.class_selection import VOID, ClassChoice
from segeval.data.classes import ClassInfo, ClassTable, checked
from segeval.data.ids import narrowed, whole
from segeval.documents import load, read
from segeval.errors import ColoursNeedTable, OtherArea, Remark, UnfitSegments
from segeval.evidence.run_length import Array
from segeval.io import Mask
from segeval.io.files import Segments
from segeval.text import counted, some

CITY = 1000  # Cityscapes: the instances of class c are c · 1000, c · 1000 + 1, …; what has no instances is c itself
CITY_THINGS = range(24, 34)  # Cityscapes: classes whose objects are counted; without a number it is a group of them
_WANTED = "wanted is the JSON of COCO panoptic: annotations with file_name and segments_info, and categories"


@dataclass(frozen=True)
class PanopticTable:
    """The JSON of COCO panoptic, read."""

    path: str
    images: Mapping[str, Segments]  # by file name without suffix
    classes: ClassTable | None
    things: tuple[int, ...]

    def of(self, relative: str, name: str) -> Segments:
        """The segments of a file.  UnfitSegments where the table has no such file."""
        stem = os.path.splitext(relative)[0]
        for key in (stem, stem.rpartition("/")[2]):
            if key in self.images:
                return self.images[key]
        raise UnfitSegments(f"{self.path} has no annotation of {name}", "is it the table of another folder?")


@dataclass(frozen=True, eq=False)
class Segmented:
    """A panoptic mask: the number of the segment of each pixel, 0 where there is none."""

    numbers: Array  # int32
    kinds: Array  # the class of each number; `VOID` first
    crowd: Array  # of each number whether it stands for many objects
    single: Array  # and whether for one
    remarks: list[Remark] = field(default_factory=list)

    @property
    def labels(self) -> Array:
        """The class of each pixel."""
        found: Array = self.kinds[self.numbers]
        return found


def find_table(folder: str, given: str | None) -> PanopticTable | None:
    """The table that is given, lies beside a folder as FOLDER.json, or in it as its only JSON; None without one."""
    if given is not None:
        return read_table(given)
    path = f"{os.path.normpath(folder)}.json"
    if os.path.isfile(path):
        return read_table(path)
    inside = sorted(entry.path for entry in os.scandir(folder) if _is_json(entry)) if os.path.isdir(folder) else []
    return read_table(inside[0]) if len(inside) == 1 else None


def _is_json(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(".json") and not entry.name.startswith(".") and entry.is_file()


def read_table(path: str) -> PanopticTable:
    """A table in a file.  UnfitSegments where it is none."""
    document = load(read(path, UnfitSegments), ".json", path, UnfitSegments)
    try:
        categories = document.get("categories", [])
        infos = tuple(ClassInfo(_whole(each["id"]), str(each["name"])) for each in categories)
        things = tuple(info.id for info, each in zip(infos, categories, strict=True) if each.get("isthing"))
        images: dict[str, Segments] = {}
        for each in document["annotations"]:
            stem = os.path.splitext(str(each["file_name"]))[0]
            if stem in images:
                raise UnfitSegments(f"{path} has {each['file_name']!r} twice", "give each image one annotation")
            images[stem] = Segments(os.path.basename(path), tuple(_segment(info) for info in each["segments_info"]))
    except (KeyError, TypeError, AttributeError, ValueError) as fault:
        raise UnfitSegments(f"{path} is no panoptic table: {type(fault).__name__} {fault}", _WANTED) from fault
    table = checked(ClassTable(infos), path) if infos else None
    return PanopticTable(path, images, table, things)


def _segment(info: Mapping[str, Any]) -> tuple[int, int, bool, int | None]:
    crowd, area = bool(info.get("iscrowd")), info.get("area")
    return _whole(info["id"]), _whole(info["category_id"]), crowd, None if area is None else int(area)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise TypeError(f"{json.dumps(value)} is no id")
    return value


def segmented(mask: Mask, classes: ClassChoice) -> Segmented:
    """A panoptic mask by its table, or by the numbers of Cityscapes where it has none."""
    ids = _ids(mask)
    if mask.segments is None:
        if mask.colour:
            what = f"{mask.name} is in colour, as COCO panoptic writes it, and has no table of its segments"
            raise UnfitSegments(what, "put FOLDER.json beside the folder, or give --pred-json and --gt-json")
        return _of_cityscapes(ids, classes.background)
    return _of_table(ids, mask, mask.segments, classes)


def _ids(mask: Mask) -> Array:
    """The id of each pixel's segment; of colours R + 256 G + 65536 B."""
    if not mask.colour:
        if mask.pixels.dtype.kind == "f" and not whole(mask.pixels):
            raise UnfitSegments(f"{mask.name} holds fractions", "a panoptic mask holds ids of segments")
        return narrowed(mask.pixels, mask.name)
    channels = mask.pixels.shape[-1]
    if channels != 3:
        what = f"{mask.name} has {channels} channels, and a panoptic mask of COCO has three"
        raise ColoursNeedTable(what, "bitmasks of BDD100K are to be converted to COCO's form first")
    red, green, blue = (mask.pixels[..., n].astype(np.int32) for n in range(3))
    found: Array = red + (green << 8) + (blue << 16)
    return found


def _of_cityscapes(ids: Array, background: int | None) -> Segmented:
    """A mask of instance ids."""
    known = np.unique(ids).astype(np.int64)
    known = known[(known >= 0) & (known != (-1 if background is None else background))]
    kinds = np.where(known >= CITY, known // CITY, known)
    crowd = (known < CITY) & np.isin(known, CITY_THINGS)
    single = np.append(False, known >= CITY)
    return Segmented(_numbers(ids, known)[0], np.append(VOID, kinds).astype(np.int32), np.append(False, crowd), single)


def _numbers(ids: Array, known: Array) -> tuple[Array, Array]:
    """The place of each id among known ones, counted from 1; 0 and a flag where there is none."""
    place = np.minimum(np.searchsorted(known, ids), max(len(known) - 1, 0))
    there = known[place] == ids if len(known) else np.zeros(ids.shape, bool)
    return np.where(there, place + 1, 0).astype(np.int32), there


def _of_table(ids: Array, mask: Mask, table: Segments, classes: ClassChoice) -> Segmented:
    """A mask whose table names every segment of it and no other."""
    infos = {id_: (kind, crowd, area) for id_, kind, crowd, area in table.infos if id_ != classes.background}
    if len(infos) < len([id_ for id_, *_ in table.infos if id_ != classes.background]):
        raise UnfitSegments(f"{table.path} names a segment of {mask.name} twice", "give each segment an id of its own")
    known = np.array(sorted(infos), np.int64)
    numbers, there = _numbers(ids, known)
    void = ids == (-1 if classes.background is None else classes.background)
    if (strange := ~there & ~void).any():
        first = int(ids[strange][0])
        what = f"{mask.name} holds the segment {first} ({counted(int((ids == first).sum()), 'pixel')})"
        raise UnfitSegments(f"{what}, and {table.path} names none of that id", "are mask and table of one version?")
    areas = np.bincount(numbers.ravel(), minlength=len(known) + 1)
    if (areas[1:] == 0).any():
        gone = some([str(id_) for id_ in known[areas[1:] == 0].tolist()], 3)
        what = f"{table.path} names segments that {mask.name} does not hold: {gone}"
        raise UnfitSegments(what, "are mask and table of one version?")
    if classes.table and (odd := sorted({kind for kind, *_ in infos.values()} - set(classes.table.ids))):
        what = f"{table.path} has segments of {mask.name} in the category {odd[0]}, which is no class"
        raise UnfitSegments(what, "name it among the categories of the true table, or in --classes")
    kinds = np.array([VOID, *(infos[id_][0] for id_ in known.tolist())], np.int32)
    crowd = np.array([False, *(infos[id_][1] for id_ in known.tolist())])
    other = [
        (id_, told, int(area))
        for id_, area in zip(known.tolist(), areas[1:], strict=True)
        if (told := infos[id_][2]) is not None and told != area
    ]
    return Segmented(numbers, kinds, crowd, ~crowd, [_other_area(mask, table, other)] if other else [])


def _other_area(mask: Mask, table: Segments, other: Sequence[tuple[int, int, int]]) -> OtherArea:
    id_, told, area = other[0]
    what = f"{table.path} says that segment {id_} of {mask.name} has {counted(told, 'pixel')}, and it has {area:,}"
    return OtherArea(what, "the pixels count; was the mask made smaller or larger?")
