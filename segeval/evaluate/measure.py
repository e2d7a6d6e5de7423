"""Pairs -> records -> Run."""

import contextlib
import functools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from segeval import io
from segeval.data import parts
from segeval.data.class_selection import VOID
from segeval.data.classes import ClassTable
from segeval.data.door import read_pair, read_truth
from segeval.data.folders import Layout, Pair, Pairing, pair
from segeval.data.geometry import measured
from segeval.data.image import Image, recoded
from segeval.data.labels import Labels
from segeval.data.panoptic import CITY_THINGS, find_table
from segeval.errors import (
    BadOption,
    InputError,
    LacksScores,
    LeftOut,
    LossesUndefined,
    MissingPrediction,
    Remark,
    SameFile,
    SegevalError,
    Transposed,
    UnfitChannels,
    UnfitSegments,
    UnknownPredIds,
    WorkerDied,
    debugging,
)
from segeval.evaluate.perfile import guarded
from segeval.evidence.confusion import Confusion
from segeval.evidence.kinds import EVIDENCE
from segeval.evidence.run_length import counted_cells
from segeval.io.files import MaskFile
from segeval.metrics import METRICS
from segeval.run import diagnose
from segeval.run.options import Options
from segeval.run.records import Note, Record
from segeval.run.run import Run
from segeval.text import counted, some

if TYPE_CHECKING:
    from segeval.evaluate.resume import Measured
    from segeval.evidence.sample import Sample

Progress = Callable[[int, int], None]  # (done, of)

Result = TypeVar("Result")

POOR = 0.5  # the mIoU of an image below which we look whether its transpose fits better
KEPT = 1 << 24  # bytes: taking the memory of a pair anew, page by page, costs as much as counting it
AHEAD = 256  # pairs that are handed out before their turn comes


def measure(pair: Pair, options: Options) -> Record | Note:
    """The record of one pair, or a note that says why there is none."""
    return guarded(pair.id, pair, lambda: _measure(pair, options))


def _measure(pair: Pair, options: Options) -> Record:
    return _missed(pair, options) if pair.pred is None else _compared(pair, pair.pred, options)


def _compared(pair: Pair, pred: MaskFile, options: Options) -> Record:
    image = opened(pair, pred, options)
    said = []
    if pred.same_as(pair.truth):
        said.append(SameFile(f"{pair.truth.name} is its own prediction", "the pair scores 1"))
    return recorded(pair.id, image, options, said)


def recorded(id_: str, image: Image, options: Options, also: Sequence[Remark] = ()) -> Record:
    """What an image leaves behind, and what is worth saying about it."""
    said = [*image.labels.remarks, *also]
    if confusion := image.counts.by_id:
        said += _remarks_on_ids(id_, confusion, image, options)
    kinds, lacking = _fitting(image, options)
    evidence = {name: kind.measured(image, options.specs[name]) for name, kind in kinds.items()}
    said += lacking
    if options.losses and evidence["losses"] is None:
        said.append(_why_no_losses(image))
    notes = tuple(Note.of(id_, remark) for remark in said)
    return Record(id_, evidence, image.digest, notes, image.labels.used)


def _fitting(image: Image, options: Options) -> tuple[dict[str, Any], list[Remark]]:
    """The classes of evidence that an image can leave behind, by kind, and what it lacks for others.

    LacksScores where metrics of such a kind were asked for by name.
    """
    found, without = dict[str, Any](), dict[str, list[str]]()
    for kind, spec in options.specs.items():
        known = EVIDENCE[kind]
        reasons = [reason for need in known.needs if (reason := image.lacking(need))]
        if not reasons:
            found[kind] = known.func
        elif spec.named:
            hint = "grey predictions want --probability, and ids of instances --instances panoptic"
            raise LacksScores(f"{reasons[0]}, and {kind} needs that", f"leave those metrics out; {hint}")
        else:
            without.setdefault(reasons[0], []).append(kind)
    hint = "name the metrics that are wanted with --metrics, or save what these need"
    return found, [LeftOut(f"{reason}: left out are {some(kinds)}", hint) for reason, kinds in without.items()]


