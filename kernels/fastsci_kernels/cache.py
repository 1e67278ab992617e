"""The compile cache: one generated module a kernel, named by the hash of everything that shapes it.

Numba's own cache keys on one source file.  Here the file's name is a hash of its text, of the user's function, of the
kernel sources, of the versions and of the processor, so a hit can only be right and a change can only miss.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite
import llvmlite.binding
import numba
import numpy as np

log = logging.getLogger("fastsci")

SIZE_LIMIT = 512 * 2**20
_PREFIX = "kernel_"


def directory() -> Path:
    """Where generated modules live: ``FASTSCI_CACHE_DIR``, else the user's cache folder."""
    chosen = os.environ.get("FASTSCI_CACHE_DIR")
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("fastsci")


@cache
def environment() -> str:
    """Hash of the kernel sources, the versions and the processor."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    versions = (sys.version, numba.__version__, llvmlite.__version__, np.__version__)
    processor = (llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten())
    digest.update(repr((versions, processor)).encode())
    return digest.hexdigest()


def key(*parts: str) -> str:
    return hashlib.sha256("\0".join((environment(), *parts)).encode()).hexdigest()[:32]


def load(name: str, source: str, values: dict[str, Any]) -> ModuleType:
    """Import the generated module ``name``, its globals ``values`` in place before it runs.

    Written once, atomically; a folder that cannot be written costs the cache, never the result.
    """
    path = directory() / f"{_PREFIX}{name}.py"
    module_name = f"fastsci_{_PREFIX}{name}"
    try:
        if not path.exists():
            _write(path, source)
        module = ModuleType(module_name)
        module.__file__ = str(path)
        vars(module).update(values, CACHE=True)
        sys.modules[module_name] = module
        SourceFileLoader(module_name, str(path)).exec_module(module)
    except (OSError, RuntimeError) as error:
        log.warning("compiled kernels are not kept: %s", error)
        module = ModuleType(module_name)
        vars(module).update(values, CACHE=False)
        exec(compile(source, f"<fastsci {name}>", "exec"), vars(module))
    return module


def remember(name: str, text: str) -> None:
    """Leave a note beside the modules; a folder that cannot be written forgets it."""
    try:
        _write(directory() / f"{_PREFIX}{name}.txt", text)
    except OSError as error:
        log.debug("not remembered: %s", error)


def recall(name: str) -> str | None:
    """The note left by ``remember``, or None."""
    try:
        return (directory() / f"{_PREFIX}{name}.txt").read_text()
    except OSError:
        return None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    trim()


def files() -> list[Path]:
    """Everything the cache holds: generated modules, notes and compiled code."""
    root = directory()
    return sorted(path for path in (*root.glob(f"{_PREFIX}*"), *root.glob(f"__pycache__/{_PREFIX}*")) if path.is_file())


def info() -> dict[str, Any]:
    """Folder, number of kernels, bytes held and the limit on them."""
    held = files()
    return {
        "directory": str(directory()),
        "kernels": sum(path.suffix == ".py" for path in held),
        "bytes": sum(path.stat().st_size for path in held),
        "limit": SIZE_LIMIT,
    }


def clear() -> int:
    """Delete everything the cache holds; the number of bytes freed."""
    freed = 0
    for path in files():
        freed += path.stat().st_size
        path.unlink(missing_ok=True)
    return freed


def trim(limit: int | None = None) -> None:
    """Delete the kernels longest unused until at most ``limit`` bytes are held."""
    limit = SIZE_LIMIT if limit is None else limit
    sizes = {path: path.stat() for path in files()}
    held = sum(status.st_size for status in sizes.values())
    for path, status in sorted(sizes.items(), key=lambda item: item[1].st_atime):
        if held <= limit:
            return
        path.unlink(missing_ok=True)
        held -= status.st_size
