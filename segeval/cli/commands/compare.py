"""`segeval compare`: how runs differ."""

import sys
from typing import Any

import click

from segeval.cli import options


@options.command
@options.argument("runs", nargs=-1, required=True)
@options.comparing
@options.draws
@options.compared_output
@options.configured
@click.pass_context
def command(ctx: click.Context, runs: tuple[str, ...], comparing: dict[str, Any], draws: Any, form: str) -> None:
    """Compare RUNS (run.json files or their folders) of the same images with the first of them.

    Differences with intervals and p-values, images won and lost, the images that moved most, and of three or more runs
    how sure their ranks are. It judges nothing: that is what `segeval gate` is for. Ends with 3 where images are
    missing from a run.

    \b
    Example:
      segeval compare baseline out -n miou_dataset -n "iou[*]"
    """
    from segeval.errors import INPUT, OK
    from segeval.gate.compare import compare
    from segeval.report.comparison import FORMATS
    from segeval.run.results import Results

    found = compare([Results.read(run) for run in runs], comparing.pop("numbers"), draws, **comparing)
    FORMATS[form](found.document(), sys.stdout)
    ctx.exit(OK if all(run.document["complete"] for run in found.runs) else INPUT)
