"""What other programs compute under the same name, and how to get their number: all of it run on fixed inputs."""

from typing import NamedTuple


class Call(NamedTuple):
    """A call that gives a metric of classes, or a number of a whole data set; `scripts/check_calls.py` runs it."""

    program: str
    call: str
    undefined: str = ""  # what it gives where the metric is undefined; nothing: it is undefined there too

    def line(self) -> str:
        """As `explain` says it."""
        return f"{self.program} {self.call}: the same" + (
            f"; {self.undefined} where it is undefined here" if self.undefined else ""
        )


_SKLEARN, _TORCHMETRICS, _MONAI, _SMP = (
    "scikit-learn 1.9.1",
    "torchmetrics 1.9.0",
    "MONAI 1.6.1",
    "segmentation-models-pytorch 0.6.0",
)


def _every_class(call: str, **also: str) -> Call:
    settings = "".join(f"{key}={value}, " for key, value in also.items())
    return Call(_SKLEARN, f"{call}(truth, pred, {settings}labels=range(C), average=None)", "0")


def _one_class(call: str, undefined: str = "", **also: str) -> Call:
    settings = "".join(f", {key}={value}" for key, value in also.items())
    return Call(_SKLEARN, f"{call}(truth == c, pred == c{settings})", undefined)


def _torchmetrics(name: str, first: str = "") -> Call:
    return Call(_TORCHMETRICS, f"Multiclass{name}({first}C, average=None)", "0")


def _monai(name: str) -> Call:
    return Call(_MONAI, f"compute_confusion_matrix_metric({name!r}, get_confusion_matrix(pred, truth))")


def _smp(name: str, also: str = "") -> Call:
    return Call(_SMP, f"{name}(…, {also}reduction='none')", "1")


_REST = {"pos_label": "False"}
CALLS: dict[str, tuple[Call, ...]] = {
    "iou": (_every_class("jaccard_score"), _torchmetrics("JaccardIndex"), _monai("threat score"), _smp("iou_score")),
    "dice": (_every_class("f1_score"), _torchmetrics("F1Score"), _monai("f1 score"), _smp("f1_score")),
    "precision": (
        _every_class("precision_score"),
        _torchmetrics("Precision"),
        _monai("precision"),
        _smp("precision"),
    ),
    "recall": (
        _every_class("recall_score"),
        _torchmetrics("Recall"),
        _torchmetrics("Accuracy"),
        _monai("sensitivity"),
        _smp("recall"),
    ),
    "specificity": (
        _one_class("recall_score", "0", **_REST),
        _torchmetrics("Specificity"),
        _monai("specificity"),
        _smp("specificity"),
    ),
    "accuracy": (
        _one_class("accuracy_score"),
        Call(_TORCHMETRICS, "BinaryAccuracy() of pred == c"),
        _monai("accuracy"),
        _smp("accuracy"),
    ),
    "balanced_accuracy": (
        _one_class("balanced_accuracy_score", "the one rate that there is"),
        _monai("balanced accuracy"),
        _smp("balanced_accuracy"),
    ),
    "f_beta": (
        _every_class("fbeta_score", beta="2"),
        _torchmetrics("FBetaScore", "2.0, "),
        _smp("fbeta_score", "beta=2, "),
    ),
    "mcc": (
        _one_class("matthews_corrcoef", "0"),
        Call(_TORCHMETRICS, "BinaryMatthewsCorrCoef() of pred == c", "another value"),
        _monai("matthews correlation coefficient"),
    ),
    "kappa": (_one_class("cohen_kappa_score"), Call(_TORCHMETRICS, "BinaryCohenKappa() of pred == c")),
    "false_positive_rate": (_monai("fall out"), _smp("false_positive_rate")),
    "false_negative_rate": (_monai("miss rate"), _smp("false_negative_rate")),
    "negative_predictive_value": (
        _one_class("precision_score", "0", **_REST),
        _torchmetrics("NegativePredictiveValue"),
        _monai("negative predictive value"),
        _smp("negative_predictive_value"),
    ),
    "false_discovery_rate": (_monai("false discovery rate"), _smp("false_discovery_rate")),
    "false_omission_rate": (_monai("false omission rate"), _smp("false_omission_rate")),
    "informedness": (_monai("informedness"),),
    "markedness": (_monai("markedness"),),
    "fowlkes_mallows": (_monai("fowlkes mallows index"),),
    "pixel_accuracy": (
        Call(_SKLEARN, "accuracy_score(truth, pred)"),
        Call(_TORCHMETRICS, "MulticlassAccuracy(C, average='micro')"),
    ),
    "fw_iou": (
        Call(_SKLEARN, "jaccard_score(truth, pred, average='weighted')"),
        Call(_TORCHMETRICS, "MulticlassJaccardIndex(C, average='weighted')"),
    ),
    "mean_accuracy": (Call(_SKLEARN, "balanced_accuracy_score(truth, pred)"),),
    "multiclass_kappa": (
        Call(_SKLEARN, "cohen_kappa_score(truth, pred)"),
        Call(_TORCHMETRICS, "MulticlassCohenKappa(C)"),
    ),
    "multiclass_mcc": (
        Call(_SKLEARN, "matthews_corrcoef(truth, pred)", "0"),
        Call(_TORCHMETRICS, "MulticlassMatthewsCorrCoef(C)", "0"),
    ),
}


