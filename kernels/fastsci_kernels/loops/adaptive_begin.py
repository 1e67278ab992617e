"""The lines of what a member starts with: its slope, a first step size and the values of its events.

The step is that of `scipy.integrate.solve_ivp`: Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I,
2nd ed. (1993), section II.4.
"""

from __future__ import annotations

from ..methods.method import TUPLE_LIMIT
from .adaptive_text import AdaptiveText


def begin_lines(
    text: AdaptiveText, member: str, column: str, target: str, rows: dict[str, int], pitch: str = ""
) -> list[str]:
    """Set ``t``, the state (``u``, or the buffer ``w`` of a long one) and ``p`` of the members from ``member`` on.

    Slope, step and events go to ``rows`` k, h and g of ``target``, from ``column`` on.  ``pitch`` follows the column of
    the parameters where members may share them.
    """
    shape, dim = text.shape, text.shape.dim
    per = f"1.0 / {dim}.0"

    def of(array: str, row: object, pitch: str = "") -> str:
        return f"load({array}, {row}, {member}{pitch}, {shape.width})"

    if shape.n_params > TUPLE_LIMIT:
        lines = [
            f"for i in range({shape.n_params}):",
            f"    parameters[i] = {of('params', 'i', pitch)}",
            "p = parameters",
        ]
    else:
        lines = ["p = (" + "".join(f"{of('params', i, pitch)}, " for i in range(shape.n_params)) + ")"]
    lines += [
        f"t = {of('span', 0, ' * span_pitch')}",
        f"interval = {of('span', 1, ' * span_pitch')} - t",
        f"given = {of('span', 2, ' * span_pitch')}",
        "direction = where(interval < 0.0, -1.0, 1.0)",
        "interval = abs(interval)",
    ]
    if text.method.chooses_step:
        lines += [
            "u = (" + "".join(f"{of('y', i)}, " for i in range(dim)) + ")",
            f"store({target}, {rows['h']}, {column}, interval)",
        ]
        return lines + _events(text, target, column, rows)
    if shape.flat:
        squares = {"d0": "u[{i}] * scale[{i}]", "d1": "k[{i}] * scale[{i}]", "d2": "(f[{i}] - k[{i}]) * scale[{i}]"}
        sums = {
            name: " + ".join(f"({square.format(i=i)}) * ({square.format(i=i)})" for i in range(dim))
            for name, square in squares.items()
        }
        lines += [
            "u = (" + "".join(f"{of('y', i)}, " for i in range(dim)) + ")",
            # A slope that is a plain constant has to be spread over the lanes.
            "k = rhs(t, u, p)",
            *(f"store({target}, {rows['k'] + i}, {column}, {text.number(f'k[{i}]')})" for i in range(dim)),
            "scale = " + text.each("1.0 / (atol[{i}] + rtol * abs(u[{i}]))"),
            f"d0 = ({sums['d0']}) * ({per})",
            f"d1 = ({sums['d1']}) * ({per})",
        ]
        second = ["f = rhs(t + trial, " + text.each("u[{i}] + trial * k[{i}]") + ", p)", f"d2 = {sums['d2']}"]
    else:
        lines += [
            *text.loop(f"w[i] = {of('y', 'i')}"),
            "rhs(t, w, p, v)",
            *text.loop(f"store({target}, {rows['k']} + i, {column}, v[i])"),
            f"d0 = {text.number('0.0')}",
            f"d1 = {text.number('0.0')}",
            f"for i in range({dim}):",
            "    scale = 1.0 / (atol[i] + rtol * abs(w[i]))",
            "    d0 = d0 + (w[i] * scale) * (w[i] * scale)",
            "    d1 = d1 + (v[i] * scale) * (v[i] * scale)",
            f"d0 = d0 * ({per})",
            f"d1 = d1 * ({per})",
        ]
        second = [
            *text.loop("k_next[i] = w[i] + trial * v[i]"),
            "rhs(t + trial, k_next, p, f)",
            f"d2 = {text.number('0.0')}",
            f"for i in range({dim}):",
            "    change = (f[i] - v[i]) / (atol[i] + rtol * abs(w[i]))",
            "    d2 = d2 + change * change",
        ]
    exponent = 0.5 / (text.method.error_order + 1.0)
    lines += [
        "h0 = min(where((d0 < 1e-10) | (d1 < 1e-10), 1e-6, 0.01 * math.sqrt(d0 / d1)), interval)",
        "trial = h0 * direction",
        *second,
        f"d2 = d2 * ({per}) / (h0 * h0)",
        "steepest = max(d1, d2)",
        f"h1 = where(steepest <= 1e-30, max(1e-6, 0.001 * h0), approximate_power(1e-4 / steepest, {exponent!r}))",
        "h = min(min(100.0 * h0, h1), min(interval, max_step))",
        "h = where(given > 0.0, min(given, max_step), where(h > 0.0, h, 1e-6))",
        f"store({target}, {rows['h']}, {column}, direction * h)",
    ]
    return lines + _events(text, target, column, rows)


def _events(text: AdaptiveText, target: str, column: str, rows: dict[str, int]) -> list[str]:
    state = "u" if text.shape.flat else "w"
    values = [text.number(f"event{e}(t, {state}, p)") for e in range(len(text.shape.events))]
    return [f"store({target}, {rows['g'] + e}, {column}, {value})" for e, value in enumerate(values)]
