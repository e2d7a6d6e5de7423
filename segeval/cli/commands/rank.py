"""`segeval rank`: a leaderboard of runs."""

import sys
from typing import Any

import click

from segeval.cli import options


@options.command
@options.argument("runs", nargs=-1, required=True)
@options.ranking
@options.draws
@options.compared_output
@options.configured
@click.pass_context
def command(ctx: click.Context, runs: tuple[str, ...], ranking: dict[str, Any], draws: Any, form: str) -> None:
    """Rank RUNS (run.json files or their folders) of the same images, and say how sure each rank is.

    By each number and by the mean of ranks over several; by tests, how many runs each is better than by more than
    chance. Ends with 3 where images are missing from a run.

    \b
    Example:
      segeval rank team-a team-b team-c -n miou_dataset -n "dice over images p05" --names A,B,C
    """
    from segeval.cli.page import check, leaderboard
    from segeval.errors import INPUT, OK
    from segeval.gate.rank import rank
    from segeval.report.ranking import FORMATS
    from segeval.run.results import Results

    names = [name.strip() for name in ranking["names"].split(",")] if ranking["names"] else []
    if (place := ranking["report"]) is not None:
        check(place, [*runs])
    found = rank([Results.read(run) for run in runs], ranking["numbers"], draws, ranking["intersect"], names)
    FORMATS[form](found.document(), sys.stdout)
    if place is not None:
        leaderboard(place, found)
    ctx.exit(OK if all(run.document["complete"] for run in found.runs) else INPUT)
