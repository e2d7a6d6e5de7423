"""A look at two folders before the long run: pairing, headers, sizes, ids."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from segeval.data import parts
from segeval.data.channels import check_axes, check_number
from segeval.data.class_selection import VOID
from segeval.data.folders import Pair, Pairing
from segeval.data.labels import check_channels
from segeval.data.shapes import shapes_differ
from segeval.errors import GreyAsLabels, InputError, UnknownTruthIds, is_doubt
from segeval.evaluate.measure import Progress, in_order, measure, threads
from segeval.evaluate.perfile import guarded
from segeval.evidence.confusion import Confusion
from segeval.evidence.kinds import EVIDENCE
from segeval.evidence.multilabel import PixelEvidence
from segeval.run import diagnose, effects
from segeval.run.options import Options
from segeval.run.records import Note, Record, pixels
from segeval.text import extent

SAMPLE = 100  # pairs whose pixels are read


@dataclass(frozen=True)
class Checked:
    """What was found."""

    faults: list[Note]
    sizes: Counter[str]
    truth_ids: list[int]
    pred_ids: list[int]
    sampled: int
    remarks: list[Note]
    suggestions: list[tuple[str, str]]


def check(
    found: Pairing,
    options: Options,
    jobs: int | None = None,
    progress: Progress | None = None,
    typed: Collection[str] = (),
) -> Checked:
    """Open every header, and count the ids of a sample of the pairs, evenly spread.

    typed: the options that somebody gave, and that are a fault where no pair needs them.
    """
    faults = [Note.of(id_, fault) for id_, fault in found.faults]
    sizes: Counter[str] = Counter()
    any_ids = options  # whose files have a channel for each class
    if not (options.classes.multilabel or options.reading.soft_truth):
        named = options.classes.scored.ids if options.classes.scored else ()
        any_ids = replace(options, classes=replace(options.classes, table=None, binary=False, named=named))
    sound: list[Pair] = []
    records: list[Record] = []
    with threads(jobs) as executor:
        for done, (each, size) in enumerate(
            zip(found.pairs, in_order(executor, _size, found.pairs, options), strict=True), 1
        ):
            if isinstance(size, Note):
                faults.append(size)
            else:
                sizes[size] += 1
                sound.append(each)
            if progress:
                progress(done, len(found.pairs))
        sample = sound[:: -(-len(sound) // SAMPLE)] if sound else []
        for result in in_order(executor, measure, sample, any_ids):
            if isinstance(result, Record):
                records.append(result)
            else:
                faults.append(result)
    kind = EVIDENCE[pixels(options.specs)].evidence
    counts = [r.confusion for r in records]
    found_ids = kind.summed(counts)
    chosen = options.classes.scored.ids if options.classes.scored else None
    faults += [Note.of("", fault) for fault in _unknown_ids(found_ids, chosen, options)]
    void = options.classes.by_table
    said = diagnose.remarks(found_ids, counts, chosen, options.classes.binary, void)
    remarks = [Note.of("", each) for each in said]
    unused = []
    if len(sample) == len(sound):  # of a sample alone nobody knows what the others need
        unused = [Note.of("", said) for said in effects.refused(records, options, found_ids, typed)]
    if not unused:
        remarks += [Note.of("", said) for said in effects.remarks(records, options, found_ids)]
    remarks += [note for r in records for note in r.notes]
    faults += unused + [note for note in remarks if is_doubt(note.code)]
    suggestions = list(diagnose.suggestions(found_ids, counts, chosen, options.classes.binary))
    grey = [note for note in remarks if note.code == GreyAsLabels.code]
    if any(note.hint == diagnose.ONE_CURE for note in grey):  # then the ids are shades
        suggestions = [("--probability", "the predictions look like grey probabilities")]
    return Checked(
        faults=sorted(faults, key=lambda note: (note.id, note.code)),
        sizes=sizes,
        truth_ids=sorted(set(found_ids.truth.tolist()) - {VOID}),
        pred_ids=sorted(set(found_ids.pred.tolist())),
        sampled=len(records),
        remarks=[note for note in remarks if not is_doubt(note.code)],
        suggestions=suggestions,
    )


def _unknown_ids(found: PixelEvidence, chosen: tuple[int, ...] | None, options: Options) -> Iterator[InputError]:
    """What scoring with the chosen classes would refuse about the true ids."""
    if chosen is None or options.classes.binary or not (counts := found.by_id):
        return
    try:
        Confusion.from_cells((counts.truth, counts.pred, counts.pixels), chosen, counts.ignore)
    except UnknownTruthIds as fault:
        yield fault


def _size(pair: Pair, options: Options) -> str | Note:
    """The size that both headers of a pair announce, or what is wrong with them."""
    return guarded(pair.id, pair, lambda: _fitting_size(pair, options))


def _fitting_size(pair: Pair, options: Options) -> str:
    truth = parts.shape(pair.truth, options.reading.max_pixels, options.classes)
    if pair.pred:
        pred = parts.shape(pair.pred, options.reading.max_pixels, options.classes)
        _check_shapes(pair.pred.name, pred, pair.truth.name, truth, options)
    return extent(truth)


def _check_shapes(
    pred_name: str, pred: tuple[int, ...], truth_name: str, truth: tuple[int, ...], options: Options
) -> None:
    """Refuse two shapes that scoring would refuse."""
    ids = options.classes.channels
    if options.classes.multilabel and not options.classes.members:
        check_axes(pred_name, pred, truth_name, truth, ids)
        return
    if options.reading.one_hot:
        if not {pred, pred[1:], pred[:-1]} & {truth, truth[1:], truth[:-1]}:
            raise shapes_differ(pred_name, pred, truth_name, truth)
        return
    spatial = truth
    if options.reading.soft_truth and not options.classes.binary:
        check_number(truth_name, truth, ids)
        spatial = truth[1:]
    if spatial not in (pred, pred[1:]):
        raise shapes_differ(pred_name, pred, truth_name, spatial)
    check_channels(pred_name, pred, spatial, ids)
