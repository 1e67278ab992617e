"""The words that the command line understands."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from typing import NoReturn

from .._version import __version__
from .errors import UsageError
from .help_texts import (
    BIFURCATE_EPILOG,
    BIFURCATE_HELP,
    DISCOVER_EPILOG,
    DISCOVER_HELP,
    LYAPUNOV_EPILOG,
    LYAPUNOV_HELP,
    MEASURE_EPILOG,
    MEASURE_HELP,
    RUN_EPILOG,
    RUN_HELP,
)

Command = Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """Errors in one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command; ``parsed.command`` is the function that runs it."""
    parser = _Parser(
        prog="fastsci", description="Large ensembles of dynamical systems from a plain Python function.",
        epilog="`fastsci COMMAND --help` says more about a command.", allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"fastsci {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    _add_run(commands.add_parser(
        "run", help="integrate an ensemble", description=RUN_HELP, epilog=RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    ))  # fmt: skip

    _add_bifurcate(commands.add_parser(
        "bifurcate", help="draw a bifurcation diagram of a map", description=BIFURCATE_HELP,
        epilog=BIFURCATE_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    ))  # fmt: skip

    _add_lyapunov(commands.add_parser(
        "lyapunov", help="measure Lyapunov exponents of a flow or a map", description=LYAPUNOV_HELP,
        epilog=LYAPUNOV_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    ))  # fmt: skip

    _add_measure(commands.add_parser(
        "measure", help="measure series: chaos, entropy, dimension, recurrence", description=MEASURE_HELP,
        epilog=MEASURE_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    ))  # fmt: skip

    _add_discover(commands.add_parser(
        "discover", help="find the equations behind series", description=DISCOVER_HELP, epilog=DISCOVER_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    ))  # fmt: skip

    systems = commands.add_parser("systems", help="list the catalogue of systems", allow_abbrev=False)
    systems.set_defaults(command=_later("catalogue", "systems"))
    methods = commands.add_parser("methods", help="list the integration methods", allow_abbrev=False)
    methods.set_defaults(command=_later("catalogue", "methods"))
    for listing in (systems, methods):
        listing.add_argument("--names", action="store_true", help="names alone, one a line")

    info = commands.add_parser(
        "info", help="describe this installation: versions, processor, devices, measured ceilings", allow_abbrev=False
    )
    info.add_argument("--no-measure", action="store_true", help="leave out the ceilings, which take some seconds")
    info.set_defaults(command=_later("machine", "info"))
    bench = commands.add_parser(
        "bench", help="time Lorenz-63 by RK4 against this machine's ceiling", allow_abbrev=False
    )
    bench.set_defaults(command=_later("machine", "bench"))
    selftest = commands.add_parser(
        "selftest", help="check this installation's numbers, within a minute", allow_abbrev=False
    )
    selftest.set_defaults(command=_later("machine", "selftest"))
    cache = commands.add_parser("cache", help="show or empty the cache of compiled kernels", allow_abbrev=False)
    cache.add_argument("action", choices=("info", "clear"))
    cache.set_defaults(command=_later("machine", "cache"))
    for command in (info, bench, cache):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("system", metavar="SYSTEM", help="name of the catalogue, or FILE.py:NAME")
    what = run.add_argument_group("what to run")
    what.add_argument("--members", type=int, metavar="N", help="number of members")
    what.add_argument("--y0", metavar="FILE", help="initial states: CSV, NPY or Zarr")
    what.add_argument(
        "--param", action="append", default=[], metavar="NAME=V|A:B|A:B:N",
        help="a parameter: one value, spread evenly from A to B over the members, or N values from A to B; repeatable",
    )  # fmt: skip
    what.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of the spread about the default state, and of noise (0)"
    )
    how = run.add_argument_group("how")
    how.add_argument("--t-start", type=float, default=0.0, metavar="T0", help="initial time (0)")
    how.add_argument("--t-end", type=float, metavar="T", help="final time (2000 of the system's own steps)")
    how.add_argument("--method", metavar="M", help="one of `fastsci methods` (RK4)")
    how.add_argument("--dt", type=float, metavar="DT", help="fixed step size (the system's own, or chosen)")
    how.add_argument("--rtol", type=float, metavar="R", help="relative tolerance of chosen steps (1e-6)")
    how.add_argument("--atol", metavar="A|A,B,...", help="absolute tolerance, one or one a component (1e-9)")
    how.add_argument("--first-step", type=float, metavar="H", help="first step to try (chosen)")
    how.add_argument("--max-step", type=float, metavar="H", help="longest step (no limit)")
    how.add_argument("--max-steps", type=int, metavar="N", help="attempts after which a member fails (1,000,000)")
    how.add_argument("--controller", metavar="C", help="how the next step is chosen: I, PI or PID (I)")
    how.add_argument("--dtype", metavar="DTYPE", help="float64 or float32 (that of --y0, else float64)")
    how.add_argument("--device", default="auto", metavar="D", help="auto, cpu or cuda (auto)")
    result = run.add_argument_group("what to keep")
    saves = result.add_mutually_exclusive_group()
    saves.add_argument("--save-every", type=float, metavar="DT", help="save at the start and every DT from there")
    saves.add_argument("--saves", type=int, metavar="N", help="save at N times, evenly from start to end")
    result.add_argument("--out", metavar="FILE.zarr", help="write a Zarr store; the final state unless saves are asked")
    result.add_argument("--plot", metavar="FILE.png", help="draw the ensemble (png, pdf or svg)")
    result.add_argument("--overwrite", action="store_true", help="replace --out where it exists")
    result.add_argument("--quiet", action="store_true", help="no progress bar, no summary")
    run.set_defaults(command=_later("run", "run"))


def _add_bifurcate(bifurcate: argparse.ArgumentParser) -> None:
    bifurcate.add_argument("system", metavar="SYSTEM", help="name of the catalogue, or FILE.py:NAME")
    what = bifurcate.add_argument_group("what to iterate")
    what.add_argument(
        "--param", action="append", default=[], metavar="NAME=A:B:N|V", required=True,
        help="the parameter that varies, N values from A to B; others at V; repeatable",
    )  # fmt: skip
    what.add_argument(
        "--y0", metavar="X,Y,...|FILE",
        help="initial state, the same for every value or one a row (the system's default)",
    )  # fmt: skip
    what.add_argument("--transient", type=int, default=1000, metavar="N", help="iterations left out first (1000)")
    what.add_argument("--keep", type=int, default=200, metavar="N", help="iterations kept after these (200)")
    what.add_argument("--component", metavar="NAME", help="what to keep of the state (its first variable)")
    what.add_argument("--dtype", metavar="DTYPE", help="float64 or float32 (that of --y0, else float64)")
    what.add_argument("--device", default="auto", metavar="D", help="auto, cpu or cuda (auto)")
    result = bifurcate.add_argument_group("what to keep")
    result.add_argument("--plot", metavar="FILE.png", help="draw the diagram (png, pdf or svg)")
    result.add_argument("--out", metavar="FILE", help="write what is kept: .zarr, .npz or .csv")
    result.add_argument("--overwrite", action="store_true", help="replace --out where it exists")
    result.add_argument("--quiet", action="store_true", help="no progress bar, no summary")
    bifurcate.set_defaults(command=_later("bifurcate", "bifurcate"))


def _add_lyapunov(lyapunov: argparse.ArgumentParser) -> None:
    lyapunov.add_argument("system", metavar="SYSTEM", help="name of the catalogue, or FILE.py:NAME")
    what = lyapunov.add_argument_group("what to measure")
    what.add_argument(
        "--param", action="append", default=[], metavar="NAME=V|A:B|A:B:N",
        help="a parameter: one value, or N values from A to B; repeatable, two ranges at most",
    )  # fmt: skip
    what.add_argument("--k", type=int, metavar="K", help="how many exponents (all; of a sweep 10 at most; of a grid 1)")
    what.add_argument(
        "--y0", metavar="X,Y,...|FILE", help="initial state, the same for every member (the system's default)"
    )
    what.add_argument("--map", action="store_true", help="a bare function of a file is a map")
    how = lyapunov.add_argument_group("how")
    how.add_argument("--t-transient", type=float, metavar="T", help="time left out first (10,000 steps)")
    how.add_argument("--t-total", type=float, metavar="T", help="time over which exponents are measured (50,000 steps)")
    how.add_argument("--dt", type=float, metavar="DT", help="step size of a flow (the system's own)")
    how.add_argument("--method", metavar="M", help="an explicit Runge-Kutta method of `fastsci methods` (RK4)")
    how.add_argument("--qr-every", type=int, metavar="N", help="steps between two orthonormalisations (chosen)")
    how.add_argument("--dtype", metavar="DTYPE", help="float64 or float32 (that of --y0, else float64)")
    how.add_argument("--device", default="auto", metavar="D", help="auto, cpu or cuda (auto)")
    _add_result(lyapunov, "write the exponents: .csv or .npz", "draw the exponents (png, pdf or svg)")
    lyapunov.set_defaults(command=_later("lyapunov", "lyapunov"))


def _add_measure(measure: argparse.ArgumentParser) -> None:
    measure.add_argument("data", metavar="DATA", help="CSV or NPY, a row a time")
    what = measure.add_argument_group("what to measure")
    what.add_argument(
        "--columns", metavar="A,B,...|all", help="names or numbers, from 1, of columns (all but the time axis)"
    )
    what.add_argument("--measures", default="all", metavar="NAME,...", help="some of those below (all)")
    what.add_argument("--drop-nan", action="store_true", help="leave out rows in which a series is missing")
    how = measure.add_argument_group("how")
    how.add_argument("--dt", type=float, metavar="DT", help="time between two rows (that of the time axis, else 1)")
    how.add_argument("--embed", metavar="DIM:DELAY", help="delay embedding (3, and a delay chosen from the series)")
    how.add_argument(
        "--max-points", type=int, default=20_000, metavar="N", help="most values that a costly measure takes (20,000)"
    )
    _add_result(measure, "write the table: .csv", "draw the series, their embeddings and recurrences")
    measure.set_defaults(command=_later("measure", "measure"))


def _add_discover(discover: argparse.ArgumentParser) -> None:
    discover.add_argument("data", metavar="DATA", help="CSV or NPY, a row a sample")
    what = discover.add_argument_group("what the columns are (names, or numbers from 1)")
    what.add_argument("--time", metavar="COLUMN|DT", help="column of times, or the step between rows (t or time)")
    what.add_argument("--states", metavar="A,B,...", help="columns of states (all that are nothing else)")
    what.add_argument("--controls", metavar="A,B,...", help="columns of what drives the system from outside")
    what.add_argument("--trajectory", metavar="COLUMN", help="column that tells several trajectories apart")
    what.add_argument("--map", action="store_true", help="rows are iterations: find the next state, not derivatives")
    what.add_argument("--drop-nan", action="store_true", help="leave out rows in which a number is missing")
    how = discover.add_argument_group("how")
    how.add_argument("--degree", type=int, metavar="D", help="degree of the polynomials among which to seek (2)")
    how.add_argument("--library", metavar="LIBRARY", help="other terms: poly:3+fourier:2, poly:1*fourier:1, identity")
    how.add_argument(
        "--threshold", default="0.1", metavar="L|path",
        help="least coefficient that is kept, or path: chosen by a criterion among all (0.1)",
    )  # fmt: skip
    how.add_argument("--alpha", type=float, default=0.05, metavar="A", help="ridge penalty of the choice (0.05)")
    how.add_argument("--differentiation", metavar="NAME[:P=V,...]", help="how to differentiate (finite_difference)")
    how.add_argument("--weak", action="store_true", help="integrate against test functions and differentiate nothing")
    how.add_argument("--ensemble", type=int, metavar="N", help="fit N bootstraps, and say how often each term is found")
    how.add_argument("--seed", type=int, default=0, metavar="S", help="of the bootstraps (0)")
    result = discover.add_argument_group("what to keep")
    result.add_argument("--plot", metavar="FILE.png", help="draw fit, residuals, simulation, error against sparsity")
    result.add_argument("--latex", action="store_true", help="print the equations as LaTeX too")
    result.add_argument("--json", metavar="FILE", help="write equations, coefficients and their errors")
    result.add_argument("--overwrite", action="store_true", help="replace --json where it exists")
    result.add_argument("--quiet", action="store_true", help="print nothing")
    discover.set_defaults(command=_later("discover", "discover"))


def _add_result(command: argparse.ArgumentParser, out: str, plot: str) -> None:
    result = command.add_argument_group("what to keep")
    result.add_argument("--plot", metavar="FILE.png", help=plot)
    result.add_argument("--out", metavar="FILE", help=out)
    result.add_argument("--overwrite", action="store_true", help="replace --out where it exists")
    result.add_argument("--quiet", action="store_true", help="no progress bar, no summary")


def _later(module: str, function: str) -> Command:
    """A command whose module is imported when it runs."""

    def command(parsed: argparse.Namespace) -> int:
        return getattr(importlib.import_module(f"fastsci.cli.{module}"), function)(parsed)

    return command
