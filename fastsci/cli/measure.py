"""``fastsci measure``: how chaotic, complex and recurrent the series of a file are."""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._progress import bar
from ..measure_plot import MOST_DRAWN, Drawn, draw
from .errors import RunError, UsageError
from .measures import CHEAP, DIMENSION, MEASURES, Measured, Series, choose_delay, measure_one
from .series import Column, Data, read_data
from .targets import check_file, check_picture, check_suffix, replacing
from .text_table import in_columns

OUT_SUFFIXES = (".csv",)
SHORTEST, FEWEST_POINTS = 3, 100
NAMED_ROWS = 4
TRIAL = 300


@dataclass(frozen=True)
class Row:
    """The measures of one column."""

    name: str
    series: Series | None  # None where the column is not measured
    measured: dict[str, Measured]


@dataclass(frozen=True)
class MeasuredTable:
    """The measures of all columns, and what it took to have them."""

    rows: Sequence[Row]
    seconds: float
    compiling: float


def measure(parsed: argparse.Namespace) -> int:
    """The command: 0, or `RunError` where no measure of any column could be taken."""
    if parsed.plot:
        check_picture(Path(parsed.plot))
    if parsed.out:
        check_suffix(Path(parsed.out), OUT_SUFFIXES)
        check_file(Path(parsed.out), overwrite=parsed.overwrite)
    names = _names(parsed.measures)
    embedding = _embedding(parsed.embed)
    _check_numbers(parsed)
    data = read_data(Path(parsed.data), parsed.columns)
    table = _measure(data, names, embedding, parsed)
    rows = table.rows
    if not any(math.isfinite(found.value) for row in rows for found in row.measured.values()):
        why = next(found.why for row in rows for found in row.measured.values())
        raise RunError(f"nothing could be measured: {why or 'every measure is infinite'}")
    said = [] if parsed.quiet else _report(data, table, names, parsed)
    if parsed.out:
        _write(Path(parsed.out), rows, names)
        said.append(f"kept in    {parsed.out}")
    if parsed.plot:
        said.append(_draw(Path(parsed.plot), parsed.data, rows))
    if not parsed.quiet:
        print("\n".join(said))
    return 0


def _names(text: str) -> list[str]:
    if text == "all":
        return list(MEASURES)
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in names if name not in MEASURES]
    if unknown or not names:
        what = f"there is no {unknown[0]!r}" if unknown else "names none"
        raise UsageError(f"--measures: {what}; choose from {', '.join(MEASURES)}, or all")
    return names


def _embedding(text: str | None) -> tuple[int, int | None]:
    """Dimension and delay; None for a delay that each series chooses."""
    if text is None:
        return DIMENSION, None
    parts = text.split(":")
    if len(parts) > 2 or not all(part.isdecimal() and int(part) >= 1 for part in parts):
        raise UsageError(f"--embed: {text!r} is no embedding; write DIM:DELAY, such as 3:16, or DIM")
    return int(parts[0]), int(parts[1]) if len(parts) == 2 else None


def _check_numbers(parsed: argparse.Namespace) -> None:
    if parsed.dt is not None and not (math.isfinite(parsed.dt) and parsed.dt > 0.0):
        raise UsageError(f"--dt: is {parsed.dt:g}, expected a positive time between two rows")
    if parsed.max_points < FEWEST_POINTS:
        raise UsageError(f"--max-points: is {parsed.max_points}, expected at least {FEWEST_POINTS}")


def _measure(
    data: Data, names: Sequence[str], embedding: tuple[int, int | None], parsed: argparse.Namespace
) -> MeasuredTable:
    """Every column, after a short series that has the kernels compiled."""
    show = None if parsed.quiet else bar()
    rows: list[Row] = []
    trial = Column("", np.random.default_rng(0).normal(size=TRIAL))
    clock = [time.perf_counter()]
    for column in (trial, *data.columns):
        series, why = _prepared(column, embedding, data.dt, parsed)
        measured: dict[str, Measured] = {}
        for name in names:
            measured[name] = Measured(math.nan, why) if series is None else measure_one(name, series)
            if show is not None:
                show((len(rows) + len(measured) / len(names)) / (1 + len(data.columns)))
        rows.append(Row(column.name, series, measured))
        clock.append(time.perf_counter())
    return MeasuredTable(rows[1:], seconds=clock[-1] - clock[1], compiling=clock[1] - clock[0])


