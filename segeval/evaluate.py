"""Pairs -> records -> Run."""

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from segeval import diagnose, io
from segeval.aggregate import Scoring
from segeval.bootstrap import Draws
from segeval.data.choice import ClassChoice, check_soft
from segeval.data.door import read_pair, read_truth
from segeval.data.labels import Labels
from segeval.data.reading import Reading
from segeval.errors import (
    BadOption,
    HardMasks,
    MissingPrediction,
    Remark,
    SameFile,
    Transposed,
    UnfitChannels,
    UnfitPixels,
    UnknownPredIds,
    UnknownTruthIds,
)
from segeval.evidence.channels import Evidence, pooled
from segeval.evidence.channels import count as count_channels
from segeval.evidence.confusion import Confusion
from segeval.evidence.runs import Array, CellCounter, LabelDigest, number_digest, runs
from segeval.metrics import METRICS
from segeval.pairing import Layout, MaskFile, Pair, Pairing, pair
from segeval.perfile import guarded
from segeval.run import Note, Record, Run
from segeval.text import counted, some

if TYPE_CHECKING:
    from segeval.evidence.sample import Sample
    from segeval.losses.asking import LossChoice
    from segeval.losses.plan import Measured

Cells = tuple[Array, Array, Array]
Progress = Callable[[int, int], None]  # (done, of)

Result = TypeVar("Result")

POOR = 0.5  # the mIoU of an image below which we look whether its transpose fits better
KEPT = 1 << 24  # bytes: taking the memory of a pair anew, page by page, costs as much as counting it
AHEAD = 256  # pairs that are handed out before their turn comes


@dataclass(frozen=True)
class Job:
    """All that measuring one pair needs to know; small, and the same for every pair."""

    reading: Reading
    classes: ClassChoice
    losses: "LossChoice | None" = None
    maps: Mapping[str, MaskFile] = field(default_factory=dict)  # the weight map of each pair

    def __post_init__(self) -> None:
        if self.reading.soft_truth and not self.classes.multilabel:
            check_soft(self.classes)


def measure(pair: Pair, job: Job) -> Record | Note:
    """The record of one pair, or a note that says why there is none."""
    return guarded(pair.id, pair.names, lambda: _measure(pair, job))


def _measure(pair: Pair, job: Job) -> Record:
    return _all_wrong(pair, job) if pair.pred is None else _compared(pair, pair.pred, job)


def _compared(pair: Pair, pred: MaskFile, job: Job) -> Record:
    classes = job.classes
    found = _opened(pair, pred, job)
    confusion, digest = _evidence(pair, found, classes)
    said = [*found.remarks, *_remarks(pair, classes, confusion, found)]
    measured = None
    if job.losses is not None:
        measured, more = _measured(found, pair, job)
        said += more
    return Record(pair.id, confusion, digest, tuple(Note.of(pair.id, remark) for remark in said), measured)


def _evidence(pair: Pair, found: Labels, classes: ClassChoice) -> tuple[Evidence, str]:
    """The counts of a pair and the digest of its truth, of its fractions where it has them."""
    if classes.multilabel:
        ids = classes.scored.ids if classes.scored else None
        counts: Evidence
        counts, digest = count_channels(found.pred, found.truth, ids=ids, ignore=classes.ignore)
    else:
        cells, digest = _counted(found.pred, found.truth)
        counts = _confusion(_recoded(cells, classes), classes, pair)
    if found.target is not None:
        digest = number_digest(found.target if found.kept is None else np.where(found.kept, found.target, -1))
    return counts, digest


def _opened(pair: Pair, pred: MaskFile, job: Job) -> Labels:
    """The labels of both."""
    mask = io.read(pred, job.reading.max_pixels)
    truth = io.read(pair.truth, job.reading.max_pixels)
    return read_pair(mask, truth, job.reading, job.classes)


def _measured(found: Labels, pair: Pair, job: Job) -> "tuple[Measured, list[Remark]]":
    """The evidence for the losses, and what is worth saying about it."""
    assert job.losses is not None
    image = _sample(found, pair, job)
    logarithms = any(each.entry.facts.get("log") for each in job.losses.asked)
    said: list[Remark] = []
    assert found.given is not None
    if found.given.hard and logarithms:
        what = f"{found.given.name} is a hard mask: losses with a logarithm see the clip at 1e-7"
        said.append(HardMasks(what, "save probabilities to score how sure the model was"))
    return job.losses.plan.measure(image), said


def read_sample(pair: Pair, job: Job) -> "Sample":
    """A pair as the losses see it, from its files."""
    assert pair.pred is not None
    return _sample(_opened(pair, pair.pred, job), pair, job)


