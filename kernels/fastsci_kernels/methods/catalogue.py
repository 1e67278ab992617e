"""The explicit methods by name.  Adding a Runge-Kutta method is one tableau here."""

from __future__ import annotations

from fractions import Fraction

from .dop853 import DOP853
from .pair import Pair
from .tableau import Tableau
from .verner6 import VERNER6
from .verner7 import VERNER7
from .verner9 import VERNER9

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
        aliases=("BS3", "RK23"),
        pair=Pair(
            ((Fraction(5, 72), Fraction(-1, 12), Fraction(-1, 9), Fraction(1, 8)),), error_order=2, dense_order=3
        ),
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
        source="Dormand and Prince, A family of embedded Runge-Kutta formulae, J. Comput. Appl. Math. 6 (1980) 19; "
        "interpolant: Shampine, Some practical Runge-Kutta formulas, Math. Comp. 46 (1986) 135",
        aliases=("DP5", "RK45"),
        pair=Pair(
            (
                (
                    Fraction(-71, 57600),
                    Fraction(0),
                    Fraction(71, 16695),
                    Fraction(-71, 1920),
                    Fraction(17253, 339200),
                    Fraction(-22, 525),
                    Fraction(1, 40),
                ),
            ),
            error_order=4,
            dense_order=4,
            dense=(
                (
                    Fraction(1),
                    Fraction(-8048581381, 2820520608),
                    Fraction(8663915743, 2820520608),
                    Fraction(-12715105075, 11282082432),
                ),
                (Fraction(0), Fraction(0), Fraction(0), Fraction(0)),
                (
                    Fraction(0),
                    Fraction(131558114200, 32700410799),
                    Fraction(-68118460800, 10900136933),
                    Fraction(87487479700, 32700410799),
                ),
                (
                    Fraction(0),
                    Fraction(-1754552775, 470086768),
                    Fraction(14199869525, 1410260304),
                    Fraction(-10690763975, 1880347072),
                ),
                (
                    Fraction(0),
                    Fraction(127303824393, 49829197408),
                    Fraction(-318862633887, 49829197408),
                    Fraction(701980252875, 199316789632),
                ),
                (
                    Fraction(0),
                    Fraction(-282668133, 205662961),
                    Fraction(2019193451, 616988883),
                    Fraction(-1453857185, 822651844),
                ),
                (
                    Fraction(0),
                    Fraction(40617522, 29380423),
                    Fraction(-110615467, 29380423),
                    Fraction(69997945, 29380423),
                ),
            ),
        ),
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
        source="Tsitouras, Runge-Kutta pairs of order 5(4) satisfying only the first column simplifying assumption, "
        "Comput. Math. Appl. 62 (2011) 770",
        pair=Pair(
            (
                (
                    -0.0017800110522257714,
                    -0.0008164344596567469,
                    0.007880878010261995,
                    -0.1447110071732629,
                    0.5823571654525552,
                    -0.45808210592918697,
                    0.015151515151515152,
                ),
            ),
            error_order=4,
            dense_order=4,
            dense=(
                (1.0, -2.763706197274826, 2.9132554618219126, -1.0530884977290216),
                (0.0, 0.1317, -0.2234, 0.1017),
                (0.0, 3.9302962368947516, -5.941033872131505, 2.490627285651253),
                (0.0, -12.411077166933676, 30.33818863028232, -16.548102889244902),
                (0.0, 37.50931341651104, -88.1789048947664, 47.37952196281928),
                (0.0, -27.896526289197286, 65.09189467479366, -34.87065786149661),
                (0.0, 1.5, -4.0, 2.5),
            ),
        ),
    ),
    DOP853,
    VERNER6,
    VERNER7,
    VERNER9,
)

TABLEAUS: dict[str, Tableau] = {tableau.name: tableau for tableau in _ALL}
