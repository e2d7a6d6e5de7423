"""How fast losses of tensors are, forward and backward, beside the fastest of other libraries.

    python scripts/bench_torch.py [--images 2] [--height 512] [--width 1024] [--rounds 5] [--only NAME]... [--write]

Run it where torch, segmentation_models_pytorch, MONAI and kornia are installed; --write puts the table into
docs/benchmarks.md. Each row is measured in one process, all programs in turn in every round, and the best round of each
counts. Times are of the processor, so that a busy machine can be used; of several --threads they count all of them.
Peaks are of processes of their own: what the largest resident set grows by after the inputs are there.
"""

import argparse
import importlib
import importlib.metadata
import importlib.util
import multiprocessing
import platform
import re
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import benchmarks

CLASSES = 19
Call = Callable[[Any, Any], Any]
Programs = dict[str, Call]


def smp_losses() -> Any:
    """The losses of segmentation_models_pytorch, without its encoders, which want torchvision too."""
    from bench_losses import smp_losses as found

    return found()


def peers() -> dict[str, Programs]:
    """Of each row what else computes it: a function of logits (N, C, H, W) and the truth."""
    from torch.nn import functional

    found: dict[str, Programs] = {
        "cross_entropy": {"torch": functional.cross_entropy},
        "cross_entropy, 10 % ignored": {"torch": lambda x, y: functional.cross_entropy(x, y, ignore_index=255)},
        "cross_entropy, soft truth": {"torch": functional.cross_entropy},
        "cross_entropy, multilabel": {"torch": functional.binary_cross_entropy_with_logits},
        "cross_entropy, binary": {"torch": functional.binary_cross_entropy_with_logits},
    }
    for name in ("dice", "tversky", "focal", "lovasz_softmax"):
        found[name] = {}
    for kind in ("soft truth", "multilabel", "binary"):
        found[f"dice, {kind}"] = {}
    if importlib.util.find_spec("kornia"):
        kornia = importlib.import_module("kornia.losses")
        found["dice"]["kornia"] = lambda x, y: kornia.dice_loss(x, y, average="macro")
        found["tversky"]["kornia"] = lambda x, y: kornia.tversky_loss(x, y, 0.3, 0.7)
        found["focal"]["kornia"] = lambda x, y: kornia.focal_loss(x, y, None, reduction="mean")
        found["lovasz_softmax"]["kornia"] = kornia.lovasz_softmax_loss
    if importlib.util.find_spec("monai"):
        monai = importlib.import_module("monai.losses")
        one_hot: dict[str, Any] = {"to_onehot_y": True, "softmax": True}
        for name, loss in [
            ("dice", monai.DiceLoss(**one_hot)),
            ("tversky", monai.TverskyLoss(**one_hot)),
            ("focal", monai.FocalLoss(to_onehot_y=True, use_softmax=True)),
        ]:
            found[name]["MONAI"] = partial(_with_channel, loss)
        found["dice, soft truth"]["MONAI"] = monai.DiceLoss(softmax=True)
        found["dice, multilabel"]["MONAI"] = found["dice, binary"]["MONAI"] = monai.DiceLoss(sigmoid=True)
    if importlib.util.find_spec("segmentation_models_pytorch"):
        smp = smp_losses()
        found["dice"]["smp"] = smp.DiceLoss("multiclass")
        found["tversky"]["smp"] = smp.TverskyLoss("multiclass")
        found["focal"]["smp"] = smp.FocalLoss("multiclass")
        found["lovasz_softmax"]["smp"] = smp.LovaszLoss("multiclass")
        found["dice, multilabel"]["smp"] = smp.DiceLoss("multilabel")
        found["dice, binary"]["smp"] = smp.DiceLoss("binary")
    return found


def _with_channel(loss: Call, x: Any, y: Any) -> Any:
    return loss(x, y[:, None])


def ours(row: str) -> Call:
    """The same by segeval, as a module."""
    from segeval import losses

    name, _, kind = row.partition(", ")
    options: dict[str, Any] = {"inputs": "logits", "batch": True}
    options |= {"multilabel": True} if kind == "multilabel" else {"channels": True}
    options |= {"ignore": (255,)} if "ignored" in kind else {}
    module: Call = losses.module(name, **options)
    return module


