"""Sparse regression and the discovery of equations."""
