"""Numbers that other people published, or other programs gave, for data that they made: what comes out here.

    python scripts/check_anchors.py DATA

DATA holds a folder for each set. Prints each number, by how much it is off, and the sets that are not run, with the
reason; ends with 1 where one is off by more than 1e-9 (or by more than its source has digits).
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import segeval

SURFACES = {  # names of the computed references, of surface-distance 0.1 (gdm) and MedPy 0.5.2
    "dice": "dice",
    "iou": "iou",
    "gdm_hd100": "hd_area",
    "gdm_hd95": "hd95_area",
    "gdm_nsd_2mm": "nsd_area@2",
    "gdm_asd_gt2pred": "asd_truth_to_pred_area",
    "gdm_asd_pred2gt": "asd_pred_to_truth_area",
    "medpy_hd": "hd",
    "medpy_hd95": "hd95_pooled",
    "medpy_assd": "assd",
    "medpy_asd_mean_of_two": "masd",
}
# Where no distance is above 2 mm, the references say less; surface-distance 0.1, run again, says 1.
MISTAKEN = {("t2s_seg-deepseg.nii.gz", "gdm_nsd_2mm"): 1.0, ("mt0_seg.nii.gz", "gdm_nsd_2mm"): 1.0}


class Found(NamedTuple):
    """A number of a set: what comes out here, and what was published."""

    name: str
    here: float
    there: float
    within: float = 1e-9


def of_scalabel(data: Path) -> Iterator[Found]:
    folder = data / "semantic_bdd100k"
    run = segeval.score(folder / "pred", folder / "gt", profile="scalabel", classes="bdd100k")
    for name, value in {
        "miou_dataset": 0.7769367702513847,
        "pixel_accuracy": 0.9759265266143856,
        "fw_iou": 0.9596580841723501,
        "mprecision_dataset": 0.8508073850792114,
        "mrecall_dataset": 0.8945425563646414,
    }.items():
        yield Found(name, run.summary[name], value)


def of_ade20k(data: Path) -> Iterator[Found]:
    folder = data / "semantic_ade20k_sample"
    summary = segeval.score(folder / "predictions", folder / "annotations", profile="ade20k").summary
    yield Found("miou_dataset", summary["miou_dataset"], 0.1)
    yield Found("pixel_accuracy", summary["pixel_accuracy"], 1.0)
    yield Found("mean of both", (summary["miou_dataset"] + summary["pixel_accuracy"]) / 2, 0.55)


def of_bdd_tiny(data: Path) -> Iterator[Found]:
    folder = data / "semantic_bdd_tiny"
    run = segeval.score(folder / "pred", folder / "gt", profile="scalabel", num_classes=2)
    for name, value in {
        "miou_dataset": 0.6173469387755102,
        "fw_iou": 0.9091836734693878,
        "pixel_accuracy": 0.95,
        "mprecision_dataset": 0.8127147766323024,
    }.items():
        yield Found(name, run.summary[name], value)
    counts = np.array(run.matrix()["counts"])[:, :2].ravel().tolist()
    yield from (Found("confusion", *pair) for pair in zip(counts, [93, 1, 4, 2], strict=True))


def of_panoptic(data: Path) -> Iterator[Found]:
    folder = data / "panoptic_bdd100k" / "coco_format"
    published = {
        "bdd100k-panoptic": {
            "pq": 0.6646278879162743,
            "sq": 0.6835183709387516,
            "rq": 0.8529411764705883,
            "pq_stuff": 0.6438602380902118,
            "sq_stuff": 0.6652694521823528,
            "rq_stuff": 0.8333333333333333,
            "pq_things": 0.8203852616117423,
            "sq_things": 0.8203852616117423,
            "rq_things": 1.0,
        },
        "coco-panoptic": {
            "pq": 0.6646301051201716,
            "sq": 0.6835205881426489,
            "rq": 0.8529411764705882,
            "pq_things": 0.8203852616117429,
            "sq_things": 0.8203852616117429,
            "rq_things": 1.0,
            "pq_stuff": 0.6438627509212954,
            "sq_stuff": 0.6652719650134364,
            "rq_stuff": 0.8333333333333334,
        },
    }
    for profile, numbers in published.items():
        mean = segeval.score(folder / "pred", folder / "gt", profile=profile).document()["instances"]["mean"]
        for name, value in numbers.items():
            yield Found(f"{profile} mean_{name}", mean[name], value)


def of_panoptic_truth(data: Path) -> Iterator[Found]:
    """The true masks against themselves."""
    folder = data / "panoptic_coco_sample"
    table = folder / "panoptic_examples.json"
    options: dict[str, Any] = {"profile": "coco-panoptic", "pred_json": table, "gt_json": table}
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder / "panoptic_examples", copy, dirs_exist_ok=True)
        run = segeval.score(copy, folder / "panoptic_examples", **options)
    yield from (Found(f"mean_{name}", run.document()["instances"]["mean"][name], 1.0) for name in ("pq", "sq", "rq"))


def of_nuclei(data: Path) -> Iterator[Found]:
    """StarDist's matching of each image."""
    folder = data / "instance_dsb2018"
    known = json.loads((folder / "stardist_matching_reference.json").read_text(encoding="utf-8"))
    asked: dict[str, Any] = {"profile": "stardist", "iou_thresholds": [0.5, 0.6, 0.7, 0.75, 0.8, 0.9], "losses": "none"}
    names = {
        "tp": "tp",
        "fp": "fp",
        "fn": "fn",
        "precision": "precision",
        "recall": "recall",
        "accuracy": "ap",
        "f1": "f1",
        "mean_true_score": "mean_true_iou",
        "mean_matched_score": "mean_matched_iou",
        "panoptic_quality": "pq",
    }
    for id_, by_threshold in known.items():
        pair = [folder / side / f"{id_}.png" for side in ("pred_classical", "labels16")]
        found = segeval.score(*pair, **asked).document()["instances"]["thresholds"]
        for threshold, numbers in by_threshold.items():
            for theirs, ours in names.items():
                if threshold in found:
                    here = found[threshold][ours]
                    yield Found(f"{id_} {theirs} {threshold}", here or 0.0, numbers[theirs], 2e-7)  # float32 there