def _missed(pair: Pair, options: Options) -> Record:
    """The record of a missing prediction: every pixel in column `other`, or nothing found in any channel."""
    truth = parts.read(pair.truth, options.reading.max_pixels, options.classes)
    true = read_truth(truth, options.reading, options.classes)
    pred = (true.labels == 1).view(np.uint8) if options.classes.multilabel else true.labels
    labels = Labels(pred, true.labels, [], true.target, true.kept)
    labels = measured(labels, options.classes, truth)
    if true.segments:
        labels = replace(labels, segments=(true.segments, true.segments))
    image = Image(pair.truth.name, labels, options.reading, options.classes)
    kinds, lacking = _fitting(image, options)
    found = {name: kind.missed(image, options.specs[name]) for name, kind in kinds.items()}
    evidence = {name: each for name, each in found.items() if each is not None}
    said = [*true.remarks, *lacking]
    return Record(pair.id, evidence, image.digest, tuple(Note.of(pair.id, remark) for remark in said))


def opened(pair: Pair, pred: MaskFile, options: Options) -> Image:
    """A pair behind the door."""
    limit, grey = options.reading.max_pixels, options.reading.probability
    mask = parts.read(pred, limit, options.classes, grey)
    truth = parts.read(pair.truth, limit, options.classes)
    labels = read_pair(mask, truth, options.reading, options.classes)
    if options.losses is None or options.losses.weights is None:
        return Image(truth.name, labels, options.reading, options.classes)
    weights = functools.partial(_weights, pair, options, options.losses.weights)
    return Image(truth.name, labels, options.reading, options.classes, weights)


def _weights(pair: Pair, options: Options, folder: str) -> io.Mask:
    """The weight map of a pair, which losses take."""
    if pair.id not in options.maps:
        what = f"{pair.id}: there is no weight map in {folder}"
        raise MissingPrediction(what, "make them with `segeval weightmap`, under the names of the true masks")
    return io.read(options.maps[pair.id], options.reading.max_pixels)


def _why_no_losses(image: Image) -> LossesUndefined:
    """Why an image that was scored has no losses."""
    try:
        _ = image.sample
        what = f"{image.truth_name} cannot be looked at as losses do"
    except InputError as fault:
        what = fault.message
    return LossesUndefined(f"losses are undefined: {what}", "metrics are not concerned; --losses none leaves them out")


def read_sample(pair: Pair, options: Options) -> "Sample":
    """A pair as the losses see it, from its files."""
    assert pair.pred is not None
    return opened(pair, pair.pred, options).sample


def _remarks_on_ids(id_: str, confusion: Confusion, image: Image, options: Options) -> Iterator[Remark]:
    strangers = {id_: pixels for id_, pixels in confusion.unknown_pred.items() if id_ != VOID}
    if strangers:
        named = [f"{stranger} ({counted(pixels, 'pixel')})" for stranger, pixels in strangers.items()]
        what = f"{id_}: the prediction holds ids that are no class: {some(named)}"
        yield UnknownPredIds(what, "they count as wrong")
    unnamed = options.reading.truth_threshold is not None and options.classes.scored is None
    if unnamed and (more := sorted({*confusion.pred.tolist()} - {-1, 0, 1})):
        named = [str(stranger) for stranger in more]
        what = f"{id_}: the prediction holds ids beside the two classes of --truth-threshold: {some(named)}"
        yield UnknownPredIds(what, "each is a class that the truth never has; --binary makes foreground of all")
    yield from diagnose.of_image(image.truth_name, image.cells, image.labels, options.classes)
    pred, truth = image.labels.pred, image.labels.truth
    even = truth.ndim in (2, 3) and len({*truth.shape}) == 1  # a transpose has its shape
    if even and (now := _agreement(confusion)) < POOR:
        cells, _ = counted_cells(pred.T, truth)
        then = _agreement(Confusion.from_cells(recoded(cells, options.classes), confusion.ids, confusion.ignore))
        if then >= now + diagnose.BETTER:
            what = f"{id_}: transposing the prediction raises mIoU {now:.2f} → {then:.2f}"
            swapped = "rows and columns" if truth.ndim == 2 else "axes (x, y, z for z, y, x)"
            yield Transposed(what, f"were {swapped} swapped?")


def _agreement(confusion: Confusion) -> float:
    """The mean IoU over the classes present."""
    values = METRICS["iou"].func(confusion.counts)
    return float(np.nanmean(values)) if np.isfinite(values).any() else 1.0


