"""What a driver asks of a method that chooses its steps."""

from __future__ import annotations

from typing import Protocol


class AdaptiveMethod(Protocol):
    """An attempt at a step with an estimate of its error, and a polynomial between its ends.

    For states in registers ``flat_attempt`` is the source of ``attempt(t, u, c, p, h, k0, rtol, atol)``, which returns
    ``(v, c_next, k_next, error, data)``: the next state, the low-order digits carried beside it (or ``()``), the slope
    there, the square of the scaled error norm of `scipy.integrate.solve_ivp`, and what ``interpolant`` needs.
    ``flat_interpolant`` is the source of ``interpolant(t, u, p, h, v, k0, k_next, data)``, which returns ``degree``
    tuples ``q`` with ``y(t + theta h) = u + sum_m q[m - 1] theta**m``.

    For long states ``attempt(t, u, c, p, h, k0, rtol, atol, v, c_next, k_next, *buffers)`` fills its buffers and
    returns the error, and ``interpolant(t, u, p, h, v, k0, k_next, q, *buffers)`` fills ``q``, power by power.

    A method that ``chooses_step`` knows its step from the state alone: ``attempt(t, u, c, p, limit, rtol, atol)``
    returns ``(v, c_next, h, q)`` with a step ``h`` no longer than ``limit``.
    """

    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...
    @property
    def order(self) -> float: ...
    @property
    def source(self) -> str: ...
    @property
    def stages(self) -> int: ...
    @property
    def error_order(self) -> float: ...
    @property
    def degree(self) -> int: ...
    @property
    def evaluations(self) -> int:
        """Calls of the right-hand side an attempt."""
        ...

    @property
    def chooses_step(self) -> bool: ...
    @property
    def flat_limit(self) -> int:
        """States beyond this many numbers live in memory."""
        ...

    @property
    def imports(self) -> tuple[str, ...]: ...
    @property
    def parts(self) -> tuple[str, ...]: ...
    def slope_dim(self, dim: int) -> int:
        """Components of the state that the right-hand side sees; a tangent method's state carries more."""
        ...

    def attempt_buffers(self) -> tuple[str, ...]: ...
    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        """Further definitions, such as a Jacobian."""
        ...

    def flat_attempt(self, dim: int, compensated: bool) -> str: ...
    def flat_interpolant(self, dim: int) -> str: ...
    def long_attempt(self, dim: int, compensated: bool) -> str: ...
    def long_interpolant(self, dim: int) -> str: ...
