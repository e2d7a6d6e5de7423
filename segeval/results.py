"""A finished run as gate and compare see it: its document, and what each image left behind."""

import functools
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from segeval.aggregate import Scores, Scoring
from segeval.errors import UnreadableRun
from segeval.evidence.confusion import Confusion, PixelCounts
from segeval.evidence.runs import Array
from segeval.grouping import Grouping
from segeval.io import stored
from segeval.metrics import METRICS
from segeval.rows import Rows
from segeval.run import SCHEMA, Run
from segeval.statistics import mean
from segeval.text import unmarked


@dataclass(frozen=True, eq=False)
class Results:
    """The document of a run, and its rows where they are known."""

    name: str
    document: Mapping[str, Any]
    load: Callable[[], Rows]
    whole: bool = True  # False: the document is of more images than the rows

    @classmethod
    def of(cls, run: Run, name: str = "this run") -> "Results":
        """The results of a run in memory."""
        return cls(name, run.document(), lambda: run.rows)

    @classmethod
    def read(cls, name: str) -> "Results":
        """The results in a folder or a `run.json`; the tables are read when they are needed."""
        path = stored.run_file(name)
        document = stored.document(path, SCHEMA)
        try:
            scoring = _scoring(document)
            _check(document)
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise UnreadableRun(f"{path} is not a whole run: {fault!r}", "score the images again") from fault
        return cls(name, document, lambda: _read(path, document, scoring))

    @cached_property
    def rows(self) -> Rows:
        return self.load()

    @cached_property
    def scoring(self) -> Scoring:
        return _scoring(self.document)

    @property
    def classes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.document["classes"]
        return found

    def grouped(self, grouping: Grouping) -> "Results":
        """The same with groups made anew, if there is a pattern for them."""
        return self.changed(lambda rows: rows.grouped(grouping), self.whole)

    def changed(self, change: Callable[[Rows], Rows], whole: bool) -> "Results":
        """The same with other rows, made when they are needed."""
        return Results(self.name, self.document, lambda: change(self.rows), whole)


def _scoring(document: Mapping[str, Any]) -> Scoring:
    """How a run counted, from its options."""
    options = document["options"]
    return Scoring(tuple(options["metrics"]), options["presence"], options["mean"], options["beta"])


def _check(document: Mapping[str, Any]) -> None:
    """Refuse a document that lacks something, or has something of another kind, that gate and compare go by."""
    images, options = document["images"], document["options"]
    texts = [document["fingerprint"], document["segeval"], *document["files"].values()]
    texts += [*(note["id"] for note in images["failed"]), *images["missing"]]
    numbers = [images["scored"], *document["summary"].values()]
    for row in [*document["classes"], *document.get("groups", [])]:
        texts.append(row["name"])
        numbers += [value for key, value in row.items() if key not in ("id", "ids", "name", "group", "undefined")]
        numbers += row.get("ids", [])
    ids = [row["id"] for row in document["classes"]]
    for loss in document.get("losses", {}).values():
        texts.append(loss["reduction"])
        numbers += [loss["value"], *(loss["per_class"][row["name"]] for row in document["classes"])]
        _ = loss["params"].keys()
    _ = options.get("losses", {}).keys(), set(options.get("ignore", ()))
    _ = [row[name] for row in document["classes"] for name in (*PixelCounts._fields, "n_hallucinated")]
    if options.get("group_by") is not None:
        texts.append(options["group_by"])
    keys = {frozenset(row) - {"group"} for row in document["classes"]}  # some classes may be in no group
    if not isinstance(document["complete"], bool) or len(keys) > 1:
        raise ValueError("rows of the same table differ")
    for values, kinds in ((texts, (str,)), (ids, (int,)), (numbers, (int, float, type(None)))):
        for value in values:
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise TypeError(f"unexpected {value!r}")


def _read(path: Path, document: Mapping[str, Any], scoring: Scoring) -> Rows:
    """The rows beside a `run.json`."""
    try:
        records = stored.columns(path.with_name("records.csv"), document["files"])
        images = stored.columns(path.with_name("images.csv"), document["files"])
        return _rows(path, document, scoring, records, images)
    except (KeyError, ValueError, TypeError) as fault:
        raise UnreadableRun(f"{path}: its tables do not fit it: {fault}", "score the images again") from fault


def _rows(
    path: Path,
    document: Mapping[str, Any],
    scoring: Scoring,
    records: Mapping[str, list[str]],
    images: Mapping[str, list[str]],
) -> Rows:
    ids = tuple(records["id"])
    shape = (len(ids), len(document["classes"]))
    if images["id"] != [id_ for id_ in ids for _ in range(shape[1])] or len(set(ids)) < len(ids):
        raise ValueError("the ids of images.csv are not those of records.csv")
    counts = PixelCounts(*(np.array(images[name], np.int64).reshape(shape) for name in PixelCounts._fields))
    right, pixels = (np.array(records[name], np.int64) for name in ("right", "pixels"))
    scores = Scores(counts, right, pixels, scoring)
    _check_sums(document, scores)

    @functools.cache
    def losses() -> dict[str, Array]:
        return {
            name.removeprefix("loss."): np.hstack([_floats(column)[:, None], _floats(images[name]).reshape(shape)])
            for name, column in records.items()
            if name.startswith("loss.")
        }

    return Rows(
        tuple(map(unmarked, ids)),
        tuple(unmarked(group or id_) for group, id_ in zip(records["group"], ids, strict=True)),
        tuple(records["truth_sha256"]),
        scores,
        lambda: _group_scores(path, document, scoring, ids),
        losses,
    )


def _check_sums(document: Mapping[str, Any], scores: Scores) -> None:
    """Refuse a document whose pooled numbers are not those of its tables, as far as they are quick to compute."""
    for name, counts in scores.pooled._asdict().items():
        if [row[name] for row in document["classes"]] != counts.tolist():
            raise ValueError(f"{name} of the classes is not its sum over the images")
    for entry in METRICS.values():
        name, told = f"{entry.facts.get('mean')}_dataset", document["summary"]
        if name in told:
            now = mean(scores.values(entry, scores.pooled), scores.scoring.mean).value
            then = math.nan if told[name] is None else told[name]
            if not (math.isclose(now, then, rel_tol=1e-9) or (math.isnan(now) and math.isnan(then))):
                raise ValueError(f"{name} is {then}, and {now} by the images")


def _floats(texts: list[str]) -> Array:
    return np.array([float(text) if text else math.nan for text in texts], np.float64)


def _group_scores(path: Path, document: Mapping[str, Any], scoring: Scoring, ids: tuple[str, ...]) -> Scores | None:
    """The scores of groups of classes, from the cells of each image."""
    groups = {row["name"]: row["ids"] for row in document.get("groups", [])}
    if not groups:
        return None
    cells = stored.columns(path.with_name("confusion_images.csv"), document["files"])
    number = {id_: n for n, id_ in enumerate(ids)}
    image = np.array([number[id_] for id_ in cells["id"]], np.int64)
    truth = np.array(cells["truth_id"], np.int64)
    pred = np.array([-1 if id_ == "other" else int(id_) for id_ in cells["pred_id"]], np.int64)
    pixels = np.array(cells["pixels"], np.int64)
    known = [row["id"] for row in document["classes"]]
    ends = np.searchsorted(image, np.arange(len(ids) + 1))  # the cells lie in the order of the images
    parts = [(truth[a:b], pred[a:b], pixels[a:b]) for a, b in itertools.pairwise(ends)]
    merged = [Confusion.from_cells(part, known).merged(groups) for part in parts]
    return Scores.of(merged, range(len(groups)), scoring)
