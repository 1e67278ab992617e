"""The version of the two packages; the kernels carry the same one and refuse to run mixed."""

__version__ = "0.1.0"