def elsewhere(name: str) -> list[str]:
    """What other programs compute under the name of a metric or of a number, a line each."""
    return [*(call.line() for call in CALLS.get(name, ())), *ELSEWHERE.get(name, [])]


_AREA = "surface-distance 0.1 weighs distances by the area of the surface: `--metrics surface_area`"

ELSEWHERE = {
    "hd": [
        "MONAI 1.6.1, MedPy 0.5.2, MetricsReloaded cb38dfc: the same; MedPy wants the spacing, or counts voxels",
        "MedPy 0.5.2 raises an error where a mask is empty; MONAI gives inf, and drops it from means as nan for 95 %",
        "scikit-image 0.26 and SimpleITK 2.5.7: of all voxels and not of borders, so that a hole counts otherwise",
        "surface-distance 0.1: hd_area",
        "torchmetrics 1.9.0: wrong on images that are not square",
    ],
    "hd95_max": [
        "MONAI 1.6.1 compute_hausdorff_distance(percentile=95), MetricsReloaded cb38dfc: the same; a miss is nan",
        "MedPy 0.5.2 hd95, panoptica 2.1.7, seg-metrics 1.2.8: hd95_pooled",
        "surface-distance 0.1 compute_robust_hausdorff: hd95_area",
    ],
    "hd95_pooled": [
        "MedPy 0.5.2 hd95: the same",
        "MONAI 1.6.1, MetricsReloaded cb38dfc: hd95_max",
    ],
    "assd": [
        "MedPy 0.5.2 assd, MONAI 1.6.1 compute_average_surface_distance(symmetric=True): the same",
        "MONAI 1.6.1 without symmetric=True: asd_pred_to_truth",
        "panoptica 2.1.7 ASSD: masd",
        _AREA,
    ],
    "masd": ["MetricsReloaded cb38dfc masd, panoptica 2.1.7 ASSD: the same"],
    "asd_truth_to_pred": ["MedPy 0.5.2 asd(truth, pred): the same", _AREA],
    "asd_pred_to_truth": [
        "MedPy 0.5.2 asd(pred, truth), MONAI 1.6.1 compute_average_surface_distance(pred, truth): the same",
        _AREA,
    ],
    "nsd": [
        "MONAI 1.6.1 compute_surface_dice, MetricsReloaded cb38dfc: the same",
        "MONAI 1.6.1 with use_subvoxels=True, surface-distance 0.1: nsd_area",
        "panoptica 2.1.7: the mean of the two shares, and the smallest spacing as the tolerance",
    ],
    "iiou": [
        "cityscapesScripts 2.2.4 evalPixelLevelSemanticLabeling, iIoU (cityscapes-ids), of categories too: the same"
    ],
    "hd_area": ["surface-distance 0.1 compute_robust_hausdorff(distances, 100): the same"],
    "hd95_area": ["surface-distance 0.1 compute_robust_hausdorff(distances, 95): the same"],
    "asd_truth_to_pred_area": ["surface-distance 0.1 compute_average_surface_distance(distances)[0]: the same"],
    "asd_pred_to_truth_area": ["surface-distance 0.1 compute_average_surface_distance(distances)[1]: the same"],
    "nsd_area": [
        "surface-distance 0.1 compute_surface_dice_at_tolerance, MONAI 1.6.1 with use_subvoxels=True: the same",
    ],
    "cldice": [
        "clDice repository: the same in 2-D; an empty skeleton makes 0/0 there, undefined here",
        "MetricsReloaded cb38dfc: looks at the sensitivity twice before it divides",
    ],
    "boundary_iou": ["detectron2 027099d erodes the label map: classes that do not exist get borders"],
    "boundary_f": ["davis2017-evaluation ac7c43f: 1 where both masks are empty; undefined here"],
    "ece": [
        "torchmetrics 1.9.0 multiclass_calibration_error(n_bins=15): calibration.ece; it counts in float32, and p = 1 "
        "falls into a bin of its own",
        "torchmetrics 1.9.0 binary_calibration_error(n_bins=15): ece of the second class",
    ],
    "mce": ["torchmetrics 1.9.0 multiclass_calibration_error(norm='max', n_bins=15): calibration.mce"],
    "brier": ["scikit-learn 1.9.1 brier_score_loss of a class against the rest: brier; their sum is calibration.brier"],
    "nll": ["scikit-learn 1.9.1 log_loss: calibration.nll; its floor is the smallest step of the type, not 1e-7"],
    "auroc": [
        "scikit-learn 1.9.1 roc_auc_score of a class against the rest: the same on grey of 8 bits, and within 1/255 of "
        "a threshold else",
    ],
    "average_precision": ["scikit-learn 1.9.1 average_precision_score of a class against the rest: likewise"],
    "pq": [
        "panopticapi 7bb4655: of each class the same; its All is instances.mean_pq. Of several crowds of a class in an "
        "image it forgives what lies in the last one",
        "BDD100K 9ac17c6: the same with --keep-void",
        "StarDist 0.9.1 panoptic_quality: pairs of IoU ≥ thresh, instances.pq@0.5; 0 where both masks are empty",
        "panoptica b0ac3e4: pairs of IoU ≥ 0.5 whatever their label: --instances components --connectivity full "
        "--match-across-classes, instances.pq@0.5",
    ],
    "sq": [
        "panopticapi 7bb4655: instances.mean_sq, in which a class without a match is 0",
        "StarDist 0.9.1 mean_matched_score: instances.mean_matched_iou@0.5; 0 without a match",
    ],
    "rq": ["StarDist 0.9.1 f1: pairs of IoU ≥ thresh, instances.f1@0.5"],
    "object_precision": ["StarDist 0.9.1 precision: pairs of IoU ≥ thresh, instances.precision@0.5"],
    "object_recall": ["StarDist 0.9.1 recall: pairs of IoU ≥ thresh, instances.recall@0.5"],
    "object_ap": [
        "Cellpose 4.2.1.1 average_precision: of one threshold and image; its mean over images is "
        "instances.ap_over_images@0.5",
        "Data Science Bowl 2018: the mean over images, instances.ap_over_images, of pairs of IoU > t",
        "StarDist 0.9.1 accuracy: of one threshold, of all images together, instances.ap@0.5",
        "pycocotools: another number, the area under precision and recall of predictions with scores",
    ],
    "aji_plus": ["Cellpose 4.2.1.1 aggregated_jaccard_index: another number, divided by all foreground of both masks"],
    "mean_true_iou": ["StarDist 0.9.1 mean_true_score: pairs of IoU ≥ thresh, instances.mean_true_iou@0.5"],
    "adapted_rand_error": ["scikit-image 0.26.0 adapted_rand_error: the same"],
    "rand_precision": ["scikit-image 0.26.0 adapted_rand_error: its recall, which its text calls precision"],
    "rand_recall": ["scikit-image 0.26.0 adapted_rand_error: its precision, which its text calls recall"],
    "vi": ["scikit-image 0.26.0 variation_of_information: the sum of its two numbers"],
    "vi_split": ["scikit-image 0.26.0 variation_of_information(truth, pred)[0]: the same"],
    "vi_merge": ["scikit-image 0.26.0 variation_of_information(truth, pred)[1]: the same"],
    "accuracy": ["torchmetrics 1.9.0 MulticlassAccuracy(C, average=None): recall"],
    "prevalence_threshold": [
        "MONAI 1.6.1 compute_confusion_matrix_metric('prevalence threshold', get_confusion_matrix(pred, truth)): the "
        "same, but undefined where recall + specificity is 1",
    ],
    "pixel_accuracy": [
        "segmentation-models-pytorch 0.6.0 accuracy(…, reduction='micro'): another number, of one decision for each "
        "class and pixel",
    ],
    "mae": [
        "PySODMetrics 1.6.2 MAE: saliency.mae; Fmeasure: saliency.max_f, mean_f, adaptive_f; DICEHandler: max_dice, "
        "mean_dice. Its truth is grey above 128: --truth-threshold 0.503",
    ],
}