def of_volumes(folder: str, place: Callable[[str, str], tuple[str, str]]) -> Callable[[Path], Iterator[Found]]:
    """Distances and overlap of every class, as computed by two programs; `place`: where prediction and truth lie."""

    def found(data: Path) -> Iterator[Found]:
        (path,) = (data / folder).rglob("computed_reference*.json")
        metrics = sorted({name.partition("@")[0] for name in SURFACES.values()})
        for row in json.loads(path.read_text(encoding="utf-8")):
            pred, truth = (path.parent / side for side in place(row["pred"], row["gt"]))
            run = segeval.score(pred, truth, metrics=metrics, losses="none")
            by_id = {str(each["id"]): each for each in run.classes}
            for id_, numbers in row["classes"].items():
                for theirs, ours in SURFACES.items():
                    if theirs in numbers:
                        there = MISTAKEN.get((row["pred"], theirs), numbers[theirs])
                        yield Found(f"{row['pred']} {id_} {ours}", by_id[id_][ours], float(there))

    return found


def of_spine(data: Path) -> Iterator[Found]:
    """The tutorial of panoptica: parts of all labels together."""
    folder = data / "volume_spine_panoptica" / "semantic"
    run = segeval.score(folder / "pred.nii.gz", folder / "ref.nii.gz", profile="panoptica", losses="none")
    found = run.document()["instances"]["thresholds"]["0.5"]
    for ours, there in {
        "tp": 73,
        "fp": 16,
        "fn": 14,
        "precision": 0.8202247191011236,
        "recall": 0.8390804597701149,
        "f1": 0.8295454545454546,
        "mean_matched_iou": 0.7940127477906024,
        "pq": 0.6586696657808406,
    }.items():
        yield Found(ours, found[ours], there)
    binary = segeval.score(folder / "pred.nii.gz", folder / "ref.nii.gz", binary=True, losses="none")
    yield Found("global_binary_dice", binary.classes[1]["dice"], 0.9731641527805414)


def of_spine_instances(data: Path) -> Iterator[Found]:
    """Each vertebra, disc, sacrum and endplate, matched by IoU from 0.5 on among its kind."""
    folder = data / "volume_spine_panoptica" / "unmatched_instance"
    kinds = {"vertebra": (1, 10), "ivd": (101, 110), "sacrum": (26, 27), "endplate": (201, 210)}
    published = {
        "vertebra": {"tp": 7, "fp": 0, "fn": 0, "pq": 0.9259373047661901},
        "ivd": {"tp": 7, "fp": 0, "fn": 0, "pq": 0.8897861147389462},
        "sacrum": {"tp": 1, "fp": 0, "fn": 0, "pq": 0.941415733208399},
        "endplate": {"tp": 4, "fp": 3, "fn": 3, "f1": 0.5714285714285714, "mean_matched_iou": 0.54301762284604}
        | {"pq": 0.31029578448345146},
    }
    pred, truth = (volume(folder / f"{side}.nii.gz") for side in ("pred", "ref"))
    for kind, (low, high) in kinds.items():
        own = [np.where((side >= low) & (side <= high), side, 0).astype(np.int32) for side in (pred, truth)]
        run = segeval.score(*([each] for each in own), instances="labels", losses="none")
        found = run.document()["instances"]["thresholds"]["0.5"]
        yield from (Found(f"{kind} {name}", found[name], there) for name, there in published[kind].items())


def volume(path: Path) -> Any:
    """The ids of a volume."""
    import nibabel

    return np.asarray(nibabel.load(path).dataobj)


