"""The text of the adaptive CPU driver: columns of members, swept group after group, refilled as members finish.

Every column of ``work`` holds a member at its own time with its own step size.  A sweep makes one attempt in every
group of ``width`` columns; groups follow one another so that their arithmetic overlaps.  A column whose member has
finished takes the next from the queue; once that is empty, the last column moves into the gap, so that the groups
stay full to the end.
"""

from __future__ import annotations

from functools import partial

from ..methods.adaptive import AdaptiveMethod
from ..methods.method import TUPLE_LIMIT
from .adaptive_begin import begin_lines
from .adaptive_events import PIECES, events, stop
from .adaptive_text import (
    ENDED,
    EXHAUSTED,
    LONGEST,
    NON_FINITE,
    RAISED,
    STALLED,
    STOPPED,
    AdaptiveShape,
    AdaptiveText,
)  # fmt: skip
from .driver_text import indent

HEADER = """\
import math

import numpy as np

from fastsci_kernels.compile import inner, jit
from fastsci_kernels.numbers import functions
from fastsci_kernels.numbers.approximate import approximate_power, rough_power
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.memory import any_lane, load, number, scratch, store, view

"""

STATUS = {ENDED: 0, STOPPED: 1, NON_FINITE: -1, RAISED: -2, STALLED: -3, EXHAUSTED: -4}
# Places in ``state``: the next member and the end of the queue, the first member of the chunk, columns in use, events
# and steps in the logs, column-attempts made, whether more members may come.
NEXT, STOP, FIRST, ACTIVE, EVENTS, STEPS, SLOTS, MORE = range(8)
SWEEP = "work, slots, side, room, atols, settings, saves, save_pitch, out, log, log_index, path, path_index, state"
ENTER = "work, slots, y, params, pitch, ready, span, span_pitch, max_steps, saves, save_pitch, out, state"
DRIVE = (
    "work, slots, side, room, y, params, pitch, ready, span, span_pitch, atols, settings, max_steps, saves, save_pitch,"
    " out, log, log_index, path, path_index, counts, status, ends, state, budget"
)
BEGIN = "y, params, pitch, ready, span, span_pitch, atols, settings, room, first"


def room_rows(text: AdaptiveText) -> int:
    """Rows of ``room``, each one number wide: what a long state or many parameters need besides their columns."""
    shape = text.shape
    if shape.flat:
        return max(1, shape.n_params)
    return shape.dim * (len(text.buffers) + text.method.degree + 1) + shape.n_params


def side_rows(text: AdaptiveText) -> int:
    """Rows of ``side``, where single lanes are read: flags, then a state or a polynomial."""
    shape = text.shape
    return 4 + shape.dim * (1 + text.method.degree * shape.dense)


def _view(text: AdaptiveText, array: str, row: int, size: int) -> str:
    if text.shape.arrays:
        return f"{array}[{row}:{row + size}, 0]"
    return f"view({array}, {row}, {text.shape.width}, {size})"


def _buffers(text: AdaptiveText) -> list[str]:
    """Buffers of a long state in ``room``, and of parameters that are too many for a tuple."""
    shape = text.shape
    if shape.flat:
        return [f"parameters = {_view(text, 'room', 0, shape.n_params)}"] if shape.n_params > TUPLE_LIMIT else []
    lines, row = [], 0
    sizes = {
        **dict.fromkeys(text.buffers, shape.dim),
        "q": shape.dim * text.method.degree,
        "atol": shape.dim,
        "parameters": shape.n_params,
    }
    for name, size in sizes.items():
        if size:
            lines.append(f"{name} = {_view(text, 'room', row, size)}")
        row += size
    return [*lines, *text.loop(f"atol[i] = {text.number('atols[i]')}")]


def _columns(text: AdaptiveText) -> list[str]:
    """A long state's columns are as many as its lanes, so that a row of ``work`` is a number."""
    shape, rows = text.shape, text.rows
    if shape.flat:
        many = "p = (" + "".join(f"{text.load('p', i)}, " for i in range(shape.n_params)) + ")"
        return [many] if shape.n_params > TUPLE_LIMIT else []
    lines = [f"{name} = {_view(text, 'work', rows[name], shape.dim)}" for name in ("u", "k")]
    lines.append(f"c = {_view(text, 'work', rows['c'], shape.dim)}" if shape.compensated else "c = ()")
    if shape.n_params > TUPLE_LIMIT:
        lines.append(f"p = {_view(text, 'work', rows['p'], shape.n_params)}")
    return lines


