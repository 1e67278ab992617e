"""Kinetics: populations and chemical reactions."""

from fastsci.systems.registry import entry

TEST_SET = "F. Mazzia, C. Magherini, Test Set for Initial Value Problem Solvers, release 2.4 (Bari, 2008), problem"


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
        "y_at_1e11_source": f"{TEST_SET} ROBER",
    },
)
def robertson(t, u, p):
    """Robertson's three reactions, the test of stiff methods; an explicit step must stay near 1e-4."""
    y1, y2, y3 = u
    k1, k2, k3 = p
    slow, back, fast = k1 * y1, k3 * y2 * y3, k2 * y2 * y2
    return back - slow, slow - back - fast, fast


@entry(
    params={"s": 77.27, "w": 0.161, "q": 8.375e-6},
    state=("y1", "y2", "y3"),
    default_y0=(1.0, 2.0, 3.0),
    dt=1e-3,
    facts={
        "source": "R. J. Field, R. M. Noyes, Oscillations in chemical systems IV, J. Chem. Phys. 60, 1877 (1974)",
        "divergence": "s * (1 - 2 * q * y1 - y2) - (1 + y1) / s - w",
        "fixed_points": (("0", "0", "0"),),
        "y_at_360": (0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3),
        "y_at_360_source": f"{TEST_SET} OREGO",
    },
)
def oregonator(t, u, p):
    """Field's and Noyes's model of the Belousov-Zhabotinsky reaction: a limit cycle over five orders of magnitude."""
    y1, y2, y3 = u
    s, w, q = p
    return s * (y2 + y1 * (1.0 - q * y1 - y2)), (y3 - (1.0 + y1) * y2) / s, w * (y1 - y3)


@entry(
    params={"k": 280.0},
    state=tuple(f"y{i}" for i in range(1, 9)),
    default_y0=(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057),
    dt=5e-3,
    facts={
        "source": "E. Schaefer, A new approach to explain the high irradiance responses of photomorphogenesis on the"
        " basis of phytochrome, J. Math. Biology 2, 41 (1975)",
        "conserved": {"enzyme": "y7 + y8"},
        "divergence": "-1.71 - 8.75 - 10.03 - 1.12 - 1.745 - 0.43 - 1.81 - k * (y6 + y8)",
        "y_at_321.8122": (
            *(0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2),
            *(0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2),
        ),
        "y_at_321.8122_source": f"{TEST_SET} HIRES",
    },
)
def hires(t, u, p):
    """Schaefer's eight forms of phytochrome, by which light steers the shape of a plant."""
    y1, y2, y3, y4, y5, y6, y7, y8 = u
    (k,) = p
    bound = k * y6 * y8
    return (
        -1.71 * y1 + 0.43 * y2 + 8.32 * y3 + 0.0007,
        1.71 * y1 - 8.75 * y2,
        -10.03 * y3 + 0.43 * y4 + 0.035 * y5,
        8.32 * y2 + 1.71 * y3 - 1.12 * y4,
        -1.745 * y5 + 0.43 * y6 + 0.43 * y7,
        -bound + 0.69 * y4 + 1.71 * y5 - 0.43 * y6 + 0.69 * y7,
        bound - 1.81 * y7,
        1.81 * y7 - bound,
    )


