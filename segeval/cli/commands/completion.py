"""`segeval completion`: the shell's completion script."""

import click
from click.shell_completion import get_completion_class

from segeval.cli import options


@options.command
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell: for commands, options, files, and the names that options take.

    \b
    Example:
      source <(segeval completion bash)
    """
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(ctx.find_root().command, {}, "segeval", "_SEGEVAL_COMPLETE").source()
    # Fish would keep of "dice,iou" the part before its comma.
    click.echo(script.replace('string split ","', 'string split --max 1 ","'))
