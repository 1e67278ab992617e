"""The explicit methods by name.  Adding a Runge-Kutta method is one tableau here."""

from __future__ import annotations

from fractions import Fraction

from .dop853 import DOP853
from .tableau import Tableau

HAIRER = "Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, 2nd ed. (1993)"

_ALL = (
    Tableau("Euler", 1, ((),), (Fraction(1),), source=f"{HAIRER}, section II.1"),
    Tableau("Heun", 2, ((), (Fraction(1),)), (Fraction(1, 2), Fraction(1, 2)), source=f"{HAIRER}, section II.1"),
    Tableau(
        "Midpoint",
        2,
        ((), (Fraction(1, 2),)),
        (Fraction(0), Fraction(1)),
        source=f"{HAIRER}, section II.1, Runge's method of 1895",
    ),
    Tableau(
        "Ralston",
        2,
        ((), (Fraction(2, 3),)),
        (Fraction(1, 4), Fraction(3, 4)),
        source="Ralston, Runge-Kutta methods with minimum error bounds, Math. Comp. 16 (1962) 431",
    ),
    Tableau(
        "Kutta3",
        3,
        ((), (Fraction(1, 2),), (Fraction(-1), Fraction(2))),
        (Fraction(1, 6), Fraction(2, 3), Fraction(1, 6)),
        source=f"{HAIRER}, section II.1",
        aliases=("RK3",),
    ),
    Tableau(
        "SSPRK3",
        3,
        ((), (Fraction(1),), (Fraction(1, 4), Fraction(1, 4))),
        (Fraction(1, 6), Fraction(1, 6), Fraction(2, 3)),
        source="Shu and Osher, J. Comput. Phys. 77 (1988) 439",
    ),
    Tableau(
        "BogackiShampine3",
        3,
        ((), (Fraction(1, 2),), (Fraction(0), Fraction(3, 4))),
        (Fraction(2, 9), Fraction(1, 3), Fraction(4, 9)),
        source="Bogacki and Shampine, A 3(2) pair of Runge-Kutta formulas, Appl. Math. Lett. 2 (1989) 321",
        aliases=("BS3",),
    ),
    Tableau(
        "RK4",
        4,
        ((), (Fraction(1, 2),), (Fraction(0), Fraction(1, 2)), (Fraction(0), Fraction(0), Fraction(1))),
        (Fraction(1, 6), Fraction(1, 3), Fraction(1, 3), Fraction(1, 6)),
        source=f"{HAIRER}, table II.1.2, the classical method of Kutta (1901)",
    ),
    Tableau(
        "RK4_38",
        4,
        ((), (Fraction(1, 3),), (Fraction(-1, 3), Fraction(1)), (Fraction(1), Fraction(-1), Fraction(1))),
        (Fraction(1, 8), Fraction(3, 8), Fraction(3, 8), Fraction(1, 8)),
        source=f"{HAIRER}, table II.1.2, the 3/8 rule of Kutta (1901)",
        aliases=("RK4 3/8",),
    ),
    Tableau(
        "DormandPrince5",
        5,
        (
            (),
            (Fraction(1, 5),),
            (Fraction(3, 40), Fraction(9, 40)),
            (Fraction(44, 45), Fraction(-56, 15), Fraction(32, 9)),
            (Fraction(19372, 6561), Fraction(-25360, 2187), Fraction(64448, 6561), Fraction(-212, 729)),
            (
                Fraction(9017, 3168),
                Fraction(-355, 33),
                Fraction(46732, 5247),
                Fraction(49, 176),
                Fraction(-5103, 18656),
            ),
        ),
        (
            Fraction(35, 384),
            Fraction(0),
            Fraction(500, 1113),
            Fraction(125, 192),
            Fraction(-2187, 6784),
            Fraction(11, 84),
        ),
        source="Dormand and Prince, A family of embedded Runge-Kutta formulae, J. Comput. Appl. Math. 6 (1980) 19",
        aliases=("DP5",),
    ),
    Tableau(
        "Tsit5",
        5,
        (
            (),
            (0.161,),
            (-0.008480655492356989, 0.335480655492357),
            (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
            (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
            (
                5.86145544294642,
                -12.92096931784711,
                8.159367898576159,
                -0.071584973281401,
                -0.028269050394068383,
            ),
        ),
        (
            0.09646076681806523,
            0.01,
            0.4798896504144996,
            1.379008574103742,
            -3.290069515436081,
            2.324710524099774,
        ),
        source="Tsitouras, Runge-Kutta pairs of order 5(4), Comput. Math. Appl. 62 (2011) 770",
    ),
    DOP853,
)

TABLEAUS: dict[str, Tableau] = {tableau.name: tableau for tableau in _ALL}
NAMES: dict[str, str] = {
    spelling.lower(): tableau.name for tableau in _ALL for spelling in (tableau.name, *tableau.aliases)
}
