"""Runs the programs that `segeval conventions` speaks of, where they are installed, and compares.

Every call of its table is executed as it stands there, on random label sets with absent classes and empty images; then,
of programs that can leave pixels out, on the same sets with void.

    python scripts/check_peers.py [--sets 1000] [--write] [--record FILE]

`--write` puts the result, with versions and date, into docs/conventions.md. Formulas of programs that are no packages
are written down here, from their sources, loop by loop. The tests hold numbers that `--record` took from these programs
on the first sets, and need none of them.
"""

import argparse
import datetime
import importlib
import importlib.metadata
import importlib.util
import json
import math
import os
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.evidence import Confusion
from segeval.run.conventions import CONVENTIONS, rows
from segeval.run.tables import Tables

Array = npt.NDArray[Any]
Values = Callable[[Array, Array], Any]
C = 5
VOID = 255
TOLERANCE = 2e-6  # most programs sum in float32
PAGE = Path(__file__).parent.parent / "docs" / "conventions.md"
MARKS = ("<!-- checked -->", "<!-- /checked -->")
HEAD = ["program", "number there", "number here", "options", "how", "the same on", "void", "with void"]


def label_set(seed: int) -> tuple[Array, Array]:
    """Predictions and truths (N, H, W): some classes in neither, some in one of them, some images all background."""
    random = np.random.RandomState(seed)
    present = random.choice(C, random.randint(2, C + 1), replace=False)
    pred, truth = [], []
    for _ in range(random.randint(1, 5)):
        ids = random.choice(present, random.randint(1, len(present) + 1), replace=False)
        true = random.choice(ids, (7, 9))
        other = random.choice(random.choice(C, random.randint(1, C)), (7, 9))
        given = np.where(random.rand(7, 9) < 0.6, true, other)
        true[:] = 0 if random.rand() < 0.15 else true
        given[:] = 0 if random.rand() < 0.15 else given
        truth.append(true)
        pred.append(given)
    return np.array(pred), np.array(truth)


def with_void(seed: int) -> tuple[Array, Array]:
    """The same, with void in some images of the truth: scattered, in place of a whole class, or everywhere."""
    pred, truth = label_set(seed)
    random = np.random.RandomState(10_000 + seed)
    for true in truth:
        kind = random.randint(4)
        if kind == 1:
            true[random.rand(*true.shape) < 0.3] = VOID
        elif kind == 2:
            true[true == random.choice(true.ravel())] = VOID
        elif kind == 3 and random.rand() < 0.2:
            true[:] = VOID
    return pred, truth


def ours(pred: Array, truth: Array) -> dict[tuple[str, str], float]:
    """What the table says, by program and call."""
    every = [Confusion.of(p, t, num_classes=C, ignore=(VOID,)) for p, t in zip(pred, truth, strict=True)]
    found = rows(Tables.of(every, range(C)), ["iou", "dice", "precision", "recall"])
    by_way = {(row["metric"], row["number"], row["flags"]): row["value"] for row in found}
    return {
        (each.program, each.call): by_way[each.way.metric, each.way.number, each.way.flags()] for each in CONVENTIONS
    }


def leaves_out(program: str, call: str) -> str:
    """How a call leaves void out; empty where it cannot."""
    return "" if call.startswith("segmentation.") else LEFT_OUT.get(program.rsplit(" ", 1)[0], "")


def runner(program: str, call: str, void: bool = False) -> Callable[[Array, Array], float] | None:
    """How a call is run; None where its program is not installed. void: the truth may hold it."""
    name, version = program.rsplit(" ", 1)
    if (name, call) in FORMULAS:
        formula = FORMULAS[name, call]
        return lambda pred, truth: formula(np.where(truth == VOID, -1, pred), np.where(truth == VOID, -1, truth))
    package = PACKAGES.get(name)
    if package is None or importlib.util.find_spec(package[0]) is None:
        return None
    installed = importlib.metadata.version(package[1])
    if installed != version:
        print(f"{program} is {installed} here")
    run = RUNNERS[name](f"{call[:-1]}, {LEFT_OUT[name]})" if void and name in ARGUMENTS else call)
    return lambda pred, truth: float(run(pred, truth))


PACKAGES = {
    "torchmetrics": ("torchmetrics", "torchmetrics"),
    "scikit-learn": ("sklearn", "scikit-learn"),
    "MONAI": ("monai", "monai"),
    "segmentation-models-pytorch": ("segmentation_models_pytorch", "segmentation-models-pytorch"),
    "Keras": ("keras", "keras"),
    "Ultralytics": ("ultralytics", "ultralytics"),
}
LEFT_OUT = {
    "torchmetrics": "ignore_index=255",
    "Keras": "ignore_class=255",
    "segmentation-models-pytorch": "get_stats(ignore_index=255)",
    "scikit-learn": "taken out before",
    "Ultralytics": "255 always",
    "mmsegmentation": "ignore_index=255",
    "Cityscapes": "void ids",
    "Hugging Face": "ignore_index=255",
    "detectron2": "ignore_label=255",
    "Scalabel": "255 always",
    "ADE20K": "0 always",
    "nnU-Net 2": "ignore label",
}
ARGUMENTS = ("torchmetrics", "Keras")  # whose calls say so themselves


