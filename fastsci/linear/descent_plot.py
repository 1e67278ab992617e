"""The picture of a double descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .risk import asymptotic_risk, finite_risk

if TYPE_CHECKING:
    from .descent import DoubleDescent

POINTS = 400  # of a closed form, at most


def plot_descent(curve: DoubleDescent, ax: Any = None) -> Any:
    """Draw the risks of every penalty; see `DoubleDescent.plot`."""
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(layout="constrained").subplots()
    order = np.argsort(curve.sizes, kind="stable")
    sizes = np.unique(np.rint(np.geomspace(curve.sizes.min(), curve.sizes.max(), POINTS)))
    problem = {"noise_std": curve.noise_std, "signal_norm": curve.signal_norm}
    penalties, means, spreads = (np.atleast_1d(curve.alpha), *map(np.atleast_2d, (curve.mean, curve.standard_error)))
    for place, alpha in enumerate(penalties.tolist()):
        name, colour = f"alpha = {alpha:g}", f"C{place}"
        ax.errorbar(
            curve.ratios[order],
            means[place, order],
            2.0 * spreads[place, order],
            fmt="o",
            ms=3,
            color=colour,
            label=name,
        )
        if alpha == 0:
            closed, kind = finite_risk(curve.n, sizes, **problem), "exact"
        else:
            closed, kind = asymptotic_risk(sizes / curve.n, alpha_per_sample=alpha / curve.n, **problem), "limit"
        finite = np.where(np.isfinite(closed), closed, np.nan)
        ax.plot(sizes / curve.n, finite, color=colour, lw=1, label=f"{name}, {kind}")
    ax.axvline(1.0, color="0.8", lw=1, zorder=0)
    ax.set(xscale="log", yscale="log", xlabel="features a sample", ylabel="risk")
    ax.legend()
    return ax
