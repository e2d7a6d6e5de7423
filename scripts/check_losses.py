"""Runs every call that `explain` of a loss names, where its program is installed, and compares.

    python scripts/check_losses.py [--sets 50] [--write]

On random batches of logits with labels, of a foreground, of classes that exclude each other, and of independent
channels; all classes are in every truth. `--write` puts the result, with versions and date, into docs/conventions.md.
Formulas of programs that are no packages are written down here, from their sources. The tests hold numbers that
`--record` took from these programs on the first batch, and need none of them.
"""

import argparse
import functools
import importlib
import importlib.machinery
import math
import os
import sys
import types
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from check_peers import keep, write

from segeval import losses
from segeval.losses.peers import PEERS, Peer

Array = Any
C = 3
W = (0.5, 2.0, 3.25)
COSTS = ((0, 0.5, 1), (0.25, 0, 0.75), (1, 0.4, 0))
TOLERANCE = 2e-5  # relative: most programs sum in float32, and some add an ε
SIDE = 17
MARKS = ("<!-- losses -->", "<!-- /losses -->")
HEAD = ["loss", "program", "call there", "options here", "of", "how", "the same on"]


def batch(seed: int, kind: str) -> dict[str, Array]:
    """Two images: logits, probabilities, labels and truths of each channel."""
    r = np.random.RandomState(seed)
    shape = (2, SIDE, SIDE)
    t = r.randint(0, 2 if kind == "binary" else C, shape)
    for n in range(2):
        t[n, 2:12, 3 : 9 + n] = 1  # an object
    x = r.normal(0, 1.5, (2, C, SIDE, SIDE))
    if kind == "binary":
        x = x[:, :1] + 1.5 * (2 * t[:, None] - 1)
        return {"x": x, "p": 1 / (1 + np.exp(-x)), "t": t[:, None], "g": t[:, None].astype(float)}
    if kind == "independent channels":
        g = (r.rand(2, C, SIDE, SIDE) < 0.4).astype(float)
        return {"x": x, "p": 1 / (1 + np.exp(-x)), "t": t, "g": g}
    x += 1.5 * (t[:, None] == np.arange(C)[:, None, None])
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    v = np.where(r.rand(*shape) < 0.2, 255, t)
    return {"x": x, "p": p, "t": t, "v": v, "g": (t[:, None] == np.arange(C)[:, None, None]).astype(float)}


def ours(name: str, peer: Peer, given: dict[str, Array]) -> float:
    """What the line says."""
    options = eval(f"dict({peer.ours})", {"w": W, "m": COSTS})
    truth = given["v"] if "ignore" in options else given["t"]
    if peer.kind == "independent channels" or options.get("multilabel"):
        options |= {"multilabel": True}
        truth = given["g"]
    value = losses.value(name, given["x"], truth, inputs="logits", batch=True, **options)
    kept = float(np.mean(given["v"] != 255)) if "v" in given else 1.0
    return float(eval(peer.then or "value", {"value": value, "C": C, "w": W, "mean": np.mean, "kept": kept}))


def theirs(peer: Peer, given: dict[str, Array]) -> float:
    """What the call gives."""
    torch = importlib.import_module("torch")
    program = peer.program.rsplit(" ", 1)[0]
    floats = torch.float64 if program in DOUBLE else torch.float32
    known = {
        name: torch.tensor(each, dtype=floats if each.dtype.kind == "f" else torch.int64)
        for name, each in given.items()
    }
    if "t" in known and peer.kind == "binary":
        known |= {"two": torch.cat([1 - known["p"], known["p"]], 1), "pair": torch.cat([1 - known["g"], known["g"]], 1)}
    known |= {"w": torch.tensor(W, dtype=floats), "m": np.array(COSTS, np.float32), "log": torch.log, "C": C}
    if program == "kornia" and peer.kind == "binary" and "lovasz" in peer.call:
        known |= {"t": known["t"][:, 0]}
    found = eval(peer.call, {**names(program), **known, "softmax": torch.softmax})
    return float(found)


def _torch() -> dict[str, Any]:
    return vars(importlib.import_module("torch.nn"))


def _monai() -> dict[str, Any]:
    return vars(importlib.import_module("monai.losses"))


def _kornia() -> dict[str, Any]:
    return vars(importlib.import_module("kornia.losses"))


def _keras() -> dict[str, Any]:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return dict(vars(importlib.import_module("keras").losses))


def _holocron() -> dict[str, Any]:
    return _package("holocron.nn", "holocron_nn", ("functional",))


def _package(folder: str, name: str, files: tuple[str, ...]) -> dict[str, Any]:
    """Files of a package as modules of one of their own: the package itself wants more than they do."""
    found = importlib.machinery.PathFinder.find_spec(folder.split(".")[0])
    assert found
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0]).joinpath(*folder.split(".")[1:])
    package = types.ModuleType(name)
    package.__path__ = [str(path)]
    sys.modules[name] = package
    names: dict[str, Any] = {}
    for each in files:
        names |= vars(importlib.import_module(f"{name}.{each}"))
    return names


