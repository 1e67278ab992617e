"""The command line: ``fastsci`` and ``python -m fastsci``.

A command is a function that takes the parsed arguments and returns an exit status: 0, 1 where a run failed, 2 where
the command was wrong, 130 after Ctrl-C.  What is heavy to import is imported by the command that needs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from .errors import FAILED, INTERRUPTED, USAGE, RunError, UsageError, is_about_an_option, one_line
from .parser import build_parser

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command's words; those of the process by default.

    Returns
    -------
    int
        0, or 1 where a run failed, 2 where the command was wrong, 130 after Ctrl-C.  An error is one line on stderr;
        with ``FASTSCI_DEBUG=1`` in the environment, one that no command foresaw is raised instead.

    Examples
    --------
    >>> from fastsci.cli import main
    >>> main(["methods", "--names"])
    Euler
    ...
    0
    """
    try:
        parsed = build_parser().parse_args(arguments)
        parsed.words = sys.argv[1:] if arguments is None else list(arguments)
        return parsed.command(parsed)
    except SystemExit as leave:  # argparse, after --help and --version
        return leave.code if isinstance(leave.code, int) else 0
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe has seen enough; what is still in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (UsageError, RunError) as error:
        return _complain(*_verdict(error))
    except Exception as error:
        if os.environ.get("FASTSCI_DEBUG", "") not in ("", "0"):
            raise
        return _complain(*_verdict(error))


def _verdict(error: Exception) -> tuple[str, int]:
    """What to say of an error, and the exit status."""
    if isinstance(error, ValueError | TypeError) or is_about_an_option(error):
        return f"error: {one_line(error)}", USAGE
    if isinstance(error, RunError):
        return f"error: {one_line(error)}", FAILED
    if isinstance(error, MemoryError):
        return f"error: out of memory ({one_line(error)}); save fewer times, or run fewer members", FAILED
    if isinstance(error, OSError):
        return f"error: {one_line(error)}", FAILED
    kind = type(error).__name__
    return f"error: unexpected {kind}: {one_line(error)}; FASTSCI_DEBUG=1 shows where it came from", FAILED


def _complain(message: str, status: int) -> int:
    # A progress bar may stand in the line.
    start = "\n" if status == INTERRUPTED and sys.stderr.isatty() else ""
    print(f"{start}fastsci: {message}", file=sys.stderr)
    return status
