"""What the counts suggest about the masks: shifted ids, another encoding, ignored foreground."""

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np

from segeval.data.class_selection import VOID, VOID_IDS, ClassChoice
from segeval.data.class_tables import id_maps
from segeval.data.labels import Labels
from segeval.errors import (
    BackgroundIgnored,
    BinaryTruth,
    ClassesAsObjects,
    ForegroundIgnored,
    ForegroundOfMany,
    GreyAsLabels,
    InstanceIds,
    Inverted,
    NearlyBinary,
    NoBackground,
    NothingInCommon,
    OtherPalette,
    Remark,
    ScaledIds,
    SegevalError,
    ShiftedIds,
    TranslatedIds,
    VoidAsClass,
)
from segeval.evidence.confusion import Confusion
from segeval.evidence.multilabel import ChannelCounts, PixelEvidence
from segeval.evidence.run_length import Array
from segeval.text import counted, some

MANY, MANY_ALONE = 8, 20  # true ids that count up as classes seldom do: to other numbers in other images, or to one
OFTEN = 0.9  # the share of images whose ids do
MANY_IDS = 64
FEW = 40  # ids that may be classes, where each was taken for an object
AGREED = 0.7  # the share of pixels of any object on both sides that have one id, from which on ids are classes
MOST_GREYS = 32  # classes that may be spread over the greys from black to white
KNOWN = {"ADE20K": 151, "COCO-Stuff": 182}  # ids, with 0, of data sets whose images hold few of their many classes
SHADES = 16  # values in a prediction, from which on they may be shades of grey
FAR_MORE = 8  # shades for each true id, from which on there may be that many beside a truth of several classes
ONE_CURE = "grey probabilities want --probability"
SURE = 0.8  # the pixel accuracy that two swapped ids must reach before it is mentioned
TELLING = 4  # ids of a side, from which on an id map of a known data set is no accident
BETTER = 0.3  # by how much another reading of the masks must be better before it is mentioned


def remarks(
    found: PixelEvidence,
    images: Sequence[PixelEvidence] = (),
    chosen: Collection[int] | None = None,
    binary: bool = False,
    void: Collection[int] = (),
) -> Iterator[SegevalError]:
    """What is worth saying about the ids of a whole data set; `chosen` are the classes that were asked for.

    binary: these are ids, and only whether they are 0 will count. void: ignored ids that no option, but a table names.
    """
    if isinstance(found, ChannelCounts):  # there are no ids in channels
        return
    if _foreground_is_ignored(found):
        yield foreground_ignored()
    if binary:
        return
    yield from _kinds_of_ids(found, images, chosen)
    wrong = (found.truth == 0) & (found.pred != 0)
    if 0 in found.ignore and 0 not in void and (lost := int(found.pixels[wrong].sum())):
        what = f"--ignore 0 leaves out all true background, with {counted(lost, 'pixel')} wrongly predicted there"
        yield BackgroundIgnored(what, "to leave the background out of means alone, give --mean-without 0 instead")
    yield from _better_readings(_predicted(found, images))


def _predicted(found: Confusion, images: Sequence[PixelEvidence]) -> Confusion:
    """The counts of the images that have a prediction."""
    every = [each for each in images if isinstance(each, Confusion)]
    seen = [each for each in every if (each.pred != -1).any()]  # −1 alone: the prediction is missing
    return found if len(seen) == len(every) else Confusion.summed(seen)


def _kinds_of_ids(
    found: Confusion, images: Sequence[PixelEvidence], chosen: Collection[int] | None
) -> Iterator[Remark]:
    """Ids that are no classes, by what they are; an id that is none of the chosen classes is an error elsewhere."""
    truth, pred = (set(column.tolist()) for column in (found.valid[0], found.pred))
    sides = {"truth": (truth, pred), "prediction": (pred, truth)}
    binary = [name for name, (one, other) in sides.items() if is_binary(one) and 255 in one and _ones(other)]
    if len(found.ids) > 2 and 255 in found.ignore and set(found.truth.tolist()) == {0, 255}:
        yield BinaryTruth("the truth holds only 0 and 255, and 255 is ignored", "binary masks want --binary alone")
    elif chosen is None and binary:
        yield BinaryTruth(f"the {binary[0]} holds only 0 and 255, and the other side 1", "give --binary")
    elif chosen is None:
        for void in sorted(VOID_IDS & truth - pred):
            what = f"the truth holds {void} and the prediction never does: it counts as a class"
            yield VoidAsClass(what, f"if it is void, give --ignore {void}")
    if most := _objects([each for each in images if isinstance(each, Confusion)], chosen is not None):
        what = f"the true ids count up from 1 without a gap in each file, to {most} in one: objects, not classes"
        yield InstanceIds(what, "--instances labels scores objects; --binary all of them together, pixel by pixel")
    predicted = {id_ for id_ in pred if id_ >= 0}
    if truth and predicted and not truth & predicted and not binary:
        what = f"no id is in both: the truth holds {_shown(truth)}, the prediction {_shown(predicted)}"
        yield NothingInCommon(what, "bring both to the same ids, for example by --map")
    elif tuple(chosen or ()) == (0, 1) and {1} in (truth, predicted):
        side = "truth" if truth == {1} else "prediction"
        yield NoBackground(f"the {side} has no pixel of 0: all of it is foreground", "do its ids begin with 1?")


