"""The Taylor series method: a step of any order from the coefficients of the solution's own series.

After A. Jorba and M. Zou, A software package for the numerical integration of ODEs by means of high-order Taylor
methods, Experimental Mathematics 14, 99 (2005).  The last two coefficients tell how far the series may be trusted, so
a step is never rejected.  The order follows from the tolerance: were all work in the products, the least of it would be
where exp(-2 (p - 1)) is the tolerance; the rest of a step makes one order more pay (5 to 10% on three systems).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import FunctionType

from ..compile import CompilationError
from ..numbers.taylor import coefficient_lines
from ..numbers.taylor_recurrences import Value
from ..numbers.taylor_trace import Trace, trace
from .method import FLAT_LIMIT

LONGEST_TEXT = 250_000  # characters; some twenty seconds of compilation
LOWEST_ORDER, HIGHEST_ORDER = 4, 30


def order(tolerance: float) -> int:
    """The order of least work for a relative tolerance."""
    return min(max(math.ceil(2.0 - 0.5 * math.log(tolerance)), LOWEST_ORDER), HIGHEST_ORDER)


@dataclass(frozen=True)
class Taylor:
    """The Taylor method of one order for one system; make it with `of`.

    Attributes
    ----------
    system : Trace
    degree : int
        The order p, which is the degree of the dense output too.
    dense : bool
        Whether an attempt hands out the coefficients between which dense output needs no more work.
    """

    system: Trace
    degree: int
    dense: bool = True

    name = "Taylor"
    aliases = ()
    source = "A. Jorba, M. Zou, Experimental Mathematics 14, 99 (2005)"
    parts = ()
    chooses_step = True
    flat_limit = FLAT_LIMIT
    evaluations = 1
    stages = 1
    imports = (
        "import math",
        "from fastsci_kernels.numbers.arithmetic import where",
        "from fastsci_kernels.numbers.approximate import rough_power",
        "from fastsci_kernels.numbers.taylor_sums import combination",
    )

    @classmethod
    def of(
        cls, fun: FunctionType, *, style: str, dim: int, n_params: int, tolerance: float, dense: bool = True
    ) -> Taylor:
        """The method for a system and a tolerance.

        Raises
        ------
        CompilationError
            The function has no series here (see `trace`).
        """
        return cls(trace(fun, style=style, dim=dim, n_params=n_params), order(tolerance), dense)

    @property
    def order(self) -> float:
        return self.degree

    @property
    def error_order(self) -> float:
        return self.degree

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        """Nothing: the text of the attempt holds the system."""
        return ""

    def slope_dim(self, dim: int) -> int:
        return dim

    def attempt_buffers(self) -> tuple[str, ...]:
        return ()

    def flat_attempt(self, dim: int, compensated: bool) -> str:
        """The text of `series_attempt`, as this method is asked for it."""
        return self.series_attempt(compensated, self.dense)

    def flat_interpolant(self, dim: int) -> str:
        """Nothing: the attempt has the coefficients."""
        return ""

    def long_attempt(self, dim: int, compensated: bool) -> str:
        raise CompilationError(f"{self.system.name} has {dim} components, too many for a series in registers")

    def long_interpolant(self, dim: int) -> str:
        raise CompilationError(f"{self.system.name} has {dim} components, too many for a series in registers")

    def series_attempt(self, compensated: bool, dense: bool) -> str:
        """Source of ``attempt(t, u, c, p, limit, rtol, atol) -> (v, c_next, h, q)``.

        ``limit`` is the longest step allowed, with its sign; ``h`` the step taken.  ``c`` holds the low-order digits
        of ``u``, ``()`` where not ``compensated``.  With ``dense``, y_i(t + theta h) = u_i + sum_m q[m-1][i] theta^m;
        without, ``q`` is ``()``.

        No last term exceeds ``atol[i] + rtol * max_j |u_j|``: the largest component sets the scale, so that one that
        passes through zero does not stop the clock.  Where the series is not finite, neither is ``v``.

        Raises
        ------
        CompilationError
            The text is too long to compile.
        """
        lines, series = coefficient_lines(self.system, self.degree)
        lines += _step_size(series, self.degree)
        lines += _horner(series, compensated)
        if dense:
            lines += _powers(self.degree)
            rows = [_tuple([_times(row[m], f"h{m}") for row in series]) for m in range(1, self.degree + 1)]
            lines.append(f"q = {_tuple(rows)}")
        else:
            lines.append("q = ()")
        lines.append("return v, c_next, h, q")
        text = "def attempt(t, u, c, p, limit, rtol, atol):\n" + "".join(f"    {line}\n" for line in lines)
        if len(text) > LONGEST_TEXT:
            raise CompilationError(
                f"{self.system.name} has no Taylor series of order {self.degree} here: its recurrences take"
                f" {len(lines)} lines, too many to compile; try method='DOP853'"
            )
        return text


def safety(degree: int) -> float:
    """Jorba and Zou's exp(-2 - 0.7 / (p - 1)), less the exp(-2 (p - 1) / p) that the tolerance itself accounts for."""
    return math.exp(-2.0 / degree - 0.7 / (degree - 1))


