"""What a driver asks of a method: its name and the text of its step."""

from __future__ import annotations

from typing import Any, Protocol

FLAT_LIMIT = 16  # states beyond this many numbers live in memory
WIDE_LIMIT = 6  # states beyond this many numbers leave no registers for two strips at once (measured, RK4)
TUPLE_LIMIT = 32  # parameters beyond this many live in memory


class Method(Protocol):
    """A fixed-step method.

    ``flat_step`` is the source of ``step(t, u, p, h)``, which returns the next state as a tuple of ``dim`` numbers;
    ``long_step`` that of ``step(t, u, p, h, v, *buffers)``, which fills ``v`` (it may be ``u`` itself) and may use
    buffers of ``dim`` numbers.  Both call ``rhs`` and the user's further functions named in ``parts``, and need the
    lines of ``imports``.  The step of a ``random`` method takes three more arguments after ``h``: the two words
    of the seed, the member in its first lane, and the number of the step.
    """

    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...
    @property
    def order(self) -> float: ...
    @property
    def source(self) -> str: ...
    @property
    def stages(self) -> int:
        """Calls of the right-hand side a step."""
        ...

    @property
    def parts(self) -> tuple[str, ...]: ...
    @property
    def imports(self) -> tuple[str, ...]: ...
    @property
    def random(self) -> bool: ...
    @property
    def flat_limit(self) -> int:
        """States beyond this many numbers live in memory."""
        ...

    @property
    def wide_limit(self) -> int:
        """States of at most this many numbers take two registers a number."""
        ...

    @property
    def narrow(self) -> bool:
        """Whether a few members take narrower registers, for which another kernel is compiled."""
        ...

    def slope_dim(self, dim: int) -> int:
        """Components of the state that the right-hand side sees; a tangent method's state carries more."""
        ...

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        """Further definitions after ``rhs``, compiled by ``wrap``; they may give ``rhs`` another meaning."""
        ...

    def buffers(self) -> tuple[str, ...]: ...
    def flat_step(self, dim: int) -> str: ...
    def long_step(self, dim: int) -> str: ...


class OfState:
    """What a method is whose state is that of the right-hand side and no more."""

    flat_limit = FLAT_LIMIT
    wide_limit = WIDE_LIMIT
    narrow = False

    def slope_dim(self, dim: int) -> int:
        return dim

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        return ""


class OverBase:
    """What a method is that steps a longer state by another method, its ``base``."""

    base: Any

    random = False
    narrow = False
    aliases = ()

    @property
    def order(self) -> float:
        return self.base.order

    @property
    def source(self) -> str:
        return self.base.source


def in_place(name: str, function: str, dim: int) -> str:
    """Source of an in-place ``name(t, u, p, du)`` around ``function(t, u, p)``, which returns a tuple."""
    state = "(" + "".join(f"u[{i}], " for i in range(dim)) + ")"
    stores = "".join(f"    du[{i}] = w[{i}]\n" for i in range(dim))
    return f"def {name}(t, u, p, du):\n    w = {function}(t, {state}, p)\n{stores}"


def is_flat(style: str, dim: int, limit: int = FLAT_LIMIT) -> bool:
    """Whether a right-hand side of this style and dimension keeps its state in registers."""
    return style == "tuple" and dim <= limit