def _torchmetrics(call: str) -> Values:
    torch, classification, segmentation = map(
        importlib.import_module, ("torch", "torchmetrics.classification", "torchmetrics.segmentation")
    )
    text = call.removesuffix(", mean of its values")
    text = text[:-1] + ", input_format='index')" if text.startswith("segmentation.") else text

    def run(pred: Array, truth: Array) -> Any:
        metric = eval(text, {**vars(classification), "segmentation": segmentation, "C": C})
        metric.update(torch.tensor(pred), torch.tensor(truth))
        value = metric.compute()
        return value[value >= 0].mean() if text != call and value.ndim else value  # −1: in no image

    return run


def _sklearn(call: str) -> Values:
    metrics = importlib.import_module("sklearn.metrics")

    def run(pred: Array, truth: Array) -> Any:
        kept = truth != VOID
        if not kept.any():
            return math.nan  # arrays without a pixel are an error there
        return eval(call, {**vars(metrics), "C": C, "pred": pred[kept], "truth": truth[kept]})

    return run


def one_hot(labels: Array) -> Any:
    """A tensor with a channel for each class, as MONAI takes it."""
    torch = importlib.import_module("torch")
    return torch.nn.functional.one_hot(torch.tensor(labels), C).movedim(-1, 1)


def _monai(call: str) -> Values:
    metrics = importlib.import_module("monai.metrics")

    def run(pred: Array, truth: Array) -> Any:
        metric = eval(call, dict(vars(metrics)))
        metric(one_hot(pred), one_hot(truth))
        return metric.aggregate()

    return run


