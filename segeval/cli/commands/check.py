"""`segeval check`: what would go wrong, before the long run."""

from typing import Any

import click

from segeval.cli import options
from segeval.text import counted


@options.command
@options.masks
@options.running
@options.configured
@click.pass_context
def command(ctx: click.Context, pred: str, gt: str, layout: Any, reading: Any, choice: Any, jobs: int) -> None:
    """Check pairing, headers, sizes and ids of two folders without scoring them, and suggest options.

    Every header is read; ids are counted in a sample of at most 100 pairs.

    \b
    Example:
      segeval check pred gt
    """
    from segeval.cli import output as present
    from segeval.errors import ending
    from segeval.evaluate.check import check
    from segeval.evaluate.measure import find_pairs
    from segeval.run.options import Options

    pairing = find_pairs(pred, gt, layout)
    with present.progress(len(pairing.pairs)) as step:
        found = check(pairing, Options(layout, reading, choice), jobs, step, options.typed(ctx))
    for line in present.check_lines(pairing, found):
        click.echo(line)
    present.say_faults(found.faults, found.remarks)
    click.echo(f"{counted(len(found.faults), 'problem')}" if found.faults else "no problems: ready to score")
    ctx.exit(ending(fault.exit_code for fault in found.faults))
