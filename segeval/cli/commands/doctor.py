"""`segeval doctor`: what is installed here, and what would be read."""

import click

from segeval.cli import options
from segeval.text import safe_text


@options.command
@click.pass_context
def command(ctx: click.Context) -> None:
    """Print what a report of a fault needs: versions, extras, formats, cores, and the configuration found here.

    Ends with 2 where a package that segeval cannot do without is missing.

    \b
    Example:
      segeval doctor
    """
    from segeval.cli.health import lines, missing

    for line in lines():
        click.echo(safe_text(line))
    if missing():
        ctx.exit(2)
