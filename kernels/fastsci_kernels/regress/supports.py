"""Ridge solutions on many supports of one Gram matrix."""

import numpy as np

from fastsci_kernels.regress.cholesky import factorise, solve
from fastsci_kernels.regress.conditioning import regular
from fastsci_kernels.regress.thresholding import begin, restrict
from fastsci_kernels.static import static


@static
def on_supports(gram, cross, targets, supports, alpha, inherited, normalised, solutions, singular, first, last):
    """Solutions ``first`` to ``last``, for columns of unit length: zero off their supports.

    Parameters
    ----------
    gram, cross : (p, p) and (p, m) arrays
    targets : (n,) array
        Which target each of the solutions is for.
    supports : (n, p) array of bool
    alpha, normalised
        The ridge penalty, and whether it acts on coefficients of columns of unit length.
    inherited : bool
        Whether the whole system is known to be regular: no principal block of it is closer to singular.
    solutions, singular : (n, p) and (n,) arrays
        Written; solutions of singular systems are not.
    """
    n_features = gram.shape[0]
    system = np.empty((n_features, n_features))
    diagonal = np.empty(n_features)
    scales = np.empty(n_features)
    right = np.empty(n_features)
    chosen = np.empty(n_features, np.intp)
    begin(gram, scales, chosen)
    for item in range(first, last):
        size = 0
        for feature in range(n_features):
            solutions[item, feature] = 0.0
            if supports[item, feature]:
                chosen[size] = feature
                size += 1
        restrict(gram, scales, alpha, normalised, chosen, size, system)
        singular[item] = not (factorise(system, diagonal, size) and (inherited or regular(system, diagonal, size)))
        if singular[item]:
            continue
        for row in range(size):
            right[row] = cross[chosen[row], targets[item]] * scales[chosen[row]]
        solve(system, right, size)
        for row in range(size):
            solutions[item, chosen[row]] = right[row]
