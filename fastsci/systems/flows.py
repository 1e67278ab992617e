"""Chaotic flows and textbook oscillators of few dimensions."""

import math

from fastsci.systems.registry import entry


@entry(
    params={"sigma": 10.0, "rho": 28.0, "beta": 8 / 3},
    state=("x", "y", "z"),
    default_y0=(1.217, 2.402, 6.264),
    dt=0.005,
    facts={
        "source": "E. N. Lorenz, Deterministic nonperiodic flow, J. Atmos. Sci. 20, 130 (1963)",
        "exponents": (0.9056, 0.0, -14.5723),
        "kaplan_yorke": 2.0621,
        "exponents_source": "J. C. Sprott, Chaos and Time-Series Analysis (Oxford, 2003)",
        "divergence": "-(sigma + 1 + beta)",
        "fixed_points": (
            ("0", "0", "0"),
            ("sqrt(beta * (rho - 1))", "sqrt(beta * (rho - 1))", "rho - 1"),
            ("-sqrt(beta * (rho - 1))", "-sqrt(beta * (rho - 1))", "rho - 1"),
        ),
    },
)
def lorenz63(t, u, p):
    """Lorenz's three modes of a convecting layer."""
    x, y, z = u
    sigma, rho, beta = p
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


@entry(
    params={"a": 0.25, "b": 4.0, "F": 8.0, "G": 1.0},
    state=("x", "y", "z"),
    default_y0=(0.911, -0.422, 0.653),
    dt=0.01,
    facts={
        "source": "E. N. Lorenz, Irregularity: a fundamental property of the atmosphere, Tellus A 36, 98 (1984)",
        "divergence": "2 * x - 2 - a",
    },
)
def lorenz84(t, u, p):
    """Lorenz's general circulation: the westerly current x and two phases y, z of a wave that feeds on it."""
    x, y, z = u
    a, b, F, G = p
    return -y * y - z * z - a * x + a * F, x * y - b * x * z - y + G, b * x * y + x * z - z


@entry(
    params={"a": 0.2, "b": 0.2, "c": 5.7},
    state=("x", "y", "z"),
    default_y0=(4.444, 1.245, 0.135),
    dt=0.01,
    facts={
        "source": "O. E. Rossler, An equation for continuous chaos, Phys. Lett. A 57, 397 (1976)",
        "exponents": (0.0714, 0.0, -5.3943),
        "kaplan_yorke": 2.0132,
        "exponents_source": "J. C. Sprott, Chaos and Time-Series Analysis (Oxford, 2003)",
        "divergence": "a + x - c",
        "fixed_points": (
            (
                "(c - sqrt(c * c - 4 * a * b)) / 2",
                "-(c - sqrt(c * c - 4 * a * b)) / (2 * a)",
                "(c - sqrt(c * c - 4 * a * b)) / (2 * a)",
            ),
            (
                "(c + sqrt(c * c - 4 * a * b)) / 2",
                "-(c + sqrt(c * c - 4 * a * b)) / (2 * a)",
                "(c + sqrt(c * c - 4 * a * b)) / (2 * a)",
            ),
        ),
    },
)
def rossler(t, u, p):
    """Rossler's folded band."""
    x, y, z = u
    a, b, c = p
    return -y - z, x + a * y, b + z * (x - c)


@entry(
    params={"alpha": 9.0, "beta": 100 / 7, "m0": -8 / 7, "m1": -5 / 7},
    state=("x", "y", "z"),
    default_y0=(0.418, 0.069, -0.983),
    dt=0.01,
    facts={
        "source": "T. Matsumoto, L. O. Chua, M. Komuro, The double scroll, IEEE Trans. Circuits Syst. 32, 797 (1985)",
        "fixed_points": (
            ("0", "0", "0"),
            ("(m1 - m0) / (1 + m1)", "0", "-(m1 - m0) / (1 + m1)"),
            ("-(m1 - m0) / (1 + m1)", "0", "(m1 - m0) / (1 + m1)"),
        ),
    },
)
def chua(t, u, p):
    """Chua's circuit; the slope of its diode is m0 for abs(x) < 1 and m1 outside."""
    x, y, z = u
    alpha, beta, m0, m1 = p
    diode = m1 * x + 0.5 * (m0 - m1) * (abs(x + 1.0) - abs(x - 1.0))
    return alpha * (y - x - diode), x - y + z, -beta * y


