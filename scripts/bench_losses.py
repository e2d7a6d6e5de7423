"""How fast the losses are, beside passes over the array and other libraries; writes its part of docs/benchmarks.md.

    python scripts/bench_losses.py [--classes 19] [--height 1024] [--width 2048] [--rounds 5] [--write]

Run it where torch, segmentation_models_pytorch and MONAI are installed to see their rows. All in one process, measured
in turn; the best of the rounds counts.
"""

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import sys
import types
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one thread means one thread

import benchmarks
import numpy as np

from segeval import losses
from segeval.evidence.pixels import Distributions, Outcomes, Values
from segeval.evidence.soft import ClassSums, SoftConfusion, SoftCounts, SurprisalTable
from segeval.losses import LOSSES
from segeval.losses import functional as one
from segeval.losses.engine import inputs as door
from segeval.losses.engine.evidence import Asked, Caller, Plan, values

Array = np.ndarray[Any, Any]
Timed = dict[str, Callable[[], object]]
FIFTEEN = [
    "cross_entropy",
    "weighted_cross_entropy",
    "balanced_cross_entropy",
    "focal",
    "poly1_cross_entropy",
    "dice",
    "squared_dice",
    "log_dice",
    "log_cosh_dice",
    "generalized_dice",
    "jaccard",
    "tversky",
    "focal_tversky",
    "mcc",
    "dice_cross_entropy",
]
ADDITIVE = {Outcomes, Values, Distributions, ClassSums, SurprisalTable, SoftConfusion, SoftCounts}
PASSES = 8


