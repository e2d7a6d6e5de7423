"""The program: its commands, found by file name, and all its endings."""

import contextlib
import errno
import importlib
import io
import os
import pkgutil
import signal
import sys
import traceback
from collections.abc import Iterator
from typing import Any, NoReturn

import click

from segeval import __version__
from segeval.cli import commands
from segeval.cli.output import say_error
from segeval.errors import (
    BUG,
    INTERRUPTED,
    PIPE_CLOSED,
    TERMINATED,
    DiskFull,
    InternalError,
    OutOfMemory,
    SegevalError,
    debugging,
)
from segeval.text import safe_text


class Terminated(BaseException):
    """SIGTERM arrived."""


class Refusal(click.ClickException):
    """An error of ours as click shows it: what, then the way out."""

    def __init__(self, error: SegevalError) -> None:
        super().__init__(error.message)
        self.error = error
        self.exit_code = error.exit_code  # type: ignore[misc]

    def show(self, file: Any = None) -> None:  # noqa: ARG002 - click's signature
        say_error(self.error.code, self.error.message, self.error.hint)


@contextlib.contextmanager
def endings() -> Iterator[None]:
    """Every way in which the program ends, with its exit code."""
    try:
        yield
        sys.stdout.flush()  # a closed pipe must show here, not at interpreter exit
    except SegevalError as error:
        if debugging():
            traceback.print_exc()
        raise Refusal(error) from error
    except click.ClickException as error:
        vars(error)["message"] = safe_text(error.message)  # click quotes arguments as they came
        raise
    except click.exceptions.Exit:
        raise
    except (KeyboardInterrupt, click.Abort):
        click.echo("\ninterrupted", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except Terminated:
        raise click.exceptions.Exit(TERMINATED) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(PIPE_CLOSED) from None
    except Exception as error:
        if debugging():
            traceback.print_exc()
        if isinstance(error, MemoryError):
            raise Refusal(OutOfMemory("there is not enough memory", "use fewer workers, -j 1")) from error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Refusal(DiskFull(f"cannot write: {error.strerror}", "free some space")) from error
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        raise Refusal(
            InternalError(what, "please report this with the traceback that SEGEVAL_DEBUG=1 shows")
        ) from error


class Group(click.Group):
    """Commands are the modules of a room; they are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(m.name for m in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"segeval.cli.commands.{name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from segeval.catalog import did_you_mean

        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            raise click.UsageError(
                f"no command {safe_text(repr(args[0]))}; {did_you_mean(args[0], self.list_commands(ctx))}"
            )
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with endings():  # option callbacks run here, and --help prints here
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with endings():
            return super().invoke(ctx)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="segeval %(version)s")
@click.option("--debug", is_flag=True, help="Show tracebacks (or set SEGEVAL_DEBUG=1).")
def cli(debug: bool) -> None:
    """Score segmentation masks: from two folders to numbers that can be trusted.

    \b
    Example:
      segeval score pred gt --num-classes 19 --ignore 255
    """
    if debug:
        os.environ["SEGEVAL_DEBUG"] = "1"


def main() -> NoReturn:
    """Run the program and exit; at once when interrupted, whatever the workers are doing."""
    with contextlib.suppress(ValueError, AttributeError):  # not the main thread, or no such signal here
        signal.signal(signal.SIGTERM, _terminate)
    for name in ("stdout", "stderr"):
        setattr(sys, name, _stream(getattr(sys, name)))
    try:
        cli.main(prog_name="segeval")
    except SystemExit as end:
        if end.code in (INTERRUPTED, TERMINATED):
            _leave(int(end.code))
        raise
    except (KeyboardInterrupt, Terminated) as end:  # between the endings
        _leave(INTERRUPTED if isinstance(end, KeyboardInterrupt) else TERMINATED)
    sys.exit(BUG)


def _stream(given: Any) -> Any:
    """A standard stream that shows every name, and loses nothing."""
    if given is None:  # closed by the caller
        return open(os.devnull, "w", encoding="utf-8")
    if isinstance(getattr(given, "buffer", None), io.RawIOBase):  # PYTHONUNBUFFERED: it drops the rest of a short write
        whole = io.BufferedWriter(given.buffer)
        return io.TextIOWrapper(whole, given.encoding, "backslashreplace", line_buffering=True)
    if hasattr(given, "reconfigure"):
        given.reconfigure(errors="backslashreplace")
    return given


def _terminate(*_: Any) -> NoReturn:
    raise Terminated


def _leave(code: int) -> NoReturn:
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)
