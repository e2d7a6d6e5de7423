"""`segeval list`: what there is."""

import click

from segeval.cli import options

WHAT = ["metrics", "means", "losses", "formats", "inputs", "classes", "maps", "profiles"]


@options.command
@click.argument(
    "what", type=click.Choice(["metrics", "means", "losses", "formats", "inputs", "classes", "maps", "profiles"])
)
@click.option("--md", is_flag=True, help="As a Markdown table.")
def command(what: str, md: bool) -> None:
    """List what there is: metrics, means over classes, losses, formats, class tables, id maps, profiles.

    `inputs` is what files are taken for.

    \b
    Example:
      segeval list metrics
    """
    from segeval.cli.tables import TABLES, aligned, markdown

    click.echo((markdown if md else aligned)(TABLES[what]()))
