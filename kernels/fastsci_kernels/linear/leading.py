"""Solutions with all leading blocks of one triangular factor."""

from fastsci_kernels.static import static


@static
def solve_leading(columns, right, sizes, solutions, first, last):
    """Systems ``first`` to ``last``: number ``i`` has the leading ``sizes[i]`` rows of each right-hand side.

    Parameters
    ----------
    columns : (n, n) array
        Row ``j`` holds column ``j`` of the upper triangular factor.
    right : (n_targets, n) array
    sizes : (n_sizes,) array of int
    solutions : (n_sizes, n_targets, n_features) array
        Written as far as the sizes go.
    """
    for item in range(first, last):
        size = sizes[item]
        for target in range(right.shape[0]):
            found = solutions[item, target]
            for row in range(size):
                found[row] = right[target, row]
            for column in range(size - 1, -1, -1):
                found[column] /= columns[column, column]
                value = found[column]
                for row in range(column):
                    found[row] -= value * columns[column, row]
