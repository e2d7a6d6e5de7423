"""Cases of other libraries' suites whose file has no recipe: how their numbers are asked for here, or why they are not.

Each recipe is a function of the inputs of its case; `scripts/replay_peer_cases.py` runs it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import segeval
from segeval import losses
from segeval.evidence.confusion import shares

Array = npt.NDArray[Any]
Recipe = Callable[[Any], Any]


def _arrays(inputs: Any, *sides: str, dtype: Any = np.float64) -> list[Array]:
    return [np.array(inputs[side], dtype) for side in sides]


def _batch(inputs: Any) -> tuple[Array, Array]:
    """The predictions and the truths of a batch, with an axis of channels."""
    pred, truth = _arrays(inputs, "input", "target")
    return pred, truth


def _loss(name: str, pairs: Iterable[tuple[Array, Array]], **options: Any) -> Any:
    """The mean of the loss of each image."""
    return np.mean([losses.value(name, pred, truth, **options) for pred, truth in pairs])


def _listed(inputs: Any) -> list[tuple[Array, Array]]:
    """The images of a case that lists them."""
    return [(np.array(each["pred"]), np.array(each["truth"], np.int64)) for each in inputs["images"]]


def _scored(pairs: Iterable[tuple[Array, Array]], number: str, classes: int, **options: Any) -> Any:
    """A number of the whole data set."""
    pred, truth = zip(*pairs, strict=True)
    return segeval.score([*pred], [*truth], num_classes=classes, numbers=[number], **options).summary[number]


def _summary(number: str, classes: int, **options: Any) -> Recipe:
    return lambda inputs: _scored(_listed(inputs), number, classes, **options)


def _rounded(digits: int, recipe: Recipe) -> Recipe:
    """To as many digits as the documentation prints."""
    return lambda inputs: np.round(recipe(inputs), digits)


# ---- scores of classes


def _channels(inputs: Any) -> tuple[list[Array], list[Array]]:
    pred, truth = _arrays(inputs, "y_pred", "y", dtype=np.uint8)
    return [*pred], [*truth]


def _rate(name: str, mean: str) -> Recipe:
    """MONAI's ConfusionMatrixMetric: over classes and images (mean), or over images (mean_batch)."""

    def recipe(inputs: Any) -> Any:
        pred, truth = _channels(inputs)
        options: dict[str, Any] = {"multilabel": True, "num_classes": 3, "presence": "always"}
        if mean == "mean":
            number = f"{segeval.metrics.METRICS[name].mean}_image"
            return segeval.score(pred, truth, numbers=[number], **options).summary[number]
        run = segeval.score(pred, truth, metrics=name, **options)
        return np.nanmean(of_images(run, name), axis=0)

    return recipe


def of_images(run: Any, name: str) -> Array:
    """A metric of each image and class, as images.csv has it."""
    found: Array = run.tables.values(next(each for each in run.options.scoring.entries if each.printed == name))
    return found


def _where_true(metric: str, inputs: Any) -> Array:
    """The scores of each image and channel; nan where the truth does not hold it."""
    pred, truth = _channels(inputs)
    run = segeval.score(pred, truth, multilabel=True, num_classes=len(pred[0]), metrics=metric, presence="truth")
    return of_images(run, metric)


def _sum_over_images(metric: str, inputs: Any) -> Array:
    """MONAI's sum_batch: of each channel the sum of the scores of the images whose truth holds it."""
    return np.asarray(np.nansum(_where_true(metric, inputs), axis=0))


def _sum_and_number(metric: str, inputs: Any) -> list[float]:
    """The same of all channels but 0 together, and of how many images."""
    foreground = _where_true(metric, inputs)[:, 1:]
    return [np.nansum(foreground), np.count_nonzero(~np.isnan(foreground))]


def _of_classes(inputs: Any, metric: str, classes: int, undefined: float = math.nan, **options: Any) -> Any:
    """A metric of each class; what is undefined as the other program says it."""
    pred, truth = zip(*_listed(inputs), strict=True)
    run = segeval.score([*pred], [*truth], num_classes=classes, metrics=metric, **options)
    return np.nan_to_num([row[metric] for row in run.classes], nan=undefined)


def _chosen_classes(inputs: Any) -> Any:
    """Keras' target_class_ids=[0, 2] leaves class 1 out of the mean, and its pixels are errors still."""
    pred, truth = _arrays(inputs, "y_pred", "y_true", dtype=np.int32)
    return _scored([(pred, truth)], "miou_dataset", 3, mean_without=[1])