def _ones(ids: Collection[int]) -> bool:
    """Whether ids are those of a mask of 0 and 1, perhaps with void."""
    return set(ids) <= {0, 1} or (1 in ids and set(ids) <= {0, 1, 255})


def _shown(ids: Collection[int]) -> str:
    """A few ids."""
    return some([str(id_) for id_ in sorted(ids)])


def is_binary(ids: Collection[int]) -> bool:
    """Whether ids are those of a mask of 0 and 255."""
    return set(ids) | {0} == {0, 255}


def _objects(images: Sequence[Confusion], named: bool) -> int:
    """The most objects in an image where true ids number objects; 0 where they do not.

    Then they count up from 1 without a gap, in each image to another number, and further than classes would. To one
    number in all images they count much further, and nobody named them as classes.
    """
    found = (set(image.valid[0].tolist()) - {0} for image in images)  # of one image at a time: there are many
    counting = [len(ids) for ids in found if ids and ids == set(range(1, len(ids) + 1))]
    alike = len(images) > 1 and len(set(counting)) == 1
    many = [number for number in counting if number >= (MANY_ALONE if alike or len(images) == 1 else MANY)]
    if len(counting) < OFTEN * len(images) or not many or (alike and named):
        return 0
    return max(many)


def _better_readings(confusion: Confusion) -> Iterator[SegevalError]:
    """Other readings of the ids that fit far better."""
    truth, pred, pixels = confusion.valid
    whole = pixels.sum()
    if not whole:
        return

    def share(true_ids: Array, pred_ids: Array) -> float:
        return float(pixels[true_ids == pred_ids].sum() / whole)

    now = share(truth, pred)
    ids = sorted({*truth.tolist(), *pred.tolist()})
    if len(ids) == 2:
        then = share(truth, np.where(pred == ids[0], ids[1], np.where(pred == ids[1], ids[0], pred)))
        if then >= max(now + BETTER, SURE):
            what = f"swapping {ids[0]} and {ids[1]} in pred raises pixel accuracy {now:.2f} → {then:.2f}"
            yield Inverted(what, "bring foreground and background to the same ids")
        return
    shifted = {shift: share(truth, pred + shift) for shift in (1, -1)}
    for shift, then in shifted.items():
        if then >= now + BETTER:
            what = f"shifting pred by {shift:+} raises pixel accuracy {now:.2f} → {then:.2f}"
            yield ShiftedIds(what, f"bring both to the same ids: --map pred:shift:{shift:+}")
    yield from _multiples(truth, pred, pixels)
    yield from _translated(truth, pred, share, max(now, *shifted.values()))


def _translated(
    truth: Array, pred: Array, share: Callable[[Array, Array], float], now: float
) -> Iterator[TranslatedIds]:
    """The id map of a known data set after which a side fits far better than `now`, and best of all."""
    sides = [
        each for each in (("pred", "prediction", pred), ("gt", "truth", truth)) if np.unique(each[2]).size >= TELLING
    ]
    found = []
    for each, (side, name, one) in itertools.product(id_maps().values(), sides):
        new = np.array([each.pairs.get(id_, VOID) for id_ in one.tolist()], np.int64)
        found.append((share(truth, new) if side == "pred" else share(new, pred), side, name, each))
    then, side, name, best = max(found, key=lambda one: one[0], default=(0.0, "", "", None))
    if best is not None and then >= now + BETTER:
        what = f"translating the {name} from {best.source} to {best.target} raises pixel accuracy"
        hint = f"bring both to the same ids: --map {side}:{best.name}"
        yield TranslatedIds(f"{what} {share(truth, pred):.2f} → {then:.2f}", hint)