def evaluate(
    found: Pairing,
    options: Options,
    jobs: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    journal: "Measured | None" = None,
    forget: bool = False,
) -> Run:
    """The Run of some pairs. Whatever is wrong with single files is in `Run.failures`; the others are scored.

    forget: take the pairs out of `found`: the names of very many files need as much memory as what images leave behind.
    executor: somebody's own, of threads, processes or machines that see the files; it is not shut down.
    journal: what a killed run measured is not measured again, and what is measured now is kept.
    """
    cases = options.scoring.cases.every(each.id for each in found.pairs)
    options.draws.grouping.every(cases)  # an id that has no group is told before the work
    kept = journal.begin(found.pairs) if journal else {}
    records, number = [*kept.values()], len(found.pairs)
    run = _unscored(found, options)
    pairs = deque(each for each in found.pairs if each.id not in kept)
    if forget:
        found.pairs.clear()
    failures = [Note.of(id_, fault) for id_, fault in found.faults]
    lost = None if executor is None else _lost  # what our own threads do not catch is a fault of ours
    with threads(jobs) if executor is None else contextlib.nullcontext(executor) as workers:
        for done, result in enumerate(in_order(workers, measure, _taken(pairs), options, lost), 1 + len(kept)):
            if isinstance(result, Record):
                records.append(result)
                if journal:
                    journal.add(result)
            else:
                failures.append(result)
            if progress:
                progress(done, number)
    records.sort(key=lambda record: record.id)
    failures.sort(key=lambda note: (note.id, note.code))
    return checked(replace(run, records=tuple(records), failures=tuple(failures)))


def _taken(pairs: deque[Pair]) -> Iterator[Pair]:
    """The pairs in turn; nobody holds those that were given."""
    while pairs:
        yield pairs.popleft()


def _lost(pair: Pair, fault: Exception) -> Note:
    """A note for a pair that an executor took and gave nothing for."""
    what = f"{pair.truth.name}: the executor gave no result: {type(fault).__name__}: {fault}".rstrip(": ")
    return Note.of(pair.id, WorkerDied(what, "look at what ended its workers; give it fewer, or more memory"))


def find_pairs(pred_dir: str, truth_dir: str, layout: Layout) -> Pairing:
    """The pairs of two folders, of the formats that can be read."""
    return pair(pred_dir, truth_dir, layout, io.suffixes(), io.refused_suffixes())


def _unscored(found: Pairing, options: Options) -> Run:
    """The run of some pairs before any of them is measured."""
    return Run(
        (),
        options,
        found.digest,
        paired=sum(1 for each in found.pairs if each.pred is not None),
        missing=tuple(found.missing),
        extra=tuple(found.extra),
        shards=found.shards,
    )


def checked(run: Run) -> Run:
    """The run, unless its images do not belong together or nothing of them is left."""
    if run.options.classes.multilabel and len({record.confusion.ids for record in run.records}) > 1:
        raise UnfitChannels("some masks have more channels than others", "name the classes: --num-classes or --classes")
    diagnose.check_foreground(run.total)
    return run


def prepared(
    options: Options, found: Pairing, truth_dir: str, jobs: int | None = None, classes_first: bool = False
) -> Options:
    """The options with the losses that the inputs allow, and the weight maps and classes that they take.

    Losses may look at every pixel of every class, so that classes must be known before (or the caller wants them to be:
    classes_first): where nobody names them, they are those of the channels, or the ids that a first look at all files
    finds.
    """
    wanted = options.losses is not None and (classes_first or options.losses.wants_classes)
    if wanted and options.classes.scored is None:
        options = replace(options, classes=replace(options.classes, table=_classes(options, found, jobs)), found=True)
    options = options.with_losses()
    if options.losses is None or options.losses.weights is None:
        return options
    layout = Layout(gt_pattern=options.layout.gt_pattern, missing="skip")
    found = find_pairs(options.losses.weights, truth_dir, layout)
    return replace(options, maps={each.id: each.pred for each in found.pairs if each.pred is not None})


