"""Scores of objects beside those of StarDist, Cellpose and scikit-image, on the sample cells.

python scripts/check_instances.py            where they are installed: says where a number differs
python scripts/check_instances.py --write    keeps their numbers in tests/files/instances_peers.json
"""

import argparse
import importlib.metadata
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "tests" / "files" / "instances_peers.json"
THRESHOLDS = (0.4, 0.5, 0.6, 0.75, 0.9)  # below one half an object may have several partners
STARDIST = {
    **{name: name for name in ("tp", "fp", "fn", "precision", "recall", "f1")},
    **{"accuracy": "ap", "panoptic_quality": "pq", "mean_matched_score": "mean_matched_iou"},
    **{"mean_true_score": "mean_true_iou"},
}


def masks() -> dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """The sample pairs (pred, truth) by name."""
    cells = ROOT / "sample_data" / "cells"
    names = sorted(path.name for path in (cells / "truth").iterdir())
    return {name: tuple(np.asarray(Image.open(cells / side / name)) for side in ("pred", "truth")) for name in names}  # type: ignore[misc]


def theirs(pred: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> dict[str, dict[str, Any]]:
    """Their numbers of one pair, under our names."""
    from cellpose.metrics import average_precision
    from skimage.metrics import adapted_rand_error, variation_of_information
    from stardist.matching import matching

    pred, truth = pred.astype(np.int32), truth.astype(np.int32)
    stardist = {}
    for threshold in THRESHOLDS:
        found = matching(truth, pred, thresh=threshold)
        stardist[f"{threshold:g}"] = {ours: float(getattr(found, name)) for name, ours in STARDIST.items()}
    ap = average_precision([truth], [pred], threshold=list(THRESHOLDS))[0][0]
    error, recall, precision = adapted_rand_error(truth, pred)  # it says precision, recall, and gives them so
    split, merge = variation_of_information(truth, pred)
    return {
        "stardist": stardist,
        "cellpose": {f"{threshold:g}": float(value) for threshold, value in zip(THRESHOLDS, ap, strict=True)},
        "skimage": {
            "adapted_rand_error": float(error),
            "rand_precision": float(precision),
            "rand_recall": float(recall),
            "vi_split": float(split),
            "vi_merge": float(merge),
        },
    }


def ours(pred: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Our numbers of one pair: the section `instances` of its run."""
    import segeval

    evaluator = segeval.Evaluator(instances="labels", iou_thresholds=THRESHOLDS)
    evaluator.update(pred, truth)
    section: dict[str, Any] = evaluator.compute().document()["instances"]
    return section


def differing(found: dict[str, Any], known: dict[str, Any]) -> list[str]:
    """The numbers that differ, with both values; what others call 0 where nothing is matched is undefined here."""
    pairs = [
        (f"stardist {t} {n}", found["thresholds"][t][n], v)
        for t, of in known["stardist"].items()
        for n, v in of.items()
    ]
    pairs += [(f"cellpose {t} ap", found["thresholds"][t]["ap"], value) for t, value in known["cellpose"].items()]
    pairs += [(f"skimage {name}", found["overall"][name], value) for name, value in known["skimage"].items()]
    return [f"{name}: {mine} here, {value} there" for name, mine, value in pairs if not _alike(mine, value)]


def _alike(mine: float | None, value: float) -> bool:
    return value == 0 if mine is None else math.isclose(mine, value, rel_tol=2e-6, abs_tol=1e-9)


def main() -> None:
    """Compare, or keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        versions = {name: importlib.metadata.version(name) for name in ("stardist", "cellpose", "scikit-image")}
        images = {name: theirs(*pair) for name, pair in masks().items()}
        KEPT.write_text(json.dumps({"versions": versions, "images": images}, indent=1) + "\n")
        return
    for name, pair in masks().items():
        wrong = differing(ours(*pair), theirs(*pair))
        print(name, "equal" if not wrong else "; ".join(wrong))


if __name__ == "__main__":
    main()
