"""Electric circuits."""

import math

from fastsci.systems.registry import entry


@entry(
    params={
        **{"C": 1.6e-8, "Cs": 2e-12, "Cp": 1e-8, "Lh": 4.45, "Ls1": 2e-3, "Ls2": 5e-4, "Ls3": 5e-4},
        **{"R": 25000.0, "Rp": 50.0, "Rg1": 36.3, "Rg2": 17.3, "Rg3": 17.3, "Ri": 50.0, "Rc": 600.0},
        **{"gamma": 40.67286402e-9, "delta": 17.7493332},
    },
    state=tuple(f"y{i}" for i in range(1, 16)),
    default_y0=(0.0,) * 15,
    dt=1e-9,
    facts={
        "source": "E. H. Horneber, Analyse nichtlinearer RLCUe-Netzwerke mit Hilfe der gemischten Potentialfunktion"
        " (University of Kaiserslautern, 1976); W. Kampowsky, P. Rentrop, W. Schmidt, Classification and numerical"
        " simulation of electric circuits, Surveys Math. Industry 2, 23 (1992)",
        "y_at_1e-3": (
            *(-0.2339057358486745e-1, -0.7367485485540825e-2, 0.2582956709291169, -0.4064465721283450),
            *(-0.4039455665149794, 0.2607966765422943, 0.1106761861269975, 0.2939904342435596e-6),
            *(-0.2840029933642329e-7, 0.7267198267264553e-3, 0.7929487196960840e-3, -0.7255283495698965e-3),
            *(-0.7941401968526521e-3, 0.7088495416976114e-4, 0.2390059075236570e-4),
        ),
        "y_at_1e-3_source": "F. Mazzia, C. Magherini, Test Set for Initial Value Problem Solvers, release 2.4"
        " (Bari, 2008), problem RINGMOD",
    },
)
def ring_modulator(t, u, p):
    """Horneber's ring of four diodes, which mixes a low tone with a high one: seven voltages, then eight currents.

    The capacitance Cs of the diodes makes it oscillate at some 5 MHz beside the tones of 1 and 10 kHz.
    """
    y1, y2, y3, y4, y5, y6, y7, y8, y9, y10, y11, y12, y13, y14, y15 = u
    C, Cs, Cp, Lh, Ls1, Ls2, Ls3, R, Rp, Rg1, Rg2, Rg3, Ri, Rc, gamma, delta = p
    low, high = 0.5 * math.sin(2000.0 * math.pi * t), 2.0 * math.sin(20000.0 * math.pi * t)
    # Currents through the diodes.
    q1 = gamma * (math.exp(delta * (y3 - y5 - y7 - high)) - 1.0)
    q2 = gamma * (math.exp(delta * (y6 - y4 - y7 - high)) - 1.0)
    q3 = gamma * (math.exp(delta * (y4 + y5 + y7 + high)) - 1.0)
    q4 = gamma * (math.exp(delta * (y7 - y3 - y6 + high)) - 1.0)
    return (
        (y8 - 0.5 * y10 + 0.5 * y11 + y14 - y1 / R) / C,
        (y9 - 0.5 * y12 + 0.5 * y13 + y15 - y2 / R) / C,
        (y10 - q1 + q4) / Cs,
        (q2 - q3 - y11) / Cs,
        (y12 + q1 - q3) / Cs,
        (q4 - q2 - y13) / Cs,
        (q1 + q2 - q3 - q4 - y7 / Rp) / Cp,
        -y1 / Lh,
        -y2 / Lh,
        (0.5 * y1 - y3 - Rg2 * y10) / Ls2,
        (y4 - 0.5 * y1 - Rg3 * y11) / Ls3,
        (0.5 * y2 - y5 - Rg2 * y12) / Ls2,
        (y6 - 0.5 * y2 - Rg3 * y13) / Ls3,
        (low - y1 - (Ri + Rg1) * y14) / Ls1,
        (-y2 - (Rc + Rg1) * y15) / Ls1,
    )
