"""A small loop around the attempts of a stiff method: strips of lanes, each member with its own step, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fastsci_kernels.compile import compilable, jit
from fastsci_kernels.methods.method import in_place, is_flat
from fastsci_kernels.methods.rosenbrock import Rosenbrock
from fastsci_kernels.numbers import functions  # noqa: F401  (binds the elementary functions)
from fastsci_kernels.numbers.approximate import approximate_power
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.dual import dual, dual_scratch, tangents
from fastsci_kernels.numbers.memory import any_lane, load, number, scratch, store

NAMES = {
    **{"jit": jit, "where": where, "load": load, "store": store, "number": number, "scratch": scratch},
    **{"any_lane": any_lane, "dual": dual, "dual_scratch": dual_scratch, "tangents": tangents},
    **{"approximate_power": approximate_power, "__name__": "stiff_loop"},
}


@dataclass(frozen=True)
class Form:
    """How a right-hand side is called, and on which numbers."""

    dim: int
    n_params: int
    style: str = "tuple"
    bits: int = 64
    width: int = 8
    in_memory: bool = False

    @property
    def flat(self) -> bool:
        return is_flat(self.style, self.dim) and not self.in_memory


def _tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def _source(method: Rosenbrock, form: Form) -> str:
    each, buffers = range(form.dim), ", ".join(method.attempt_buffers())

    def plain(value):
        return f"number({value}, {form.bits}, {form.width})"

    text = "rhs = slope\n"
    if form.style == "tuple" and not form.flat:
        text = in_place("rhs", "slope", form.dim) + "rhs = jit(rhs)\n"
    text += method.preamble(form.style, form.flat, form.dim, form.n_params, form.bits, form.width, "jit")
    attempt = method.flat_attempt(form.dim, False) if form.flat else method.long_attempt(form.dim, False)
    lines = [
        f"p = {_tuple(f'load(params, {i}, o, {form.width})' for i in range(form.n_params))}",
        f"atol = {_tuple(plain(f'atols[{i}]') for i in each)}",
        f"rtol, t, h, end = {plain('relative')}, {plain('0.0')}, {plain('first')}, {plain('until')}",
        f"attempts, exponent = {plain('0.0')}, {plain(-0.5 / (method.error_order + 1))}",
    ]
    if form.flat:
        lines += [f"u = {_tuple(f'load(y, {i}, o, {form.width})' for i in each)}", "k = rhs(t, u, p)"]
        call = ["v, c, k_next, error, data = attempt(t, u, (), p, step, k, rtol, atol)"]
        keep = [
            f"u = {_tuple(f'where(accepted, v[{i}], u[{i}])' for i in each)}",
            f"k = {_tuple(f'where(accepted, k_next[{i}], k[{i}])' for i in each)}",
        ]
    else:
        names = ("u", "v", "w", "k", "k_next", *method.attempt_buffers())
        lines += [f"{name} = scratch({form.bits}, {form.width}, {form.dim})" for name in names]
        lines += [f"for i in range({form.dim}):", f"    u[i] = load(y, i, o, {form.width})", "rhs(t, u, p, k)"]
        call = [f"error = attempt(t, u, (), p, step, k, rtol, atol, v, w, k_next, {buffers})"]
        keep = [f"for i in range({form.dim}):"]
        keep += [f"    {a}[i] = where(accepted, {b}[i], {a}[i])" for a, b in (("u", "v"), ("k", "k_next"))]
    body = [
        "alive = t < end",
        "if not any_lane(alive):",
        "    break",
        "last = h * 1.000001 >= end - t",
        "step = where(alive, where(last, end - t, h), 1.0)",
        *call,
        "error = where(error < 1e20, error, 1e20)",
        "good = (error <= 1.0) | fixed",
        "accepted = good & alive",
        "factor = min(max(0.9 * approximate_power(max(error, 1e-20), exponent), 0.2), 6.0)",
        "factor = where(fixed, 1.0, where(good, factor, min(factor, 1.0)))",
        "h = where(accepted & last, h, step * factor)",
        "t = where(accepted, where(last, end, t + step), t)",
        "attempts = attempts + where(alive, 1.0, 0.0)",
        *keep,
    ]
    lines += ["while True:", *(f"    {line}" for line in body)]
    lines += [f"store(y, {i}, o, u[{i}])" for i in each]
    drive = "def drive(y, params, atols, relative, first, until, fixed):\n"
    drive += f"    for o in range(0, y.shape[1], {form.width}):\n"
    return f"{text}\n\n{attempt}\n\nattempt = jit(attempt)\n\n\n{drive}" + "".join(f"        {s}\n" for s in lines)


def stiff_solver(method: Rosenbrock, fun: Callable, form: Form, jac: Callable | None = None) -> Callable:
    """A function ``(y0 (n, dim), params (n, n_params), until, rtol=, atol=, step=)`` that gives the states at the end.

    With ``step`` every step has that size.
    """
    names = {**NAMES, "slope": jit(compilable(fun))}
    if jac is not None:
        names["jac"] = jit(compilable(jac))
    exec(_source(method.fitted(fun, jac=jac), form), names)
    drive = jit(names["drive"])

    def solve(y0, params, until, *, rtol=1e-6, atol=1e-9, step=None):
        dtype = np.dtype(f"f{form.bits // 8}")
        y, p = (np.array(numbers, dtype).T.copy() for numbers in (y0, params))
        atols = np.array(np.broadcast_to(atol, form.dim), float)
        drive(y, p, atols, rtol, 1e-6 if step is None else step, float(until), step is not None)
        return y.T

    return solve
