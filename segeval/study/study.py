"""The study of losses over two folders: their values, pulls, ranks and answers to errors, as one document."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from segeval.data.folders import Pair, Pairing
from segeval.evaluate.measure import in_order, read_sample, threads
from segeval.evaluate.perfile import guarded
from segeval.losses.engine.evidence import Plan
from segeval.metrics import METRICS
from segeval.run.losses import Criteria
from segeval.run.options import Options
from segeval.run.records import Note
from segeval.run.run import Run, finite
from segeval.study.analysis import (
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

SCHEMA = "segeval-losses/1"
Progress = Callable[[int, int], None]
Stage = Callable[[str, int], Progress | None]  # the name of what begins and how many steps it has: what each is told to


def unseen(name: str, total: int) -> None:
    """A stage that nobody watches."""


def study(
    run: Run,
    found: Pairing,
    options: Options,
    images: int,
    steps: int,
    jobs: int | None = None,
    stage: Stage = unseen,
) -> tuple[dict[str, Any], list[Note]]:
    """The document: everything that `segeval losses` says; and notes about images that it could not be said of.

    Gradient shares are means over up to `images` pairs, evenly spread; sensitivity is of the first of them that holds
    more than class 0, or else of the first.
    """
    criteria = run.criteria
    assert criteria is not None
    chosen = scored(run, found)
    spread = chosen[:: -(-len(chosen) // images)] if chosen else []
    found_looks = [*_looks(spread, options, criteria, jobs, stage("gradients", len(spread)))]
    looks = [look for look in found_looks if isinstance(look, _Look)]
    model = next((look.pair for look in [*(each for each in looks if each.foreground), *looks]), None)
    answers = _sensitivities(criteria, model, options, steps, jobs, stage) if model else {}
    document: dict[str, Any] = finite(
        {
            "schema": SCHEMA,
            "options": run.options.recorded(),
            "inputs": run.inputs,
            "study": {"images": images, "steps": steps},
            "losses": criteria.document,
            "left_out": dict(criteria.choice.left_out),
            "gradient_shares": _mean_shares([look.pulls for look in looks], criteria),
            "gradient_images": [pair.id for pair in spread],
            "agreement": _agreements(run, criteria),
            "sensitivity": {} if isinstance(answers, Note) else answers,
            "sensitivity_image": model.id if model else None,
        }
    )
    return document, [each for each in (*found_looks, answers) if isinstance(each, Note)]


def scored(run: Run, found: Pairing) -> list[Pair]:
    """The pairs of a prediction that the run has scored."""
    ids = {record.id for record in run.records}
    return [pair for pair in found.pairs if pair.pred is not None and pair.id in ids]


@dataclass(frozen=True)
class _Look:
    """What one image says about the losses asked for."""

    pair: Pair
    pulls: list[Shares]
    foreground: bool  # whether anything but class 0 is true


def _looks(
    pairs: list[Pair], options: Options, criteria: Criteria, jobs: int | None, progress: Progress | None
) -> Iterator[_Look | Note]:
    """A look at each pair, several at a time, or why there is none."""
    asked, caller = criteria.asked, criteria.choice.caller

    def look(pair: Pair, options: Options) -> _Look:
        image = read_sample(pair, options)
        zone = zones(image)
        return _Look(pair, shares(asked, image, zone, caller), bool(foreground(image).any()))

    def look_or_say(pair: Pair, options: Options) -> _Look | Note:
        return guarded(pair.id, pair, lambda: look(pair, options))

    with threads(jobs) as executor:
        for done, found in enumerate(in_order(executor, look_or_say, pairs, options), 1):
            yield found
            if progress:
                progress(done, len(pairs))


def _mean_shares(pulls: list[list[Shares]], criteria: Criteria) -> dict[str, Any]:
    """For each loss the means over images."""
    by_loss = zip(criteria.asked, zip(*pulls, strict=True), strict=False)  # none where there is no image
    means = {asked.name: mean_shares(each) for asked, each in by_loss}
    return {
        name: {
            "classes": dict(zip(criteria.names, mean.classes, strict=True)),
            "zones": dict(zip(ZONES, mean.zones, strict=True)),
        }
        for name, mean in means.items()
    }


def _agreements(run: Run, criteria: Criteria) -> dict[str, dict[str, Any]]:
    """For each loss and metric; of the metrics IoU, Dice and those asked for one by one."""
    entries = [METRICS["iou"], METRICS["dice"]]
    scoring = run.options.scoring
    entries += [entry for entry in scoring.entries if entry.name in scoring.metrics and entry not in entries]
    ids = list(run.tables.ids)
    scores = {
        entry.printed if len(scoring.bound(entry)) > 1 else entry.name: run.tables.image_means(entry).tolist()
        for entry in entries
    }

    def compared(name: str) -> dict[str, Agreement]:
        loss = criteria.values.images[name].tolist() if ids else []
        return {metric: agreement(ids, loss, values) for metric, values in scores.items()}

    return {asked.name: {m: asdict(each) for m, each in compared(asked.name).items()} for asked in criteria.asked}


def _sensitivities(
    criteria: Criteria, model: Pair, options: Options, steps: int, jobs: int | None, stage: Stage
) -> dict[str, Any] | Note:
    step = stage("errors", 1 + steps * len(SPOILT))

    def asked() -> dict[str, Any]:
        image, caller = read_sample(model, options), criteria.choice.caller
        with threads(jobs) as executor:

            def many(function: Callable[[Any], Any], errors: Sequence[Any]) -> Iterator[Any]:
                for done, found in enumerate(executor.map(function, errors), 1):
                    yield found
                    if step:
                        step(done, len(errors))

            return sensitivity(Plan(criteria.asked), image, caller, steps, many)

    found = guarded(model.id, model, asked)
    if isinstance(found, Note):
        return found
    return {
        name: {kind: {"values": list(each[kind].values), "flag": each[kind].flag} for kind in SPOILT}
        for name, each in found.items()
    }
