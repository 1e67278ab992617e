"""The text of the adaptive CUDA driver: one thread a member, as many attempts in one launch as the host allows.

Between launches a member is a column of ``work``, as on the CPU.  The host hands out the columns that still run, so
that those that have finished hold no thread.
"""

from __future__ import annotations

from functools import partial

from ..methods.adaptive import AdaptiveMethod
from ..methods.method import TUPLE_LIMIT
from .adaptive_begin import begin_lines
from .adaptive_events import PIECES, events, stop
from .adaptive_text import EXHAUSTED, LONGEST, RAISED, AdaptiveShape, AdaptiveText
from .driver_text import indent

LOG_SLOTS = 64  # events that a member may meet in one launch; one that has met more pauses until the next
BEGIN = "work, slots, y, params, span, span_pitch, atols, settings, saves, save_pitch, out, max_steps"
DRIVE = "work, slots, order, count, atols, settings, saves, save_pitch, out, log, log_event, max_steps, budget"


def _memory(text: AdaptiveText) -> list[str]:
    """A thread's buffers, once a thread."""
    shape = text.shape
    lines = []
    if not shape.flat:
        sizes = {**dict.fromkeys(("u", "k", "atol", *text.buffers), shape.dim)}
        if shape.compensated:
            sizes["c"] = shape.dim
        sizes["q"] = shape.dim * text.method.degree
        lines += [f"{name} = scratch({shape.bits}, 1, {size})" for name, size in sizes.items()]
        lines += text.loop(f"atol[i] = {text.number('atols[i]')}")
    else:
        lines.append("atol = (" + "".join(f"{text.number(f'atols[{i}]')}, " for i in range(shape.dim)) + ")")
    if shape.n_params > TUPLE_LIMIT:
        lines.append(f"p = scratch({shape.bits}, 1, {shape.n_params})")
    if not shape.compensated:
        lines.append("c = ()")
    return [*lines, f"rtol = {text.number('settings[0]')}", f"max_step = {text.number('settings[1]')}"]


def _gather(text: AdaptiveText) -> list[str]:
    """The member's column; a long state and many parameters are copied to the thread's own memory."""
    shape, rows = text.shape, text.rows
    lines = []
    if not shape.flat:
        for name in ("u", "k", "c") if shape.compensated else ("u", "k"):
            lines += text.loop(f"{name}[i] = load(work, {rows[name]} + i, o, 1)")
    if shape.n_params > TUPLE_LIMIT:
        lines += [f"for i in range({shape.n_params}):", f"    p[i] = load(work, {rows['p']} + i, o, 1)"]
    return [*lines, *text.gather()]


def _scatter(text: AdaptiveText) -> list[str]:
    shape, rows = text.shape, text.rows
    lines = []
    if not shape.flat:
        for name in ("u", "k", "c") if shape.compensated else ("u", "k"):
            lines += text.loop(f"store(work, {rows[name]} + i, o, {name}[i])")
    return [*lines, *text.scatter()]


def _put(text: AdaptiveText, array: str, row: str, state: str) -> list[str]:
    dim = text.shape.dim
    if text.shape.flat:
        return [f"store({array}, {row} + {i}, o, {state}[{i}])" for i in range(dim)]
    return text.loop(f"store({array}, {row} + i, o, {state}[i])")


def _save(text: AdaptiveText, state: str, time: str) -> list[str]:
    """Lines that save a state as the member's save ``j``."""
    statistics = text.statistics
    if statistics is None:
        return _put(text, "out", f"j * {text.shape.dim}", state)
    return [
        *statistics.begin(),
        *statistics.add(state, "j + 1", time),
        *statistics.end(),
        statistics.remember("j + 1"),
    ]


def _saves(text: AdaptiveText) -> list[str]:
    if not text.shape.saving:
        return []
    found = [] if text.shape.events else text.interpolant()
    each = [
        *text.evaluate("((due - t) - low) / step"),
        *_save(text, "w", "due"),
        "j += 1",
        "due = load(saves, j, o * save_pitch, 1)",
    ]
    passed = "accepted and abs((due - t) - low) <= reach"
    return [
        f"if {passed}:",
        *(f"    {line}" for line in (*found, f"while {passed}:", *(f"    {line}" for line in each))),
    ]


def _record(text: AdaptiveText, e: int) -> list[str]:
    """Event ``e`` to the member's own slots."""
    columns = 1 + text.shape.dim
    return [
        f"store(log, met * {columns}, o, t + (low + theta * step))",
        *_put(text, "log", f"met * {columns} + 1", "w"),
        f"log_event[met, o] = {e}",
        "met += 1",
    ]


