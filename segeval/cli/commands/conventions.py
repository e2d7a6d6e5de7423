"""`segeval conventions`: the number that every program gives under its name."""

import sys
from typing import Any

import click

from segeval.cli import options


@options.command
@options.masks
@options.conventions
@options.background
@options.compared_output
@options.running
@options.configured
@click.pass_context
def command(
    ctx: click.Context,
    pred: str,
    gt: str,
    layout: Any,
    reading: Any,
    choice: Any,
    metrics: list[str],
    background: int,
    form: str,
    jobs: int,
) -> None:
    """Explain what other programs call IoU or Dice of these masks, and why the numbers differ.

    One pass over the files. For each number who reports it, the options that give it here, how it differs from the
    first, and the classes and images that make most of the difference.

    \b
    Example:
      segeval conventions pred gt --num-classes 19 --ignore 255
    """
    from segeval.cli import output as present
    from segeval.evaluate.measure import evaluate, find_pairs
    from segeval.report.conventions import FORMATS
    from segeval.run.conventions import rows
    from segeval.run.options import Options

    pairing = find_pairs(pred, gt, layout)
    with present.progress(len(pairing.pairs)) as step:
        run = evaluate(pairing, Options(layout, reading, choice), jobs, step)
    if run.records:
        FORMATS[form](rows(run.tables, metrics, background), sys.stdout)
    present.say_faults(run.failures, run.notes, run.extra)
    ctx.exit(run.exit_code)
