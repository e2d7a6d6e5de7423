"""`segeval plot`: figures of losses, or of a run."""

from typing import Any

import click

from segeval.cli import completing, options
from segeval.text import counted, safe_text, some


@options.command
@click.argument("what", shell_complete=completing.name(lambda _: ["losses"], or_file=True))
@click.argument("names", nargs=-1, shell_complete=completing.name(completing.figures))
@options.figures
@options.plotted_losses
@options.plotted_run
@options.draws
@options.pictures_output
@options.configured
@click.pass_context
def command(
    ctx: click.Context,
    what: str,
    names: tuple[str, ...],
    figures: dict[str, Any],
    param: tuple[str, ...],
    by: str,
    draws: Any,
    output: dict[str, Any],
) -> None:
    """Write figures for papers as SVG and PNG: of a run, or with `losses` as WHAT the curves of losses.

    `segeval plot losses NAME…`: each loss and the size of its derivative over the probability of one pixel, for truth
    1 and truth 0, and its answers to six kinds of error; without names, the dozen that a run tells unasked. Also
    iou_dice, means, logarithm and sigmoid, what losses are made of; `all` is every loss and these. `segeval plot RUN`:
    confusion, classes with intervals, how images spread. A run in a folder called losses is `./losses`.

    \b
    Example:
      segeval plot losses dice focal -p focal.gamma=0,1,2,5 -o figures
    """
    from pathlib import Path

    from segeval.cli import output as present
    from segeval.errors import BadOption
    from segeval.figures.choice import chosen
    from segeval.figures.folder import Figures
    from segeval.io.output import check_empty, held
    from segeval.report.html.page import Shown, ordering
    from segeval.run.results import Results

    folder = Path(output["folder"])
    formats = tuple(each.strip() for each in figures["formats"].split(","))
    asked, shown = None, None
    if what == "losses":
        options.refuse(ctx, _OF_RUNS, "losses are not of images", "leave it out")
        asked = chosen(names, param)
    else:
        if names:
            raise BadOption(f"{what} and {names[0]} are two runs", "plot one; `segeval compare` sets several together")
        options.refuse(ctx, ["param"], "a run has its parameters", "leave it out")
        results = Results.read(what)
        ordering(results, by)
        shown = Shown(results, draws=draws, by=by)
    to = Figures(folder, formats, figures["style"])
    ctx.with_resource(held({"-o": output["folder"]}, []))
    check_empty(folder, output["force"])
    if asked:
        with present.progress(asked.number) as step:
            files, without = to.losses(asked, step), asked.left_out
    elif shown:
        files, without = to.run(shown)
    for name, why in without.items():
        click.echo(safe_text(f"{name}: {why}"), err=True)
    click.echo(safe_text(f"{counted(len(files), 'figure')} in {folder}: {some(files)}"))


_OF_RUNS = ("by", "group_by", "confidence", "resamples", "seed")