def _tolerances(text: AdaptiveText) -> list[str]:
    lines = [f"rtol = {text.number('settings[0]')}", f"max_step = {text.number('settings[1]')}"]
    if text.shape.flat:
        lines.append("atol = (" + "".join(f"{text.number(f'atols[{i}]')}, " for i in range(text.shape.dim)) + ")")
    return lines


def _put(text: AdaptiveText, state: str, row: int) -> list[str]:
    """A state to ``side``, from ``row`` on."""
    if text.shape.flat:
        return [f"store(side, {row + i}, 0, {state}[{i}])" for i in range(text.shape.dim)]
    return text.loop(f"store(side, {row} + i, 0, {state}[i])")


def _each_lane(text: AdaptiveText, mask: str, body: list[str]) -> list[str]:
    """``body`` for every column that ``mask`` names, one after the other; it may use ``lane`` and ``column``."""
    return [
        f"store(side, 0, 0, where({mask}, {text.number('1.0')}, {text.number('0.0')}))",
        f"for lane in range({text.shape.width}):",
        "    if side[0, lane] != 0.0:",
        "        column = o + lane",
        *(f"        {line}" for line in body),
    ]


def _inside(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _save(text: AdaptiveText, place: tuple[str, int, str]) -> list[str]:
    """Lines that save the state at an array, a row and a column as ``member``'s save ``j``."""
    array, row, column = place
    if text.statistics is None:
        dim = text.shape.dim
        start = f"{row} + " if row else ""
        return [f"for i in range({dim}):", f"    out[j * {dim} + i, member] = {array}[{start}i, {column}]"]
    time = "saves[j, member * save_pitch]" if text.shape.arrays else "load(saves, j, member * save_pitch, 1)"
    return text.statistics.lane(place, "j + 1", time, "member")


def _saves(text: AdaptiveText) -> list[str]:
    """Every time of the columns' saves that the step passes."""
    due = "accepted & (abs((due - t) - low) <= reach)"
    if not text.shape.saving:
        return []
    found = [] if text.shape.events else text.interpolant()
    save = [
        "member, j = slots[0, column], slots[1, column]",
        *_save(text, ("side", 1, "lane")),
        "slots[1, column] = j + 1",
        f"work[{text.rows['due']}, column] = saves[j + 1, member * save_pitch]",
    ]
    each = [
        *text.evaluate("((due - t) - low) / step"),
        *_put(text, "w", 1),
        *_each_lane(text, "passed", save),
        f"due = {text.load('due')}",
        f"passed = {due}",
    ]
    return [
        f"due = {text.load('due')}",
        f"passed = {due}",
        "if any_lane(passed):",
        *_inside([*found, "while any_lane(passed):", *_inside(each)]),
    ]


def _event_record(text: AdaptiveText, e: int) -> list[str]:
    """Lines that write down time and state of event ``e`` for the columns that met it."""
    dim = text.shape.dim
    record = [
        f"row = state[{EVENTS}]",
        f"state[{EVENTS}] = row + 1",
        "log_index[row, 0] = slots[0, column]",
        f"log_index[row, 1] = {e}",
        f"log[row, 0] = side[{dim + 1}, lane]",
        f"for i in range({dim}):",
        "    log[row, 1 + i] = side[1 + i, lane]",
    ]
    return [
        *_put(text, "w", 1),
        f"store(side, {dim + 1}, 0, t + (low + theta * step))",
        *_each_lane(text, f"met{e}", record),
    ]


def _path_log(text: AdaptiveText) -> list[str]:
    """The polynomial of every step taken: its start, its length, how far it reaches, the state there, the powers."""
    dim, degree = text.shape.dim, text.method.degree
    if not text.shape.dense:
        return []
    columns = 3 + dim * (degree + 1)
    lines = [
        *([] if text.shape.events else text.interpolant()),
        "store(side, 1, 0, t + low)",
        "store(side, 2, 0, step)",
        "store(side, 3, 0, reach)",
    ]
    lines += _put(text, "u", 4)
    if text.shape.flat:
        lines += [f"store(side, {4 + dim * (m + 1) + i}, 0, q[{m}][{i}])" for m in range(degree) for i in range(dim)]
    else:
        lines += [f"for i in range({dim * degree}):", f"    store(side, {4 + dim} + i, 0, q[i])"]
    record = [
        f"row = state[{STEPS}]",
        f"state[{STEPS}] = row + 1",
        "path_index[row] = slots[0, column]",
        f"for i in range({columns}):",
        "    path[row, i] = side[1 + i, lane]",
    ]
    return ["if any_lane(accepted):", *_inside([*lines, *_each_lane(text, "accepted", record)])]


def _sweep(text: AdaptiveText) -> str:
    """Source of one attempt in the group of columns from ``o`` on; whether a member there has finished."""
    lines = [*_buffers(text), *_columns(text), *text.gather(), *_tolerances(text)]
    if text.shape.flat and not text.shape.compensated:
        lines.append("c = ()")
    lines += [*text.attempt(), *text.arrive()]
    if text.shape.events:
        lines += events(text, partial(_event_record, text))
    lines += [*_saves(text), *_path_log(text)]
    if text.shape.events:
        lines += stop(text)
    lines += [*text.verdict(), *text.advance(), *text.scatter(), "return any_lane(flag != 0.0)"]
    return f"def sweep({text.arguments(SWEEP)}, o):\n" + indent(lines, 1)


def _enter(text: AdaptiveText) -> str:
    """Source that puts the next member of the queue into a column."""
    shape, rows = text.shape, text.rows
    dim = shape.dim
    fixed = {**dict.fromkeys(("low", "tried", "taken", "retry", "flag"), 0.0), "error_1": 1.0, "error_2": 1.0}
    lines = [
        f"member = state[{NEXT}]",
        f"state[{NEXT}] = member + 1",
        f"place = member - state[{FIRST}]",
        f"for i in range({dim}):",
        f"    work[{rows['u']} + i, column] = y[i, member]",
        *([] if text.method.chooses_step else [f"    work[{rows['k']} + i, column] = ready[i, place]"]),
        *([f"    work[{rows['c']} + i, column] = 0.0"] if shape.compensated else []),
        f"for i in range({shape.n_params}):",
        f"    work[{rows['p']} + i, column] = params[i, member * pitch]",
        f"for i in range({len(shape.events)}):",
        f"    work[{rows['g']} + i, column] = ready[{dim + 1} + i, place]",
        f"work[{rows['t']}, column] = span[0, member * span_pitch]",
        f"work[{rows['end']}, column] = span[1, member * span_pitch]",
        f"work[{rows['h']}, column] = ready[{dim}, place]",
        f"work[{rows['alive']}, column] = 1.0",
        *(f"work[{rows[name]}, column] = {value!r}" for name, value in fixed.items()),
        f"work[{rows['limit']}, column] = min(max_steps, {LONGEST!r})",
        "slots[0, column] = member",
        "slots[2, column] = 0",
        "slots[3, column] = 0",
        "j = 0",
        "while saves[j, member * save_pitch] == span[0, member * span_pitch]:",
        *_inside(_save(text, ("y", 0, "member"))),
        "    j += 1",
        "slots[1, column] = j",
        f"work[{rows['due']}, column] = saves[j, member * save_pitch]",
    ]
    return f"def enter(column, {text.arguments(ENTER)}):\n" + indent(lines, 1)


def _leave(text: AdaptiveText) -> str:
    """Source that writes a finished column's member back; false where it has only used up a count and goes on."""
    rows, dim = text.rows, text.shape.dim
    status = ", ".join(str(STATUS.get(float(flag), 0)) for flag in range(7))
    lines = [
        f"flag = work[{rows['flag']}, column]",
        f"slots[2, column] += int(work[{rows['taken']}, column])",
        f"slots[3, column] += int(work[{rows['tried']}, column])",
        f"work[{rows['taken']}, column] = 0.0",
        f"work[{rows['tried']}, column] = 0.0",
        f"if flag == {EXHAUSTED!r} and slots[3, column] < max_steps:",
        f"    work[{rows['flag']}, column] = 0.0",
        f"    work[{rows['limit']}, column] = min(max_steps - slots[3, column], {LONGEST!r})",
        "    return False",
        "member = slots[0, column]",
        "finite = True",
        f"for i in range({dim}):",
        f"    y[i, member] = work[{rows['u']} + i, column]",
        "    finite = finite and abs(y[i, member]) < np.inf",
        f"if status[member] != {STATUS[RAISED]}:",
        f"    status[member] = ({status})[int(flag)] if finite else {STATUS[NON_FINITE]}",
        "counts[0, member] = slots[2, column]",
        "counts[1, member] = slots[3, column]",
        f"ends[0, member] = work[{rows['t']}, column]",
        f"work[{rows['alive']}, column] = 0.0",
        "return True",
    ]
    return "def leave(column, work, slots, y, max_steps, counts, status, ends):\n" + indent(lines, 1)


def _drive(text: AdaptiveText) -> str:
    width, rows = text.shape.width, text.rows
    attempt = [f"finished = sweep({text.arguments(SWEEP)}, o)"]
    if width == 1:
        failed = [f"work[{rows['flag']}, o] = {RAISED!r}", "finished = True"]
        attempt = ["try:", *_inside(attempt), "except Exception:", *_inside(failed)]
    settle = [
        f"if work[{rows['flag']}, column] == 0.0:",
        "    column += 1",
        "elif not leave(column, work, slots, y, max_steps, counts, status, ends):",
        "    column += 1",
        f"elif state[{NEXT}] < state[{STOP}]:",
        f"    enter(column, {text.arguments(ENTER)})",
        "    column += 1",
        "else:",
        "    active -= 1",
        "    if column != active:",
        "        for row in range(work.shape[0]):",
        "            work[row, column] = work[row, active]",
        "        for row in range(slots.shape[0]):",
        "            slots[row, column] = slots[row, active]",
        f"        work[{rows['alive']}, active] = 0.0",
        f"        work[{rows['flag']}, active] = 0.0",
    ]
    group = [
        f"state[{SLOTS}] += {width}",
        *attempt,
        "if finished:",
        "    column = o",
        f"    while column < min(o + {width}, active):",
        *_inside(_inside(settle)),
        f"o += {width}",
    ]
    lines = [
        "columns = work.shape[1]",
        f"active = state[{ACTIVE}]",
        "for _ in range(budget):",
        f"    while active < columns and state[{NEXT}] < state[{STOP}]:",
        f"        enter(active, {text.arguments(ENTER)})",
        "        active += 1",
        f"    if active == 0 or (active < columns and state[{MORE}] != 0):",
        "        break",
        f"    if state[{EVENTS}] + columns * {len(text.shape.events) * PIECES} > log.shape[0]:",
        "        break",
        f"    if state[{STEPS}] + columns * {int(text.shape.dense)} > path.shape[0]:",
        "        break",
        # Not a literal, for which everything called with it would be compiled once more.
        "    o = active - active",
        "    while o < active:",
        *_inside(_inside(group)),
        f"state[{ACTIVE}] = active",
    ]
    return f"def drive({text.arguments(DRIVE)}):\n" + indent(lines, 1)


def _begin(text: AdaptiveText) -> str:
    """Source of what the members of a group of columns start with."""
    dim = text.shape.dim
    start = begin_lines(text, "m", "o", "ready", {"k": 0, "h": dim, "g": dim + 1}, " * pitch")
    lines = [*_buffers(text), *_tolerances(text), "m = first + o", *start]
    return f"def begin({BEGIN}, o):\n" + indent(lines, 1)


def _prepare(text: AdaptiveText) -> str:
    dim, width = text.shape.dim, text.shape.width
    attempt = [f"begin({BEGIN}, o)"]
    if width == 1:
        # A slope of NaN ends the member at once.
        failed = [
            f"status[first + o] = {STATUS[RAISED]}",
            f"for i in range({dim + 1 + len(text.shape.events)}):",
            f"    ready[i, o] = 1.0 if i == {dim} else np.nan",
        ]
        attempt = ["try:", *_inside(attempt), "except Exception:", *_inside(failed)]
    loop = [f"for o in range(0, last - first, {width}):", *_inside(attempt)]
    return f"def prepare({BEGIN}, status, last):\n" + indent(loop, 1)


def adaptive_source(method: AdaptiveMethod, shape: AdaptiveShape) -> str:
    """The module text; it expects the compiled user's functions among its globals."""
    text = AdaptiveText(shape, method)
    functions = ((_sweep, "sweep"), (_enter, "enter"), (_leave, "leave"), (_begin, "begin"))
    statistics = "" if text.statistics is None else text.statistics.preamble(1, "jit", suffix="_lane", memory=True)
    parts = statistics + "".join(f"\n\n{make(text)}\n\n{name} = inner({name})\n" for make, name in functions)
    return (
        f"{HEADER}{text.preamble('inner')}{parts}\n\n{_drive(text)}\n\ndrive = jit(drive, cache=CACHE)\n\n\n"
        f"{_prepare(text)}\n\nprepare = jit(prepare, cache=CACHE)\n"
    )