def _multiples(truth: Array, pred: Array, pixels: Array) -> Iterator[ScaledIds]:
    """Ids that fit far better, the background apart, where those of a side are counted off from 0."""
    shown = (truth != 0) | (pred != 0)
    if not (whole := pixels[shown].sum()):
        return
    for side, name, one, other in (("pred", "pred", pred, truth), ("gt", "the truth", truth, pred)):
        ids = np.unique(one)
        if is_binary(ids.tolist()):
            continue  # they have other cures
        now = float(pixels[shown & (one == other)].sum() / whole)
        for how, new in _counted_off(ids):
            then = float(pixels[shown & (new[np.searchsorted(ids, one)] == other)].sum() / whole)
            if then >= now + BETTER:
                what = f"{how.format(name)} raises pixel accuracy outside 0 {now:.2f} → {then:.2f}"
                rows = some([f"{id_},{n}" for id_, n in zip(ids.tolist(), new.tolist(), strict=True)])
                yield ScaledIds(what, f"bring both to the same ids: --map {side}:FILE, whose rows are {rows}")
                break


def _counted_off(ids: Array) -> Iterator[tuple[str, Array]]:
    """What ids would be that are multiples of a number, or greys at equal distances from black to white, rounded."""
    factor = int(np.gcd.reduce(ids))
    if factor >= 2 and (ids.size >= 3 or factor >= MANY_IDS):  # two classes may be mistaken for each other
        yield f"dividing the ids of {{}} by {factor}", ids // factor
        return
    white = 255 if ids.max() <= 255 else 65535
    for number in range(max(ids.size, 3), MOST_GREYS + 1):
        for rounded in (np.rint, np.floor):
            greys = rounded(np.arange(number) * (white / (number - 1)))
            if ids.size >= 3 and np.isin(ids, greys).all():
                yield f"counting the {number} greys of {{}} from 0 to {white}", np.searchsorted(greys, ids)


def of_image(
    truth_name: str, cells: tuple[Array, Array, Array], labels: Labels, classes: ClassChoice
) -> Iterator[Remark]:
    """Values of one pair that are no ids, from what its files hold: (true ids, predicted ids, pixels)."""
    assert labels.given is not None
    if classes.objects:  # any number of them is as good as any other
        yield from _not_objects(truth_name, cells)
        return
    truth, pred = np.unique(cells[0]), np.unique(cells[1])
    truth, pred = truth[~np.isin(truth, list(classes.ignore))], pred[pred >= 0]
    high = int(pred.max(initial=0))
    bright = 255 if high <= 255 else 65535
    gaps = bool(np.diff(pred).max(initial=0) > 1)
    grey = pred.size >= SHADES and high > bright / 2 and (gaps or high == bright)
    two = truth.size <= 2 or _at_both_ends(truth)
    if labels.given.kind == "labels" and grey and (two or _strangers(truth, pred, classes)):
        what = f"{labels.given.name} holds {pred.size} values up to {high}, read as labels beside a truth of "
        many = "shades are no ids: save labels, or probabilities with one channel for each class"
        yield GreyAsLabels(what + ("two" if two else str(truth.size)), ONE_CURE if two else many)
    if labels.given.kind == "foreground" and truth.size > 2 and not classes.binary:
        what = f"{labels.given.name} is a map of the foreground, and {truth_name} holds {truth.size} classes"
        yield ForegroundOfMany(what, "save one channel for each class")
    if classes.binary:
        yield from _not_binary(truth_name, truth)
    yield from _palettes(truth_name, labels, truth, pred, classes.binary)


def _not_objects(truth_name: str, cells: tuple[Array, Array, Array]) -> Iterator[Remark]:
    """Ids that are taken for numbers of objects, and are those of classes in both masks."""
    truth, pred, pixels = cells
    found = np.unique(truth[truth > 0])
    both, alike = (truth > 0) & (pred > 0), (truth > 0) & (truth == pred)
    few = 2 <= found.size <= FEW and int(found.max()) > found.size
    copied = (truth == pred).all()  # whatever its ids are
    if few and not copied and alike.sum() > 1 and pixels[alike].sum() >= AGREED * pixels[both].sum():
        what = f"{truth_name} holds {_shown(found.tolist())}, and the prediction agrees: classes, not objects"
        yield ClassesAsObjects(what, "--instances components makes objects of the connected parts of classes")


def _strangers(truth: Array, pred: Array, classes: ClassChoice) -> bool:
    """Whether a prediction has far more ids than the truth, most of them neither there nor classes."""
    known = [*truth.tolist(), *(classes.scored.ids if classes.scored else classes.named)]
    return bool(pred.size >= FAR_MORE * truth.size and np.isin(pred, known).mean() < 0.5)


