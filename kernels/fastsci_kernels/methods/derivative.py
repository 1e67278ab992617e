"""What is asked of a function at every point, and the text that answers it with the state in registers.

The function is called on Duals: along given directions, or along the unit vectors a few at a time, which makes rows of
the Jacobian.  Second derivatives are Duals of Duals (forward over forward; Griewank and Walther, Evaluating
Derivatives, 2nd ed., 2008, sections 3.1 and 13.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

# Tangents a call of the function, of numbers and of Duals: more would save calls, lose registers and compile for long.
TANGENTS, NESTED_TANGENTS = 8, 4

IMPORTS = ("from fastsci_kernels.numbers.dual import dual, primal, tangents",)


@dataclass(frozen=True)
class Derivative:
    """What is asked.

    ``kind`` is "value", "jvp" (along ``count`` directions), "jacobian", "vjp" (of ``count`` cotangents), "second" (the
    second derivative along two directions) or "hessian" (that of a combination of the components, times a direction).
    ``given`` names the user's own derivative, "jvp" or "jac".
    """

    kind: str
    count: int = 1
    by_params: bool = False
    given: str = ""

    @property
    def functions(self) -> tuple[str, ...]:
        """The user's functions beside the right-hand side."""
        return (self.given,) if self.given else ()

    @property
    def nested(self) -> bool:
        return self.kind in ("second", "hessian")

    @property
    def at_once(self) -> int:
        """Most tangents that one call of the function carries."""
        return NESTED_TANGENTS if self.nested else TANGENTS

    @property
    def by_units(self) -> bool:
        """Whether the tangents are unit vectors."""
        return self.kind in ("jacobian", "vjp", "hessian")

    def size(self, dim: int, n_params: int) -> int:
        """Numbers of what is perturbed."""
        return n_params if self.by_params else dim

    def directions(self, dim: int, n_params: int) -> int:
        """Tangents a point in all."""
        if self.by_units:
            return self.size(dim, n_params)
        return self.count if self.kind == "jvp" else 1

    def rows(self, dim: int, n_params: int) -> dict[str, int]:
        """Numbers a point of each array, 0 for one that is not there.

        In: time, state, parameters, direction ``a`` and direction or cotangent ``b``.  Out: the value, the first
        derivative and the second.
        """
        return _rows(self, dim, n_params)


@cache  # asked at every call
def _rows(derivative: Derivative, dim: int, n_params: int) -> dict[str, int]:
    kind, size, count = derivative.kind, derivative.size(dim, n_params), derivative.count
    return {
        "t": 1,
        "u": dim,
        "p": n_params,
        "a": {"jvp": size * count, "second": size, "hessian": size}.get(kind, 0),
        "b": {"vjp": dim * count, "second": size, "hessian": dim}.get(kind, 0),
        "f": 0 if kind == "jacobian" else dim,
        "r": {"value": 0, "jvp": dim * count, "jacobian": dim * size, "vjp": size * count}.get(kind, dim),
        "s": {"second": dim, "hessian": size}.get(kind, 0),
    }


INPUTS, OUTPUTS = ("t", "u", "p", "a", "b"), ("f", "r", "s")


def as_tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def seeded(derivative: Derivative, base: str, along: list[str], second: str) -> str:
    """A number with its tangents; ``second`` is its component along the outer direction."""
    inner = f"dual({base}, {as_tuple(along)})"
    if not derivative.nested:
        return inner
    return f"dual({inner}, (dual({second}, {as_tuple('zero' for _ in along)}),))"


def flat_text(derivative: Derivative, dim: int, n_params: int, bits: int, width: int) -> str:
    """Source of ``derive(t, u, p, a, b)``, which returns the tuples of what is asked: value, first and second."""
    text = _Flat(derivative, dim, n_params, bits, width)
    lines = [f"one, zero = number(1.0, {bits}, {width}), number(0.0, {bits}, {width})", *text.lines()]
    return "def derive(t, u, p, a, b):\n" + "".join(f"    {line}\n" for line in lines)


