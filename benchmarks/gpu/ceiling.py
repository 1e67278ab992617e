"""A CUDA kernel of fused multiply-adds that does nothing else: what the device can do at most."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from numba import cuda

CHAINS = 8  # independent ones a thread, to hide the latency of a multiply-add
UNROLLED = 16  # multiply-adds of a chain between two looks at the loop's counter
BLOCK = 256


def _source() -> str:
    names = [f"a{i}" for i in range(CHAINS)]
    lines = ["def chains(out, rounds, b, c):", "    i = cuda.grid(1)"]
    lines += [f"    {name} = out[{place}, i]" for place, name in enumerate(names)]
    lines += ["    for _ in range(rounds):"]
    lines += [f"        {name} = {name} * b + c" for _ in range(UNROLLED) for name in names]
    lines += [f"    out[{place}, i] = {name}" for place, name in enumerate(names)]
    return "\n".join(lines)


class MultiplyAdds:
    """Fused multiply-adds of ``dtype`` on the whole device; every value goes to the fixed point 1."""

    def __init__(self, dtype: str, *, threads: int, rounds: int) -> None:
        names = {"cuda": cuda}
        exec(_source(), names)
        self.kernel = cuda.jit(names["chains"])
        self.out = cuda.to_device(np.random.default_rng(0).random((CHAINS, threads)).astype(dtype))
        self.half = np.dtype(dtype).type(0.5)
        self.threads, self.rounds = threads, rounds
        self.rate()

    def rate(self) -> float:
        """Multiply-adds a second."""
        cuda.synchronize()
        began = perf_counter()
        self.kernel[self.threads // BLOCK, BLOCK](self.out, self.rounds, self.half, self.half)
        cuda.synchronize()
        elapsed = perf_counter() - began
        if not np.allclose(self.out.copy_to_host(), 1.0):
            raise RuntimeError("the multiply-adds did not reach their fixed point: the kernel did not do its work")
        return CHAINS * UNROLLED * self.rounds * self.threads / elapsed
