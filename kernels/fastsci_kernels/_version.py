"""The version of the two packages; ``fastsci`` carries the same one and refuses to run mixed."""

__version__ = "0.1.0"
