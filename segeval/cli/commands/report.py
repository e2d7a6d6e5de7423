"""`segeval report`: a run as one HTML file."""

from typing import Any

import click

from segeval.cli import options
from segeval.cli.config import rules_of
from segeval.text import safe_text


@options.command
@options.argument("run")
@options.page
@options.ruling
@options.draws
@options.configured
@click.pass_context
def command(ctx: click.Context, run: str, page: Any, ruling: dict[str, Any], draws: Any) -> None:
    """Write RUN (a run.json or its folder) as one HTML file that opens anywhere, without network.

    Worst images with their errors, confusions, classes, spread, notes; with rules the verdict, with a baseline what
    changed. It judges nothing: ends with 3 where images are missing from the run.

    \b
    Example:
      segeval report out --baseline before --pred pred --truth gt -o report.html
    """
    from segeval.cli.page import before, check, write
    from segeval.errors import INPUT, OK
    from segeval.gate import judge
    from segeval.run.results import Results

    place = page.place(run)
    check(place, [run, ruling["baseline"]], page.folders)
    rules = rules_of(ctx, ruling["rules"])
    found = Results.read(run)
    masks = page.masks(found)
    baseline, intersect = before(ruling["baseline"]), ruling["intersect"]
    verdict = judge(rules, found, baseline, draws, ruling["inconclusive"], intersect) if rules else None
    write(page, place, found, masks, draws, verdict, baseline, intersect)
    click.echo(safe_text(f"report: {place}"))
    ctx.exit(OK if found.document["complete"] else INPUT)