def _without_prediction(inputs: Any) -> Any:
    """Keras leaves out pixels whose prediction is no class: they are void in the truth here."""
    pred, truth = _arrays(inputs, "y_pred", "y_true", dtype=np.int32)
    pair = np.maximum(pred, 0), np.where(pred < 0, 255, truth)
    return _scored([pair], "miou_dataset", 2, ignore=[255])


def _no_valid_pixel(_: Any) -> Any:
    """Keras says 0 where there is no valid pixel."""
    pair = np.zeros((1, 2), np.int32), np.full((1, 2), 255, np.int32)
    return _scored([pair], "miou_dataset", 2, ignore=[255], undefined=["all-ignored=zero"])


def _missing_classes(_: Any) -> Any:
    """torchmetrics: three images of which one is empty on both sides and one in the truth; 0/0 counts 0 there."""
    pred, truth = np.zeros((2, 3, 4, 10, 10), np.uint8)
    truth[0, 1, :6, :6], pred[0, 1, :3, :3] = 1, 1
    truth[0, 3, 6:, 6:], pred[0, 3, 8:, 8:] = 1, 1
    pred[1, 3, :2, :2] = 1
    return _scored(zip(pred, truth, strict=True), "mdice_image_micro", 4, multilabel=True, undefined=["absent=zero"])


def _shares(_: Any) -> Array:
    """kornia's normalised matrix: shares of each predicted class, as --confusion pred shows them."""
    pred = np.array([2, 1, 0, 0, 0, 0, 0, 1, 0, 2, 2, 1, 0, 0, 2, 2])
    truth = np.array([2, 2, 0, 0, 1, 0, 0, 2, 1, 1, 0, 0, 1, 2, 1, 0])
    counts = segeval.score([pred], [truth], num_classes=3).matrix()["counts"]
    return np.asarray(shares(counts, "pred")[:, :3])


def _keras_fbeta(number: str, beta: float, inputs: Any) -> Any:
    """Keras counts samples as pixels."""
    pair = np.array(inputs["y_pred"], np.float64), np.array(inputs["y_true"], np.uint8)
    return _scored([pair], f"{number}@{beta:g}", 3, multilabel=True, params={"f_beta.beta": beta})


# ---- losses


def _generalized(smooth: float, inputs: Any) -> Any:
    """GeneralizedDiceLoss of one channel smooths sums that were divided by G²: another number for each image."""
    pairs = [(p[0], t[0]) for p, t in zip(*_batch(inputs), strict=True)]
    options: dict[str, Any] = {"inputs": "logits", "channels": False}
    return np.mean([losses.value("dice", p, t, smooth=smooth * t.sum() ** 2, **options) for p, t in pairs])


def _tversky_of_foreground(inputs: Any) -> Any:
    pred, truth = _batch(inputs)
    own = {"fp_weight": 0.5, "fn_weight": 0.5, "smooth": 0.0, "smooth_below": 1e-3}
    return _loss("tversky", [(p[1], t[0]) for p, t in zip(pred, truth, strict=True)], channels=False, **own)


def _focal_of_channels(inputs: Any) -> Array:
    """The loss of each pixel of each channel, times the weight of the channel."""
    pred, truth = _batch(inputs)
    weights = (0.5, 0.1, 0.2)
    maps = [
        w * losses.pixel_map("focal", p, t, inputs="logits", channels=False)
        for w, p, t in zip(weights, pred, truth, strict=True)
    ]
    return np.stack(maps)


def _dice_and_cross_entropy(
    inputs: Any, *, one_hot: bool = False, foreground: bool = False, ce_weight: float = 1.0
) -> Any:
    """DiceCELoss without an activation: Dice of the scores as they are, and cross entropy of them as logits."""
    pred, truth = _batch(inputs)
    labels = (truth.argmax(axis=1) if one_hot else truth[:, 0]).astype(np.int64)
    entropy = _loss("cross_entropy", zip(pred, labels, strict=True), inputs="logits")
    scores = pred[:, 1] if foreground else pred
    options = {"channels": not foreground, "smooth": 1e-5}
    return _loss("dice", zip(scores, labels, strict=True), **options) + ce_weight * entropy


def _dice_and_weighed_cross_entropy(inputs: Any) -> Any:
    """The weight of one channel is the pos_weight of its cross entropy."""
    pairs = [(p[0], t[0]) for p, t in zip(*_batch(inputs), strict=True)]
    options = {"inputs": "logits", "channels": False}
    entropy = _loss("weighted_cross_entropy", pairs, pos_weight=0.5, **options)
    return _loss("dice", pairs, smooth=1e-5, **options) + entropy


