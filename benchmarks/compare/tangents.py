"""Tangents and Lyapunov exponents against JAX, lyapax and the loop that one writes by hand under ``njit``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from time import perf_counter

import numpy as np
from numba import njit, prange

import fastsci
from benchmarks.compare.row import Row
from benchmarks.compare.timing import Ratio, compare
from fastsci_kernels import ceilings

MEMBERS, STEPS, DT = 65_536, 200, 0.005
MAP_SIDE, MAP_STEPS, MAP_EVERY = 512, 20_000, 16
MAP_SHARE = 16  # the hand-written loop does one in so many rows of the map
SPECTRUM_STEPS, SPECTRUM_TRANSIENT, SPECTRUM_DT = 50_000, 10_000, 0.01
# Of a step of RK4 on Lorenz-63 with one perturbation, counted in the loop that the compiler makes: 50 multiply-adds, 20
# products, 28 sums and differences.
INSTRUCTIONS = 98
SYSTEM = fastsci.systems.lorenz63
VALUES = tuple(SYSTEM.params.values())


def _lorenz(u, p):
    x, y, z = u
    sigma, rho, beta = p
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def _step(u: tuple) -> tuple:
    """A step of RK4 on whatever numbers the state is of: JAX's, or NumPy's complex ones."""

    def shifted(k: tuple, h: float) -> tuple:
        return tuple(a + h * b for a, b in zip(u, k, strict=True))

    k1 = _lorenz(u, VALUES)
    k2 = _lorenz(shifted(k1, 0.5 * DT), VALUES)
    k3 = _lorenz(shifted(k2, 0.5 * DT), VALUES)
    k4 = _lorenz(shifted(k3, DT), VALUES)
    return tuple(x + DT / 6 * (a + 2 * b + 2 * c + d) for x, a, b, c, d in zip(u, k1, k2, k3, k4, strict=True))


def _members(count: int = MEMBERS) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 3)) * 5.0 + np.array([0.0, 0.0, 25.0]), rng.normal(size=(count, 3))


def _worst(ours: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    return {"total": float((np.abs(ours - exact).max(axis=1) / np.abs(exact).max(axis=1)).max())}


def _row(figure: str, ratio: Ratio, work: float, at_least: float | None, **more) -> Row:
    return Row(
        figure, ratio.median, ratio.low, ratio.high, at_least=at_least, steps_per_second=work / ratio.seconds_a,
        peer_steps_per_second=work / ratio.seconds_b, **more,
    )  # fmt: skip


def _at_the_ceiling(peer_rate: float) -> str:
    """What the ratio would be if nothing but multiply-adds took time."""
    limit = ceilings.multiply_adds(64, seconds=0.05) / 2 / INSTRUCTIONS / peer_rate
    return f"at the FMA ceiling of this machine the ratio would be {limit:.3g} ({INSTRUCTIONS} instructions a step)"


def _missing(figure: str, at_least: float, needs: str) -> Row:
    return Row(figure, at_least=at_least, note=f"not run: {needs} is not installed")


# --- derivatives at points ---


def _at_points() -> Iterator[Row]:
    from fastsci._pointwise import evaluate

    figure = f"Lorenz-63 f64, jvp at {MEMBERS:,} states, against jax.jit(jax.vmap(jax.jvp))"
    y, v = _members()

    def ours() -> tuple[np.ndarray, np.ndarray]:
        return fastsci.jvp(SYSTEM, y, v)

    x, p, dx = y.T, VALUES, v.T
    exact = np.stack([p[0] * (dx[1] - dx[0]), dx[0] * (p[1] - x[2]) - x[0] * dx[2] - dx[1],
                      dx[0] * x[1] + x[0] * dx[1] - p[2] * dx[2]], -1)  # fmt: skip
    if find_spec("jax") is None:
        yield _missing(figure, 3.0, "jax")
    else:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)

        def point(u, w):
            return jax.jvp(lambda s: jnp.stack(_lorenz(s, VALUES)), (u,), (w,))

        batched = jax.jit(jax.vmap(point))
        given = jnp.asarray(y), jnp.asarray(v)

        def theirs() -> tuple:
            return jax.block_until_ready(batched(*given))

        ours(), theirs()
        ratio = compare(ours, theirs, pairs=15)
        yield _row(
            figure, ratio, MEMBERS, 3.0, errors=_worst(ours()[1], exact),
            peer_errors=_worst(np.asarray(theirs()[1]), exact), note="points a second in the place of steps",
        )  # fmt: skip
    evaluate(SYSTEM, y), ours()
    ratio = compare(lambda: evaluate(SYSTEM, y), ours, pairs=15)
    yield Row(
        f"Lorenz-63 f64, jvp at {MEMBERS:,} states, against the function alone", ratio.median, ratio.low, ratio.high,
        at_most=2.5, steps_per_second=MEMBERS / ratio.seconds_b, peer_steps_per_second=MEMBERS / ratio.seconds_a,
        errors=_worst(ours()[1], exact), note="cost over cost; points a second",
    )  # fmt: skip


# --- tangents of an integration ---


def _by_jax(y: np.ndarray, v: np.ndarray) -> Callable[[], np.ndarray]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def integrate(u):
        return jax.lax.scan(lambda u, _: (_step(u), None), u, None, length=STEPS)[0]

    carried = jax.jit(lambda u, w: jax.jvp(integrate, (u,), (w,)))
    u = tuple(jnp.asarray(np.ascontiguousarray(column)) for column in y.T)
    w = tuple(jnp.asarray(np.ascontiguousarray(column)) for column in v.T)

    def solve() -> np.ndarray:
        return np.stack([np.asarray(part) for part in jax.block_until_ready(carried(u, w))[1]], axis=-1)

    solve()
    return solve


def _complex_step(y: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The derivative of the same steps without a difference, in NumPy."""
    u = tuple((y + 1e-30j * v).T)
    for _ in range(STEPS):
        u = _step(u)
    return np.stack(u, -1).imag / 1e-30


