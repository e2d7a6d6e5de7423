"""One mask -> the file of its map."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segeval import __version__
from segeval.data import class_weights as frequencies
from segeval.data.class_weights import Frequencies
from segeval.distance.grid import steps
from segeval.distance.objects import Cells
from segeval.errors import BadOption, Changed, UnfitPixels, is_doubt
from segeval.evaluate.perfile import guarded
from segeval.io import Array
from segeval.io.encode import encoded
from segeval.io.files import MaskFile
from segeval.io.journal import sha256
from segeval.io.preview import preview
from segeval.io.write import save
from segeval.run.records import Note
from segeval.weightmap.formula import weights
from segeval.weightmap.options import Plan, keyed
from segeval.weightmap.scan import digest_of, found_cells, read

_LARGEST_HALF = 65504.0

MASKS = "masks/"  # what the names of masks with gaps begin with, as they lie in another folder
_FORMS = {".png": "png", ".tif": "tiff", ".tiff": "tiff", ".npy": "npy", ".npz": "npz"}

Digests = dict[str, str]  # sha256 of a file by its name


@dataclass(frozen=True)
class Task:
    """One mask, where its map goes, and what an earlier run left there."""

    id: str
    file: MaskFile
    folder: str
    masks_out: str | None = None
    digest: str | None = None
    earlier: Mapping[str, Any] | None = None

    def targets(self, plan: Plan) -> dict[str, Path]:
        """What is written, by its name in `weightmap.json`."""
        found = {f"{self.id}.{plan.form}": Path(self.folder, f"{self.id}.{plan.form}")}
        if plan.preview:
            found[f"preview/{self.id}.png"] = Path(self.folder, "preview", f"{self.id}.png")
        if self.masks_out and plan.gap:
            found[MASKS + self.id] = Path(self.masks_out, self.file.relative)
        return found


def weigh(task: Task, plan: Plan) -> dict[str, Any] | Note:
    """Write the map of one mask; gives its entry in `weightmap.json`, or why there is no map."""
    return guarded(task.id, task.file, lambda: _weighed(task, plan))


def _weighed(task: Task, plan: Plan) -> dict[str, Any]:
    array, spacing, remarks = read(task.file, plan)
    digest = digest_of(array)
    if task.digest not in (None, digest):
        raise Changed(f"{task.file.name} changed since it was counted", "weigh when nothing writes into the folder")
    key = _key(plan, digest, spacing)
    targets = task.targets(plan)
    if task.earlier and task.earlier.get("key") == key and _stands(targets, task.earlier.get("files", {})):
        return {**task.earlier, "skipped": True, "files": {name: task.earlier["files"][name] for name in targets}}
    whole, kept = found_cells(array, plan)
    chosen = plan.found
    if chosen is None and isinstance(plan.class_weights, str):
        chosen = frequencies.by_scheme(plan.class_weights, Frequencies.of(kept.pixels()))
    source = whole if plan.rule.falk else kept
    result = weights(source, plan.rule, chosen or {}, steps(spacing, array.ndim), plan.memory)
    contents = [encoded(_typed(result, plan.dtype), plan.form)]
    if plan.preview:
        contents.append(preview(result, kept.objects))
    if len(targets) > len(contents):
        contents.append(_parted(array, whole, kept, task.file))
    files = {}
    for (name, path), content in zip(targets.items(), contents, strict=True):
        save(path, content)
        files[name] = hashlib.sha256(content).hexdigest()
    said = [Note.of(task.id, remark) for remark in remarks]
    entry = _entry(task, key, files, result, kept, spacing, None if plan.found else chosen, said)
    if plan.ignore:
        entry["ignored"] = [id_ for id_ in sorted(plan.ignore) if (array == id_).any()]
    return entry


def _entry(
    task: Task,
    key: str,
    files: Digests,
    result: Array,
    kept: Cells,
    spacing: tuple[float, ...] | None,
    own_weights: Mapping[int, float] | None,
    said: list[Note],
) -> dict[str, Any]:
    """What `weightmap.json` says about one map."""
    return {
        "id": task.id,
        "key": key,
        "files": files,
        "shape": list(result.shape),
        "spacing": list(spacing) if spacing else None,
        "cells": int(np.count_nonzero(np.bincount(kept.objects.ravel())[1:])),
        "pixels": keyed(kept.pixels()),
        "class_weights": keyed(own_weights) if own_weights else None,
        "min": float(result.min()),
        "mean": float(result.mean(dtype=np.float64)),
        "max": float(result.max()),
        "remarks": [[note.code, note.message, *([note.hint] if is_doubt(note.code) else [])] for note in said],
    }


def _typed(result: Array, dtype: str) -> Array:
    if dtype == "float32":
        return result
    if result.max() > _LARGEST_HALF:
        raise BadOption(f"--dtype is float16, but a weight is {result.max():g}", "write float32: float16 ends at 65504")
    with np.errstate(under="ignore"):
        return result.astype(np.float16)


def _parted(array: Array, whole: Cells, kept: Cells, file: MaskFile) -> bytes:
    """The mask with its gaps, in the format that its name says."""
    gaps = (whole.objects != 0) & (kept.objects == 0)
    result = np.where(gaps, np.zeros(1, array.dtype), array)
    form = _FORMS.get(Path(file.path).suffix.lower())
    if form == "png" and result.ndim == 2 and result.min() >= 0 and result.max() < 1 << 16:
        return encoded(result.astype(np.uint8 if result.max() < 256 else np.uint16), form)
    if form in (None, "png"):
        raise UnfitPixels(f"{file.name} cannot be written with gaps under this name", "save the masks as TIFF or NPY")
    return encoded(result, form)


def _stands(targets: Mapping[str, Path], files: Mapping[str, str]) -> bool:
    """Whether all files are as an earlier run left them."""
    return all(name in files and sha256(path) == files[name] for name, path in targets.items())


def _key(plan: Plan, digest: str, spacing: tuple[float, ...] | None) -> str:
    """A number for all that a map depends on."""
    chosen = keyed(plan.found) if plan.found is not None else None
    text = json.dumps([__version__, plan.recorded(), plan.ids, chosen, spacing, digest], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
