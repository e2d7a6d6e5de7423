"""Runs every call that `explain` of an overlap metric, or of a number of all pixels, says to be the same.

    python scripts/check_calls.py [--sets 1000] [--record FILE]

On the label sets of `check_peers.py`, class by class. Programs that are not installed are left out, and named. The
tests hold values that `--record` took from these programs on the first two sets, and need none of them.
"""

import argparse
import math
import re
import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from check_peers import TOLERANCE, Array, C, Values, keep, label_set, one_hot, smp

from segeval.evidence import Confusion
from segeval.evidence.confusion import PixelCounts
from segeval.metrics import METRICS
from segeval.metrics.peers import CALLS, Call
from segeval.run.numbers import every
from segeval.run.tables import Tables


def counts(pred: Array, truth: Array) -> PixelCounts:
    """Of each image and class, counted as plainly as can be: (N, C)."""
    cells = [[(p == c, t == c) for c in range(C)] for p, t in zip(pred, truth, strict=True)]
    found = [[[(p & t).sum(), (p & ~t).sum(), (~p & t).sum(), (~p & ~t).sum()] for p, t in row] for row in cells]
    return PixelCounts(*np.moveaxis(np.array(found, np.int64), -1, 0))


def ours(name: str, pred: Array, truth: Array, by_image: bool) -> Array:
    """A metric of each class, (C,) or (N, C); a number of all pixels, ()."""
    if name not in METRICS:
        tables = Tables.of([Confusion.of(p, t, num_classes=C) for p, t in zip(pred, truth, strict=True)], range(C))
        return np.array(every(tables.outline)[name].of_images(tables))
    found = counts(pred, truth)
    kept = found if by_image else PixelCounts(*(part.sum(axis=0) for part in found))
    metric = METRICS[name]
    return np.asarray(metric.func(kept, **metric.settings))


def same(own: Array, their: Array, call: Call) -> bool:
    """Whether a call gives our values, and where they are undefined what its line says."""
    known = ~np.isnan(own)
    if not np.allclose(their[known], own[known], rtol=0, atol=TOLERANCE):
        return False
    rest = their[~known]
    if re.fullmatch(r"[01]", call.undefined):
        return bool((rest == float(call.undefined)).all())
    return bool(call.undefined) or bool(np.isnan(rest).all())


def _sklearn(call: str) -> Values:
    known = {**vars(import_module("sklearn.metrics")), "C": C}
    if "== c" not in call:
        return lambda pred, truth: eval(call, {**known, "pred": pred.ravel(), "truth": truth.ravel()})
    return lambda pred, truth: [
        eval(call, {**known, "c": c, "pred": pred.ravel(), "truth": truth.ravel()}) for c in range(C)
    ]


def _torchmetrics(call: str) -> Values:
    torch, known = import_module("torch"), {**vars(import_module("torchmetrics.classification")), "C": C}
    text = call.removesuffix(" of pred == c")
    if text == call:
        return lambda pred, truth: eval(text, known)(torch.tensor(pred), torch.tensor(truth))
    return lambda pred, truth: [
        float(eval(text, known)(torch.tensor(pred == c).int(), torch.tensor(truth == c).int())) for c in range(C)
    ]


def _monai(call: str) -> Values:
    known = dict(vars(import_module("monai.metrics")))
    return lambda pred, truth: eval(call, {**known, "pred": one_hot(pred), "truth": one_hot(truth)})


RUNNERS = {
    "torchmetrics": _torchmetrics,
    "scikit-learn": _sklearn,
    "MONAI": _monai,
    "segmentation-models-pytorch": smp,
}


def runners() -> dict[tuple[str, Call], Values]:
    """How each call is run, of the programs that are installed."""
    found = {}
    for name, calls in CALLS.items():
        for call in calls:
            program, said = call.program.rsplit(" ", 1)
            try:
                installed = version(program.lower())
            except PackageNotFoundError:
                print(f"not installed: {call.program}")
                continue
            if installed != said:
                print(f"{call.program} is {installed} here")
            found[name, call] = RUNNERS[program](call.call)
    return found


def check(sets: int) -> int:
    """Says of each call on how many sets it is the same; gives the number of calls that are not always."""
    data, wrong = [label_set(seed) for seed in range(sets)], 0
    for (name, call), run in runners().items():
        good = 0
        for pred, truth in data:
            their = np.asarray(run(pred, truth), np.float64)
            good += same(ours(name, pred, truth, their.ndim == 2), their, call)
        wrong += good < sets
        print(f"{good:>5} of {sets}  {name}: {call.program} {call.call}", flush=True)
    return wrong


def record(sets: int) -> dict[str, list[Any]]:
    """What each call gives on the first sets; null where it is undefined."""

    def plain(value: Any) -> Any:
        return [plain(each) for each in value] if isinstance(value, list) else None if math.isnan(value) else value

    return {
        f"{name}: {call.program}: {call.call}": [
            plain(np.asarray(run(*label_set(seed)), np.float64).round(7).tolist()) for seed in range(sets)
        ]
        for (name, call), run in runners().items()
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--record", metavar="FILE")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.record:
        keep(asked.record, record(2))
        raise SystemExit
    raise SystemExit(1 if check(asked.sets) else 0)