@entry(
    params={
        **{"k1": 0.35, "k2": 26.6, "k3": 1.23e4, "k4": 8.6e-4, "k5": 8.2e-4, "k6": 1.5e4, "k7": 1.3e-4, "k8": 2.4e4},
        **{"k9": 1.65e4, "k10": 9e3, "k11": 0.022, "k12": 1.2e4, "k13": 1.88, "k14": 1.63e4, "k15": 4.8e6},
        **{"k16": 3.5e-4, "k17": 0.0175, "k18": 1e8, "k19": 4.44e11, "k20": 1.24e3, "k21": 2.1, "k22": 5.78},
        **{"k23": 0.0474, "k24": 1.78e3, "k25": 3.12},
    },
    state=(
        *("NO2", "NO", "O3P", "O3", "HO2", "OH", "HCHO", "CO", "ALD", "MEO2"),
        *("C2O3", "CO2", "PAN", "CH3O", "HNO3", "O1D", "SO2", "SO4", "NO3", "N2O5"),
    ),
    default_y0=(0, 0.2, 0, 0.04, 0, 0, 0.1, 0.3, 0.01, 0, 0, 0, 0, 0, 0, 0, 0.007, 0, 0, 0),
    dt=2e-12,
    facts={
        "source": "J. G. Verwer, Gauss-Seidel iteration for stiff ODEs from chemical kinetics, SIAM J. Sci. Comput. 15,"
        " 1243 (1994)",
        "conserved": {"nitrogen": "NO2 + NO + PAN + HNO3 + NO3 + 2 * N2O5", "sulphur": "SO2 + SO4"},
        "y_at_60": (
            *(0.5646255480022769e-1, 0.1342484130422339, 0.4139734331099427e-8, 0.5523140207484359e-2),
            *(0.2018977262302196e-6, 0.1464541863493966e-6, 0.7784249118997964e-1, 0.3245075353396018),
            *(0.7494013383880406e-2, 0.1622293157301561e-7, 0.1135863833257075e-7, 0.2230505975721359e-2),
            *(0.2087162882798630e-3, 0.1396921016840158e-4, 0.8964884856898295e-2, 0.4352846369330103e-17),
            *(0.6899219696263405e-2, 0.1007803037365946e-3, 0.1772146513969984e-5, 0.5682943292316392e-4),
        ),
        "y_at_60_source": f"{TEST_SET} POLLU",
    },
)
def pollution(t, u, p):
    """Verwer's 25 reactions of 20 species of the polluted air, in ppm and minutes; k19 asks for steps of 2e-12."""
    NO2, NO, O3P, O3, HO2, OH, HCHO, _, ALD, MEO2, C2O3, _, PAN, CH3O, _, O1D, SO2, _, NO3, N2O5 = u
    (k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, k12, k13, k14, k15, k16, k17, k18, k19, k20, k21, k22, k23,
     k24, k25) = p  # fmt: skip
    r1, r2, r3, r4, r5 = k1 * NO2, k2 * NO * O3, k3 * HO2 * NO, k4 * HCHO, k5 * HCHO
    r6, r7, r8, r9, r10 = k6 * HCHO * OH, k7 * ALD, k8 * ALD * OH, k9 * C2O3 * NO, k10 * C2O3 * NO2
    r11, r12, r13, r14, r15 = k11 * PAN, k12 * MEO2 * NO, k13 * CH3O, k14 * NO2 * OH, k15 * O3P
    r16, r17, r18, r19, r20 = k16 * O3, k17 * O3, k18 * O1D, k19 * O1D, k20 * SO2 * OH
    r21, r22, r23, r24, r25 = k21 * NO3, k22 * NO3, k23 * NO2 * O3, k24 * NO3 * NO2, k25 * N2O5
    return (
        r2 + r3 + r9 + r11 + r12 + r22 + r25 - r1 - r10 - r14 - r23 - r24,
        r1 + r21 - r2 - r3 - r9 - r12,
        r1 + r17 + r19 + r22 - r15,
        r15 - r2 - r16 - r17 - r23,
        2.0 * r4 + r6 + r7 + r13 + r20 - r3,
        r3 + 2.0 * r18 - r6 - r8 - r14 - r20,
        r13 - r4 - r5 - r6,
        r4 + r5 + r6 + r7,
        -r7 - r8,
        r7 + r9 - r12,
        r8 + r11 - r9 - r10,
        r9,
        r10 - r11,
        r12 - r13,
        r14,
        r16 - r18 - r19,
        -r20,
        r20,
        r23 + r25 - r21 - r22 - r24,
        r24 - r25,
    )
