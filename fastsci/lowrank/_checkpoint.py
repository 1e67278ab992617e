"""Passes over a matrix that are kept on a disk, so that a run which was stopped need not make them again.

A run with a fixed seed asks for the same products in the same order.  So nothing of the method is stored: its products
are, and a run that goes on is the same run, to which those that are there already are given back.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ._blocks_source import blocks_of
from ._source import Array, Source

PLAN = "plan.json"
LOOKED_AT = 16  # rows at both ends, by which a matrix is known


class Kept(Source):
    """A source whose products are written to a folder, or read from there."""

    def __init__(self, source: Source, folder: Path) -> None:
        self.of, self.shape, self.dtype, self.folder = source, source.shape, source.dtype, folder
        self._number = 0

    def product(self, right: Array) -> Array:
        return self._kept("product", right, lambda: (self.of.product(right),))[0]

    def adjoint_product(self, left: Array) -> Array:
        return self._kept("adjoint_product", left, lambda: (self.of.adjoint_product(left),))[0]

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        found = self._kept("gram_product", right, lambda: self.of.gram_product(right))
        return found[0], found[1]

    def adjoint_gram_product(self, left: Array) -> tuple[Array, Array]:
        found = self._kept("adjoint_gram_product", left, lambda: self.of.adjoint_gram_product(left))
        return found[0], found[1]

    def gram(self) -> Array | None:
        return self._optional("gram", self.of.gram)

    def adjoint_gram(self) -> Array | None:
        return self._optional("adjoint_gram", self.of.adjoint_gram)

    def refuse_non_finite(self, name: str) -> None:
        remove(self.folder)  # a run that ends so is not to be resumed
        self.of.refuse_non_finite(name)

    def _optional(self, kind: str, compute: Callable[[], Array | None]) -> Array | None:
        def call() -> tuple[Array, ...]:
            found = compute()
            return () if found is None else (found,)

        kept = self._kept(kind, np.zeros((0, 0), self.dtype), call)
        return kept[0] if kept else None

    def _kept(self, kind: str, block: Array, compute: Callable[[], tuple[Array, ...]]) -> tuple[Array, ...]:
        path = self.folder / f"pass{self._number:04d}.npz"
        self._number += 1
        asked = f"{kind} {hashlib.blake2b(np.ascontiguousarray(block).tobytes(), digest_size=16).hexdigest()}"
        if path.exists():
            with np.load(path) as stored:
                if str(stored["asked"]) == asked:
                    # Passes turn about: those that follow run as they would have.
                    for blocks, passes in zip(blocks_of(self.of), stored["passes"].tolist(), strict=True):
                        blocks.passes = passes
                    return tuple(stored[f"found{place}"] for place in range(len(stored.files) - 2))
        found = compute()
        names: dict[str, Any] = {f"found{place}": array for place, array in enumerate(found)}
        with _replaced(path).open("wb") as file:
            np.savez(file, asked=np.array(asked), passes=[each.passes for each in blocks_of(self.of)], **names)
        os.replace(_replaced(path), path)
        return found


def plan(source: Source, folder: Path, options: dict[str, Any], resume: bool) -> dict[str, Any]:
    """The options of a run: those asked for, with the seed of the run that is resumed; written where it is new."""
    asked = {"shape": list(source.shape), "dtype": source.dtype.name, "rows": _rows(source), **options}
    path = folder / PLAN
    if not path.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ValueError(
                f"checkpoint: {folder} is there and holds no run; give a folder that does not exist, or is empty"
            )
        folder.mkdir(parents=True, exist_ok=True)
        if asked["seed"] is None:
            asked["seed"] = int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
        _replaced(path).write_text(json.dumps(asked), encoding="utf-8")
        os.replace(_replaced(path), path)
        return asked
    if not resume:
        raise ValueError(
            f"checkpoint: {folder} holds a run that was stopped; go on with resume=True, or give another folder"
        )
    known = json.loads(path.read_text(encoding="utf-8"))
    for name, value in asked.items():
        if known.get(name) != value and not (name == "seed" and value is None):
            what = "other numbers in its first or last rows" if name == "rows" else f"{name} {known.get(name)!r}"
            given = "" if name == "rows" else f", expected {value!r} as is asked for now"
            raise ValueError(
                f"checkpoint: the run in {folder} is of a matrix or options with {what}{given}; resume it with its own,"
                " or give another folder"
            )
    return known


def remove(folder: Path) -> None:
    """Delete what a run has written there, and the folder where nothing else is in it."""
    for path in (*folder.glob("pass*.npz"), *folder.glob("*.part"), folder / PLAN):
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _replaced(path: Path) -> Path:
    return path.with_suffix(path.suffix + ".part")


def _rows(source: Source) -> str | None:
    """What the first and last rows hold, in short, where they are cheaply had."""
    read_by_blocks = blocks_of(source)
    if not read_by_blocks:
        return None
    digest = hashlib.blake2b(digest_size=16)
    for blocks in read_by_blocks:
        count = min(LOOKED_AT, blocks.shape[0])
        buffer = np.empty((count, blocks.shape[1]), blocks.dtype)
        ends = [(first, first + count) for first in (0, blocks.shape[0] - count)]
        with blocks.rows.open(ends) as read:
            for place in range(len(ends)):
                read(place, buffer)
                digest.update(buffer.tobytes())
    return digest.hexdigest()
