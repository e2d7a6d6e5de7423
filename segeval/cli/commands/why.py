"""`segeval why`: what a class loses, and where."""

import sys
from typing import Any

import click

from segeval.cli import options
from segeval.text import counted


@options.command
@options.argument("run")
@options.asking_why
@options.configured
@click.pass_context
def command(ctx: click.Context, run: str, why: dict[str, Any]) -> None:
    """Explain the score of a class in RUN (a run.json or its folder): the confusions and the images that cost it most.

    Each with the score that the class would have over all images if these pixels, or that image, were right.
    Ends with 3 where images are missing from the run.

    \b
    Example:
      segeval why out --class person
    """
    from segeval.errors import INPUT, OK
    from segeval.gate.rules import Asked
    from segeval.report.why import write
    from segeval.run.results import Results
    from segeval.run.run import as_text
    from segeval.run.why import why as explained

    results = Results.read(run)
    (k,) = Asked(why["metric"], (why["name"],)).positions(results.classes)[:1]
    assert k is not None
    found = explained(results, k, why["metric"], why["most"])
    if why["form"] == "json":
        sys.stdout.write(as_text(found.document()))
    else:
        write(found, sys.stdout)
        if failed := len(results.document["images"]["failed"]):
            click.echo(f"the run is incomplete: {counted(failed, 'image')} not scored")
    ctx.exit(OK if results.document["complete"] else INPUT)
