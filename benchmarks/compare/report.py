"""Every promised figure in one run: ``python benchmarks/compare/report.py [--out benchmarks/results/cpu.json]``.

Writes the JSON and, beside it, the same as a Markdown table and the picture of error against work.  Takes about four
minutes once every kernel has been compiled (the first run compiles them); run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "kernels"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.compare import machine, work_precision
from benchmarks.compare.row import Row
from benchmarks.compare.rows import GROUPS, rows

ROOT = Path(__file__).resolve().parents[2]

HEADER = (
    "| figure | measured, median [range] | target | met | steps/s | peer, steps/s | error | peer's error |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def _number(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:.3g}{unit}"


def _errors(errors: dict[str, float] | None) -> str:
    if errors is None:
        return ""
    if "total" not in errors:
        return ", ".join(f"{name} {value:.1e}" for name, value in errors.items())
    rounding = f" ({errors['rounding']:.0e})" if "rounding" in errors else ""
    return f"{errors['total']:.1e}{rounding}"


def _target(row: Row) -> str:
    unit = f" {row.unit}" if row.unit not in ("", "x") else row.unit
    if row.at_least is not None:
        return f"at least {row.at_least:g}{unit}"
    return f"at most {row.at_most:g}{unit}" if row.at_most is not None else ""


def line(row: Row) -> str:
    """One row of the Markdown table."""
    unit = f" {row.unit}" if row.unit not in ("", "x") else row.unit
    measured = row.note if row.value is None else f"{'above ' if row.bound else ''}{row.value:.3g}{unit}"
    if row.low is not None:
        measured += f" [{row.low:.3g} .. {row.high:.3g}]"
    met = {None: "", True: "yes", False: "**no**"}[row.met]
    cells = (
        row.figure, measured, _target(row), met, _number(row.steps_per_second), _number(row.peer_steps_per_second),
        _errors(row.errors), _errors(row.peer_errors),
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |\n"


def markdown(about: dict, taken: list[Row]) -> str:
    """The table with the machine it belongs to."""
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    notes = "".join(f"- {row.figure}: {row.note}.\n" for row in taken if row.note and row.value is not None)
    processor = f"{about['processor']} ({about['microarchitecture']}), {about['threads']} threads"
    others = f"Some rows were taken alone; the others on {about['others_taken']}." if "others_taken" in about else ""
    return f"""\
# Figures on a CPU

{processor}, {about["simd_bits"]}-bit SIMD; {about["date"]};
load average before the run {about["load_average"]}. fastsci {about["fastsci"]}, Python {about["python"]}, {versions}.
{others}

{HEADER}{"".join(map(line, taken))}
Both sides of a ratio run on all threads, one after the other and again (A B A B); a figure is the median of its pairs.
Errors are relative, the largest of 16 members spread over the ensemble: against the solution itself (DOP853 at 3e-14)
and, in brackets, against the same RK4 in long double, which leaves rounding alone for a solver that is RK4. Where a row
names a median error it is that of 256 members, against the solution in quadruple precision.

{notes}"""


def into_readme(readme: Path, about: dict, taken: list[Row]) -> None:
    """Put the table between the marks that the README keeps for it."""
    opening, closing = "<!-- benchmark-table -->", "<!-- /benchmark-table -->"
    before, _, rest = readme.read_text().partition(opening)
    _, _, after = rest.partition(closing)
    place = f"On {about['processor']} ({about['microarchitecture']}), {about['threads']} threads, {about['date'][:10]}:"
    table = f"{opening}\n{place}\n\n{HEADER}{''.join(map(line, taken))}{closing}"
    readme.write_text(before + table + after)


def among_kept(path: Path, taken: list[Row]) -> tuple[list[Row], str]:
    """Rows of the last report with those just taken in their places, and when the others were taken."""
    last = json.loads(path.read_text())
    fields = Row.__dataclass_fields__
    kept = [Row(**{name: value for name, value in row.items() if name in fields}) for row in last["rows"]]
    fresh = {row.figure: row for row in taken}
    known = {row.figure for row in kept}
    every = [fresh.get(row.figure, row) for row in kept] + [row for row in taken if row.figure not in known]
    return every, last["machine"].get("others_taken", last["machine"]["date"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "cpu.json")
    parser.add_argument("--only", nargs="+", choices=tuple(GROUPS), help="groups to take; figures of others are kept")
    parser.add_argument("--readme", action="store_true", help="put the table into the README too")
    arguments = parser.parse_args()
    path = arguments.out
    began = perf_counter()
    about = machine.describe()
    taken = []
    sys.stdout.write(HEADER)
    for row in rows(arguments.only or tuple(GROUPS)):
        sys.stdout.write(line(row))
        sys.stdout.flush()
        taken.append(row)
    if arguments.only:
        taken, about["others_taken"] = among_kept(path, taken)
    about["seconds_taken"] = round(perf_counter() - began, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": about, "rows": [row.as_dict() for row in taken]}, indent=1) + "\n")
    path.with_suffix(".md").write_text(markdown(about, taken))
    work_precision.draw(path.with_name("work_precision.png"))
    if arguments.readme:
        into_readme(ROOT / "README.md", about, taken)
    sys.stdout.write(f"{about['seconds_taken']} s; written to {path} and {path.with_suffix('.md')}\n")


if __name__ == "__main__":
    main()
