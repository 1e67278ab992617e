"""Mechanics: systems with an energy that they keep where nothing drives or damps them."""

import math

from fastsci.systems.registry import entry


@entry(
    params={"g": 9.81, "length": 1.0, "damping": 0.0, "drive": 0.0, "drive_frequency": 2 / 3},
    state=("theta", "omega"),
    default_y0=(2.0, 0.0),
    dt=0.01,
    facts={
        "source": "L. D. Landau, E. M. Lifshitz, Mechanics, 3rd ed. (Butterworth-Heinemann, 1976), sec. 11",
        "conserved": {"energy": "length * length * omega * omega / 2 - g * length * cos(theta)"},
        "conserved_when": "damping = drive = 0",
        "divergence": "-damping",
        "fixed_points": (("0", "0"), ("pi", "0")),
        "period": "4 sqrt(length / g) K(k) with the complete elliptic integral K, k = sin(amplitude / 2)",
    },
)
def pendulum(t, u, p):
    """Plane pendulum, theta from the lowest point in radians; damped and driven by its parameters."""
    theta, omega = u
    g, length, damping, drive, drive_frequency = p
    return omega, -g / length * math.sin(theta) - damping * omega + drive * math.cos(drive_frequency * t)


@entry(
    params={"m1": 1.0, "m2": 1.0, "l1": 1.0, "l2": 1.0, "g": 9.81},
    state=("theta1", "theta2", "omega1", "omega2"),
    default_y0=(2.0, 2.5, 0.0, 0.0),
    dt=0.002,
    facts={
        "source": "L. D. Landau, E. M. Lifshitz, Mechanics, 3rd ed. (Butterworth-Heinemann, 1976), sec. 5,"
        " problem 1; T. Shinbrot et al., Chaos in a double pendulum, Am. J. Phys. 60, 491 (1992)",
        "conserved": {
            "energy": "(m1 + m2) * (l1 * omega1)**2 / 2 + m2 * (l2 * omega2)**2 / 2"
            " + m2 * l1 * l2 * omega1 * omega2 * cos(theta1 - theta2)"
            " - (m1 + m2) * g * l1 * cos(theta1) - m2 * g * l2 * cos(theta2)"
        },
        "fixed_points": (("0", "0", "0", "0"), ("pi", "pi", "0", "0")),
    },
)
def double_pendulum(t, u, p):
    """Two point masses on massless rods; both angles from the vertical, in radians."""
    theta1, theta2, omega1, omega2 = u
    m1, m2, l1, l2, g = p
    cosine, sine = math.cos(theta1 - theta2), math.sin(theta1 - theta2)
    torque1 = -m2 * l2 * omega2 * omega2 * sine - (m1 + m2) * g * math.sin(theta1)
    torque2 = l1 * omega1 * omega1 * sine - g * math.sin(theta2)
    inertia = m1 + m2 * sine * sine
    return (
        omega1,
        omega2,
        (torque1 - m2 * cosine * torque2) / (l1 * inertia),
        ((m1 + m2) * torque2 - cosine * torque1) / (l2 * inertia),
    )


@entry(
    params={},
    state=("x", "y", "px", "py"),
    default_y0=(0.0, 0.1, 0.48, 0.0),
    dt=0.02,
    facts={
        "source": "M. Henon, C. Heiles, The applicability of the third integral of motion, Astron. J. 69, 73 (1964)",
        "conserved": {"energy": "(px * px + py * py + x * x + y * y) / 2 + x * x * y - y * y * y / 3"},
        "divergence": "0",
        "escape_energy": 1 / 6,
        "fixed_points": (
            ("0", "0", "0", "0"),
            ("0", "1", "0", "0"),
            ("sqrt(3) / 2", "-1 / 2", "0", "0"),
            ("-sqrt(3) / 2", "-1 / 2", "0", "0"),
        ),
    },
)
def henon_heiles(t, u, p):
    """A star in the plane of an axially symmetric galaxy; it can escape from energy 1/6 on."""
    x, y, px, py = u
    return px, py, -x - 2.0 * x * y, y * y - x * x - y
