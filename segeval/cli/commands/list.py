"""`segeval list`: what there is."""

import functools

import click

from segeval.cli import options

WHAT = ["metrics", "means", "losses", "formats", "inputs", "classes", "maps", "profiles"]
INPUTS = ["probabilities", "scores", "hard-truth", "class-weights", "weight-map", "places", "other-arrays"]
SORTS = ["name", "family", "range", "made-for"]

of_losses = functools.partial(click.option, cls=options.Option, heading="Losses")


@options.command
@click.argument("what", type=click.Choice(WHAT))
@click.argument("words", nargs=-1)
@of_losses("--long", is_flag=True, help="All to choose a loss by: formula, range, what it needs, use, source.")
@of_losses("--family", help="Only those of a family, such as region.")
@of_losses("--input", type=click.Choice(INPUTS), help="Only those that need it.")
@of_losses("--sort", type=click.Choice(SORTS), help="Order them by it; else they stand by family.")
@click.option("--md", is_flag=True, help="As a Markdown table.")
@click.pass_context
def command(
    ctx: click.Context, /, what: str, words: tuple[str, ...], *, long: bool, md: bool, **wanted: str | None
) -> None:
    """List what there is: metrics, means over classes, losses, formats, class tables, id maps, profiles.

    `inputs` is what files are taken for. With WORDS only the rows that hold them all; of losses these are sought in
    names, names in other programs, and use.

    \b
    Example:
      segeval list losses --long imbalance
    """
    from segeval.cli.tables import TABLES, aligned, holding, losses, markdown

    if what != "losses":
        options.refuse(ctx, ["long", *wanted], f"{what} have no such choice", "it is for: segeval list losses")
        click.echo((markdown if md else aligned)(holding(TABLES[what](), words)))
        return
    from segeval.cli.loss_table import blocks, chosen, to_choose_by

    found = chosen(words, wanted["family"], wanted["input"], wanted["sort"])
    rows = to_choose_by(found) if long else losses(found)
    click.echo(markdown(rows) if md else blocks(rows) if long else aligned(rows))