def _log_of_sum(inputs: Any) -> Any:
    """LogHausdorffDTLoss with reduction='sum': the logarithm of the sum over images and classes."""
    pred, truth = _batch(inputs)
    pairs = zip(pred, truth[:, 0].astype(np.int64), strict=True)
    each = [losses.per_class("hausdorff_dt", p, t, inputs="logits", background=True) for p, t in pairs]
    return math.log1p(np.sum(each))


def _weighed(name: str, weights: Sequence[float], average: str = "macro", scale: float = 1.0) -> Recipe:
    options = {"inputs": "logits", "mean_weights": list(weights), "average": average}
    return lambda inputs: scale * _loss(name, _listed(inputs), **options)


def _smoothed_focal(inputs: Any) -> Any:
    """Label smoothing makes a soft truth."""
    (pred, truth), ε = _listed(inputs)[0], 0.1
    soft = (1 - ε) * np.eye(len(pred))[truth].T + ε / len(pred)
    return losses.value("focal", pred, soft, inputs="logits", channels=True, alpha=[0.25] * len(pred))


def _defined(name: str, pred: Any, truth: Any, **options: Any) -> Any:
    """A loss, 0 where it is undefined here."""
    return np.nan_to_num(losses.value(name, np.array(pred), np.array(truth), **options))


def _of_truth(name: str, inputs: Any) -> Any:
    """smp: a class that the truth lacks costs 0."""
    pred, truth = np.array(inputs["y_pred"]), np.array(inputs["y_true"])
    found = losses.per_class(name, np.stack([1 - pred, pred]), truth, channels=True, presence="truth")
    return np.nan_to_num(found[1])


def _correlation(ε: float, inputs: Any) -> Any:
    """smp adds ε to each cell of a confusion."""
    pred, truth = np.array(inputs["y_pred"], np.float64), np.array(inputs["y_true"])
    return losses.value("mcc", pred, truth, channels=False, cell=ε)


def _masked(inputs: Any, *, inputs_are: str) -> Any:
    """MaskedDiceLoss sets scores and truth to 0 outside a mask, and keeps those pixels."""
    pred, truth = _batch(inputs)
    mask = np.array(inputs["mask"], np.float64)
    pairs = zip(pred * mask, truth * mask, strict=True)
    if inputs_are == "logits":
        return _loss("dice", ((p[0], t[0]) for p, t in pairs), inputs="logits", channels=False, smooth=1e-6)
    each = (_defined("dice", p[1], t[0], channels=False) for p, t in pairs)
    return np.mean([*each])


def _softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(axis=0))
    return np.asarray(raised / raised.sum(axis=0))


def _one_hot(labels: Array, classes: int) -> Array:
    return np.moveaxis(np.eye(classes)[labels], -1, 0)


def _generalized_of_foreground(inputs: Any) -> Any:
    """include_background=False: the channels of the foreground alone."""
    pairs = [(_softmax(p)[1:], _one_hot(t, len(p))[1:]) for p, t in _listed(inputs)]
    return _loss("generalized_dice", pairs, multilabel=True, smooth=1e-5)


def _one_against_all(inputs: Any) -> Any:
    """smp's multi-class focal loss is a sigmoid for each class."""
    pairs = [(p, _one_hot(t, len(p))) for p, t in _listed(inputs)]
    return _loss("focal", pairs, inputs="logits", multilabel=True)


def _lovasz_of_batch(inputs: Any) -> Any:
    """Places do not matter to it: the images of a batch side by side are one."""
    pred, truth = (np.concatenate(each, axis=-1) for each in zip(*_listed(inputs), strict=True))
    return losses.value("lovasz_softmax", pred, truth, inputs="logits", presence="truth")


def _tversky_of_batch(inputs: Any) -> Any:
    """smp raises the mean over classes of the whole batch to γ."""
    pred, truth = (np.stack(each) for each in zip(*_listed(inputs), strict=True))
    options: dict[str, Any] = {"inputs": "logits", "channels": True, "batch": True, "reduction": "pooled"}
    return losses.value("tversky", pred, truth, fp_weight=0.3, fn_weight=0.7, **options) ** 0.75