def _smp() -> dict[str, Any]:
    files = ("dice", "jaccard", "tversky", "focal", "lovasz", "mcc", "soft_bce", "soft_ce")
    return _package("segmentation_models_pytorch.losses", "smp_losses", files)


def _mmseg() -> dict[str, Any]:
    """What its files import is not looked at by what is run: a registry, and readers of files."""
    registry = types.SimpleNamespace(register_module=lambda **_: lambda each: each)
    needed: dict[str, dict[str, Any]] = {
        "mmseg": {},
        "mmseg.registry": {"MODELS": registry},
        "mmengine": {},
        "mmengine.fileio": {"load": None},
        "mmengine.utils": {"is_list_of": lambda *_: False},
    }
    for name, known in needed.items():
        module = types.ModuleType(name)
        vars(module).update(known)
        sys.modules.setdefault(name, module)
    files = ("dice_loss", "lovasz_loss", "cross_entropy_loss", "boundary_loss")
    return _package("mmseg.models.losses", "mmseg_losses", files)


def _nnunet() -> dict[str, Any]:
    """nnunetv2/training/loss/dice.py: minus the mean over images and classes of (2I + s)/(P + G + s)."""

    def loss(_: Any, do_bg: bool, smooth: float) -> Any:
        def run(x: Any, t: Any) -> float:
            p = np.exp(x.numpy()) / np.exp(x.numpy()).sum(axis=1, keepdims=True)
            found = []
            for n in range(len(p)):
                for c in range(0 if do_bg else 1, p.shape[1]):
                    g = t[n].numpy() == c
                    found.append((2 * p[n, c][g].sum() + smooth) / (p[n, c].sum() + g.sum() + smooth))
            return -math.fsum(found) / len(found)

        return run

    return {"MemoryEfficientSoftDiceLoss": loss}


def _torchvision() -> dict[str, Any]:
    """torchvision/ops/focal_loss.py, whose α is 0.25 and γ 2."""

    def sigmoid_focal_loss(x: Any, g: Any, alpha: float = 0.25, gamma: float = 2, reduction: str = "none") -> float:
        p, g = 1 / (1 + np.exp(-x.numpy())), g.numpy()
        p_true = p * g + (1 - p) * (1 - g)
        weight = alpha * g + (1 - alpha) * (1 - g)
        assert reduction == "mean"
        return float((-weight * (1 - p_true) ** gamma * np.log(p_true)).mean())

    return {"sigmoid_focal_loss": sigmoid_focal_loss}


NAMES: dict[str, Callable[[], dict[str, Any]]] = {
    "torch": _torch,
    "MONAI": _monai,
    "kornia": _kornia,
    "Keras": _keras,
    "pylocron": _holocron,
    "segmentation-models-pytorch": _smp,
    "mmsegmentation": _mmseg,
    "nnU-Net": _nnunet,
    "torchvision": _torchvision,
}


@functools.cache
def names(program: str) -> dict[str, Any]:
    """What a call may refer to."""
    return dict(NAMES[program]())


FORMULAS = {"nnU-Net", "torchvision"}
DOUBLE = {"torch", *FORMULAS}


def check(sets: int) -> list[list[str]]:
    """A row for each call: what gives it here, how it was run, on how many sets it is the same."""
    found = []
    for name, peers in PEERS.items():
        for peer in peers:
            program, said = peer.program.rsplit(" ", 1)
            try:
                installed = said if program in FORMULAS else version(program.lower())
            except PackageNotFoundError:
                print(f"not installed: {peer.program}")
                continue
            if installed.partition("+")[0] != said:
                print(f"{peer.program} is {installed} here")
            same, far = 0, ""
            for seed in range(sets):
                given = batch(seed, peer.kind)
                one, other = theirs(peer, given), ours(name, peer, given)
                if math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-7):
                    same += 1
                else:
                    far = far or f"  there {one:.7g}, here {other:.7g}"
            print(f"{same:>4} of {sets}  {name}: {peer.program} {peer.call}{far}", flush=True)
            how = "formula" if program in FORMULAS else "run"
            here = "; ".join(each for each in (peer.ours, peer.then and f"then {peer.then}") if each)
            found.append([name, peer.program, peer.call, here, peer.kind, how, f"{same:,} of {sets:,}"])
    return found


def record(seed: int) -> dict[str, float]:
    """What each call gives on one batch."""
    return {
        f"{name}: {peer.program} {peer.call}": theirs(peer, batch(seed, peer.kind))
        for name, peers in PEERS.items()
        for peer in peers
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=50)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--record", metavar="FILE")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.record:
        keep(asked.record, {call: float(f"{value:.7g}") for call, value in record(0).items()})
        raise SystemExit
    result = check(asked.sets)
    if asked.write:
        write(MARKS, HEAD, result, f"{asked.sets:,} batches")
    raise SystemExit(any(row[-1].split(" of ")[0] != row[-1].split(" of ")[1] for row in result))