def with_tables(found: Pairing, options: Options, pred_dir: str, truth_dir: str) -> tuple[Pairing, Options]:
    """The pairs with what panoptic tables say of them, and the options with the classes of the true table.

    UnfitSegments where one side alone has a table, or where a table is none.
    """
    if not options.classes.segments:
        return found, options
    (asked,) = options.scoring.kinds.values()
    pred, truth = find_table(pred_dir, asked.pred_json), find_table(truth_dir, asked.gt_json)
    if (pred is None) != (truth is None):
        option, side = ("--pred-json", pred_dir) if truth else ("--gt-json", truth_dir)
        raise UnfitSegments(f"there is a table of one side, and none of {side}", f"give it with {option} FILE")
    if pred is None or truth is None:
        return found, _told_things(options, CITY_THINGS)
    pairs, faults = [], [*found.faults]
    for each in found.pairs:
        try:
            true = replace(each.truth, segments=truth.of(each.truth.relative, each.truth.name))
            given = each.pred and replace(each.pred, segments=pred.of(each.pred.relative, each.pred.name))
            pairs.append(replace(each, pred=given, truth=true))
        except UnfitSegments as fault:
            faults.append((each.id, fault))
    if options.classes.table is None and truth.classes:
        table = truth.classes.ignoring(options.classes.ignore)
        options = replace(options, classes=replace(options.classes, table=table))
    return replace(found, pairs=pairs, faults=faults), _told_things(options, truth.things)


def _told_things(options: Options, things: Iterable[int]) -> Options:
    """The options with the classes whose objects are counted."""
    scoring = options.scoring
    kinds = {name: replace(asked, things=tuple(things)) for name, asked in scoring.kinds.items()}
    return replace(options, scoring=replace(scoring, kinds=kinds))


def _classes(options: Options, found: Pairing, jobs: int | None) -> ClassTable:
    """The classes of masks about which nothing is said."""
    for first in found.pairs[:1]:
        if first.pred and (number := _channels(first, first.pred, options)):
            return ClassTable.numbered(number).ignoring(options.classes.ignore)
    run = evaluate(found, replace(options, losses=None), jobs)
    return ClassTable.found(run.total.ids, run.total.ignore)


def _channels(pair: Pair, pred: MaskFile, options: Options) -> int:
    """How many channels the files of a pair have; 0 where there are none, or they cannot be read."""
    try:
        given, true = (io.header(each, options.reading.max_pixels) for each in (pred, pair.truth))
    except InputError:
        return 0
    return given.shape[0] if len(given.shape) > len(true.shape) or options.classes.multilabel else 0


def in_order(
    executor: Executor,
    task: Callable[[Pair, Options], Result],
    pairs: Iterable[Pair],
    options: Options,
    lost: Callable[[Pair, Exception], Result] | None = None,
) -> Iterator[Result]:
    """The results in the order of the pairs. Only so many wait at a time: memory does not grow with the folder.

    lost: what a pair gives whose worker died; the task itself raises only what ends the whole.
    """
    waiting: deque[tuple[Pair, Callable[[], Result]]] = deque()

    def result(pair: Pair, get: Callable[[], Result]) -> Result:
        try:
            return get()
        except SegevalError:
            raise
        except Exception as fault:
            if lost is None or debugging():
                raise
            return lost(pair, fault)

    for each in pairs:
        waiting.append((each, _handed(executor, task, each, options)))
        if len(waiting) >= AHEAD:
            yield result(*waiting.popleft())
    while waiting:
        yield result(*waiting.popleft())


def _handed(
    executor: Executor, task: Callable[[Pair, Options], Result], pair: Pair, options: Options
) -> Callable[[], Result]:
    """What waits for the result of a pair; of the weight maps the worker gets its own alone."""
    if options.maps:
        options = replace(options, maps={pair.id: options.maps[pair.id]} if pair.id in options.maps else {})
    try:
        return executor.submit(task, pair, options).result
    except RuntimeError as fault:  # broken, or shut down
        broken = fault

    def told() -> Result:
        raise broken

    return told


@contextlib.contextmanager
def threads(jobs: int | None) -> Iterator[Executor]:
    """A pool of `jobs` threads; not waited for when the work is broken off.

    Decoders and NumPy let go of the interpreter lock, so that threads do what processes would, without their start.
    """
    np.empty(KEPT, np.uint8)  # freed at once: glibc then keeps as much, instead of returning it after every pair
    executor = ThreadPoolExecutor(workers(jobs))
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def workers(jobs: int | None) -> int:
    """How many threads are meant: by default one for each core that can be used."""
    if jobs is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs < 1:
        raise BadOption(f"--jobs is {jobs}", "give a number above 0")
    return jobs
