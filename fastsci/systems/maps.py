"""Maps: the function gives the next state."""

import math

from fastsci.systems.registry import entry


@entry(
    kind="map",
    params={"r": 4.0},
    state=("x",),
    default_y0=(0.3,),
    facts={
        "source": "R. M. May, Simple mathematical models with very complicated dynamics, Nature 261, 459 (1976)",
        "exponents": (math.log(2.0),),
        "exponents_source": "exact at r = 4, by x = sin^2(pi y / 2) from the tent map",
        "jacobian_determinant": "r * (1 - 2 * x)",
        "fixed_points": (("0",), ("1 - 1 / r",)),
    },
)
def logistic(t, u, p):
    """The logistic parabola."""
    (x,) = u
    (r,) = p
    return (r * x * (1.0 - x),)


@entry(
    kind="map",
    params={"mu": 1.9},
    state=("x",),
    default_y0=(0.3,),
    facts={
        "source": "E. Ott, Chaos in Dynamical Systems, 2nd ed. (Cambridge, 2002), section 2.1",
        "exponents": (math.log(1.9),),
        "exponents_source": "exact: log(mu), the slope's magnitude is mu everywhere",
        "fixed_points": (("0",), ("mu / (1 + mu)",)),
        "caution": "at mu = 2 every binary floating-point orbit reaches 0 within some fifty iterations",
    },
)
def tent(t, u, p):
    """The tent of slope mu, mu min(x, 1 - x)."""
    (x,) = u
    (mu,) = p
    return (0.5 * mu * (1.0 - abs(1.0 - 2.0 * x)),)


@entry(
    kind="map",
    params={"a": 1.4, "b": 0.3},
    state=("x", "y"),
    default_y0=(0.532, 0.119),
    facts={
        "source": "M. Henon, A two-dimensional mapping with a strange attractor, Commun. Math. Phys. 50, 69 (1976)",
        "exponents": (0.41922, -1.62319),
        "kaplan_yorke": 1.25827,
        "exponents_source": "J. C. Sprott, Chaos and Time-Series Analysis (Oxford, 2003)",
        "jacobian_determinant": "-b",
        "fixed_points": (
            (
                "(b - 1 + sqrt((1 - b)**2 + 4 * a)) / (2 * a)",
                "b * (b - 1 + sqrt((1 - b)**2 + 4 * a)) / (2 * a)",
            ),
            (
                "(b - 1 - sqrt((1 - b)**2 + 4 * a)) / (2 * a)",
                "b * (b - 1 - sqrt((1 - b)**2 + 4 * a)) / (2 * a)",
            ),
        ),
    },
)
def henon(t, u, p):
    """Henon's folding of the plane."""
    x, y = u
    a, b = p
    return 1.0 - a * x * x + y, b * x


@entry(
    kind="map",
    params={"K": 0.971635406},
    state=("theta", "momentum"),
    default_y0=(0.1, 0.1),
    facts={
        "source": "B. V. Chirikov, A universal instability of many-dimensional oscillator systems,"
        " Phys. Rep. 52, 263 (1979)",
        "K_source": "J. M. Greene, J. Math. Phys. 20, 1183 (1979): the last invariant circle breaks",
        "jacobian_determinant": "1",
        "fixed_points": (("0", "0"), ("pi", "0")),
    },
)
def standard(t, u, p):
    """Chirikov's kicked rotor on the plane; take both components modulo 2 pi to see it on the torus."""
    theta, momentum = u
    (K,) = p
    kicked = momentum + K * math.sin(theta)
    return theta + kicked, kicked


@entry(
    kind="map",
    params={"R": 1.0, "C1": 0.4, "C2": 0.9, "C3": 6.0},
    state=("x", "y"),
    default_y0=(1.135, -0.972),
    facts={
        "source": "S. M. Hammel, C. K. R. T. Jones, J. V. Moloney, Global dynamical behavior of the optical"
        " field in a ring cavity, J. Opt. Soc. Am. B 2, 552 (1985); K. Ikeda, Opt. Commun. 30, 257 (1979)",
        "jacobian_determinant": "C2 * C2",
    },
)
def ikeda(t, u, p):
    """Ikeda's light in a ring cavity: z = x + iy goes to R + C2 z exp(i (C1 - C3 / (1 + abs(z)^2)))."""
    x, y = u
    R, C1, C2, C3 = p
    phase = C1 - C3 / (1.0 + x * x + y * y)
    cosine, sine = math.cos(phase), math.sin(phase)
    return R + C2 * (x * cosine - y * sine), C2 * (x * sine + y * cosine)


@entry(
    kind="map",
    params={"a": 0.89, "b": 0.6, "c": 0.28, "k": 0.03},
    state=("x", "y"),
    default_y0=(0.042, 2.035),
    facts={
        "source": "D. R. Chialvo, Generic excitable dynamics on a two-dimensional map, Chaos Solitons"
        " Fractals 5, 461 (1995)",
        "jacobian_determinant": "exp(y - x) * (a * x * (2 - x) + b * x * x)",
    },
)
def chialvo(t, u, p):
    """Chialvo's neuron: activation x and recovery y."""
    x, y = u
    a, b, c, k = p
    return x * x * math.exp(y - x) + k, a * y - b * x + c


@entry(
    kind="map",
    params={
        "a": 0.89, "b": 0.6, "c": 0.28, "k0": 0.04, "k": -0.2, "alpha": 0.1, "beta": 0.2, "k1": 0.1, "k2": 0.2,
    },
    state=("x", "y", "phi"),
    default_y0=(0.042, 2.035, 0.003),
    facts={
        "source": "S. S. Muni, H. O. Fatoyinbo, I. Ghosh, Dynamical effects of electromagnetic flux on Chialvo"
        " neuron map: nodal and network behaviors, Int. J. Bifurcation Chaos 32, 2230020 (2022)",
        "jacobian_determinant": "-a * k2 * ((2 * x - x * x) * exp(y - x) + k * (alpha + 3 * beta * phi * phi))"
        " - b * k2 * x * x * exp(y - x) - 6 * a * k * k1 * beta * x * phi",
    },
)  # fmt: skip
def chialvo_flux(t, u, p):
    """Chialvo's neuron in electromagnetic flux phi, fed back through the memductance alpha + 3 beta phi^2."""
    x, y, phi = u
    a, b, c, k0, k, alpha, beta, k1, k2 = p
    memductance = alpha + 3.0 * beta * phi * phi
    return x * x * math.exp(y - x) + k0 + k * x * memductance, a * y - b * x + c, k1 * x - k2 * phi


@entry(
    kind="map",
    params={"alpha": 4.1, "sigma": 0.001, "beta": 0.001},
    state=("x", "y"),
    default_y0=(-1.079, -2.868),
    facts={
        "source": "N. F. Rulkov, Regularization of synchronized chaotic bursts, Phys. Rev. Lett. 86, 183 (2001)",
        "jacobian_determinant": "sigma - 2 * alpha * x / (1 + x * x)**2",
        "fixed_points": (("-beta / sigma", "-beta / sigma - alpha / (1 + (beta / sigma)**2)"),),
    },
)
def rulkov(t, u, p):
    """Rulkov's bursting neuron: the fast potential x and the slow y."""
    x, y = u
    alpha, sigma, beta = p
    return alpha / (1.0 + x * x) + y, y - sigma * x - beta
