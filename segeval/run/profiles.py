"""Profiles: the options under which a program or a benchmark reports its numbers, by one name.

Each is a line of `run.conventions`, checked there against the program, or has official numbers in the tests.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from segeval.catalog import did_you_mean
from segeval.errors import BadOption
from segeval.run.nnunet import summary
from segeval.run.tables import Tables

Made = TypeVar("Made")
File = Callable[[Tables, dict[str, list[int]]], dict[str, Any]]  # of the tables of a run and the regions of its classes


@dataclass(frozen=True)
class Profile:
    """Options by their names in Python, and the numbers that are reported."""

    says: str
    options: Mapping[str, Any]
    reports: tuple[str, ...]
    files: Mapping[str, File] = field(default_factory=dict)  # that the program writes too, beside `run.json`
    wants: Mapping[str, str] = field(default_factory=dict)  # what numbers want that these options do not give


_FOREGROUND = {"mean_without": [0]}
_OBJECTS = {"instances": "labels"}
PROFILES = {
    "cityscapes": Profile(
        "Cityscapes 2.3.0: label ids, IoU of classes and of categories",
        {"classes": "cityscapes-ids"},
        ("miou_dataset", "group_miou_dataset", "miiou_dataset"),
        wants={"miiou_dataset": "--profile cityscapes-instances and *_instanceIds.png as the truth"},
    ),
    "cityscapes-instances": Profile(
        "the same and iIoU of classes and of categories; the truth is *_instanceIds.png "
        "(--gt-pattern '**/{id}_gtFine_instanceIds.png'), "
        "the prediction label ids",
        {"classes": "cityscapes-ids", "instances": "panoptic", "metrics": "overlap,iiou"},
        ("miou_dataset", "group_miou_dataset", "miiou_dataset", "group_miiou_dataset"),
    ),
    "cityscapes-trainids": Profile(
        "Cityscapes 2.3.0: the same of train ids", {"classes": "cityscapes"}, ("miou_dataset", "group_miou_dataset")
    ),
    "ade20k": Profile(
        "ADE20K scene parsing e202229: 150 classes, absent ones count 0; its score is the mean of the two numbers",
        {"classes": "ade20k", "undefined": ["absent=zero"]},
        ("miou_dataset", "pixel_accuracy"),
    ),
    "mmseg": Profile(
        "mmsegmentation 1.2.2, IoUMetric: mIoU, mDice, mAcc, aAcc; there per cent with two places",
        {"ignore": [255]},
        ("miou_dataset", "mdice_dataset", "mean_accuracy", "pixel_accuracy"),
    ),
    "detectron2": Profile(
        "detectron2 027099d, SemSegEvaluator: mIoU, fwIoU, mACC, pACC; there per cent",
        {"ignore": [255], "presence": "truth"},
        ("miou_dataset", "fw_iou", "mean_accuracy", "pixel_accuracy"),
    ),
    "nnunet": Profile(
        "nnU-Net 2 0e49508, foreground_mean; a label that no case has is skipped here, and makes it nan there; "
        "-o DIR writes its summary.json too",
        _FOREGROUND,
        ("mdice_class", "miou_class"),
        {"summary.json": summary},
    ),
    "monai": Profile("MONAI 1.6.1, DiceMetric() and MeanIoU()", {"presence": "truth"}, ("mdice_image", "miou_image")),
    "torchmetrics": Profile(
        "torchmetrics 1.9.0, segmentation.MeanIoU, MulticlassJaccardIndex, -F1Score, -Precision, -Recall (macro)",
        {"undefined": ["empty-truth=zero", "empty-prediction=zero"], "numbers": ["miou_pairs"]},
        ("miou_pairs", "miou_dataset", "mdice_dataset", "mprecision_dataset", "mrecall_dataset"),
    ),
    "sklearn": Profile(
        "scikit-learn 1.9.1, jaccard_score, f1_score, precision_score, recall_score with average='macro'",
        {"undefined": ["empty-truth=zero", "empty-prediction=zero"]},
        ("miou_dataset", "mdice_dataset", "mprecision_dataset", "mrecall_dataset"),
    ),
    "smp": Profile(
        "segmentation-models-pytorch 0.6.0, iou_score, f1_score, precision and recall with reduction='macro'",
        {"undefined": ["one"]},
        ("miou_dataset", "mdice_dataset", "mprecision_dataset", "mrecall_dataset"),
    ),
    "keras": Profile("Keras 3.15.1, MeanIoU", {}, ("miou_dataset",)),
    "huggingface": Profile(
        "Hugging Face evaluate 210d214, mean_iou: mean_iou, mean_accuracy, overall_accuracy",
        {"ignore": [255]},
        ("miou_dataset", "mean_accuracy", "pixel_accuracy"),
    ),
    "scalabel": Profile(
        "Scalabel 071d073 and BDD100K, sem_seg: mIoU, Acc, fIoU, mAcc, which is a precision; there per cent",
        {"ignore": [255], "presence": "truth"},
        ("miou_dataset", "pixel_accuracy", "fw_iou", "mprecision_dataset"),
    ),
    "voc": Profile(
        "Pascal VOC 2012, VOCevalseg: 21 classes, 255 is void; there per cent, and nan if a class is in no mask",
        {"classes": "voc"},
        ("miou_dataset",),
    ),
    "davis": Profile(
        "DAVIS 2017 ac7c43f, J and F of the frames and objects of one sequence: the mean of the two numbers is J&F. "
        "Leave out its first and last frame, which are not scored there",
        {"metrics": "overlap,boundary_f", **_FOREGROUND, "undefined": ["absent=one"]},
        ("miou_class", "mboundary_f_class@0.8%"),
    ),
    "brats": Profile(
        "BraTS 2017 to 2022, enhancing tumour is 4: Dice and HD95 of WT, TC, ET. A region in neither mask has Dice 1 "
        "and HD95 0, one in a single mask HD95 373.13",
        {
            "classes": "brats",
            "regions": True,
            "undefined": ["absent=best"],
            "metrics": "overlap,hd95_max",
            "penalty": "373.13",
        },
        ("mdice_class", "mhd95_max_class"),
    ),
    "brats2023": Profile(
        "BraTS from 2023 on, enhancing tumour is 3: a region in neither mask is left out; HD95 is pooled, 373 for a "
        "region in one mask",
        {"classes": "brats2023", "regions": True, "metrics": "overlap,hd95_pooled", "penalty": "373"},
        ("mdice_class", "mhd95_pooled_class"),
    ),
    "coco-panoptic": Profile(
        "panopticapi 7bb4655, PQ, SQ and RQ of all categories, of things and of stuff",
        {"instances": "panoptic"},
        tuple(f"instances.mean_{name}{part}" for part in ("", "_things", "_stuff") for name in ("pq", "sq", "rq")),
    ),
    "bdd100k-panoptic": Profile(
        "BDD100K 9ac17c6, pan_seg: the same, and void stays in unions",
        {"instances": "panoptic", "keep_void": True},
        tuple(f"instances.mean_{name}{part}" for part in ("", "_stuff", "_things") for name in ("pq", "sq", "rq")),
    ),
    "dsb2018": Profile(
        "Data Science Bowl 2018: mean over images of tp / (tp + fp + fn) over the thresholds 0.5 … 0.95",
        _OBJECTS,
        ("instances.ap_over_images",),
    ),
    "stardist": Profile(
        "StarDist 0.9.1, matching_dataset(thresh=0.5): precision, recall, accuracy, f1, mean_true_score, "
        "mean_matched_score, panoptic_quality",
        _OBJECTS,
        tuple(
            f"instances.{name}@0.5"
            for name in ("precision", "recall", "ap", "f1", "mean_true_iou", "mean_matched_iou", "pq")
        ),
    ),
    "cellpose": Profile(
        "Cellpose 4.2.1.1, average_precision at 0.5, 0.75 and 0.9, mean over images",
        _OBJECTS,
        tuple(f"instances.ap_over_images@{t:g}" for t in (0.5, 0.75, 0.9)),
    ),
    "panoptica": Profile(
        "panoptica b0ac3e4, semantic input: connected components, matched from IoU 0.5 on whatever their label",
        {"instances": "components", "connectivity": "full", "match_across_classes": True, "matching": "greedy"},
        tuple(f"instances.{name}@0.5" for name in ("precision", "recall", "f1", "mean_matched_iou", "pq")),
    ),
}


def find(name: str, where: str = "--profile") -> Profile:
    """The profile of that name; BadOption where there is none, in that option."""
    if name not in PROFILES:
        hint = f"{did_you_mean(name, list(PROFILES))} (see `segeval list profiles`)"
        raise BadOption(f"{where} is {name!r}, and there is no such profile", hint)
    return PROFILES[name]


# Options that say in other words what others say: where one is given, those of a profile have no place.
RIVALS = {"num_classes": ("classes", "regions"), "classes": ("num_classes",)}


def beside(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Options that are given, with those others that they do not rule out."""
    ruled_out = {other for name, value in given.items() if value is not None for other in RIVALS.get(name, ())}
    return {name: value for name, value in own.items() if name not in ruled_out} | dict(given)


def profiled(make: Callable[..., Made]) -> Callable[..., Made]:
    """A constructor of options that takes those of its `profile` where others are not given."""

    @functools.wraps(make)
    def made(*args: Any, **options: Any) -> Made:
        name = options.get("profile")
        return make(*args, **(beside(find(name).options, options) if name is not None else options))

    return made