@dataclass(frozen=True)
class _Flat:
    derivative: Derivative
    dim: int
    n_params: int
    bits: int
    width: int

    @property
    def size(self) -> int:
        return self.derivative.size(self.dim, self.n_params)

    def lines(self) -> list[str]:
        derivative, count = self.derivative, self.derivative.count
        components, places = range(self.dim), range(self.size)
        if derivative.kind == "value" or derivative.given:
            lines, value = ["g = rhs(t, u, p)"], [self._number(f"g[{i}]") for i in components]
            if derivative.kind == "value":
                return [*lines, f"return {as_tuple(value)}, (), ()"]
            lines += self._given()
        else:
            directions = derivative.directions(self.dim, self.n_params)
            firsts = range(0, directions, derivative.at_once)
            passes = [range(first, min(first + derivative.at_once, directions)) for first in firsts]
            lines = [line for along in passes for line in self._pass(along)]
            value = [f"y{i}" for i in components]
        first, second = [], []
        if derivative.kind == "jvp":
            first = [self._entry(i, c) for i in components for c in range(count)]
        elif derivative.kind == "jacobian":
            value, first = [], [self._entry(i, j) for i in components for j in places]
        elif derivative.kind == "vjp":
            first = [self._product(j, "b", count, c) for j in places for c in range(count)]
        else:
            first = [f"z{i}" for i in components]
            second = (
                [self._entry(i, 0) for i in components]
                if derivative.kind == "second"
                else [self._product(j, "b", 1, 0) for j in places]
            )
        return [*lines, f"return {as_tuple(value)}, {as_tuple(first)}, {as_tuple(second)}"]

    def _number(self, value: str) -> str:
        return f"number({value}, {self.bits}, {self.width})"

    def _entry(self, i: int, k: int) -> str:
        """The derivative of component ``i`` along direction ``k``."""
        if self.derivative.given:
            return f"e{i}_{k}"
        place = k % self.derivative.at_once
        return f"d{i}_{k - place}[{place}]"

    def _product(self, j: int, cotangents: str, count: int, c: int) -> str:
        """Component ``j`` of a cotangent times the Jacobian."""
        return " + ".join(f"{cotangents}[{i * count + c}] * {self._entry(i, j)}" for i in range(self.dim))

    def _pass(self, along: range) -> list[str]:
        """One call of the function, for the tangents ``along``."""
        derivative, components, first = self.derivative, range(self.dim), along[0]
        perturbed = "p" if derivative.by_params else "u"
        x = as_tuple(
            seeded(derivative, f"{perturbed}[{i}]", [self._seed(i, k) for k in along], self._second_seed(i))
            for i in range(self.size)
        )
        lines = [f"x = {x}", f"g = rhs(t, {'u, x' if derivative.by_params else 'x, p'})"]
        if not derivative.nested:
            lines += [f"d{i}_{first} = tangents(g[{i}], x[0])" for i in components]
            return lines + ([f"y{i} = primal(g[{i}], x[0])" for i in components] if first == 0 else [])
        lines.append("like = primal(x[0], x[0])")
        for i in components:
            lines.append(f"h = tangents(g[{i}], x[0])[0]")
            lines.append(f"d{i}_{first} = tangents(h, like)")
            if first == 0:
                lines.append(f"v = primal(g[{i}], x[0])")
                lines.append(f"y{i} = primal(v, like)")
                # Along the direction `a`: the inner tangent of two plain directions, the outer one beside unit vectors.
                along_a = "tangents(v, like)[0]" if derivative.kind == "second" else "primal(h, like)"
                lines.append(f"z{i} = {along_a}")
        return lines

    def _seed(self, i: int, k: int) -> str:
        if self.derivative.by_units:
            return "one" if i == k else "zero"
        return f"a[{i * self.derivative.count + k}]"

    def _second_seed(self, i: int) -> str:
        return f"{'b' if self.derivative.kind == 'second' else 'a'}[{i}]"

    # --- the user's own derivative ---

    def _given(self) -> list[str]:
        """Lines that set ``e{i}_{k}``, the derivatives along the directions that are asked."""
        derivative, components = self.derivative, range(self.dim)
        along = range(derivative.directions(self.dim, self.n_params))
        if derivative.given == "jvp":
            return [
                line
                for k in along
                for line in (
                    f"e = user_jvp(t, u, p, {as_tuple(self._seed(i, k) for i in components)})",
                    *(f"e{i}_{k} = {self._number(f'e[{i}]')}" for i in components),
                )
            ]
        lines = ["own = user_jac(t, u, p)"]
        for i in components:
            if derivative.by_units:
                lines += [f"e{i}_{j} = {self._number(f'own[{i}][{j}]')}" for j in components]
                continue
            row = [self._number(f"own[{i}][{j}]") for j in components]
            for k in along:
                lines.append(f"e{i}_{k} = " + " + ".join(f"{row[j]} * {self._seed(j, k)}" for j in components))
        return lines
