"""What the counts suggest about the masks: shifted ids, another encoding, ignored foreground."""

from collections.abc import Iterator, Sequence

import numpy as np

from segeval.errors import ForegroundIgnored, SegevalError, ShiftedIds, TrainIds
from segeval.evidence.channels import ChannelCounts, Evidence
from segeval.evidence.confusion import Confusion
from segeval.evidence.runs import Array
from segeval.text import some

# Cityscapes: label id -> train id
TRAIN_IDS = dict(
    zip([7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33], range(19), strict=True)
)
BETTER = 0.3  # by how much another reading of the masks must be better before it is mentioned


def remarks(confusion: Evidence) -> Iterator[SegevalError]:
    """What is worth saying about the ids of a whole data set: other readings of them that fit far better."""
    if isinstance(confusion, ChannelCounts):  # there are no ids in channels
        return
    if _foreground_is_ignored(confusion):
        yield foreground_ignored()
    truth, pred, pixels = confusion.valid
    whole, known = pixels.sum(), pred >= 0  # below 0: no id at all, as where a prediction is missing
    if not whole:
        return

    def share(true_ids: Array, pred_ids: Array) -> float:
        return float(pixels[known & (true_ids == pred_ids)].sum() / whole)

    now = share(truth, pred)
    hint = "bring both to the same ids"
    for shift in (1, -1):
        then = share(truth, pred + shift)
        if then >= now + BETTER:
            yield ShiftedIds(f"shifting pred by {shift:+} raises pixel accuracy {now:.2f} → {then:.2f}", hint)
    for side, pair in {"prediction": (truth, _trained(pred)), "truth": (_trained(truth), pred)}.items():
        then = share(*pair)
        if then >= now + BETTER:
            what = f"translating the {side} from Cityscapes ids to train ids"
            yield TrainIds(f"{what} raises pixel accuracy {now:.2f} → {then:.2f}", hint)


def suggestions(found: Evidence, chosen: Sequence[int] | None, binary: bool) -> Iterator[tuple[str, str]]:
    """Options that the ids of a data set ask for, each with the reason; `found` counts over the ids found."""
    if binary or isinstance(found, ChannelCounts):
        return
    truth, pred = (set(column.tolist()) - set(found.ignore) for column in (found.truth, found.pred))
    high = max(truth | pred, default=0)
    if truth | {0} == {0, 255} and pred <= {0, 1, 255}:
        yield "--binary", "the truth holds only 0 and 255"
        return
    if 255 in pred - truth and 255 not in found.ignore:
        yield "swapped folders?", "the prediction holds 255, usually the void of a truth, and the truth does not"
    if 255 in truth - pred and 255 not in (chosen or ()):
        yield "--ignore 255", "the truth holds 255 and the prediction never does: probably void"
        high = max((truth | pred) - {255}, default=0)
    if chosen is None and high < 256:
        yield (
            f"--num-classes {high + 1}",
            f"ids go from 0 to {high}; give the number of your classes, so that absent ones are listed too",
        )
    if chosen is not None and (strange := sorted(truth - set(chosen) - {255})):
        yield f"--ignore {strange[0]}", f"the truth holds ids that are no class: {some([str(id_) for id_ in strange])}"


def check_foreground(confusion: Evidence) -> None:
    """Refuse counts from which `--ignore 255` removed all foreground of a {0, 255} mask that was also predicted."""
    if isinstance(confusion, ChannelCounts):
        if 255 in confusion.ignore and confusion.ignored[1] and not confusion.truth.size:
            raise foreground_ignored("save the channels of the truth as 0 and 1, and do not ignore 255")
        return
    where_255 = np.isin(confusion.truth, list(confusion.ignore)) & (confusion.truth == 255)
    if _foreground_is_ignored(confusion) and (confusion.pred[where_255] > 0).any():
        raise foreground_ignored()


def foreground_ignored(
    hint: str = "if such masks are binary, use --binary and do not ignore 255",
) -> ForegroundIgnored:
    return ForegroundIgnored(
        "the truth holds only 0 and 255, and 255 is ignored: nothing but background is scored", hint
    )


def _foreground_is_ignored(confusion: Confusion) -> bool:
    """Whether the truth of at most two classes holds just 0, and 255 that is ignored."""
    found = set(confusion.truth.tolist())
    return len(confusion.ids) <= 2 and found == {0, 255} and 255 in confusion.ignore


def _trained(ids: Array) -> Array:
    """Cityscapes train ids; −1 for an id that has none."""
    return np.array([TRAIN_IDS.get(i, -1) for i in ids.tolist()], np.int64)
