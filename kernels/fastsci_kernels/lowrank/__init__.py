"""Kernels of low-rank decompositions."""