def inputs(row: str, images: int, height: int, width: int) -> tuple[Any, Any]:
    """Logits that are mostly right, and the truth: labels in blocks of 64 pixels, fractions, or zeros and ones."""
    import torch

    torch.manual_seed(0)
    kind = row.partition(", ")[2]
    if kind == "binary":
        x = torch.randn(images, 1, 2 * height, 2 * width)
        return x, (torch.rand(images, 1, 2 * height, 2 * width) < 0.3).float()
    x = torch.randn(images, CLASSES, height, width)
    if kind == "multilabel":
        return x, (torch.rand(images, CLASSES, height, width) < 0.3).float()
    if kind == "soft truth":
        return x, torch.softmax(torch.randn(images, CLASSES, height, width), dim=1)
    coarse = torch.randint(0, CLASSES, (images, -(-height // 64), -(-width // 64)))
    y = coarse.repeat_interleave(64, 1).repeat_interleave(64, 2)[:, :height, :width].contiguous()
    x.scatter_add_(1, y[:, None], torch.full((images, 1, height, width), 3.0))
    if kind:
        y[torch.rand(y.shape) < 0.1] = 255
    return x, y


def step(call: Call, x: Any, y: Any) -> Any:
    """Forward and backward; the value."""
    given = x.detach().requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = call(given, y)
        value.backward()
    return value.detach(), given.grad


def _peak(row: str, program: str, shape: tuple[int, int, int], answer: Any) -> None:
    """MB that one step takes beside the inputs, in a process that has made a small one before."""
    call = ours(row) if program == "segeval" else peers()[row][program]
    step(call, *inputs(row, shape[0], 64, 64))
    x, y = inputs(row, *shape)
    Path("/proc/self/clear_refs").write_text("5")  # the largest so far is that of now
    before = _largest()
    step(call, x, y)
    answer.put((_largest() - before) / 1024)


def _largest() -> int:
    """The largest resident set so far, in kB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def peak(row: str, program: str, shape: tuple[int, int, int]) -> float:
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=_peak, args=(row, program, shape, answer))
    process.start()
    found: float = answer.get(timeout=600)
    process.join()
    return found


def measured(row: str, programs: Programs, shape: tuple[int, int, int], rounds: int) -> list[str]:
    """The cells of a row: milliseconds of ours and of the fastest other, their ratio, and that of the peaks."""
    x, y = inputs(row, *shape)
    every = {"segeval": ours(row), **programs}
    times: dict[str, list[float]] = {program: [] for program in every}
    for n in range(rounds + 1):
        for program, call in every.items():
            start = time.process_time()
            step(call, x, y)
            if n:  # the first round warms up
                times[program].append(time.process_time() - start)
    best = {program: min(found) for program, found in times.items()}
    mine = best.pop("segeval")
    fastest = min(best, key=best.__getitem__)
    cells = [f"{1000 * mine:.0f}", f"{1000 * best[fastest]:.0f} ({fastest})", f"{mine / best[fastest]:.2f}"]
    del x, y
    peaks = [peak(row, program, shape) for program in ("segeval", fastest)]
    return [*cells, *(f"{each:.0f}" for each in peaks)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--height", type=int, default=512)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="rows whose name starts so")
    parser.add_argument("--write", action="store_true", help="write into docs/benchmarks.md")
    options = parser.parse_args()
    import torch

    threads = options.threads
    torch.set_num_threads(threads)
    names = {"torch": "torch", "segmentation_models_pytorch": "smp", "monai": "MONAI", "kornia": "kornia"}
    found = [
        f"{said} {importlib.metadata.version(name)}" for name, said in names.items() if importlib.util.find_spec(name)
    ]
    shape = (options.images, options.height, options.width)
    binary = f"({shape[0]}, 1, {2 * shape[1]}, {2 * shape[2]})"
    lines = [
        "## Losses of tensors, forward and backward",
        "",
        f"Written by `scripts/bench_torch.py` on {threads} {'thread' if threads == 1 else 'threads'} "
        f"({platform.machine()}), Python {platform.python_version()}, {', '.join(found)}.",
        f"float32 logits ({shape[0]}, {CLASSES}, {shape[1]}, {shape[2]}), of the binary rows {binary}; `losses.module`",
        "with all its checks beside the fastest of the others that compute a loss of this name, in turn in one process",
        f"on a shared machine: time of the processor, the best of {options.rounds} rounds. The peak is what a step",
        "takes beside its inputs.",
        "",
        "| loss | segeval, ms | fastest other, ms | ratio | segeval, peak MB | other, peak MB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    print("\n".join(lines), file=sys.stderr)
    for row, programs in peers().items():
        if programs and (not options.only or any(row.startswith(each) for each in options.only)):
            name, comma, kind = row.partition(", ")
            lines.append(f"| `{name}`{comma}{kind} | {' | '.join(measured(row, programs, shape, options.rounds))} |")
            print(lines[-1], flush=True)
    lines += [
        "",
        "The target is a ratio of at most 1.0 with labels, at most 1.2 for others, and a peak of at most 1.5 times.",
    ]
    if options.write:
        benchmarks.write("bench_torch", lines)


if __name__ == "__main__":
    main()