def _of_an_integration() -> Iterator[Row]:
    y, v = _members()
    span = (0.0, STEPS * DT)

    def ours() -> np.ndarray:
        return fastsci.flow_jvp(SYSTEM, span, y, v, dt=DT)[1]

    def value() -> np.ndarray:
        return fastsci.solve_ensemble(SYSTEM, span, y, dt=DT).y_final

    errors = _worst(ours()[:256], _complex_step(y[:256], v[:256]))
    value()
    work = MEMBERS * STEPS
    figure = f"Lorenz-63 f64, tangent of RK4, {MEMBERS:,} x {STEPS}, against jax.jvp through lax.scan"
    if find_spec("jax") is None:
        yield _missing(figure, 15.0, "jax")
    else:
        theirs = _by_jax(y, v)
        peer_errors = _worst(theirs()[:256], _complex_step(y[:256], v[:256]))
        ratio = compare(ours, theirs)
        note = _at_the_ceiling(work / ratio.seconds_b)
        yield _row(figure, ratio, work, 15.0, errors=errors, peer_errors=peer_errors, note=note)
    ratio = compare(ours, value, pairs=15)
    yield _row(
        f"Lorenz-63 f64, tangent of RK4, {MEMBERS:,} x {STEPS}, steps/s over those of the value alone", ratio, work,
        0.35, errors=errors,
    )  # fmt: skip


# --- exponents ---


