"""Tables of numbers in files: CSV with or without a header, and NPY."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import UsageError, one_line

MISSING = ("", "NA")


@dataclass(frozen=True)
class Wanted:
    """What a command reads a file for, as its errors say it."""

    option: str
    row: str  # "one row a member"
    formats: str  # those that a file may have beside text: "NPY nor Zarr"
    remedy: str = ""  # beside a table of numbers


@dataclass(frozen=True)
class Head:
    """What the first line of a CSV file tells."""

    names: list[str] | None  # None where the first line holds numbers
    delimiter: str | None
    skipped: int  # lines before the numbers


def load_npy(path: Path, wanted: Wanted) -> np.ndarray:
    """The array of a ``.npy`` file, read from the disk as it is sliced."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError) as error:
        why = one_line(error)
        raise UsageError(f"{wanted.option}: {path} is no NPY file of numbers ({why}); write it with np.save") from error


def read_head(path: Path, wanted: Wanted) -> Head:
    """Names of the columns where the first line holds any, what parts them, and the lines before the numbers."""
    number, text = _first_line(path, wanted)
    delimiter = next((mark for mark in ",;\t" if mark in text), None)
    fields = [field.strip().strip("\"'") for field in text.split(delimiter)]
    if all(field in MISSING or _is_number(field) for field in fields) and any(map(_is_number, fields)):
        return Head(None, delimiter, 0)
    return Head(fields, delimiter, number + 1)


def load_csv(
    path: Path, head: Head, wanted: Wanted, *, columns: Sequence[int] | None = None, missing: bool = False
) -> np.ndarray:
    """The numbers ``(n_rows, n_columns)`` of a CSV file, or those of some of its columns.

    With ``missing``, a cell that is empty or ``NA`` is NaN and not an error.
    """
    try:
        with warnings.catch_warnings():
            # Of a header alone NumPy warns; that there are no rows is said below.
            warnings.filterwarnings("ignore", message="loadtxt: input contained no data")
            values = np.loadtxt(
                path, delimiter=head.delimiter, skiprows=head.skipped, ndmin=2, comments="#", quotechar='"',
                encoding="utf-8-sig", usecols=columns, converters=_number_or_nan if missing else None,
            )  # fmt: skip
    except (ValueError, UnicodeDecodeError) as error:
        place = _place(error)
        expected = f"expected a table of numbers, {wanted.row}{wanted.remedy}"
        raise UsageError(f"{wanted.option}: {path}: {place}; {expected}") from error
    if not values.size:
        raise UsageError(f"{wanted.option}: {path} has no rows; give {wanted.row}")
    if head.names is not None and columns is None and values.shape[1] != len(head.names):
        given = f"{len(head.names)} names in its header but {values.shape[1]} columns"
        raise UsageError(f"{wanted.option}: {path} has {given}; name every column, or delete the header")
    return values


def _number_or_nan(text: str) -> float:
    return float("nan") if text.strip() in MISSING else float(text)


def _place(error: Exception) -> str:
    """NumPy's complaint, whose rows count from 0, with rows that count from 1."""
    text = one_line(error).partition("; use `usecols`")[0].rstrip(".")
    return re.sub(r"at row (\d+), column", lambda match: f"in row {int(match[1]) + 1} of the numbers, column", text)


def _first_line(path: Path, wanted: Wanted) -> tuple[int, str]:
    """Number and text of the first line that is neither empty nor a comment."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file):
                if line.strip() and not line.lstrip().startswith("#"):
                    return number, line.strip()
    except UnicodeDecodeError as error:
        raise UsageError(f"{wanted.option}: {path} is neither text, {wanted.formats}; convert it to one") from error
    raise UsageError(f"{wanted.option}: {path} has no rows; give {wanted.row}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
