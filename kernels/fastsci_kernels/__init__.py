"""The lower floor of fastsci: where numbers move.  Private; users import ``fastsci``."""

from ._version import __version__

__all__ = ["__version__"]
