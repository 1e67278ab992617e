"""The lines that look for events in a step, and that end the step where one of them stops it."""

from __future__ import annotations

from collections.abc import Callable

from .adaptive_text import EPSILON, AdaptiveText

PIECES = 4  # of a step, each looked at for events
ROOT_ITERATIONS = 100


def events(text: AdaptiveText, record: Callable[[int], list[str]]) -> list[str]:
    """Where in the step the members meet their events, piece by piece of the step, from start to end.

    ``record(e)`` are the lines that write event ``e`` down for the columns ``met{e}`` at ``theta`` and ``w``.  A
    member that an event stops goes no further: ``stop`` is where, as a fraction of the step, 2 where nothing
    does.
    """
    kinds = text.shape.events
    lines = [*text.interpolant(), f"stop = {text.number('2.0')}"]
    lines += [f"before{e} = g{e}" for e in range(len(kinds))]
    piece = [
        f"from_ = {text.number('piece')} * {1.0 / PIECES!r}",
        f"to = {text.number('piece + 1')} * {1.0 / PIECES!r}",
        *text.evaluate("to"),
        "at = t + (low + to * step)",
        "at = where(to >= 1.0, t_next, at)",
        *(f"after{e} = event{e}(at, w, p)" for e in range(len(kinds))),
        "final = last & (to >= 1.0)",
    ]
    for e, kind in enumerate(kinds):
        # A touch of zero is no crossing, but for one at the very end, where nothing can follow it.
        up = f"((before{e} < 0.0) & ((after{e} > 0.0) | (final & (after{e} == 0.0))))"
        down = f"((before{e} > 0.0) & ((after{e} < 0.0) | (final & (after{e} == 0.0))))"
        test = {1: up, -1: down, 0: f"({up} | {down})"}[kind.direction]
        piece.append(f"met{e} = accepted & (stop > 1.0) & {test}")
    inner: list[str] = []
    for e in range(len(kinds)):
        inner += _root(text, e)
    stopping = [e for e, kind in enumerate(kinds) if kind.stops]
    if stopping:
        inner.append("stop_here = " + _smallest([f"where(met{e}, root{e}, 2.0)" for e in stopping]))
        inner += [f"met{e} = met{e} & (root{e} <= stop_here)" for e in range(len(kinds))]
        inner.append("stop = min(stop, stop_here)")
        inner += [f"stopped{e} = stopped{e} | met{e}" for e in stopping]
    for e in range(len(kinds)):
        inner += [f"if any_lane(met{e}):", f"    theta = where(met{e}, root{e}, 1.0)"]
        inner += [f"    {line}" for line in (*text.evaluate("theta"), *record(e))]
    piece += ["if any_lane(" + " | ".join(f"met{e}" for e in range(len(kinds))) + "):"]
    piece += [f"    {line}" for line in inner]
    piece += [f"before{e} = where(after{e} == 0.0, before{e}, after{e})" for e in range(len(kinds))]
    lines += [f"stopped{e} = alive & (not alive)" for e in stopping]
    lines += [
        "if any_lane(accepted):",
        f"    for piece in range({PIECES}):",
        *(f"        {line}" for line in piece),
    ]
    lines += [f"g{e}_next = before{e}" for e in range(len(kinds))]
    if stopping:
        lines.append("reach = where(stop <= 1.0, abs(stop * step), reach)")
    return lines


def _smallest(values: list[str]) -> str:
    text = values[0]
    for value in values[1:]:
        text = f"min({text}, {value})"
    return text


def _root(text: AdaptiveText, e: int) -> list[str]:
    """Bracketing with Illinois' false position and every third time a bisection, until the bracket is closed."""
    tolerance = 4 * EPSILON[text.shape.bits]
    return [
        "left = from_",
        "right = to",
        f"at_left = where(met{e}, before{e}, -1.0)",
        f"at_right = where(met{e}, after{e}, 1.0)",
        f"for iteration in range({ROOT_ITERATIONS}):",
        f"    open_ = met{e} & (right - left > {tolerance!r}) & (at_right != 0.0)",
        "    if not any_lane(open_):",
        "        break",
        "    theta = 0.5 * (left + right)",
        "    if iteration % 3 != 2:",
        "        secant = right - at_right * ((right - left) / (at_right - at_left))",
        "        theta = where((secant > left) & (secant < right), secant, theta)",
        *(f"    {line}" for line in text.evaluate("theta")),
        f"    value = event{e}(t + (low + theta * step), w, p)",
        "    crossed = ((value >= 0.0) & (at_right >= 0.0)) | ((value <= 0.0) & (at_right <= 0.0))",
        "    at_left = where(open_, where(crossed, 0.5 * at_left, value), at_left)",
        "    at_right = where(open_, where(crossed, value, 0.5 * at_right), at_right)",
        "    left = where(open_ & (not crossed), theta, left)",
        "    right = where(open_ & crossed, theta, right)",
        f"root{e} = right",
    ]


def stop(text: AdaptiveText) -> list[str]:
    """End the step where an event stopped it, and let the event change the state."""
    kinds, flat = text.shape.events, text.shape.flat
    stopping = [e for e, kind in enumerate(kinds) if kind.stops]
    if not stopping:
        return []
    halt = " | ".join(f"stopped{e}" for e in stopping if kinds[e].terminal) or "alive & (not alive)"
    body = [
        "theta = where(stopped, stop, 1.0)",
        *text.evaluate("theta"),
        "moved = low + theta * step",
        "t_stop = t + moved",
        "low_next = where(stopped, moved - (t_stop - t), low_next)",
        "t_next = where(stopped, t_stop, t_next)",
        *text.take("v", "w", "stopped"),
    ]
    for e in stopping:
        if kinds[e].applies:
            body.append(f"w = apply{e}(t_next, v, p)" if flat else f"apply{e}(t_next, v, p, w)")
            body += text.take("v", "w", f"stopped{e}")
    if not text.method.chooses_step:
        body += ["w = rhs(t_next, v, p)" if flat else "rhs(t_next, v, p, w)", *text.take("k_next", "w", "stopped")]
    if not text.shape.controller.fixed:
        body += _restart(text)
    for e, kind in enumerate(kinds):
        value = f"event{e}(t_next, v, p)"
        # The event that stopped the step starts from zero: it must cross anew.
        zero = f"where(stopped{e}, 0.0, {value})" if kind.stops else value
        body.append(f"g{e}_next = where(stopped, {zero}, g{e}_next)")
    return [
        f"halted = {halt}",
        "stopped = " + " | ".join(f"stopped{e}" for e in stopping),
        "last = (last & (not stopped)) | halted",
        "if any_lane(stopped):",
        *(f"    {line}" for line in body),
    ]


def _restart(text: AdaptiveText) -> list[str]:
    """A cautious step after a jump, whose error nothing is known of: a hundredth of the state over its slope."""
    if text.shape.flat:
        lines = ["size = " + " + ".join(f"abs(v[{i}])" for i in range(text.shape.dim))]
        lines.append("speed = " + " + ".join(f"abs(k_next[{i}])" for i in range(text.shape.dim)))
    else:
        lines = [f"size = {text.number('0.0')}", f"speed = {text.number('0.0')}"]
        lines += text.loop("size = size + abs(v[i])") + text.loop("speed = speed + abs(k_next[i])")
    lines.append("cautious = where((speed > 0.0) & (size > 0.0), 0.01 * (size / speed), 1e-6)")
    lines.append("cautious = where(step < 0.0, -cautious, cautious)")
    return [*lines, "h_next = where(stopped & (abs(cautious) < abs(h_next)), cautious, h_next)"]