def _weighed_and_smoothed(inputs: Any) -> Any:
    """torch divides by the weights of the labels as they were before they were smoothed."""
    pred, labels = (np.concatenate(each, axis=-1) for each in zip(*_listed(inputs), strict=True))
    weights, ε = np.array([0.5, 1, 2]), 0.1
    soft = (1 - ε) * _one_hot(labels, 3) + ε / 3
    found = losses.value(
        "weighted_cross_entropy", pred, soft, inputs="logits", channels=True, class_weights=weights.tolist()
    )
    return found / weights[labels].mean()


def _wasserstein(inputs: Any) -> Any:
    """weighting_mode='GDL', of logits that are a thousand times one-hot."""
    truth = np.array(inputs["target"])
    scores = 1000.0 * _one_hot(truth, 2)
    return losses.value("generalized_wasserstein_dice", scores, truth, weight="volume", inputs="logits")


# ---- borders and objects


def _mask(told: Any) -> Array:
    """A mask as a case describes it: a ball, nothing, or its pixels."""
    if isinstance(told, str):
        return np.zeros((99, 99, 99), np.int32)
    if not isinstance(told, dict):
        return np.array(told, np.int32)
    ball = told["sphere"]
    axes = np.ogrid[tuple(slice(size) for size in ball["shape"])]
    far = sum((x * step - c) ** 2 for x, step, c in zip(axes, ball["spacing"], ball["centre"], strict=True))
    return np.asarray(far <= ball["radius"] ** 2, np.int32)


def _distances(inputs: Any, *metrics: str, **options: Any) -> list[float]:
    """Distances of the foreground, in the order asked for."""
    pair = [[_mask(inputs[side])] for side in ("pred", "truth")]
    run = segeval.score(*pair, num_classes=2, metrics=[*metrics], losses="none", **options)
    return [float(of_images(run, name)[0, 1]) for name in metrics]


def _surface_dice(inputs: Any, *tolerances: float) -> list[float]:
    """MONAI's surface Dice of background and foreground, each with its own tolerance."""
    pair = [[_mask(inputs[side])] for side in ("pred", "truth")]
    options: dict[str, Any] = {"metrics": "nsd", "tolerance": sorted({*tolerances}), "background": None}
    found = segeval.score(*pair, num_classes=2, losses="none", **options)
    return [of_images(found, f"nsd@{each:g}")[0, c] for c, each in enumerate(tolerances)]


def _shifted(_: Any) -> list[float]:
    pred, truth = np.zeros((2, 480, 640), np.int32)
    pred[:, 50:], truth[:, 60:] = 1, 1
    return _surface_dice({"pred": pred, "truth": truth}, 0, 0)


def _stripes(rows: slice | None, penalty: str | None, _: Any) -> list[float]:
    """LIVIAETS: rows 50 to 59 are true; the Hausdorff distances of background and foreground."""
    pred, truth = np.zeros((2, 256, 256), np.int32)
    truth[50:60] = 1
    if rows:
        pred[rows] = 1
    run = segeval.score([pred], [truth], num_classes=2, metrics="hd", background=None, penalty=penalty, losses="none")
    return [row["hd"] for row in run.classes]


def _objects(inputs: Any, names: Sequence[str]) -> list[float]:
    pair = _arrays(inputs, "pred", "truth", dtype=np.int32)
    run = segeval.score(*([each] for each in pair), instances="labels", losses="none")
    overall = run.document()["instances"]["overall"]
    return [overall[name] for name in names]


def _rand_error_of_recall(inputs: Any) -> list[float]:
    """alpha=0 counts only what scikit-image calls recall."""
    precision, recall = _objects(inputs, ["rand_recall", "rand_precision"])
    return [1 - recall, precision, recall]


