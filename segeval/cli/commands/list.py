"""`segeval list`: what there is."""

import click

from segeval.cli import options


@options.command
@click.argument("what", type=click.Choice(["metrics", "losses", "formats", "inputs", "classes", "maps"]))
@click.option("--md", is_flag=True, help="As a Markdown table.")
def command(what: str, md: bool) -> None:
    """List what there is: metrics, losses, formats, what inputs are taken for, and class tables and id maps by name.

    \b
    Example:
      segeval list metrics
    """
    from segeval.cli.tables import TABLES, aligned, markdown

    click.echo((markdown if md else aligned)(TABLES[what]()))