def _drive(text: AdaptiveText) -> str:
    shape = text.shape
    step = [*text.attempt(), *text.arrive()]
    if shape.events:
        step += events(text, partial(_record, text))
    step += _saves(text)
    if shape.events:
        step += stop(text)
    step += [*text.verdict(), *text.advance(), "if flag != 0.0:", "    break"]
    if shape.events:
        step += [f"if met + {PIECES * len(shape.events)} > {LOG_SLOTS}:", "    break"]
    member = [
        "o = order[place]",
        # A thread whose function raises ends here and leaves this mark.
        text.store("flag", text.number(repr(RAISED))),
        *_gather(text),
        f"flag = {text.number('0.0')}",
        f"limit = min({text.number('max_steps - slots[3, o]')}, {LONGEST!r})",
        *(["j = slots[1, o]", f"due = {text.load('due')}"] if shape.saving else []),
        *(["met = 0"] if shape.events else []),
        "for attempt_index in range(budget):",
        *(f"    {line}" for line in step),
        "slots[2, o] += int(lane(taken, 0))",
        "slots[3, o] += int(lane(tried, 0))",
        f"taken = {text.number('0.0')}",
        f"tried = {text.number('0.0')}",
        f"if flag == {EXHAUSTED!r} and slots[3, o] < max_steps:",
        f"    flag = {text.number('0.0')}",
        *(["slots[1, o] = j", text.store("due", "due")] if shape.saving else []),
        *(["slots[4, o] = met"] if shape.events else []),
        *_scatter(text),
    ]
    lines = [*_memory(text), "for place in range(cuda.grid(1), count, cuda.gridsize(1)):"]
    return f"def drive({text.arguments(DRIVE)}):\n" + indent([*lines, *(f"    {line}" for line in member)], 1)


def _begin(text: AdaptiveText) -> str:
    shape, rows = text.shape, text.rows
    dim = shape.dim
    fixed = {**dict.fromkeys(("low", "tried", "taken", "retry", "flag"), "0.0"), "error_1": "1.0", "error_2": "1.0"}
    state = "u" if shape.flat else "w"
    member = [
        *begin_lines(text, "o", "o", "work", {"k": rows["k"], "h": rows["h"], "g": rows["g"]}),
        *_put(text, "work", str(rows["u"]), state),
        *([f"for i in range({dim}):", f"    store(work, {rows['c']} + i, o, t * 0.0)"] if shape.compensated else []),
        f"for i in range({shape.n_params}):",
        f"    store(work, {rows['p']} + i, o, load(params, i, o, 1))",
        text.store("t", "t"),
        text.store("end", "load(span, 1, o * span_pitch, 1)"),
        *(text.store(name, text.number(value)) for name, value in fixed.items()),
        text.store("alive", text.number("1.0")),
        "j = 0",
        "while load(saves, j, o * save_pitch, 1) == t:",
        *(f"    {line}" for line in _save(text, state, "t")),
        "    j += 1",
        "slots[0, o] = o",
        "slots[1, o] = j",
        "slots[2, o] = 0",
        "slots[3, o] = 0",
        "slots[4, o] = 0",
        text.store("due", "load(saves, j, o * save_pitch, 1)"),
    ]
    lines = [*_memory(text)]
    if shape.n_params > TUPLE_LIMIT:
        lines.append("parameters = p")
    lines.append("for o in range(cuda.grid(1), y.shape[1], cuda.gridsize(1)):")
    return f"def begin({text.arguments(BEGIN)}):\n" + indent([*lines, *(f"    {line}" for line in member)], 1)


def adaptive_source(method: AdaptiveMethod, shape: AdaptiveShape) -> str:
    """The module text; among its globals it expects the compiled user's functions, ``cuda``, the wraps ``device`` and
    ``kernel`` of the CUDA target, what numbers are done with, and whether to ``CACHE`` what is compiled.
    """
    text = AdaptiveText(shape, method)
    statistics = "" if text.statistics is None else text.statistics.preamble(1, "device")
    return (
        f"{text.preamble('device')}{statistics}\n\n{_begin(text)}\n\n"
        f"begin = kernel(begin, CACHE)\n\n\n{_drive(text)}\n\n"
        "drive = kernel(drive, CACHE)\n"
    )


def local_bytes(method: AdaptiveMethod, shape: AdaptiveShape) -> int:
    """Memory that a thread keeps for itself."""
    text = AdaptiveText(shape, method)
    numbers = 0 if shape.flat else shape.dim * (4 + len(text.buffers) + method.degree)
    return (numbers + shape.n_params * (shape.n_params > TUPLE_LIMIT)) * shape.bits // 8