def of_cord(data: Path) -> Iterator[Found]:
    """Two pairs that are the same mask; one is a map that goes beyond 1, which files may not."""
    folder = data / "volume_sct"
    soft, gold = (volume(folder / "mt" / f"mt1_gmseg{name}.nii.gz") for name in ("", "_goldstandard"))
    grey = segeval.score([np.minimum(soft, 1)], [gold.astype(np.uint8)], losses="none", binary=True)
    yield Found("mt dice", grey.classes[1]["dice"], 1.0)
    yield Found("mt voxels", grey.classes[1]["tp"], 99)
    pair = (folder / "t2" / f"t2_seg-{name}.nii.gz" for name in ("deepseg_sc-2d", "manual"))
    whole = segeval.score(*pair, losses="none", num_classes=2)
    yield Found("t2 dice", whole.classes[1]["dice"], 1.0)
    yield Found("t2 voxels", whole.classes[1]["tp"], 4275)


def _cord(name: str) -> str:
    """Where a file of the spinal cord lies."""
    folder = name.partition("_")[0]
    return f"{'mt' if folder.startswith('mt') else folder}/{name}"


def of_saliency(data: Path) -> Iterator[Found]:
    """PySODMetrics 1.4.3; a true mask without foreground counts 0 in its means of images."""
    folder = data / "saliency_pysodmetrics"
    options: dict[str, Any] = {"binary": True, "probability": True, "truth_threshold": 0.503, "losses": "none"}
    run = segeval.score(folder / "preds", folder / "masks", metrics="overlap,saliency", **options)
    found = run.document()["saliency"]
    yield Found("MAE", found["mae"], 0.03705558476661653, 1e-12)
    yield Found("maxdice", found["max_dice"], 0.5830613926289557, 1e-12)
    yield Found("meandice", found["mean_dice"], 0.5689913551800527, 1e-12)


def of_soft_map(data: Path) -> Iterator[Found]:
    """A map of 8 bits above 50 of 255, and its threshold at 20 %, which its authors wrote."""
    folder = data / "softmap_evaluatesegmentation"
    run = segeval.score(
        folder / "prob_map.nii.gz",
        folder / "20_perc.nii.gz",
        probability=True,
        binary=True,
        threshold=0.199,
        losses="none",
    )
    yield Found("voxels that differ", 8000 * (1 - run.summary["pixel_accuracy"]), 0)


SETS: dict[str, Callable[[Path], Iterator[Found]]] = {
    "scalabel-semseg": of_scalabel,
    "ade20k-absent-classes": of_ade20k,
    "bdd-seg-tiny": of_bdd_tiny,
    "bdd-panseg": of_panoptic,
    "panopticapi-sample-gt": of_panoptic_truth,
    "dsb2018": of_nuclei,
    "panoptica-spine": of_spine,
    "panoptica-spine, instances": of_spine_instances,
    "panoptica-spine, distances": of_volumes("volume_spine_panoptica", lambda p, t: (f"semantic/{p}", f"semantic/{t}")),
    "sct": of_cord,
    "sct, distances": of_volumes("volume_sct", lambda p, t: (_cord(p), _cord(t))),
    "totalsegmentator": of_volumes("volume_totalsegmentator", lambda p, t: (p, t)),
    "brats-toolkit": of_volumes("volume_brats_toolkit", lambda p, t: (f"segmentation/{p}", f"fusion/{t}")),
    "tcia-oar": of_volumes("volume_tcia_oar", lambda p, t: (f"radiographer/{p}", f"oncologist/{t}")),
    "pysodmetrics": of_saliency,
    "evaluatesegmentation-prob": of_soft_map,
}
NOT_RUN = {
    "scalabel-insseg-ap": "predictions with scores: its AP is no number of masks",
    "stardist": "masks alone: there are no predictions and no numbers",
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="", help="sets whose name holds this")
    asked = parser.parse_args()
    known = {each["id"] for each in json.loads((asked.data / "ANCHORS.json").read_text(encoding="utf-8"))}
    off = 0
    for name, numbers in SETS.items():
        if asked.only not in name:
            continue
        found = list(numbers(asked.data))
        wrong = [each for each in found if each.here != each.there and not abs(each.here - each.there) <= each.within]
        most = max((abs(each.here - each.there) for each in found if each.here != each.there), default=0.0)
        print(f"{name:28} {len(found):5} numbers, off by {most:.1e} at most, {len(wrong)} wrong", flush=True)
        for each in wrong:
            print(f"    {each.name}: {each.here!r} for {each.there!r}")
        off += len(wrong)
    for name, why in NOT_RUN.items():
        print(f"{name:28} not run: {why}")
    if strange := known - {name.partition(",")[0] for name in (*SETS, *NOT_RUN)}:
        print(f"unknown here: {', '.join(sorted(strange))}")
    raise SystemExit(bool(off or strange))