def _tuple(parts: list[str]) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def _times(value: Value, factor: str) -> str:
    return "0.0 * h1" if value is None else factor if value == "1.0" else f"{value} * {factor}"


def _largest(values: list[str]) -> str:
    """A balanced tree of ``max``."""
    if len(values) == 1:
        return values[0]
    middle = len(values) // 2
    return f"max({_largest(values[:middle])}, {_largest(values[middle:])})"


def _step_size(series: list[list[Value]], degree: int) -> list[str]:
    """The largest h at which neither of the last two terms exceeds its share of the tolerance."""
    lines = ["norm = " + _largest([f"abs({row[0]})" for row in series])]
    lines += [f"scale{i} = 1.0 / (atol[{i}] + rtol * norm)" for i in range(len(series))]
    lines.append("size = abs(limit)")
    for m in (degree - 1, degree):
        last = [(i, value.removeprefix("-")) for i, row in enumerate(series) if (value := row[m]) is not None]
        terms = [f"abs({value}) * scale{i}" for i, value in last]
        if terms:
            lines.append(f"radius = {safety(degree)!r} * rough_power({_largest(terms)}, {-1.0 / m!r})")
            lines.append("size = min(size, radius)")
    return [*lines, "h = math.copysign(size, limit)"]


def _horner(series: list[list[Value]], compensated: bool) -> list[str]:
    """Lines for ``v`` and ``c_next``.

    The product stands on the right: of two products in a sum it is the right one that is fused.
    """
    lines = []
    for i, row in enumerate(series):
        terms = row[1:]
        while len(terms) > 1 and terms[-1] is None:
            terms.pop()
        text = terms[-1] or "0.0"
        for value in reversed(terms[:-1]):
            lines.append(f"d{i} = {value} + {text} * h" if value else f"d{i} = {text} * h")
            text = f"d{i}"
        if compensated:
            lines += [f"y{i} = c[{i}] + {text} * h", f"v{i} = {row[0]} + y{i}", f"e{i} = y{i} - (v{i} - {row[0]})"]
        else:
            lines.append(f"v{i} = {row[0]} + {text} * h")
    state = range(len(series))
    lines.append("c_next = " + (_tuple([f"e{i}" for i in state]) if compensated else "()"))
    return [*lines, "v = " + _tuple([f"v{i}" for i in state])]


def _powers(degree: int) -> list[str]:
    """h1 = h, h2 = h^2, ..., each from two of half its exponent."""
    return ["h1 = h", *(f"h{m} = h{(m + 1) // 2} * h{m // 2}" for m in range(2, degree + 1))]