def _prepared(
    column: Column, embedding: tuple[int, int | None], dt: float | None, parsed: argparse.Namespace
) -> tuple[Series | None, str]:
    """A series ready to be measured, or why it is not."""
    finite = np.isfinite(column.values)
    if not finite.all() and not parsed.drop_nan:
        return None, f"{_listed(np.flatnonzero(~finite) + 1)} no finite number; --drop-nan leaves such rows out"
    values = column.values[finite]
    if len(values) < SHORTEST:
        return None, f"has {len(values)} values, expected at least {SHORTEST}"
    most = min(parsed.max_points, len(values))
    dimension, delay = embedding
    if delay is None:
        delay = choose_delay(values[-most:])
    return Series(values, parsed.dt or dt or 1.0, dimension, delay, most), ""


def _listed(rows: np.ndarray) -> str:
    """Rows that miss something, by their numbers from 1."""
    if len(rows) == 1:
        return f"row {rows[0]} holds"
    shown = ", ".join(f"{row}" for row in rows[:NAMED_ROWS])
    more = len(rows) - NAMED_ROWS
    return f"rows {shown}{f' and {more:,} more' if more > 0 else ''} hold"


def _report(data: Data, found: MeasuredTable, names: Sequence[str], parsed: argparse.Namespace) -> list[str]:
    rows = found.rows
    count = len(data.columns[0].values)
    dt = parsed.dt or data.dt
    step = "dt = 1, a row (--dt)" if dt is None else f"dt = {dt:.6g}"
    reasons: dict[str, int] = {}
    table = [("series", "embed", *names)]
    for row in rows:
        embed = "-" if row.series is None else f"{row.series.dimension}:{row.series.delay}"
        table.append((row.name, embed, *(_cell(row.measured[name], reasons) for name in names)))
    return [
        f"data       {parsed.data}, {count:,} rows, {len(rows)} series; {step}",
        *(f"note       {note}" for note in [*data.notes, *_dropped(data, rows), *_limited(rows, names)]),
        f"time       {found.seconds:.3g} s; {found.compiling:.3g} s to make the kernels ready",
        "",
        *in_columns(table, right=1),
        *(f"[{number}] {why}" for why, number in reasons.items()),
    ]


def _cell(found: Measured, reasons: dict[str, int]) -> str:
    if math.isnan(found.value):
        return f"-[{reasons.setdefault(found.why, len(reasons) + 1)}]"
    small = 0.0 < abs(found.value) < 1e-3
    return f"{found.value:.3g}" if small or abs(found.value) >= 1e4 else f"{found.value:.4f}"


def _dropped(data: Data, rows: Sequence[Row]) -> list[str]:
    """Which series had rows left out: what was apart stands side by side then."""
    notes: list[str] = []
    for column, row in zip(data.columns, rows, strict=True):
        lost = len(column.values) - (len(column.values) if row.series is None else len(row.series.x))
        if lost:
            notes.append(f"{column.name}: {lost:,} rows without a number are left out, and the others joined")
    return notes


def _limited(rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """Which measures did not take a whole series."""
    costly = [name for name in names if name not in CHEAP]
    longest = max((len(row.series.x) for row in rows if row.series is not None), default=0)
    most = max((row.series.most for row in rows if row.series is not None), default=0)
    if not costly or longest <= most:
        return []
    return [f"{', '.join(costly)} take the last {most:,} of {longest:,} values (--max-points)"]


def _write(path: Path, rows: Sequence[Row], names: Sequence[str]) -> None:
    """A row a series; a measure that has no number is left empty."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["series", "n", "dt", "dimension_of_embedding", "delay", *names])
        for row in rows:
            series = row.series
            about = ["", "", "", ""] if series is None else [len(series.x), series.dt, series.dimension, series.delay]
            values = (row.measured[name].value for name in names)
            table.writerow([row.name, *about, *("" if math.isnan(value) else repr(value) for value in values)])


def _drawn(name: str, series: Series) -> Drawn:
    start = series.dt * (len(series.x) - len(series.late))
    return Drawn(name, series.late, start, series.dt, series.delay, series.points, series.radius)


def _draw(path: Path, source: str, rows: Sequence[Row]) -> str:
    drawn = [
        _drawn(row.name, row.series)
        for row in rows
        if row.series is not None and len(row.series.late) > row.series.theiler
    ]
    if not drawn:
        raise RunError("--plot: no series is long enough to embed; nothing to draw")
    draw(drawn[:MOST_DRAWN], Path(source).name, path)
    left = len(drawn) - MOST_DRAWN
    return f"picture    {path}" + (f", of the first {MOST_DRAWN} series; {left} are left out" if left > 0 else "")
