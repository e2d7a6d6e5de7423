"""What the masks of a folder hold: read and counted before any map is made."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from segeval import io
from segeval.data import class_weights as frequencies
from segeval.data import onehot as one_hot
from segeval.data.class_selection import VOID_IDS
from segeval.data.class_weights import Frequencies
from segeval.data.labels import truth_labels
from segeval.distance import objects as cells
from segeval.distance.objects import Cells
from segeval.errors import BadOption, ColoursNeedTable, FractionalMask, FractionalTruth, NoSpacing, Remark, VoidAsClass
from segeval.evaluate.perfile import guarded
from segeval.io.files import MaskFile
from segeval.run.records import Note
from segeval.weightmap.options import Plan


@dataclass(frozen=True)
class Survey:
    """What one mask leaves behind before any map is made."""

    id: str
    digest: str
    found: Frequencies
    parts: int = 0  # connected parts of its ids, where that was asked for


def survey(file: MaskFile, plan: Plan, id_: str) -> Survey | Note:
    """Count a mask: its classes, or its ids where it is not known yet what they are."""
    return guarded(id_, file, lambda: _counted(file, plan, id_))


def _counted(file: MaskFile, plan: Plan, id_: str) -> Survey:
    array, _, _ = read(file, plan)
    if plan.ids == "auto":
        numbered = cells.semantic(array, plan.ignore, "full")
        return Survey(id_, digest_of(array), Frequencies.of(numbered.pixels()), numbered.count)
    return Survey(id_, digest_of(array), Frequencies.of(found_cells(array, plan)[1].pixels()))


def decided(surveys: list[Survey]) -> str:
    """What the ids are: cells if nearly each of them is one part in each mask, classes if they fall into many."""
    objects = [len([kind for kind in each.found.pixels if kind]) for each in surveys]
    ids = {kind for each in surveys for kind in each.found.pixels if kind}
    return cells.likely_kind(len(ids), sum(objects), sum(each.parts for each in surveys))


def total(surveys: list[Survey], kind: str, counted_ids: bool) -> Frequencies:
    """The frequencies of the classes over all masks; those of ids become background and objects if ids are cells."""
    result = Frequencies()
    for each in surveys:
        found = each.found
        if counted_ids and kind != "semantic":
            background = found.pixels.get(0, 0)
            found = Frequencies.of({0: background, 1: sum(found.pixels.values()) - background})
        result += found
    return result


def settled(plan: Plan, kind: str, found: Frequencies) -> Plan:
    """The plan with what the folder showed."""
    if isinstance(plan.class_weights, str):
        of_folder = plan.frequency == "folder" or plan.class_weights == "none"
        chosen = frequencies.by_scheme(plan.class_weights, found) if of_folder and found.pixels else None
    else:
        chosen = dict(plan.class_weights)
        if missing := [str(id_) for id_ in found.pixels if id_ not in chosen]:
            raise BadOption(
                f"--class-weights gives no weight for the ids {', '.join(missing)}", "give one for each id found"
            )
    return replace(plan, kind=kind, found=chosen)


def read(file: MaskFile, plan: Plan) -> tuple[io.Array, tuple[float, ...] | None, list[Remark]]:
    """The labels in a file, the steps of its axes, and what is worth saying."""
    mask = io.read(file, plan.max_pixels)
    try:
        array, remarks = truth_labels(mask, {})
        remarks = [*remarks, *one_hot.remark(mask), *_void(file.name, array, plan)]
    except FractionalTruth as fault:
        raise FractionalMask(
            f"{file.name} holds fractions, and weight maps are made from labels", "threshold probabilities first"
        ) from fault
    except ColoursNeedTable as fault:
        raise ColoursNeedTable(fault.message, "save the ids as grey values") from fault
    if plan.spacing == "file":
        if mask.spacing is None:
            raise NoSpacing(f"{file.name} does not say how long a pixel is", "give the numbers with --spacing")
        return array, mask.spacing, remarks
    return array, plan.spacing if isinstance(plan.spacing, tuple) else None, remarks


def _void(name: str, array: io.Array, plan: Plan) -> Iterator[Remark]:
    """A doubt about an id of void that stands far above the others: it would be a cell, or a class."""
    high = int(array.max())
    if plan.ids == "binary" or high not in VOID_IDS or high in plan.ignore:
        return
    others = array[(array != high) & (array != 0)]
    if others.size and int(others.max()) < high - 1:
        what = f"{name} holds {high}, far above its other ids: it is weighed as a cell or a class"
        yield VoidAsClass(what, f"if it is void, give --ignore {high}")


def found_cells(array: io.Array, plan: Plan) -> tuple[Cells, Cells]:
    """The cells of a mask as they are, and as they are kept."""
    found = cells.of_kind(plan.ids, array, plan.ignore, plan.connectivity)
    return found, cells.separated(found) if plan.gap else found


def digest_of(array: io.Array) -> str:
    """A number for the labels, whatever file they came in."""
    head = f"{array.shape} {array.dtype.str} ".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()
