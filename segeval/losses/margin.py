"""Margin losses: on scores, whose sign is the decision."""

from segeval.arrays.functions import softplus
from segeval.evidence.pixels import Numbers, Values
from segeval.losses import LOSSES


@LOSSES.add(low=0, log=True, scores=True)
def soft_margin(v: Values) -> Numbers:
    """Soft margin loss: the logistic loss of a score.

        soft_margin = mean of ln(1 + e^(−y x)), y = 2g − 1

    Equals the cross entropy of σ(x) for hard truths.

    Made for balanced classes.
    Use it where scores come without a probability.
    Avoid it against imbalance, or from probabilities: `cross_entropy` is the same.

    torch.nn.SoftMarginLoss
    """
    return softplus((1 - 2 * v.t) * v.x)


@LOSSES.add(low=0, log=True, scores=True)
def multilabel_soft_margin(v: Values) -> Numbers:
    """Soft margin loss of independent labels.

        multilabel_soft_margin = −(1/C) Σ_c [g_c ln σ(x_c) + (1 − g_c) ln(1 − σ(x_c))], mean over pixels

    Made for overlapping classes.
    Use it where classes overlap.
    Avoid it where classes exclude each other: it lets them all be true.

    torch.nn.MultiLabelSoftMarginLoss
    """
    return v.t * softplus(-v.x) + (1 - v.t) * softplus(v.x)
