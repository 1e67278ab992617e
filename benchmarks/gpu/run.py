"""Figures and checks on a GPU: ``python benchmarks/gpu/run.py [--out benchmarks/results/gpu.json] [--smoke]``.

Runs from an uninstalled checkout, needs no network, takes at most ten minutes and writes one JSON.  ``--smoke`` runs
every part at a tiny size, which the CUDA simulator (``NUMBA_ENABLE_CUDASIM=1``) can do as well.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]

SECONDS = 570.0  # of ten minutes; what has not begun by then is left out, and said to be


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "gpu.json")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, to see that every part runs")
    parser.add_argument("--no-tests", action="store_true", help="leave out the project's tests")
    options = parser.parse_args()
    os.environ.setdefault("FASTSCI_CACHE_DIR", tempfile.mkdtemp(prefix="fastsci-gpu-"))
    missing = _why_not()
    if missing:
        sys.stderr.write(missing + "\n")
        return 1
    began = perf_counter()
    from benchmarks.gpu import parts

    sizes = parts.SMOKE if options.smoke else parts.FULL
    wanted = [part for part in parts.PARTS if not (options.no_tests and part is parts.tests)]
    record: dict[str, object] = {"smoke": options.smoke}
    failed = False
    for part in wanted:
        left = SECONDS - (perf_counter() - began)
        outcome = _take(part, sizes, left)
        failed |= "error" in outcome
        record[part.__name__] = outcome
        sys.stdout.write(f"{part.__name__}: {json.dumps(outcome)}\n")
        sys.stdout.flush()
        record["seconds_taken"] = round(perf_counter() - began, 1)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(record, indent=1) + "\n")
    sys.stdout.write(f"{record['seconds_taken']} s; written to {options.out}\n")
    return int(failed)


def _why_not() -> str:
    """One line that says what is missing, or nothing."""
    from fastsci_kernels import cuda_target

    try:
        cuda_target.require_device()
    except RuntimeError as error:
        return str(error)
    return ""


def _take(part, sizes, left: float) -> dict:
    """A part's figures; one that fails says so in the record and takes no other part with it."""
    if left < 0:
        return {"error": f"not begun: the {SECONDS:g} s were over"}
    began = perf_counter()
    try:
        outcome = part(sizes, left)
    except Exception:  # noqa: BLE001  recorded, and the exit status is 1
        outcome = {"error": traceback.format_exc()[-1500:]}
    return {**outcome, "seconds": round(perf_counter() - began, 2)}


if __name__ == "__main__":
    sys.exit(main())