def _spectrum() -> Iterator[Row]:
    span = {
        "dt": SPECTRUM_DT, "t_transient": SPECTRUM_TRANSIENT * SPECTRUM_DT, "t_total": SPECTRUM_STEPS * SPECTRUM_DT
    }  # fmt: skip

    def ours() -> fastsci.LyapunovResult:
        return fastsci.lyapunov_spectrum(SYSTEM, y0=[1.0, 1.0, 1.0], **span)

    found = ours()
    times = []
    for _ in range(30):
        began = perf_counter()
        ours()
        times.append(perf_counter() - began)
    low, middle, high = (1e3 * np.quantile(times, (0.0, 0.5, 1.0))).tolist()
    defect = {"total": abs(found.exponents.sum() / -(10.0 + 1.0 + 8.0 / 3.0) - 1.0)}
    work = SPECTRUM_STEPS + SPECTRUM_TRANSIENT
    what = f"Lorenz-63 f64, spectrum, {SPECTRUM_STEPS:,} steps after {SPECTRUM_TRANSIENT:,}, one member"
    yield Row(
        what, middle, low, high, unit="ms", at_most=5.0, steps_per_second=1e3 * work / middle, errors=defect,
        note=f"exponents {np.round(found.exponents[0], 4).tolist()} +- {np.round(found.stderr[0], 4).tolist()}; the"
        " error is that of their sum",
    )  # fmt: skip
    if find_spec("lyapax") is None:
        yield _missing(f"{what}, against lyapax", 50.0, "lyapax")
        return
    import jax
    import jax.numpy as jnp
    import lyapax

    jax.config.update("jax_enable_x64", True)
    problem = lyapax.ode_problem(lambda s: jnp.stack(_lorenz(s, VALUES)), jnp.array([1.0, 1.0, 1.0]), SPECTRUM_DT)
    options = {"n_steps": SPECTRUM_STEPS, "renorm_every": 10, "t_transient": span["t_transient"]}
    jitted = jax.jit(lambda start: lyapax.lyapunov_spectrum(problem.step_fn, start, SPECTRUM_DT, **options).exponents)

    def plain() -> np.ndarray:
        return np.asarray(lyapax.lyapunov_spectrum(problem, **options).exponents)

    def whole() -> np.ndarray:
        return np.asarray(jitted(problem.state0))

    for theirs, how, at_least, note in (
        (plain, "as it is documented", 50.0, "warm; renormalises every 10 steps"),
        (whole, "inside one jax.jit", None, "no target: compiled whole by its caller, compilation not counted"),
    ):
        peer = {"total": abs(theirs().sum() / -(10.0 + 1.0 + 8.0 / 3.0) - 1.0)}
        yield _row(
            f"{what}, against lyapax {how}", compare(ours, theirs, pairs=7), work, at_least, errors=defect,
            peer_errors=peer, note=note,
        )  # fmt: skip


@njit(parallel=True, fastmath=True, error_model="numpy")
def _loop_over_the_map(rho, sigma, beta, dt, transient, n_steps, every, out):
    """RK4 on Lorenz-63 and one perturbation, as one writes them out by hand."""
    half, sixth = 0.5 * dt, dt / 6.0
    for member in prange(rho.size):
        r, s = rho[member], sigma[member]
        x, y, z = 1.0, 1.0, 1.0
        a, b, c = 1.0, 0.0, 0.0
        total = 0.0
        for step in range(transient + n_steps):
            x1, y1, z1 = s * (y - x), x * (r - z) - y, x * y - beta * z
            a1, b1, c1 = s * (b - a), a * (r - z) - x * c - b, a * y + x * b - beta * c
            u, v, w = x + half * x1, y + half * y1, z + half * z1
            d, e, f = a + half * a1, b + half * b1, c + half * c1
            x2, y2, z2 = s * (v - u), u * (r - w) - v, u * v - beta * w
            a2, b2, c2 = s * (e - d), d * (r - w) - u * f - e, d * v + u * e - beta * f
            u, v, w = x + half * x2, y + half * y2, z + half * z2
            d, e, f = a + half * a2, b + half * b2, c + half * c2
            x3, y3, z3 = s * (v - u), u * (r - w) - v, u * v - beta * w
            a3, b3, c3 = s * (e - d), d * (r - w) - u * f - e, d * v + u * e - beta * f
            u, v, w = x + dt * x3, y + dt * y3, z + dt * z3
            d, e, f = a + dt * a3, b + dt * b3, c + dt * c3
            x4, y4, z4 = s * (v - u), u * (r - w) - v, u * v - beta * w
            a4, b4, c4 = s * (e - d), d * (r - w) - u * f - e, d * v + u * e - beta * f
            x += sixth * (x1 + 2.0 * x2 + 2.0 * x3 + x4)
            y += sixth * (y1 + 2.0 * y2 + 2.0 * y3 + y4)
            z += sixth * (z1 + 2.0 * z2 + 2.0 * z3 + z4)
            a += sixth * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
            b += sixth * (b1 + 2.0 * b2 + 2.0 * b3 + b4)
            c += sixth * (c1 + 2.0 * c2 + 2.0 * c3 + c4)
            if (step + 1) % every == 0:
                norm = math.sqrt(a * a + b * b + c * c)
                if step >= transient:
                    total += math.log(norm)
                a, b, c = a / norm, b / norm, c / norm
        out[member] = total / (n_steps * dt)


