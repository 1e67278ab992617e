"""Choosing the next step size: proportional, integral and derivative control of the scaled error.

With ``e`` the scaled error norm of the last step and ``q`` the order of the lower formula, the step size is multiplied
by ``safety e**(-beta1/(q+1)) e_1**(-beta2/(q+1)) e_2**(-beta3/(q+1))``, ``e_1`` and ``e_2`` the errors of the accepted
steps before; between the limits.  Soderlind, Automatic control and adaptive time-stepping, Numer. Algorithms 31 (2002)
281; the limits and the safety factor are those of `scipy.integrate.solve_ivp`.
"""

from __future__ import annotations

from dataclasses import dataclass

SAFETY, SMALLEST, LARGEST = 0.9, 0.2, 10.0
TINY_ERROR = 1e-24  # the square of a scaled error below which growth is at its limit whatever the method


@dataclass(frozen=True)
class Controller:
    """Exponents on the last errors; ``fixed`` never changes the step."""

    name: str
    betas: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def fixed(self) -> bool:
        return self.name == "fixed"

    @property
    def memory(self) -> int:
        """How many earlier errors it looks at."""
        return sum(1 for beta in self.betas[1:] if beta)

    def factor(self, error_order: float) -> list[str]:
        """Lines that set ``factor`` from ``error``, the square of the scaled norm, and ``error_1``, ``error_2``."""
        terms = []
        for name, beta in zip(("error", "error_1", "error_2"), self.betas, strict=True):
            if beta:
                exponent = -beta / (2.0 * (error_order + 1.0))
                terms.append(f"approximate_power(max({name}, {TINY_ERROR!r}), {exponent!r})")
        # Whatever the exponents, the step settles where the error of the last step is that of plain integral control.
        safety = SAFETY ** sum(self.betas)
        return [f"factor = min(max({safety!r} * {' * '.join(terms)}, {SMALLEST!r}), {LARGEST!r})"]


CONTROLLERS = {
    controller.name.lower(): controller
    for controller in (
        Controller("I", (1.0, 0.0, 0.0)),
        Controller("PI", (0.7, -0.4, 0.0)),
        Controller("PID", (0.7, -0.4, 0.1)),
        Controller("fixed"),
    )
}
