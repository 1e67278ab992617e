"""Kinetics: populations and chemical reactions."""

from fastsci.systems.registry import entry


@entry(
    params={"alpha": 1.5, "beta": 1.0, "delta": 1.0, "gamma": 3.0},
    state=("prey", "predators"),
    default_y0=(1.0, 1.0),
    dt=0.01,
    facts={
        "source": "A. J. Lotka, Elements of Physical Biology (Williams and Wilkins, 1925); V. Volterra,"
        " Nature 118, 558 (1926)",
        "conserved": {"V": "delta * prey - gamma * log(prey) + beta * predators - alpha * log(predators)"},
        "divergence": "alpha - beta * predators + delta * prey - gamma",
        "fixed_points": (("0", "0"), ("gamma / delta", "alpha / beta")),
    },
)
def lotka_volterra(t, u, p):
    """Lotka's and Volterra's prey, which grow at alpha, and predators, which die at gamma."""
    prey, predators = u
    alpha, beta, delta, gamma = p
    return alpha * prey - beta * prey * predators, delta * prey * predators - gamma * predators


@entry(
    params={"a": 1.0, "b": 3.0},
    state=("x", "y"),
    default_y0=(0.601, 4.717),
    dt=0.01,
    facts={
        "source": "I. Prigogine, R. Lefever, Symmetry breaking instabilities in dissipative systems II, J."
        " Chem. Phys. 48, 1695 (1968)",
        "divergence": "2 * x * y - (b + 1) - x * x",
        "fixed_points": (("a", "b / a"),),
        "hopf": "the fixed point gives way to a limit cycle at b = 1 + a^2",
    },
)
def brusselator(t, u, p):
    """Prigogine's and Lefever's autocatalytic reaction; it oscillates at the defaults."""
    x, y = u
    a, b = p
    made = x * x * y
    return a + made - (b + 1.0) * x, b * x - made


@entry(
    params={"k1": 0.04, "k2": 3e7, "k3": 1e4},
    state=("y1", "y2", "y3"),
    default_y0=(1.0, 0.0, 0.0),
    dt=1e-4,
    facts={
        "source": "H. H. Robertson, The solution of a set of reaction rate equations, in J. Walsh (ed.),"
        " Numerical Analysis: An Introduction (Academic Press, 1966)",
        "conserved": {"mass": "y1 + y2 + y3"},
        "divergence": "-k1 - k3 * y3 - 2 * k2 * y2",
        "y_at_1e11": (0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050),
        "y_at_1e11_source": "F. Mazzia, C. Magherini, Test Set for Initial Value Problem Solvers, release 2.4"
        " (Bari, 2008), problem ROBER",
    },
)
def robertson(t, u, p):
    """Robertson's three reactions, the test of stiff methods; an explicit step must stay near 1e-4."""
    y1, y2, y3 = u
    k1, k2, k3 = p
    slow, back, fast = k1 * y1, k3 * y2 * y3, k2 * y2 * y2
    return back - slow, slow - back - fast, fast
