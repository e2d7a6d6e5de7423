"""Runs of made-up models, without any files."""

import numpy as np

from segeval.aggregate import Scoring
from segeval.bootstrap import Draws
from segeval.classes import ClassTable
from segeval.evidence.confusion import Confusion
from segeval.results import Results
from segeval.run import Record, Run

CLASSES = 4


def truth_of(n):
    """The true mask of image n; class 3 is in none."""
    return np.random.default_rng(n).integers(0, 3, (6, 7))


def pred_of(n, wrong, seed):
    """A prediction with a share of pixels given to a class at random."""
    random = np.random.default_rng([n, seed])
    truth = truth_of(n)
    return np.where(random.random(truth.shape) < wrong, random.integers(0, 3, truth.shape), truth)


def model(wrong=0.2, seed=1, images=range(30), group_by=None, scale=1, **scoring):
    """The results of a model that gets about `wrong` of each image wrong."""
    spread = np.random.default_rng(seed).uniform(0.5, 1.5, 1000)
    records = []
    for n in images:
        pred, truth = (np.tile(each, (scale, 1)) for each in (pred_of(n, wrong * spread[n], seed), truth_of(n)))
        records.append(Record(f"{'ABC'[n % 3]}_{n:03}", Confusion.of(pred, truth, num_classes=CLASSES), f"t{n}"))
    records.sort(key=lambda record: record.id)
    draws = Draws(group_by)
    options = {"metrics": ["iou", "dice"], "presence": "union", "mean": "arithmetic", "beta": 2.0, **scoring}
    run = Run(
        tuple(records),
        ClassTable.named(["road", "sky", "car", "rare"]),
        Scoring(tuple(options["metrics"]), options["presence"], options["mean"], options["beta"]),
        options | draws.recorded(),
        draws=draws,
        paired=len(records),
    )
    return Results.of(run)
