"""Files that a command writes at its end: refused before anything is computed, and given their names when whole."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import UsageError

PLOT_SUFFIXES = (".png", ".pdf", ".svg")


def check_picture(path: Path) -> None:
    """Refuse a picture of a format that is not drawn, or in a folder that is not there."""
    if path.suffix.lower() not in PLOT_SUFFIXES:
        raise UsageError(f"--plot: {path} ends in none of {', '.join(PLOT_SUFFIXES)}; name it so")
    if not path.parent.is_dir():
        raise UsageError(f"--plot: no folder {path.parent} to write {path.name} into; create it first")


def check_suffix(path: Path, suffixes: Sequence[str]) -> None:
    """Refuse a file of a format that is not written."""
    if path.suffix not in suffixes:
        raise UsageError(f"--out: {path} ends in none of {', '.join(suffixes)}; name it so")


def check_file(path: Path, *, overwrite: bool) -> None:
    """Refuse a file in a folder that is not there, or one that would be replaced unasked."""
    if not path.parent.is_dir():
        raise UsageError(f"--out: no folder {path.parent} to write {path.name} into; create it first")
    if path.is_dir():
        raise UsageError(f"--out: {path} is a folder; choose another name")
    if path.exists() and not overwrite:
        raise UsageError(f"--out: {path} exists already; choose another name, or replace it with --overwrite")


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A name to write under, which becomes ``path`` at the end of the block; nothing is left of one that fails."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
