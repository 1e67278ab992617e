"""The words that the command line understands."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from typing import NoReturn

from .._version import __version__
from .errors import UsageError

Command = Callable[[argparse.Namespace], int]

RUN_HELP = """\
Integrate an ensemble, with a fixed step or a step a member, and say what came out.

SYSTEM is a name of the catalogue (`fastsci systems` lists them), with its size where it has one: lorenz96,
lorenz96:n=100; or a function of your own: model.py:name, or model.py where it holds a single one.  The function is
f(t, u, p) and returns a tuple, or f(t, u, p, du) and writes du; decorated by fastsci.system or bare.
"""

RUN_EPILOG = """\
initial states:
  --y0 takes CSV (with or without a header), NPY or Zarr, one row a member; one row alone serves every member.  A
  header may name the state variables in any order, and parameters, whose columns are then values per member.  Of a
  store that `fastsci run --out` wrote, the final states are taken, and the parameters that varied.
  Without --y0, every component of the system's default state is spread by a normal deviation of 1 % of itself plus
  0.1 % of the largest component, seeded by --seed; a single member starts at the default itself.

steps:
  --dt DT takes steps of DT.  Without it a method with an error estimate (`fastsci methods` calls it adaptive or stiff)
  chooses the steps of every member by --rtol and --atol, and any other method takes the system's own step.  Without
  --method it is RK4.

number of members:
  from --members, from the rows of --y0, or from the parameters: A:B:N makes N values, several such parameters make
  every combination (the last one named varies fastest).  All that are given must agree.

examples:
  fastsci run lorenz63 --members 100000 --plot lorenz.png
  fastsci run model.py:brusselator --members 1000000 --param b=2.5:3.5 --y0 y0.csv --t-end 20 --dt 0.01 --out ens.zarr
  fastsci run lorenz63 --members 10000 --method Tsit5 --rtol 1e-8 --saves 200 --out lorenz.zarr
  fastsci run robertson --method Rodas5P --t-end 1e5 --atol 1e-8,1e-12,1e-8
  fastsci run lorenz96:n=100 --param F=4:10:61 --saves 200 --out forcing.zarr

exit status: 0, 1 (the run failed), 2 (the command is wrong), 130 (Ctrl-C).
"""


BIFURCATE_HELP = """\
Iterate a map at many values of a parameter and show where its late iterations lie.

SYSTEM is a map: a name of the catalogue (`fastsci systems` lists them), with its size where it has one; or a function
of your own, model.py:name.  The function is f(t, u, p) and returns the next state as a tuple, or f(t, u, p, du) and
writes it to du; decorated by fastsci.system or bare.
"""

BIFURCATE_EPILOG = """\
files:
  .npz holds the parameter's values (n,) under its name, the states (n, keep) under that of the component, the numbers
  of the iterations (keep,) and the status (n,), negative where a member escaped.  .csv has one row a state, after
  the parameter and the number of the iteration.  .zarr is a store as `fastsci run --out` writes it.

examples:
  fastsci bifurcate logistic --param r=2.5:4:4000 --plot logistic.png
  fastsci bifurcate henon --param a=1:1.4:4000 --param b=0.3 --component x --keep 500 --plot henon.png
  fastsci bifurcate model.py:neuron --param k=0:0.1:2000 --y0 0.1,2 --transient 5000 --out neuron.npz

exit status: 0, 1 (every member escaped), 2 (the command is wrong), 130 (Ctrl-C).
"""


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


def _later(module: str, function: str) -> Command:
    """A command whose module is imported when it runs."""

    def command(parsed: argparse.Namespace) -> int:
        return getattr(importlib.import_module(f"fastsci.cli.{module}"), function)(parsed)

    return command
