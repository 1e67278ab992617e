"""A rational model as a `System`: quotients of two sums of terms, compiled like any right-hand side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.regress.plan import Term

from ..system import System, system
from ._model_text import LONGEST_TUPLE, Control, ModelText
from .model_system import compiled, held, sampled


def rational_system(
    numerator: ArrayLike,
    denominator: ArrayLike,
    numerator_terms: Sequence[Term],
    denominator_terms: Sequence[Term],
    input_names: Sequence[str],
    n_states: int,
    *,
    name: str = "discovered",
    control: Control = None,
    default_y0: ArrayLike | None = None,
) -> System:
    """Write ``x_i' = N_i(x) / D_i(x)`` out as a plain function, and make a `System` of it.

    Parameters
    ----------
    numerator, denominator : array_like, shapes (n_states, p) and (n_states, q)
        Coefficients.
    numerator_terms, denominator_terms : sequence of Term
    input_names, n_states, name, control, default_y0
        As for `fastsci.sparse.model_system.to_system`.

    Examples
    --------
    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> terms = PolynomialLibrary(degree=1).terms(1)
    >>> print(rational_system([[0.6, -3.0]], [[1.0, 2.5]], terms, terms, ["x"], 1).fun.__doc__)
    def discovered(t, state, params):
        x, = state
        return (
            (0.6 - 3.0 * x) / (1.0 + 2.5 * x),
        )
    """
    above, below = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    coef = np.vstack(
        (
            np.hstack((above, np.zeros((n_states, below.shape[1])))),
            np.hstack((np.zeros((n_states, above.shape[1])), below)),
        )
    )
    terms = [*numerator_terms, *denominator_terms]
    text: Any = ModelText(coef != 0, terms, input_names, n_states, control)
    sums = text._sums(coef, False)
    quotients = [f"({top}) / ({bottom})" for top, bottom in zip(sums[:n_states], sums[n_states:], strict=True)]
    long = n_states > LONGEST_TUPLE
    lines = [f"def discovered(t, state, params{', rates' if long else ''}):", *text._unpacked(False)]
    lines += text._assignments()
    if long:
        lines += [f"    rates[{place}] = {quotient}" for place, quotient in enumerate(quotients)]
    else:
        lines += ["    return (", *(f"        {quotient}," for quotient in quotients), "    )"]
    source = "\n".join(lines) + "\n"
    controls = list(input_names[n_states:])
    constants = sampled(control, len(controls)) if text.drive == "samples" else None
    params: dict[str, float] = {}
    if text.drive == "constants":
        params = dict(zip(controls, held(control, controls), strict=True))
    made = system(
        compiled(source, "discovered", text.functions),
        params=params,
        state=tuple(input_names[:n_states]),
        name=name,
        constants=constants,
        default_y0=default_y0,
    )
    made.fun.__doc__ = source.rstrip()
    return made
