"""Excitable flows: models of a nerve."""

from fastsci.systems.registry import entry


@entry(
    params={"a": 0.7, "b": 0.8, "epsilon": 0.08, "current": 0.5},
    state=("v", "w"),
    default_y0=(-1.863, 0.736),
    dt=0.05,
    facts={
        "source": "R. FitzHugh, Impulses and physiological states in theoretical models of nerve membrane,"
        " Biophys. J. 1, 445 (1961); J. Nagumo, S. Arimoto, S. Yoshizawa, Proc. IRE 50, 2061 (1962)",
        "divergence": "1 - v * v - epsilon * b",
    },
)
def fitzhugh_nagumo(t, u, p):
    """FitzHugh's and Nagumo's nerve, of potential v and recovery w; it fires without end at the defaults."""
    v, w = u
    a, b, epsilon, current = p
    return v - v * v * v / 3.0 - w + current, epsilon * (v + a - b * w)