def scene(classes: int, height: int, width: int) -> tuple[Array, Array, Array]:
    """Logits and softmax (classes, height, width) in float32, and uint8 labels: blocks of 64 pixels, mostly right."""
    random = np.random.RandomState(0)
    coarse = random.randint(0, classes, (-(-height // 64), -(-width // 64)))
    truth = np.kron(coarse, np.ones((64, 64), int))[:height, :width].astype(np.uint8)
    logits = random.standard_normal((classes, height, width)).astype(np.float32)
    logits += 3 * (truth == np.arange(classes)[:, None, None])
    softmax = np.exp(logits - logits.max(axis=0))
    softmax /= softmax.sum(axis=0)
    return logits, softmax, truth


def asked(name: str, classes: int) -> Asked:
    """The loss with the parameters it cannot do without."""
    price = {"pos_weight": 3.0} if classes == 1 else {"class_weights": "balanced"}
    return one.ask(name, price if name == "weighted_cross_entropy" else {})


def additive(classes: int) -> list[Asked]:
    """All losses that add up, but for the one that needs a map."""
    names = [name for name in LOSSES.asked_by_name() if not LOSSES[name].weight_map]
    found = [asked(name, classes) for name in names]
    return [each for each in found if all(leaf.needs in ADDITIVE for leaf in Plan([each]).leaves.values())]


def time_losses_together(what: str, pred: Array, truth: Array, chosen: list[Asked], inputs: str, rounds: int) -> str:
    """A row: the sweep alone, and with the checks of the door and the formulas, beside passes over the array."""
    plan, image, caller = Plan(chosen), door.sample(pred, truth, inputs=inputs), Caller()

    def whole() -> None:
        found = plan.measure(door.sample(pred, truth, inputs=inputs))
        for each in chosen:
            values(each, found, caller)

    def passes() -> None:
        for _ in range(PASSES):
            pred.sum()

    times = benchmarks.best({"passes": passes, "sweep": lambda: plan.measure(image), "whole": whole}, rounds)
    cells = [f"{1000 * times[each]:.0f}" for each in times]
    ratios = [f"{times[each] / times['passes']:.2f}" for each in ("sweep", "whole")]
    return f"| {' | '.join([what, *cells, *ratios, f'{pred.nbytes / 1e6:.0f}', f'{benchmarks.peak(whole):.1f}'])} |"


def time_losses_additive(classes: int, height: int, width: int, rounds: int) -> list[str]:
    """The table of additive losses."""
    logits, softmax, truth = scene(classes, height, width)
    chosen, binary = [asked(name, classes) for name in FIFTEEN], [asked(name, 1) for name in FIFTEEN]
    everything = additive(classes)
    shape, flat = f"({classes}, {height}, {width})", f"({height}, {width})"
    of_one, probabilities = (truth == 1).astype(np.uint8), "probabilities"
    return [
        "| losses and input | 8 passes, ms | sweep, ms | with checks, ms | sweep/passes | with checks/passes "
        "| array, MB | peak, MB |",
        "|---|---|---|---|---|---|---|---|",
        *(
            time_losses_together(f"{len(which)}, {what}", pred, true, which, inputs, rounds)
            for which, what, pred, true, inputs in [
                (chosen, f"float32 {shape}", softmax, truth, probabilities),
                (chosen, f"float64 {shape}", softmax.astype(np.float64), truth, probabilities),
                (chosen, f"float32 logits {shape}", logits, truth, "logits"),
                (binary, f"float32 binary {flat}", np.ascontiguousarray(softmax[1]), of_one, probabilities),
                (everything, f"float32 {shape}", softmax, truth, probabilities),
            ]
        ),
    ]


def berman(pred: Any, truth: Any) -> Any:
    """Lovász-Softmax in torch, class by class, as in the authors' algorithm 1: sort, gather, sum up."""
    import torch

    terms = []
    for channel in range(pred.shape[0]):
        foreground = (truth == channel).to(pred.dtype)
        if not foreground.any():
            continue
        errors, order = torch.sort((foreground - pred[channel]).abs(), descending=True)
        hit = foreground[order]
        union = hit.sum() + (1 - hit).cumsum(0)
        jaccard = 1 - (hit.sum() - hit.cumsum(0)) / union
        steps = torch.diff(jaccard, prepend=jaccard.new_zeros(1))
        terms.append(torch.dot(errors, steps))
    return torch.stack(terms).mean()


def smp_losses() -> Any:
    """The losses of segmentation_models_pytorch, without its encoders, which want torchvision too."""
    name = "segmentation_models_pytorch"
    found = importlib.util.find_spec(name)
    assert found is not None
    package = types.ModuleType(name)
    package.__path__ = list(found.submodule_search_locations or ())
    sys.modules[name] = package
    return importlib.import_module(f"{name}.losses")


def peers(softmax: Array, truth: Array) -> dict[str, Timed]:
    """What else computes a loss of this name, where installed."""
    import torch

    pred, labels = torch.from_numpy(softmax)[None], torch.from_numpy(truth.astype(np.int64))[None]
    flat, flat_labels = pred[0].reshape(len(softmax), -1), labels.reshape(-1)
    found: dict[str, Timed] = {"lovasz_softmax": {"torch, plain": partial(berman, flat, flat_labels)}}
    if importlib.util.find_spec("segmentation_models_pytorch"):
        smp = smp_losses()
        given: dict[str, Any] = {"mode": "multiclass", "from_logits": False}
        kinds = {
            "dice": smp.DiceLoss(**given),
            "focal": smp.FocalLoss(mode="multiclass"),
            "tversky": smp.TverskyLoss(**given),
            "lovasz_softmax": smp.LovaszLoss(**given),
        }
        for name, loss in kinds.items():
            found.setdefault(name, {})["segmentation_models_pytorch"] = partial(loss, pred, labels)
    if importlib.util.find_spec("monai"):
        monai = importlib.import_module("monai.losses")
        for name, kind in {"dice": monai.DiceLoss, "focal": monai.FocalLoss, "tversky": monai.TverskyLoss}.items():
            found.setdefault(name, {})["MONAI"] = partial(kind(to_onehot_y=True), pred, labels[None])
    return found


def time_losses_peers(classes: int, height: int, width: int, rounds: int) -> list[str]:
    """The table of single losses: ours, checks included, on one thread always."""
    import torch

    _, softmax, truth = scene(classes, height, width)
    lines = ["| loss | program | threads | ms | times segeval |", "|---|---|---|---|---|"]
    for name, others in sorted(peers(softmax, truth).items()):
        ours: Timed = {"segeval": partial(losses.value, name, softmax, truth)}
        for threads in dict.fromkeys((1, len(os.sched_getaffinity(0)))):
            torch.set_num_threads(threads)
            with torch.no_grad():
                times = benchmarks.best(ours | others, rounds)
            for program, found in times.items():
                used = 1 if program == "segeval" else threads
                ratio = found / times["segeval"]
                lines.append(f"| `{name}` | {program} | {used} | {1000 * found:.0f} | {ratio:.2f} |")
    return lines


def versions() -> str:
    """What was measured with."""
    wanted = {"torch": "torch", "segmentation_models_pytorch": "segmentation_models_pytorch", "monai": "MONAI"}
    found = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    for module, name in wanted.items():
        if importlib.util.find_spec(module):
            found.append(f"{name} {importlib.metadata.version(module)}")
    return ", ".join(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=19)
    parser.add_argument("--height", type=int, default=1024)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write into docs/benchmarks.md")
    options = parser.parse_args()
    size = (options.classes, options.height, options.width)
    page = [
        "## Losses that add up, all in one sweep",
        "",
        f"Written by `scripts/bench_losses.py` on {os.cpu_count()} cores ({platform.machine()}), {versions()}.",
        "One process, one thread, measured in turn; the best of the rounds counts. A pass is `array.sum()` of NumPy",
        "over the array in its own type. The sweep is the evidence alone; with checks, the array is checked first and",
        "the formulas are evaluated after. Peak is what all of that allocates beside the array, by `tracemalloc`.",
        "",
        *time_losses_additive(*size, options.rounds),
        "",
        "The target is at most 3 times 8 passes for the 15 pixel-wise and region losses of a float32 softmax, and no",
        "temporary of the array's size.",
    ]
    if importlib.util.find_spec("torch"):
        page += [
            "",
            "## Single losses beside other libraries",
            "",
            f"The same float32 array {size}, as a torch tensor for them; value only, no gradient. Ours includes all",
            "checks and the whole evidence, and uses one thread always. The focal losses of the others take logits:",
            "there their time counts, not their value.",
            "",
            *time_losses_peers(*size, options.rounds),
            "",
            "The target for `lovasz_softmax` is 3 times the speed of plain torch on as many threads.",
        ]
    print("\n".join(page))
    if options.write:
        benchmarks.write("bench_losses", page)


if __name__ == "__main__":
    main()