def _sample(found: Labels, pair: Pair, job: Job) -> "Sample":
    """The pair as the losses see it."""
    from segeval.data.samples import sample

    weights = None
    if job.losses is not None and job.losses.weights is not None:
        if pair.id not in job.maps:
            what = f"{pair.id}: there is no weight map in {job.losses.weights}"
            raise MissingPrediction(what, "make them with `segeval weightmap`, under the names of the true masks")
        weights = io.read(job.maps[pair.id], job.reading.max_pixels)
    return sample(found, job.reading, job.classes, weights)


def _all_wrong(pair: Pair, job: Job) -> Record:
    """The record of a missing prediction: every pixel in column `other`, or nothing found in any channel."""
    true = read_truth(io.read(pair.truth, job.reading.max_pixels), job.reading, job.classes)
    pred = (true.labels == 1).view(np.uint8) if job.classes.multilabel else true.labels
    found, digest = _evidence(pair, Labels(pred, true.labels, [], true.target, true.kept), job.classes)
    said = tuple(Note.of(pair.id, remark) for remark in true.remarks)
    return Record(pair.id, found.all_wrong(), digest, said)


def _counted(pred: Array, truth: Array) -> tuple[Cells, str]:
    """The cells of a pair and the digest of its truth, in one sweep."""
    counter, digest = CellCounter(), LabelDigest(truth.shape)
    for block in runs(pred, truth):
        counter.add(block)
        digest.add(block)
    return counter.cells(), digest.hexdigest()


def _recoded(cells: Cells, classes: ClassChoice) -> Cells:
    """The cells with 1 for every non-zero id when the masks are binary; ignored true ids stay what they are."""
    if not classes.binary:
        return cells
    truth, pred, pixels = cells
    kept = np.isin(truth, list(classes.ignore))
    return np.where(kept, truth, truth != 0).astype(np.int32), (pred != 0).astype(np.int32), pixels


def _confusion(cells: Cells, classes: ClassChoice, pair: Pair) -> Confusion:
    ids = classes.scored.ids if classes.scored else None
    try:
        return Confusion.from_cells(cells, ids, classes.ignore)
    except UnknownTruthIds as fault:
        raise UnknownTruthIds(f"{pair.truth.name}: {fault.message}", fault.hint) from fault


def _remarks(pair: Pair, classes: ClassChoice, confusion: Evidence, found: Labels) -> Iterator[Remark]:
    if pair.pred and pair.pred.same_as(pair.truth):
        yield SameFile(f"{pair.truth.name} is its own prediction", "the pair scores 1")
    if isinstance(confusion, Confusion):
        yield from _remarks_on_ids(pair, classes, confusion, found)


def _remarks_on_ids(pair: Pair, classes: ClassChoice, confusion: Confusion, found: Labels) -> Iterator[Remark]:
    if strangers := confusion.unknown_pred:
        named = [f"{id_} ({counted(pixels, 'pixel')})" for id_, pixels in strangers.items()]
        what = f"{pair.id}: the prediction holds ids that are no class: {some(named)}"
        yield UnknownPredIds(what, "they count as wrong")
    square = found.truth.ndim == 2 and found.truth.shape[0] == found.truth.shape[1]
    if square and (now := _agreement(confusion)) < POOR:
        cells, _ = _counted(found.pred.T, found.truth)
        then = _agreement(Confusion.from_cells(_recoded(cells, classes), confusion.ids, confusion.ignore))
        if then >= now + diagnose.BETTER:
            what = f"{pair.id}: transposing the prediction raises mIoU {now:.2f} → {then:.2f}"
            yield Transposed(what, "were rows and columns swapped?")


def _agreement(confusion: Confusion) -> float:
    """The mean IoU over the classes present."""
    values = METRICS["iou"].func(confusion.counts)
    return float(np.nanmean(values)) if np.isfinite(values).any() else 1.0


def evaluate(
    found: Pairing,
    layout: Layout,
    job: Job,
    scoring: Scoring,
    jobs: int | None = None,
    progress: Progress | None = None,
    draws: Draws | None = None,
) -> Run:
    """The Run of some pairs. Whatever is wrong with single files is in `Run.failures`; the others are scored."""
    draws = draws or Draws()
    draws.grouping.every(each.id for each in found.pairs)  # an id that has no group is told before the work
    records: list[Record] = []
    failures = [Note.of(id_, fault) for id_, fault in found.faults]
    with threads(jobs) as executor:
        for done, result in enumerate(in_order(executor, measure, found.pairs, job), 1):
            if isinstance(result, Record):
                records.append(result)
            else:
                failures.append(result)
            if progress:
                progress(done, len(found.pairs))
    return _run(found, records, failures, layout, job, scoring, draws)