def _smp_functional() -> Any:
    """Its file of metrics alone: the package wants torchvision."""
    found = importlib.util.find_spec("segmentation_models_pytorch")
    assert found
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0]) / "metrics" / "functional.py"
    spec = importlib.util.spec_from_file_location("smp_metrics", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def smp(call: str) -> Values:
    """A function of its counts; `…` stands for them."""
    torch, module = importlib.import_module("torch"), _smp_functional()

    def run(pred: Array, truth: Array) -> Any:
        both = torch.tensor(pred), torch.tensor(truth)
        stats = module.get_stats(*both, mode="multiclass", num_classes=C, ignore_index=VOID)
        return eval(call.replace("…", "*stats"), {**vars(module), "stats": stats})

    return run


def _keras(call: str) -> Values:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    metrics = importlib.import_module("keras").metrics
    text = call.replace("[1, 2, …]", str([*range(1, C)]))

    def run(pred: Array, truth: Array) -> Any:
        metric = eval(text, {**vars(metrics), "C": C})
        metric.update_state(truth, pred)
        return metric.result()

    return run


def _ultralytics(call: str) -> Values:
    torch, metrics = map(importlib.import_module, ("torch", "ultralytics.utils.metrics"))
    kind, number = call.split(" ")

    def run(pred: Array, truth: Array) -> Any:
        metric = getattr(metrics, kind)({c: str(c) for c in range(C)})
        metric.update_stats(torch.tensor(pred), torch.tensor(truth))
        metric.process()
        return getattr(metric, number.lower())

    return run


RUNNERS = {
    "torchmetrics": _torchmetrics,
    "scikit-learn": _sklearn,
    "MONAI": _monai,
    "segmentation-models-pytorch": smp,
    "Keras": _keras,
    "Ultralytics": _ultralytics,
}


def _histograms(pred: Array, truth: Array) -> tuple[list[int], list[int], list[int]]:
    """Of each class the pixels in both, in the prediction and in the truth."""
    both = [int(((pred == c) & (truth == c)).sum()) for c in range(C)]
    return both, [int((pred == c).sum()) for c in range(C)], [int((truth == c).sum()) for c in range(C)]


def _over(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _mean(values: list[float]) -> float:
    kept = [value for value in values if not math.isnan(value)]
    return sum(kept) / len(kept) if kept else math.nan


def _iou(pred: Array, truth: Array) -> list[float]:
    return [_over(b, p + t - b) for b, p, t in zip(*_histograms(pred, truth), strict=True)]


def _dice(pred: Array, truth: Array) -> list[float]:
    return [_over(2 * b, p + t) for b, p, t in zip(*_histograms(pred, truth), strict=True)]


def _recall(pred: Array, truth: Array) -> list[float]:
    return [_over(b, t) for b, _, t in zip(*_histograms(pred, truth), strict=True)]


def _in_truth(values: list[float], truth: Array) -> float:
    return _mean([value for c, value in enumerate(values) if (truth == c).any()])


def _fw_iou(pred: Array, truth: Array) -> float:
    sizes = _histograms(pred, truth)[2]
    return _over(sum(value * n for value, n in zip(_iou(pred, truth), sizes, strict=True) if n), sum(sizes))


def _precision_in_truth(pred: Array, truth: Array) -> float:
    both, given, true = _histograms(pred, truth)
    return _mean([_over(b, p) for b, p, t in zip(both, given, true, strict=True) if t])


def _foreground_mean(of: Callable[[Array, Array], list[float]]) -> Callable[[Array, Array], float]:
    """nnU-Net: for each label but 0 the mean over cases that have one, then over labels; there nan spreads."""

    def run(pred: Array, truth: Array) -> float:
        every = [of(p, t) for p, t in zip(pred, truth, strict=True)]
        return _mean([_mean([values[c] for values in every]) for c in range(1, C)])

    return run


FORMULAS: dict[tuple[str, str], Callable[[Array, Array], float]] = {
    ("mmsegmentation", "IoUMetric mIoU"): lambda p, t: _mean(_iou(p, t)),
    ("mmsegmentation", "IoUMetric(iou_metrics=['mDice']) mDice"): lambda p, t: _mean(_dice(p, t)),
    ("mmsegmentation", "IoUMetric mAcc"): lambda p, t: _mean(_recall(p, t)),
    ("Cityscapes", "IoU class score average"): lambda p, t: _mean(_iou(p, t)),
    ("Hugging Face", "mean_iou"): lambda p, t: _mean(_iou(p, t)),
    ("detectron2", "SemSegEvaluator mIoU"): lambda p, t: _in_truth(_iou(p, t), t),
    ("detectron2", "SemSegEvaluator fwIoU"): _fw_iou,
    ("detectron2", "SemSegEvaluator mACC"): lambda p, t: _in_truth(_recall(p, t), t),
    ("Scalabel", "sem_seg mIoU"): lambda p, t: _in_truth(_iou(p, t), t),
    ("Scalabel", "sem_seg mAcc"): _precision_in_truth,
    ("ADE20K", "scene parsing challenge, mean IoU"): lambda p, t: sum(np.nan_to_num(_iou(p, t))) / C,
    ("nnU-Net 2", "foreground_mean Dice"): _foreground_mean(_dice),
    ("nnU-Net 2", "foreground_mean IoU"): _foreground_mean(_iou),
}


def check(sets: int) -> list[list[str]]:
    """A row for each call: its number, how it was run, on how many sets it is the same, without void and with it."""
    data = [[of(seed) for seed in range(sets)] for of in (label_set, with_void)]
    expected = [[ours(*each) for each in every] for every in data]
    found = []
    for each in CONVENTIONS:
        run = runner(each.program, each.call)
        how = "formula" if (each.program.rsplit(" ", 1)[0], each.call) in FORMULAS else "run"
        if run is None:
            print(f"not installed: {each.program}")
            continue
        key, void = (each.program, each.call), leaves_out(each.program, each.call)
        runs = [run, runner(each.program, each.call, void=True)] if void else [run]
        same = [
            sum(_same(call(*pair), own[key]) for pair, own in zip(pairs, owns, strict=True))
            for call, pairs, owns in zip(runs, data, expected, strict=False)
            if call
        ]
        told = [f"{n:,} of {sets:,}" for n in same]
        print(f"{' and '.join(told)}  {each.program} {each.call}", flush=True)
        found.append([each.program, each.call, each.way.number, each.way.flags(), how, told[0], void, *told[1:]])
    return [[*row, ""][:8] for row in found]


def record(sets: int) -> dict[str, list[list[float | None]]]:
    """What each program gives on the first sets, and on those with void, by program and call; null where undefined."""
    found = {}
    for each in CONVENTIONS:
        runs = {label_set: runner(each.program, each.call)}
        if leaves_out(each.program, each.call):
            runs[with_void] = runner(each.program, each.call, void=True)
        values = [[run(*of(seed)) for seed in range(sets)] for of, run in runs.items() if run]
        assert values, each.program
        found[f"{each.program}: {each.call}"] = [
            [None if math.isnan(value) else value for value in every] for every in values
        ]
    return found


def _same(one: float, other: float) -> bool:
    """Whether two numbers are one; where nothing is defined, some programs say 0."""
    return abs(one - other) <= TOLERANCE or (math.isnan(other) and (math.isnan(one) or one == 0))


def write(marks: tuple[str, str], head: list[str], found: list[list[str]], sets: str) -> None:
    """Put a new table between two marks of the page; sets: what the calls were run on."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in found)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    text = f"{marks[0]}\n\nChecked on {datetime.date.today()} on {sets}.\n\n{table}\n\n{marks[1]}"
    page = PAGE.read_text(encoding="utf-8")
    whole = re.sub(f"{re.escape(marks[0])}.*{re.escape(marks[1])}", lambda _: text, page, flags=re.DOTALL)
    PAGE.write_text(whole, encoding="utf-8")


def keep(file: str, values: Mapping[str, Any]) -> None:
    """Write what calls gave as JSON, a line for each."""
    lines = [f"{json.dumps(call, ensure_ascii=False)}: {json.dumps(value)}" for call, value in values.items()]
    Path(file).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--record", metavar="FILE")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.record:
        keep(asked.record, record(asked.sets))
        raise SystemExit
    result = check(asked.sets)
    if asked.write:
        write(MARKS, HEAD, result, f"{asked.sets:,} label sets")