@entry(
    params={"mu": 1.0},
    state=("x", "v"),
    default_y0=(2.0, 0.0),
    dt=0.02,
    facts={
        "source": "B. van der Pol, On relaxation-oscillations, Phil. Mag. 2, 978 (1926)",
        "period": 6.66328686,
        "divergence": "mu * (1 - x * x)",
        "fixed_points": (("0", "0"),),
    },
)
def van_der_pol(t, u, p):
    """Van der Pol's oscillator: damped at large amplitude, driven at small."""
    x, v = u
    (mu,) = p
    return v, mu * (1.0 - x * x) * v - x


@entry(
    params={"delta": 0.3, "alpha": -1.0, "beta": 1.0, "gamma": 0.5, "omega": 1.2},
    state=("x", "v"),
    default_y0=(-0.631, 0.553),
    dt=0.02,
    facts={
        "source": "J. Guckenheimer, P. Holmes, Nonlinear Oscillations, Dynamical Systems, and Bifurcations of"
        " Vector Fields (Springer, 1983), section 2.2",
        "divergence": "-delta",
    },
)
def duffing(t, u, p):
    """Duffing's driven and damped oscillator in a potential of two wells."""
    x, v = u
    delta, alpha, beta, gamma, omega = p
    return v, -delta * v - alpha * x - beta * x * x * x + gamma * math.cos(omega * t)


@entry(
    params={"zeta": 0.1, "omega": 1.0, "F": 0.5, "omega_d": 1.2},
    state=("x", "v"),
    default_y0=(1.0, 0.0),
    dt=0.02,
    facts={
        "source": "L. D. Landau, E. M. Lifshitz, Mechanics, 3rd ed. (Butterworth-Heinemann, 1976), sec. 26",
        "divergence": "-2 * zeta * omega",
        # D = (omega^2 - omega_d^2)^2 + (2 zeta omega omega_d)^2, with x0 and v0 the state at t = 0.
        "steady_cosine": "F * (omega**2 - omega_d**2) / ((omega**2 - omega_d**2)**2 + (2 * zeta * omega * omega_d)**2)",
        "steady_sine": "F * 2 * zeta * omega * omega_d"
        " / ((omega**2 - omega_d**2)**2 + (2 * zeta * omega * omega_d)**2)",
        "damped_frequency": "omega * sqrt(1 - zeta**2)",
        "solution": "exp(-zeta * omega * t) * ((x0 - steady_cosine) * cos(damped_frequency * t)"
        " + (v0 - omega_d * steady_sine + zeta * omega * (x0 - steady_cosine)) / damped_frequency"
        " * sin(damped_frequency * t)) + steady_cosine * cos(omega_d * t) + steady_sine * sin(omega_d * t)",
    },
)
def oscillator(t, u, p):
    """Damped and driven linear oscillator, x'' + 2 zeta omega x' + omega^2 x = F cos(omega_d t).

    For zeta < 1 the solution from (x0, v0) at t = 0 is, with w = omega sqrt(1 - zeta^2),

        x(t) = exp(-zeta omega t) (A cos(w t) + B sin(w t)) + C cos(omega_d t) + S sin(omega_d t),
        D = (omega^2 - omega_d^2)^2 + (2 zeta omega omega_d)^2,
        C = F (omega^2 - omega_d^2) / D,    S = 2 F zeta omega omega_d / D,
        A = x0 - C,    B = (v0 - omega_d S + zeta omega A) / w;

    ``facts["solution"]`` holds it as an expression.
    """
    x, v = u
    zeta, omega, F, omega_d = p
    return v, F * math.cos(omega_d * t) - 2.0 * zeta * omega * v - omega * omega * x