def find_pairs(pred_dir: str, truth_dir: str, layout: Layout) -> Pairing:
    """The pairs of two folders, of the formats that can be read."""
    return pair(pred_dir, truth_dir, layout, io.suffixes(), io.refused_suffixes())


def _run(
    found: Pairing,
    records: list[Record],
    failures: list[Note],
    layout: Layout,
    job: Job,
    scoring: Scoring,
    draws: Draws,
) -> Run:
    table = job.classes.scored
    kinds = {(r.losses.binary, r.losses.exclusive) for r in records if r.losses is not None}
    if len(kinds) > 1:
        raise UnfitPixels("some predictions are maps of the foreground and others are not", "score them apart")
    if job.classes.multilabel and len({record.confusion.ids for record in records}) > 1:
        raise UnfitChannels("some masks have more channels than others", "name the classes: --num-classes or --classes")
    diagnose.check_foreground(pooled([record.confusion for record in records], multilabel=job.classes.multilabel))
    return Run(
        records=tuple(records),
        table=table,
        scoring=scoring,
        options=recorded(layout, job, scoring, draws),
        losses=job.losses,
        draws=draws,
        inputs=found.digest,
        paired=sum(1 for p in found.pairs if p.pred is not None),
        failures=tuple(sorted(failures, key=lambda note: (note.id, note.code))),
        missing=tuple(found.missing),
        extra=tuple(found.extra),
    )


def recorded(layout: Layout, job: Job, scoring: Scoring, draws: Draws) -> dict[str, Any]:
    """The options that can change a number, as they stand in `run.json`."""
    table = job.classes.scored
    return {
        "pred_pattern": layout.pred_pattern,
        "gt_pattern": layout.gt_pattern,
        "missing": layout.missing,
        "classes": [[c.id, c.name, c.group] for c in table.classes] if table else None,
        "ignore": sorted(job.classes.ignore),
        "binary": job.classes.binary,
        "multilabel": job.classes.multilabel,
        "colors": sorted([id_, *color] for color, id_ in job.classes.colors.items()),
        "probability": job.reading.probability,
        "logits": job.reading.logits,
        "threshold": job.reading.threshold,
        "soft_truth": job.reading.soft_truth,
        "metrics": [entry.name for entry in scoring.entries],
        "presence": scoring.presence,
        "mean": scoring.mean,
        "beta": scoring.beta,
        **({"losses": job.losses.recorded()} if job.losses else {}),
        **draws.recorded(),
    }


def losses_asked_for(losses: Any = None, **options: Any) -> "LossChoice | None":
    """The losses that options name; nothing is imported for none, about which no option can say anything."""
    if losses is None:
        for option in ("params", "weights", "class_weights", "loss_background"):
            if options.get(option):
                name = "-p" if option == "params" else f"--{option.replace('_', '-')}"
                what = f"{name} is about losses, and none are asked for"
                raise BadOption(what, "add --losses NAMES, or --losses all")
        return None
    from segeval.losses.asking import LossChoice

    return LossChoice.of(losses, **options)


def with_losses(job: Job, truth_dir: str, layout: Layout, scoring: Scoring) -> Job:
    """The job with the losses that its inputs allow, and the weight maps that they take."""
    if job.losses is None:
        return job
    table = job.classes.scored
    if table is None:
        raise BadOption("losses need to know the classes", "give --num-classes N, --classes NAMES|FILE or --binary")
    from segeval.losses.asking import Kind

    if job.classes.multilabel and job.losses.class_weights is not None:
        what = "--class-weights weighs classes that exclude each other, and those of --multilabel do not"
        raise BadOption(what, "-p weighted_cross_entropy.class_weights=balanced weighs yes and no of each channel")
    kind = Kind(len(table.ids), job.classes.binary, job.classes.multilabel, job.reading.soft_truth)
    losses = job.losses.allowed(kind)
    losses = losses.with_presence(scoring.presence)
    if losses.weights is None:
        return replace(job, losses=losses)
    found = find_pairs(losses.weights, truth_dir, Layout(gt_pattern=layout.gt_pattern, missing="skip"))
    maps = {each.id: each.pred for each in found.pairs if each.pred is not None}
    return replace(job, losses=losses, maps=maps)


def in_order(
    executor: Executor, task: Callable[[Pair, Job], Result], pairs: Iterable[Pair], job: Job
) -> Iterator[Result]:
    """The results in the order of the pairs. Only so many wait at a time: memory does not grow with the folder."""
    waiting: deque[Future[Result]] = deque()
    for each in pairs:
        waiting.append(executor.submit(task, each, job))
        if len(waiting) >= AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


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
