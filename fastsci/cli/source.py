"""The system that a command names: one of the catalogue, or a function in the user's own file."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from .. import systems
from ..system import Kind, System
from ..system import system as make_system
from .errors import UsageError, one_line

WANTED: dict[Kind, str] = {
    "flow": "run integrates flows, whose function gives du/dt; `fastsci bifurcate` iterates maps",
    "map": "bifurcate iterates maps, whose function gives the next state; `fastsci run` integrates flows",
}


def find_system(text: str, kind: Kind = "flow", *, either: bool = False) -> System:
    """The flow or the map that ``text`` names.

    Parameters
    ----------
    text : str
        ``name``, ``name:n=100``, ``file.py:name`` or ``file.py``.
    kind : {"flow", "map"}
        What is wanted; a bare function is taken for it.
    either : bool
        Take a system of the other kind as well.

    Raises
    ------
    UsageError
        Where there is no such file, name or size, the file cannot be run, or the system is of the other kind.

    Examples
    --------
    >>> from fastsci.cli.source import find_system
    >>> find_system("lorenz96:n=8").dim
    8
    """
    in_file = re.fullmatch(r"(.+\.py)(?::(.*))?", text)
    found = _from_file(Path(in_file[1]), in_file[2], kind) if in_file else _from_catalogue(text)
    if found.kind != kind and not either:
        raise UsageError(f"{text}: is a {found.kind}, and {WANTED[kind]}")
    return found


def _from_catalogue(text: str) -> System:
    name, _, sizes = text.partition(":")
    if name not in systems.names() and Path(f"{name}.py").exists():
        raise UsageError(f"no system {name!r} in the catalogue; of the file write {name}.py:NAME")
    size: dict[str, int] = {}
    for part in filter(None, sizes.split(",")):
        key, _, value = part.partition("=")
        if not re.fullmatch(r"[+-]?\d+", value.strip()):
            raise UsageError(f"{text}: {part!r} is no size; write {name}:n=100")
        size[key.strip()] = int(value)
    try:
        return systems.get(name, **size)
    except (ValueError, TypeError) as error:
        message = one_line(error).removeprefix("name: ").replace("fastsci.systems.names()", "`fastsci systems`")
        hint = "" if name in systems.names() else "; a function of your own is FILE.py:NAME"
        raise UsageError(message + hint) from error


def _from_file(path: Path, name: str | None, kind: Kind) -> System:
    module = _execute(path)
    if name:
        value = vars(module).get(name)
        if value is None:
            raise UsageError(f"{path} has no {name!r}; it has {_listed(_candidates(module)) or 'no systems'}")
    else:
        value = _only(path, _candidates(module))
    if isinstance(value, System):
        return value
    try:
        return make_system(value, kind=kind)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path}:{name}: {one_line(error)}") from error


def _execute(path: Path) -> ModuleType:
    """Run the user's file as a module, its folder first among the places to import from."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); give FILE.py:NAME") from error
    file = str(path.resolve())
    module = ModuleType(f"fastsci_model_{path.stem}")
    module.__file__ = file
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        exec(compile(text, file, "exec"), vars(module))
    except SyntaxError as error:
        raise UsageError(f"{error.filename}, line {error.lineno}: SyntaxError: {error.msg}") from error
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame.lineno for frame in frames if frame.filename == file]
        where = f"{path}, line {own[-1]}" if own else str(path)
        raise UsageError(f"{where}: {type(error).__name__}: {one_line(error)}") from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module


def _candidates(module: ModuleType) -> dict[str, Any]:
    """The systems of a file, else its own functions that take (t, u, p) or (t, u, p, du)."""
    values = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    found = {name: value for name, value in values.items() if isinstance(value, System)}
    return found or {name: value for name, value in values.items() if _looks_like_one(value, module)}


def _looks_like_one(value: Any, module: ModuleType) -> bool:
    function = getattr(value, "py_func", value)
    return (
        isinstance(function, FunctionType)
        and function.__code__.co_filename == module.__file__
        and function.__code__.co_argcount in (3, 4)
    )


def _only(path: Path, candidates: dict[str, Any]) -> Any:
    if not candidates:
        raise UsageError(f"{path} holds no system; write def name(t, u, p): x, y = u; return ..., ...")
    if len(candidates) > 1:
        raise UsageError(f"{path} holds {_listed(candidates)}; say which: {path}:{next(iter(candidates))}")
    return next(iter(candidates.values()))


def _listed(candidates: dict[str, Any]) -> str:
    return ", ".join(candidates)