def _not_binary(truth_name: str, truth: Array) -> Iterator[Remark]:
    """True ids that `--binary` takes as foreground, though they look like something else."""
    if truth.size > 2 and _at_both_ends(truth):
        what = f"{truth_name} holds {truth.size} values near 0 and {truth.max()}: all above 0 are foreground"
        yield NearlyBinary(what, "give --truth-threshold 0.5 to draw the line in the middle")
        return
    for void in truth[(truth < 0) | (np.isin(truth, list(VOID_IDS)) & (1 in truth))].tolist():
        yield VoidAsClass(f"{truth_name} holds {void}, which is foreground", f"if it is void, give --ignore {void}")


def _at_both_ends(values: Array) -> bool:
    """Whether grey values lie close to black and white, and not only on them."""
    white = 255 if values.max() <= 255 else 65535
    dark, bright = values <= white // 16, values >= white - white // 16
    all_there = values.min() >= 0 and (dark | bright).all() and dark.any()
    return bool(all_there and (values[bright] < white).any())


def _palettes(truth_name: str, labels: Labels, truth: Array, pred: Array, binary: bool) -> Iterator[Remark]:
    """Palettes that give ids another meaning than the other side has; `truth` and `pred` are the ids in use."""
    assert labels.given is not None
    ours, theirs = labels.palettes
    hint = "give --colors FILE with a colour for each class, or save both as grey"
    if ours is not None and theirs is not None:
        shared = np.intersect1d(np.union1d(truth, pred), np.arange(min(len(ours), len(theirs))))
        unlike = shared[(ours[shared] != theirs[shared]).any(axis=1)]
        if unlike.size:
            one, other = (tuple(palette[unlike[0]].tolist()) for palette in (ours, theirs))
            what = f"index {unlike[0]} is the colour {one} in {labels.given.name}, and {other} in {truth_name}"
            yield OtherPalette(what, hint)
        return
    for name, palette, used, beside in ((labels.given.name, ours, pred, truth), (truth_name, theirs, truth, pred)):
        if palette is not None and used.size and (greys := _greys(palette, used, beside, binary)):
            yield OtherPalette(f"{name} has a palette of greys, whose indices are read as ids: {some(greys)}", hint)


def _greys(palette: Array, used: Array, beside: Array, binary: bool) -> list[str]:
    """The greys of the indices in use, if these and not the indices are what the other side holds."""
    colours = palette[used[used < len(palette)]]
    if len(colours) < used.size or (colours != colours[:, :1]).any():
        return []
    values = colours[:, 0].astype(np.int64)
    if binary:
        meant = bool(((values != 0) != (used != 0)).any())
    else:
        meant = np.isin(values, beside).sum() > np.isin(used, beside).sum()
    return [f"{index} is {value}" for index, value in zip(used.tolist(), values.tolist(), strict=True)] if meant else []


def suggestions(
    found: PixelEvidence, images: Sequence[PixelEvidence], chosen: Sequence[int] | None, binary: bool
) -> Iterator[tuple[str, str]]:
    """Options that the ids of a data set ask for, each with the reason; `found` counts over the ids found."""
    if binary or isinstance(found, ChannelCounts) or not found.truth.size:
        return
    truth, pred = (set(column.tolist()) - set(found.ignore) for column in (found.truth, found.pred))
    high = max(truth | pred, default=0)
    if is_binary(truth) and pred <= {0, 1, 255}:
        yield "--binary", "the truth holds only 0 and 255"
        return
    if any(isinstance(said, InstanceIds) for said in _kinds_of_ids(found, images, chosen)):
        yield "--instances labels", "the ids count objects; or --binary, for all of them together, pixel by pixel"
        return
    if 255 in pred - truth and 255 not in found.ignore:
        yield "swapped folders?", "the prediction holds 255, usually the void of a truth, and the truth does not"
    for void in sorted(VOID_IDS & truth - pred - set(chosen or ())):
        yield f"--ignore {void}", f"the truth holds {void} and the prediction never does: probably void"
        high = max((truth | pred) - VOID_IDS, default=0)
    if chosen is None and high < 256:
        yield _number_of_classes(high)
    if chosen is not None and (strange := sorted(truth - set(chosen) - VOID_IDS)):
        options = " ".join(f"--ignore {id_}" for id_ in strange)
        yield options, f"the truth holds ids that are no class: {some([str(id_) for id_ in strange])}"


def _number_of_classes(high: int) -> tuple[str, str]:
    """`--num-classes` for ids up to `high`: of few, what was found; of many, what data sets have that hold as many."""
    ids = f"ids go from 0 to {high}"
    for name, number in KNOWN.items():
        if MANY_IDS < high < number:
            return f"--num-classes {number}", f"{ids}; {name} has 0 to {number - 1}. Give the number of your classes"
    return f"--num-classes {high + 1}", f"{ids}; give the number of your classes, so that absent ones are listed too"


def check_foreground(confusion: PixelEvidence) -> None:
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
