"""`segeval list`: what there is."""

import click

from segeval.cli import options


@options.command
@click.argument("what", type=click.Choice(["metrics", "losses", "formats", "inputs"]))
@click.option("--md", is_flag=True, help="As a Markdown table.")
def command(what: str, md: bool) -> None:
    """List the metrics, the losses, the formats that can be read, or what inputs are taken for.

    \b
    Example:
      segeval list metrics
    """
    from segeval.cli.tables import TABLES, aligned, markdown

    click.echo((markdown if md else aligned)(TABLES[what]()))
