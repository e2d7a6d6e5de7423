"""The study of losses over two folders: their values, pulls, ranks and answers to errors, as one document."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from segeval.analysis import (
    SPOILT,
    ZONES,
    Agreement,
    Shares,
    agreement,
    foreground,
    mean_shares,
    sensitivity,
    shares,
    zones,
)
from segeval.criteria import Criteria
from segeval.errors import InputError
from segeval.evaluate import Job, read_sample
from segeval.evidence.sample import Sample
from segeval.losses.plan import Plan
from segeval.metrics import METRICS
from segeval.pairing import Pair, Pairing
from segeval.run import Run, finite

SCHEMA = "segeval-losses/1"
Progress = Callable[[int, int], None]


def study(
    run: Run, found: Pairing, job: Job, images: int, steps: int, progress: Progress | None = None
) -> dict[str, Any]:
    """The document: everything that `segeval losses` says.

    Gradient shares are means over up to `images` pairs, evenly spread; sensitivity is of the first of them that holds
    more than class 0, or of the first.
    """
    criteria = run.criteria
    assert criteria is not None
    scored = {record.id for record in run.records}
    chosen = [pair for pair in found.pairs if pair.pred is not None and pair.id in scored]
    spread = chosen[:: -(-len(chosen) // images)] if chosen else []
    pulls: dict[str, list[Shares]] = {asked.name: [] for asked in criteria.asked}
    model: Sample | None = None
    for done, (_, image) in enumerate(samples(spread, job), 1):
        zone = zones(image)
        for asked in criteria.asked:
            pulls[asked.name].append(shares(asked, image, zone, criteria.choice.caller))
        if model is None or not foreground(model).any():
            model = image
        if progress:
            progress(done, len(spread))
    document: dict[str, Any] = finite(
        {
            "schema": SCHEMA,
            "options": dict(run.options),
            "losses": criteria.document(),
            "left_out": dict(criteria.choice.left_out),
            "gradient_shares": {name: _shares(each, criteria) for name, each in pulls.items() if each},
            "gradient_images": [pair.id for pair in spread],
            "agreement": _agreements(run, criteria),
            "sensitivity": _sensitivities(criteria, model, steps),
        }
    )
    return document


def samples(pairs: list[Pair], job: Job) -> Iterator[tuple[str, Sample]]:
    """The pairs as the losses see them, without those that cannot be read: the run has said so."""
    for pair in pairs:
        try:
            yield pair.id, read_sample(pair, job)
        except InputError:
            continue


def _shares(found: list[Shares], criteria: Criteria) -> dict[str, Any]:
    mean = mean_shares(found)
    return {
        "classes": dict(zip(criteria.names, mean.classes, strict=True)),
        "zones": dict(zip(ZONES, mean.zones, strict=True)),
    }


def _agreements(run: Run, criteria: Criteria) -> dict[str, dict[str, Any]]:
    """For each loss and metric; of the metrics IoU, Dice and those asked for one by one."""
    entries = [METRICS["iou"], METRICS["dice"]]
    entries += [entry for entry in run.scoring.entries if entry.name in run.scoring.metrics and entry not in entries]
    ids = [record.id for record in run.records]
    scores = {entry.name: run.scores.image_means(entry) for entry in entries}

    def compared(name: str) -> dict[str, Agreement]:
        loss = criteria.images[name][:, 0].tolist() if ids else []
        return {metric: agreement(ids, loss, values) for metric, values in scores.items()}

    return {asked.name: {m: asdict(each) for m, each in compared(asked.name).items()} for asked in criteria.asked}


def _sensitivities(criteria: Criteria, image: Sample | None, steps: int) -> dict[str, Any]:
    if image is None:
        return {}
    found = sensitivity(Plan(criteria.asked), image, criteria.choice.caller, steps)
    return {
        name: {kind: {"values": list(each[kind].values), "flag": each[kind].flag} for kind in SPOILT}
        for name, each in found.items()
    }