RECIPES: dict[str, Recipe] = {
    **{
        f"monai/confusion/{name}": _rate(metric, name.rpartition("/")[2])
        for name, metric in {
            "fpr/mean": "false_positive_rate",
            "tnr/mean": "specificity",
            "npv/mean": "negative_predictive_value",
            "npv/mean_batch": "negative_predictive_value",
            "fnr/mean_batch": "false_negative_rate",
            "fdr/mean": "false_discovery_rate",
            "fdr/mean_batch": "false_discovery_rate",
            "for/mean": "false_omission_rate",
            "for/mean_batch": "false_omission_rate",
            "acc/mean": "accuracy",
            "acc/mean_batch": "accuracy",
            "ba/mean_batch": "balanced_accuracy",
            "mcc/mean": "mcc",
            "mcc/mean_batch": "mcc",
            "fm/mean": "fowlkes_mallows",
            "bm/mean": "informedness",
            "bm/mean_batch": "informedness",
            "mk/mean": "markedness",
        }.items()
    },
    "monai/dice/8": partial(_sum_and_number, "dice"),
    "monai/iou/6": partial(_sum_over_images, "iou"),
    "monai/generalized_dice/0": partial(_generalized, 1e-6),
    "monai/generalized_dice/1": partial(_generalized, 1e-4),
    "monai/tversky/5": _tversky_of_foreground,
    "monai/focal/5": _focal_of_channels,
    "monai/dice_ce/0": _dice_and_cross_entropy,
    "monai/dice_ce/1": partial(_dice_and_cross_entropy, one_hot=True),
    "monai/dice_ce/2": partial(_dice_and_cross_entropy, one_hot=True),
    "monai/dice_ce/4": partial(_dice_and_cross_entropy, foreground=True, ce_weight=2.0),
    "monai/dice_ce/6": _dice_and_weighed_cross_entropy,
    "monai/log_hausdorff_dt/8": _log_of_sum,
    "lib/monai_dice_weight": _weighed("dice", (0.2, 0.3, 0.5), scale=1 / 3),
    "kornia/dice/weight_micro_[1, 0, 0]": _weighed("dice", (1, 0, 0)),
    "kornia/dice/weight_micro_[0, 1, 0]": _weighed("dice", (0, 1, 0)),
    "kornia/dice/weight_micro_[0, 0, 1]": _weighed("dice", (0, 0, 1)),
    "kornia/dice/weight_macro_[0, 1, 0]": _weighed("dice", (0, 1, 0)),
    "kornia/dice/weight_macro_[0, 0, 1]": _weighed("dice", (0, 0, 1)),
    "kornia/dice/weight_macro_[0.3, 0.7, 0]": _weighed("dice", (0.3, 0.7, 0)),
    "kornia/lovasz_softmax/weight": _weighed("lovasz_softmax", (1, 0), scale=1 / 2),
    "smp/DiceLoss_binary/3": partial(_of_truth, "dice"),
    "smp/TverskyLoss_binary/3": partial(_of_truth, "tversky"),
    "monai/masked_dice/0": partial(_masked, inputs_are="logits"),
    "monai/masked_dice/2": partial(_masked, inputs_are="labels"),
    "lib/monai_gdl_nobg": _generalized_of_foreground,
    "lib/smp_focal_softmax_expectation": _one_against_all,
    "lib/smp_lovasz": _lovasz_of_batch,
    "lib/smp_tversky_gamma": _tversky_of_batch,
    "lib/torch_ce_weight_smoothing": _weighed_and_smoothed,
    "monai/gwdl/GDL": _wasserstein,
    "smp/MCCLoss/4": partial(_correlation, 1e-5),
    "smp/MCCLoss/5": partial(_correlation, 1e-5),
    "keras/gce": lambda own: _loss("generalized_cross_entropy", _listed(own), q=0.5),
    "liviaets/boundary/empty": lambda own: _defined("boundary", own["pred"], own["truth"]),
    "keras/cfce/smoothing": _smoothed_focal,
    "keras/iou/neg_pred": _without_prediction,
    "keras/meaniou/zero_valid": _no_valid_pixel,
    "keras/onehot_iou_0_2": _chosen_classes,
    "keras/fbeta/macro/0.5": partial(_keras_fbeta, "mf_beta_dataset", 0.5),
    "keras/fbeta/macro/2.0": partial(_keras_fbeta, "mf_beta_dataset", 2.0),
    "keras/fbeta/micro/2.0": partial(_keras_fbeta, "mf_beta_micro", 2.0),
    "sklearn/f1/weighted": _rounded(3, _summary("mdice_weighted", 3)),
    "sklearn/f1/empty0": _summary("mdice_dataset", 2, undefined=["absent=zero"], mean_without=[0]),
    "sklearn/fbeta/nan": _rounded(3, _summary("mf_beta_dataset@0.5", 3, params={"f_beta.beta": 0.5})),
    "sklearn/precision/zero": _rounded(2, lambda own: _of_classes(own, "precision", 3, undefined=0.0)),
    "sklearn/recall/zero": _rounded(2, lambda own: _of_classes(own, "recall", 3, undefined=0.0)),
    "tm/dice/missing/micro_samplewise": _missing_classes,
    "kornia/confusion/normalized": _shares,
    "tm/multiclass_kappa": _summary("multiclass_kappa", 3),
    "lib/tm_mcc": _summary("multiclass_mcc", 3),
    "lib/tm_jaccard_micro": _summary("miou_micro", 3),
    "lib/tm_precision_macro_missed": _summary("mprecision_dataset", 2, profile="torchmetrics"),
    "lib/tm_recall_macro_hallucinated": _summary("mrecall_dataset", 2, profile="torchmetrics"),
    "lib/tm_specificity_absent": lambda own: _of_classes(own, "specificity", 3, presence="always"),
    "later/monai_assd/0": lambda own: _distances(own, "assd", "asd_pred_to_truth"),
    "later/monai_assd/3": lambda own: _distances(own, "assd", "asd_pred_to_truth"),
    "later/monai_nsd/[0, 0]": lambda own: _surface_dice(own, 0, 0),
    "later/monai_nsd/[2.8, 5.5]": lambda own: _surface_dice(own, 2.8, 5.5),
    "later/monai_nsd/[3, 6]": lambda own: _surface_dice(own, 3, 6),
    "later/monai_nsd/shift10": _shifted,
    "later/liviaets/hd": partial(_stripes, None, "diagonal"),
    "later/liviaets/hd_proper": partial(_stripes, slice(80, 90), None),
    "later/pq/0.5": lambda own: _objects(own, ["pq"]),
    "later/skimage/are_alpha0": _rand_error_of_recall,
    "later/skimage/are": lambda own: _objects(own, ["adapted_rand_error", "rand_recall", "rand_precision"]),
    "later/skimage/vi": lambda own: _objects(own, ["vi_split", "vi_merge"]),
}
# Those whose number is one of ours with a step before it (pixels joined or set to void) or after it (a sum, a scale, a
# power, 0 for what is undefined); the others are options and calls alone.
WITH_A_STEP = {
    "monai/dice/8",
    "monai/iou/6",
    "monai/generalized_dice/0",
    "monai/generalized_dice/1",
    "monai/focal/5",
    "monai/dice_ce/0",
    "monai/dice_ce/1",
    "monai/dice_ce/2",
    "monai/dice_ce/4",
    "monai/dice_ce/6",
    "monai/log_hausdorff_dt/8",
    "monai/masked_dice/0",
    "monai/masked_dice/2",
    "lib/monai_dice_weight",
    "lib/monai_gdl_nobg",
    "lib/smp_lovasz",
    "lib/smp_tversky_gamma",
    "lib/torch_ce_weight_smoothing",
    "kornia/lovasz_softmax/weight",
    "smp/DiceLoss_binary/3",
    "smp/TverskyLoss_binary/3",
    "liviaets/boundary/empty",
    "keras/cfce/smoothing",
    "keras/iou/neg_pred",
    "sklearn/precision/zero",
    "sklearn/recall/zero",
    "later/skimage/are_alpha0",
}
_OUTSIDE = {
    "range": (  # an activation that leaves 0 … 1
        "monai/dice/12",
        "monai/dice/13",
        "monai/dice/14",
        "monai/generalized_dice/12",
        "monai/generalized_dice/13",
        "monai/tversky/15",
        "monai/hausdorff_dt/10",
        "monai/hausdorff_dt/11",
        "monai/hausdorff_dt/13",
    ),
    "random": ("kornia/hausdorff_er/random", "tm/hausdorff_distance"),  # inputs that a seed of theirs makes
    "version": (  # what an earlier version of the program did
        "kornia/dice/macro_presence_truth",
        "tm/dice/missing/weighted_samplewise",
    ),
    "sums": ("keras/kld/unnormalised",),  # distributions that do not sum to 1
    "weights": (  # of each pixel, in IoU
        "keras/iou/multi_dim_weighted",
        "keras/biou/weighted",
        "keras/meaniou/weighted",
        "keras/meaniou/weighted_ignore",
        "keras/onehot_iou/weighted",
        "keras/onehot_meaniou/weighted",
    ),
    "chessboard": (  # and taxicab: distances that are not Euclidean, beside those that are
        "later/monai_hausdorff/0",
        "later/monai_hausdorff/1",
        "later/monai_hausdorff/2",
        "later/monai_hausdorff/5",
        "later/monai_hausdorff/7",
        "later/monai_hausdorff/8",
        "later/monai_assd/4",
        "later/monai_assd/5",
    ),
    "channels": ("lib/monai_cldice",),  # centrelines of all channels in one ratio
    "overlap": ("later/sd/empty_pred",),  # the share of one surface near the other, and another 0/0
}
OUTSIDE = {id_: word for word, ids in _OUTSIDE.items() for id_ in ids}