def _parameter_map() -> Iterator[Row]:
    """The whole map by fastsci, a share of it, evenly spread, by the loop: time is taken a member."""
    transient, counted = MAP_STEPS // 4, MAP_STEPS - MAP_STEPS // 4
    rho, sigma = (part.ravel() for part in np.meshgrid(np.linspace(10, 200, MAP_SIDE), np.linspace(5, 20, MAP_SIDE)))
    part = slice(None, None, MAP_SHARE)
    out = np.empty(rho[part].size)
    dt = 0.002

    def ours() -> fastsci.LyapunovResult:
        return fastsci.lyapunov_spectrum(
            SYSTEM, y0=[1.0, 1.0, 1.0], params={"rho": rho, "sigma": sigma}, k=1, dt=dt, t_transient=transient * dt,
            t_total=counted * dt,
        )  # fmt: skip

    def theirs() -> None:
        _loop_over_the_map(rho[part], sigma[part], 8.0 / 3.0, dt, transient, counted, MAP_EVERY, out)

    _loop_over_the_map(rho[:2], sigma[:2], 8.0 / 3.0, dt, 16, 16, MAP_EVERY, np.empty(2))
    fastsci.lyapunov_spectrum(SYSTEM, params={"rho": rho[:99]}, k=1, dt=dt, t_transient=1.0, t_total=1.0)
    pairs = []
    for _ in range(3):
        began = perf_counter()
        found = ours()
        middle = perf_counter()
        theirs()
        pairs.append((middle - began, MAP_SHARE * (perf_counter() - middle)))
    ratios = sorted(loop / own for own, loop in pairs)
    own, loop = sorted(pairs)[1]
    differ = np.abs(found.exponents[part, 0] - out)
    calm = np.abs(out) < 10.0
    work = rho.size * MAP_STEPS
    yield Row(
        f"Lorenz-63 f64, {MAP_SIDE} x {MAP_SIDE} map of the largest exponent, {MAP_STEPS:,} steps each, against a plain"
        " Numba prange loop",
        ratios[1], ratios[0], ratios[-1], at_least=10.0, steps_per_second=work / own, peer_steps_per_second=work / loop,
        errors={"total": float(np.median(differ[calm]))},
        note=f"{own:.3g} s for the map; {_at_the_ceiling(work / loop)}; the loop does one member in {MAP_SHARE},"
        f" normalising every {MAP_EVERY} steps; the error is the median difference of the exponents, which are of other"
        " trajectories where there is chaos",
    )  # fmt: skip


def rows() -> Iterator[Row]:
    """Derivatives at points, of integrations, and exponents."""
    yield from _at_points()
    yield from _of_an_integration()
    yield from _spectrum()
    yield from _parameter_map()


if __name__ == "__main__":
    for row in rows():
        print(row.figure, row.value and f"{row.value:.3g} ({row.low:.3g} to {row.high:.3g})", row.steps_per_second,
              row.peer_steps_per_second, row.errors, row.peer_errors, row.note)  # fmt: skip
