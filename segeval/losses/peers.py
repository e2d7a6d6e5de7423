"""What big libraries compute under the same name, and how to get their number: measured on fixed inputs."""

ELSEWHERE = {
    "dice": [
        "MONAI DiceLoss: smooth=1e-5, per image, background in; include_background=False is background=False",
        "segmentation_models_pytorch: reduction='pooled'; the term of a class the truth lacks is 0 and still counted",
        "MONAI 1.6.1 DiceLoss(weight=w): mean_weights=w, times the mean of w",
        "kornia dice_loss: average='micro' by default; its macro is presence='truth' (0.9.0)",
        "Keras dice: average='micro', reduction='pooled'",
        "nnU-Net: smooth=1e-5, background=False, minus 1 (it returns minus the coefficient)",
        "mmsegmentation 1.x: squared_dice with average='micro' and smooth_below=2e-3",
    ],
    "cross_entropy": [
        "smp: its smooth_factor of a binary problem is ε/2, so its 0.1 is label_smoothing=0.2",
        "smp, pytorch-toolbelt: divide by all pixels, ignored ones too",
    ],
    "weighted_cross_entropy": [
        "torch CrossEntropyLoss(weight=w): class_weights=w, normalize='weights'; pos_weight divides by the pixels",
    ],
    "focal": [
        "torchvision, TensorFlow Addons, PaddleSeg: alpha=0.25; mmsegmentation 0.5; smp, MONAI, Holocron: none",
        "kornia, MONAI softmax: divide by the classes too; several classes get 1 − α on class 0 and α elsewhere",
    ],
    "generalized_dice": [
        "LIVIAETS boundary-loss: a class without truth weighs 1e20 instead of the largest other weight",
        "MONAI 1.6.1: smooth=1e-5",
    ],
    "tversky": [
        "kornia 0.9.0: presence='truth'",
        "MONAI, smp, kornia ≥ 0.9, mmsegmentation: α weighs FP, as fp_weight; Keras ≤ 3.15.1 has the two swapped",
    ],
    "focal_tversky": ["segmentation_models_pytorch: raises the mean over classes to γ, not each class"],
    "jaccard": ["MONAI: smooths 2I and 2U, so that its 1e-5 is 5e-6 here"],
    "mcc": ["segmentation_models_pytorch: adds ε to each of the four cells; a perfect full mask scores 0.5"],
    "lovasz_softmax": ["authors' code: presence='truth'; kornia < 0.9 sorted raw labels"],
    "boundary": ["MONAI: a class without interface counts 0; mmsegmentation's BoundaryLoss is balanced_cross_entropy"],
    "hausdorff_dt": ["LIVIAETS: inner distance only; mmsegmentation: inner, divided by C"],
    "soft_cldice": [
        "clDice repository: smooth=1, and sums over the batch before the ratio",
        "MONAI 1.6.1 SoftclDiceLoss: smooth=1, iterations=3, channels summed first, 1e-4 in the mean of both",
    ],
    "ssim": ["kornia: (1 − SSIM)/2, padded"],
    "combo": ["the paper subtracts Dice: combo − (1 − alpha)"],
    "unified_focal": ["MONAI 1.6.1 AsymmetricUnifiedFocalLoss: 0.75 times the value at weight=1/3 and delta=0.7"],
    "t_loss": ["authors' code: log_precision=1"],
}
