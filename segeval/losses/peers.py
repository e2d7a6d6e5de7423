"""What other programs compute under the same name, and how to get their number; `scripts/check_losses.py` runs each."""

from typing import NamedTuple


class Peer(NamedTuple):
    """A call of another program, and what gives its number here.

    call: of logits x, probabilities p, labels t, one-hot or independent truths g, and a weight of each class w; v has
    ignored pixels (255) in t.  ours: options of `losses.value` of the same batch.  then: what is done to that value.
    """

    program: str
    call: str
    ours: str = ""
    then: str = ""
    kind: str = "classes"
    said: str = ""

    def line(self) -> str:
        """As `explain` says it."""
        words = [self.ours or "the same", f"then {self.then}" if self.then else "", self.said]
        return f"{self.program} {self.call}: {'; '.join(word for word in words if word)}"


_TORCH, _MONAI, _SMP, _KORNIA = "torch 2.13.0", "MONAI 1.6.1", "segmentation-models-pytorch 0.6.0", "kornia 0.9.0"
_KERAS, _MMSEG, _HOLOCRON, _NNUNET = "Keras 3.15.1", "mmsegmentation 1.2.2", "pylocron 0.3.0", "nnU-Net 0e49508"
_ABSENT = "the term of a class that the truth lacks is 0 there, and still counted"

