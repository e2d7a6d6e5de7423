"""`summary.json` as nnU-Net 2 writes it, for programs that read it; its keys and means are those of nnU-Net."""

import math
from collections.abc import Iterator
from typing import Any

from segeval.evidence.run_length import Array
from segeval.metrics.overlap import dice, iou
from segeval.run.statistics import mean
from segeval.run.tables import Tables

BACKGROUND = 0


def summary(tables: Tables, regions: dict[str, list[int]]) -> dict[str, Any]:
    """Of each case, of each label or region over cases, and over these: nan where undefined.

    Labels are those of the classes but 0, or the regions of a class file, by their ids. `mean` leaves out the cases
    where a number is nan; `foreground_mean` does not leave out labels: one that no case has makes it nan.

    Source: nnU-Net 0e49508, nnunetv2/evaluation/evaluate_predictions.py.
    """
    keys, kept, counted = _labels(tables, regions)
    counts = counted.counts
    values: dict[str, Array] = {
        "Dice": dice(counts),
        "IoU": iou(counts),
        "FP": counts.fp,
        "TP": counts.tp,
        "FN": counts.fn,
        "TN": counts.tn,
        "n_pred": counts.fp + counts.tp,
        "n_ref": counts.fn + counts.tp,
    }
    values = {name: each[:, kept] for name, each in values.items()}
    means = {name: _mean(each) for name, each in values.items()}
    foreground = {name: math.nan if any(map(math.isnan, each)) else mean(each).value for name, each in means.items()}
    return {
        "foreground_mean": foreground,
        "mean": {key: {name: each[k] for name, each in means.items()} for k, key in enumerate(keys)},
        "metric_per_case": list(_cases(tables.ids, keys, values)),
    }


def _labels(tables: Tables, regions: dict[str, list[int]]) -> tuple[list[str], list[int], Tables]:
    """What is told of: keys, columns, and the tables that have them."""
    if regions and tables.merged:
        names = [name for _, name in tables.merged.outline.classes]
        keys = [str(ids[0]) if len(ids) == 1 else str(tuple(ids)) for ids in regions.values()]
        return keys, [names.index(name) for name in regions], tables.merged
    ids = [id_ for id_, _ in tables.outline.classes]
    kept = [k for k, id_ in enumerate(ids) if id_ != BACKGROUND]
    return [str(ids[k]) for k in kept], kept, tables


def _mean(values: Array) -> list[float]:
    """Of each column, without the rows that are nan."""
    return [mean(column).value for column in values.T.tolist()]


def _cases(ids: tuple[str, ...], keys: list[str], values: dict[str, Array]) -> Iterator[dict[str, Any]]:
    plain = {name: each.tolist() for name, each in values.items()}
    for n, id_ in enumerate(ids):
        metrics = {key: {name: each[n][k] for name, each in plain.items()} for k, key in enumerate(keys)}
        yield {"reference_file": id_, "prediction_file": id_, "metrics": metrics}
