"""Low-rank structure of large arrays: singular values and vectors, dynamic modes, Koopman spectra."""
