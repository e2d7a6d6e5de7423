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


_FOREGROUND = {"mean_without": [0]}
PROFILES = {
    "cityscapes": Profile(
        "Cityscapes 2.3.0: label ids, classes and categories; iIoU is not told",
        {"classes": "cityscapes-ids"},
        ("miou_dataset", "group_miou_dataset"),
    ),
    "cityscapes-trainids": Profile(
        "the same of train ids", {"classes": "cityscapes"}, ("miou_dataset", "group_miou_dataset")
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
}


def find(name: str) -> Profile:
    """The profile of that name; BadOption where there is none."""
    if name not in PROFILES:
        hint = f"{did_you_mean(name, list(PROFILES))} (see `segeval list profiles`)"
        raise BadOption(f"--profile is {name!r}, and there is no such profile", hint)
    return PROFILES[name]


def profiled(make: Callable[..., Made]) -> Callable[..., Made]:
    """A constructor of options that takes those of its `profile` where others are not given."""

    @functools.wraps(make)
    def made(*args: Any, **options: Any) -> Made:
        name = options.get("profile")
        return make(*args, **({**find(name).options, **options} if name is not None else options))

    return made
