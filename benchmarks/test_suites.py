"""Each asv benchmark once, with the first and with the last of its parameters: it runs, and what it tracks is a number.

asv itself runs each in a process of its own, which takes half an hour; this takes some minutes.
"""

import importlib
import itertools
import math
import pkgutil
from collections.abc import Iterator

import pytest

from benchmarks import suites

KINDS = ("time_", "track_", "peakmem_")


def combinations(owner: object) -> list[tuple]:
    """The first and the last combination of the parameters, as asv reads them."""
    params = getattr(owner, "params", ())
    if params and not isinstance(params[0], (list, tuple)):
        params = (params,)
    every = list(itertools.product(*params))
    return every if len(every) < 3 else [every[0], every[-1]]


def benchmarks() -> Iterator:
    for found in pkgutil.iter_modules(suites.__path__):
        module = importlib.import_module(f"benchmarks.suites.{found.name}")
        for name, owner in vars(module).items():
            if name.startswith(KINDS) and owner.__module__ == module.__name__:
                yield pytest.param(None, owner, (), id=f"{found.name}.{name}")
            elif isinstance(owner, type) and owner.__module__ == module.__name__ and not name.startswith("_"):
                for method in dir(owner):
                    if method.startswith(KINDS):
                        for values in combinations(owner):
                            yield pytest.param(owner, method, values, id=f"{found.name}.{name}.{method}{values}")


@pytest.mark.parametrize(("owner", "method", "values"), list(benchmarks()))
def test_it_runs(owner, method, values):
    if owner is None:
        assert math.isfinite(method())
        return
    made = owner()
    if hasattr(made, "setup"):
        made.setup(*values)
    try:
        found = getattr(made, method)(*values)
        assert not method.startswith("track_") or math.isfinite(found)
    finally:
        if hasattr(made, "teardown"):
            made.teardown(*values)