PEERS: dict[str, tuple[Peer, ...]] = {
    "dice": (
        Peer(_MONAI, "DiceLoss()(p, g)", "smooth=1e-5"),
        Peer(_MONAI, "DiceLoss(include_background=False)(p, g)", "smooth=1e-5, background=False"),
        Peer(_MONAI, "DiceLoss(batch=True)(p, g)", "smooth=1e-5, reduction='pooled'"),
        Peer(_MONAI, "DiceLoss(weight=w)(p, g)", "smooth=1e-5, mean_weights=w", "value * mean(w)"),
        Peer(_MONAI, "DiceLoss(reduction='sum')(p, g)", "smooth=1e-5, reduction='sum'", "value * C"),
        Peer(_SMP, "DiceLoss('multiclass')(x, t)", "reduction='pooled'", said=_ABSENT),
        Peer(_KORNIA, "dice_loss(x, t)", "average='micro'"),
        Peer(_KORNIA, "dice_loss(x, t, average='macro')", "presence='truth'"),
        Peer(_KERAS, "Dice()(g, p)", "average='micro', reduction='pooled'"),
        Peer(_HOLOCRON, "dice_loss(p, g)", "reduction='pooled'"),
        Peer(
            _NNUNET,
            "MemoryEfficientSoftDiceLoss(softmax, do_bg=False, smooth=1e-5)(x, t)",
            "smooth=1e-5, background=False",
            "value - 1",
        ),
    ),
    "squared_dice": (
        Peer(_MONAI, "DiceLoss(squared_pred=True)(p, g)", "smooth=1e-5"),
        Peer(_MMSEG, "DiceLoss(use_sigmoid=False)(x, t)", "average='micro', smooth_below=2e-3"),
    ),
    "jaccard": (
        Peer(_MONAI, "DiceLoss(jaccard=True)(p, g)", "smooth=5e-6"),
        Peer(_SMP, "JaccardLoss('multiclass')(x, t)", "reduction='pooled'", said=_ABSENT),
    ),
    "log_dice": (Peer(_SMP, "DiceLoss('binary', log_loss=True)(x, t)", "reduction='pooled'", kind="binary"),),
    "generalized_dice": (Peer(_MONAI, "GeneralizedDiceLoss()(p, g)", "smooth=1e-5"),),
    "generalized_wasserstein_dice": (
        Peer(_MONAI, "GeneralizedWassersteinDiceLoss(m)(x, t[:, None])", "distances=m, smooth=1e-5"),
        Peer(
            _MONAI,
            "GeneralizedWassersteinDiceLoss(m, weighting_mode='GDL')(x, t[:, None])",
            "distances=m, smooth=1e-5, weight='volume'",
        ),
    ),
    "tversky": (
        Peer(_MONAI, "TverskyLoss(alpha=0.2, beta=0.9)(p, g)", "fp_weight=0.2, fn_weight=0.9, smooth=1e-5"),
        Peer(
            _SMP,
            "TverskyLoss('multiclass', alpha=0.2, beta=0.9)(x, t)",
            "fp_weight=0.2, fn_weight=0.9, reduction='pooled'",
            said=_ABSENT,
        ),
        Peer(_KORNIA, "tversky_loss(x, t, 0.2, 0.9)", "fp_weight=0.2, fn_weight=0.9, presence='truth'"),
        Peer(
            _KERAS,
            "Tversky(alpha=0.2, beta=0.9)(g, p)",
            "fp_weight=0.9, fn_weight=0.2, average='micro', reduction='pooled'",
        ),
    ),
    "focal_tversky": (
        Peer(
            _SMP,
            "TverskyLoss('binary', alpha=0.3, beta=0.7, gamma=0.75)(x, t)",
            "reduction='pooled'",
            kind="binary",
            said="of several classes it raises their mean to γ, not each",
        ),
    ),
    "boundary": (Peer(_MONAI, "BoundaryLoss(include_background=False)(p, g)"),),
    "mcc": (
        Peer(_MONAI, "MCCLoss()(p, g)"),
        Peer(_SMP, "MCCLoss()(p, t)", "reduction='pooled'", kind="binary", said="its ε is cell=1e-5"),
    ),
    "lovasz_softmax": (
        Peer(_SMP, "LovaszLoss('multiclass')(x, t)", "presence='truth', reduction='pooled'"),
        Peer(_SMP, "LovaszLoss('multiclass', per_image=True)(x, t)", "presence='truth'"),
        Peer(_KORNIA, "lovasz_softmax_loss(x, t)"),
        Peer(_MMSEG, "LovaszLoss(reduction='none')(x, t)", "presence='truth', reduction='pooled'"),
    ),
    "lovasz_hinge": (
        Peer(_SMP, "LovaszLoss('binary')(x, t)", "reduction='pooled'", kind="binary"),
        Peer(_KORNIA, "lovasz_hinge_loss(x, t)", kind="binary"),
    ),
    "cross_entropy": (
        Peer(_TORCH, "CrossEntropyLoss()(x, t)"),
        Peer(_TORCH, "CrossEntropyLoss(label_smoothing=0.1)(x, t)", "label_smoothing=0.1"),
        Peer(_TORCH, "NLLLoss()(log(p), t)"),
        Peer(_TORCH, "CrossEntropyLoss(ignore_index=255)(x, v)", "ignore=(255,), reduction='pooled'"),
        Peer(
            _SMP,
            "SoftCrossEntropyLoss(smooth_factor=0.0, ignore_index=255)(x, v)",
            "ignore=(255,), reduction='pooled'",
            "value * kept",
            said="it divides by all pixels",
        ),
        Peer(
            _MMSEG,
            "CrossEntropyLoss()(x, v, ignore_index=255)",
            "ignore=(255,), reduction='pooled'",
            "value * kept",
            said="it divides by all pixels",
        ),
        Peer(_SMP, "SoftBCEWithLogitsLoss(smooth_factor=0.1)(x, g)", "label_smoothing=0.2", kind="binary"),
        Peer(_KERAS, "BinaryCrossentropy(label_smoothing=0.1)(g, p)", "label_smoothing=0.1", kind="binary"),
    ),
    "weighted_cross_entropy": (
        Peer(
            _TORCH,
            "CrossEntropyLoss(weight=w)(x, t)",
            "class_weights=w, normalize='weights', reduction='pooled'",
        ),
        Peer(
            _TORCH,
            "CrossEntropyLoss(weight=w, label_smoothing=0.2)(x, t)",
            "class_weights=w, label_smoothing=0.2, normalize='weights', reduction='pooled'",
        ),
        Peer(_TORCH, "BCEWithLogitsLoss(pos_weight=w[2])(x, g)", "pos_weight=w[2]", kind="binary"),
        Peer(
            _TORCH, "BCEWithLogitsLoss(pos_weight=w[:, None, None])(x, g)", "pos_weight=w", kind="independent channels"
        ),
        Peer(
            _MMSEG, "CrossEntropyLoss(class_weight=w)(x, t)", "class_weights=w, normalize='weights', reduction='pooled'"
        ),
    ),
    "balanced_cross_entropy": (Peer(_MMSEG, "BoundaryLoss()(x, t)", "reduction='pooled'", kind="binary"),),
    "focal": (
        Peer(_MONAI, "FocalLoss(use_softmax=True)(x, g)", "", "value / C"),
        Peer(_MONAI, "FocalLoss(use_softmax=True, alpha=0.3)(x, g)", "alpha=(0.7, 0.3, 0.3)", "value / C"),
        Peer(_MONAI, "FocalLoss(gamma=1.5)(x, g)", "gamma=1.5", kind="independent channels"),
        Peer(_KORNIA, "focal_loss(x, t, alpha=0.3, reduction='mean')", "alpha=(0.7, 0.3, 0.3)", "value / C"),
        Peer(_SMP, "FocalLoss('binary', alpha=0.25)(x, t)", "alpha=0.25", kind="binary"),
        Peer(_SMP, "FocalLoss('multiclass')(x, t)", "multilabel=True", said="of one-hot truths"),
        Peer(_KERAS, "BinaryFocalCrossentropy()(g, p)", "", kind="binary"),
        Peer(_KERAS, "CategoricalFocalCrossentropy(axis=1)(g, p)", "alpha=(0.25, 0.25, 0.25)"),
        Peer(_HOLOCRON, "focal_loss(x, t)", ""),
        Peer("torchvision 0.29.1", "sigmoid_focal_loss(x, g, reduction='mean')", "alpha=0.25", kind="binary"),
    ),
    "poly1_cross_entropy": (Peer(_HOLOCRON, "poly_loss(x, t, eps=1.5)", "epsilon=1.5"),),
    "hausdorff_dt": (Peer(_MONAI, "HausdorffDTLoss()(p, g)"),),
    "log_hausdorff_dt": (Peer(_MONAI, "LogHausdorffDTLoss()(p, g)", "reduction='pooled'"),),
    "soft_cldice": (
        Peer(
            _MONAI,
            "SoftclDiceLoss()(p, g)",
            "iterations=3, smooth=1, smooth_mean=1e-4",
            kind="binary",
            said="of several classes it adds their sums first",
        ),
    ),
    "ssim": (
        Peer(_MONAI, "SSIMLoss(2)(p, g)", kind="binary"),
        Peer(_KORNIA, "ssim_loss(p, g, 11, padding='valid')", "", "value / 2", kind="binary"),
    ),
    "dice_cross_entropy": (Peer(_MONAI, "DiceCELoss(softmax=True)(x, g)", "smooth=1e-5"),),
    "unified_focal": (
        Peer(
            _MONAI,
            "AsymmetricUnifiedFocalLoss()(two, pair)",
            "weight=1/3, delta=0.7",
            "value * 0.75",
            kind="binary",
            said="of the probabilities of both classes",
        ),
    ),
    "mean_squared_error": (Peer(_TORCH, "MSELoss()(p, g)", kind="binary"),),
    "mean_absolute_error": (Peer(_TORCH, "L1Loss()(p, g)", kind="binary"),),
    "huber": (Peer(_TORCH, "HuberLoss(delta=0.3)(p, g)", "delta=0.3", kind="binary"),),
    "smooth_l1": (Peer(_TORCH, "SmoothL1Loss(beta=0.3)(p, g)", "beta=0.3", kind="binary"),),
    "log_cosh": (Peer(_KERAS, "LogCosh()(g, p)", kind="binary"),),
    "soft_margin": (Peer(_TORCH, "SoftMarginLoss()(x, 2 * g - 1)", kind="binary"),),
    "multilabel_soft_margin": (Peer(_TORCH, "BCEWithLogitsLoss()(x, g)", kind="independent channels"),),
}
NOTES = {
    "dice": ["kornia before 0.9.0: presence of a class as here, so that one that the truth lacks counts"],
    "generalized_dice": [
        "LIVIAETS boundary-loss: a class without truth weighs 1e20 instead of the largest other weight"
    ],
    "generalized_cross_entropy": ["Keras 3.15.1 CategoricalGeneralizedCrossEntropy: q=0.5 by default"],
    "tversky": ["Keras weighs FN by α, all others above FP; kornia before 0.9.0 depends on α + β alone"],
    "boundary": ["MONAI: a class without interface counts 0"],
    "hausdorff_dt": ["LIVIAETS: inner distance only; mmsegmentation: inner, divided by C"],
    "soft_cldice": ["clDice repository: smooth=1, and sums over the batch before the ratio"],
    "combo": ["the paper subtracts Dice: combo − (1 − alpha)"],
    "t_loss": ["authors' code: log_precision=1"],
}


def elsewhere(name: str) -> list[str]:
    """What other programs compute under the name of a loss, a line each."""
    return [*(peer.line() for peer in PEERS.get(name, ())), *NOTES.get(name, [])]
