"""asv: what a user waits for at first, each figure taken in fresh processes."""

from __future__ import annotations

from .processes import first_call_seconds, import_seconds


def track_import() -> float:
    import_seconds()
    return min(import_seconds() for _ in range(3))


def track_first_call() -> float:
    return first_call_seconds()[0]


def track_first_call_of_second_process() -> float:
    return first_call_seconds()[1]


for _track in (track_import, track_first_call, track_first_call_of_second_process):
    _track.unit = "seconds"
