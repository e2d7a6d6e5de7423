"""Runs of made-up models, without any files."""

from dataclasses import replace

import numpy as np

from segeval.data.class_selection import ClassChoice
from segeval.data.classes import ClassTable
from segeval.evidence.confusion import Confusion
from segeval.run.bootstrap import Draws
from segeval.run.options import Options
from segeval.run.records import Record
from segeval.run.results import Results
from segeval.run.run import Run
from segeval.run.scoring import Scoring

CLASSES = 4


def truth_of(n):
    """The true mask of image n; class 3 is in none."""
    return np.random.default_rng(n).integers(0, 3, (6, 7))


def pred_of(n, wrong, seed):
    """A prediction with a share of pixels given to a class at random."""
    random = np.random.default_rng([n, seed])
    truth = truth_of(n)
    return np.where(random.random(truth.shape) < wrong, random.integers(0, 3, truth.shape), truth)


def model(wrong=0.2, seed=1, images=range(30), group_by=None, scale=1, **options):
    """The results of a model that gets about `wrong` of each image wrong; its document says these options too."""
    spread = np.random.default_rng(seed).uniform(0.5, 1.5, 1000)
    records = []
    for n in images:
        pred, truth = (np.tile(each, (scale, 1)) for each in (pred_of(n, wrong * spread[n], seed), truth_of(n)))
        evidence = {"counts": Confusion.of(pred, truth, num_classes=CLASSES)}
        records.append(Record(f"{'ABC'[n % 3]}_{n:03}", evidence, f"t{n}"))
    records.sort(key=lambda record: record.id)
    scoring = {name: options[name] for name in ("metrics", "presence", "mean", "beta") if name in options}
    chosen = Options(
        classes=ClassChoice(ClassTable.named(["road", "sky", "car", "rare"])),
        scoring=Scoring.of(**{"metrics": ["iou", "dice"], **scoring}),
        draws=Draws(group_by),
    )
    found = Results.of(Run(tuple(records), chosen, paired=len(records)))
    return replace(found, document={**found.document, "options": {**found.document["options"], **options}})
