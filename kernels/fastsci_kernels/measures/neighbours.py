"""The nearest neighbours of points, exact: by comparing with all, or by a tree of boxes where there are many.

Both ways compute a distance by the same operations in the same order, and both keep the lower index of two that tie,
so that what comes out does not depend on the way, bit for bit.  A number that is not finite is near to nothing.
"""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.static import static

EUCLIDEAN, CHEBYSHEV, MANHATTAN = 0, 1, 2
METRICS = {"euclidean": EUCLIDEAN, "chebyshev": CHEBYSHEV, "manhattan": MANHATTAN}

BLOCK = 256  # candidates whose distances lie in the nearest cache, and coordinates with them
PIECE = 32  # candidates that are passed over together where none is near
LEAF = 32  # points of a box that is not divided further
DEEPEST = 64


@static
def _measure(points, series, start, stop, query, metric, out):
    """Distances, squared ones for Euclid, of some points of a series from ``query``; the sum runs along the axes."""
    for axis in range(query.size):
        row, place = points[series, axis, start:stop], query[axis]
        if axis == 0:
            for j in range(row.size):
                out[j] = 0.0
        if metric == EUCLIDEAN:
            for j in range(row.size):
                apart = row[j] - place
                out[j] += apart * apart
        elif metric == CHEBYSHEV:
            for j in range(row.size):
                apart = abs(row[j] - place)
                # One that is not a number stays so: no comparison with it holds.
                out[j] = out[j] if out[j] > apart else apart + 0.0 * out[j]
        else:
            for j in range(row.size):
                out[j] += abs(row[j] - place)


@static
def _box_distance(box, query, metric):
    """What `_measure` cannot fall short of inside a box: rounding is monotone, and the operations are the same."""
    total = 0.0
    for axis in range(query.size):
        apart = max(box[0, axis] - query[axis], query[axis] - box[1, axis], 0.0)
        if metric == EUCLIDEAN:
            total += apart * apart
        elif metric == CHEBYSHEV:
            total = max(total, apart)
        else:
            total += apart
    return total


@static
def _insert(indices, distances, index, distance):
    """Take the place among the nearest, in order of distance and then of index, if there is one."""
    place = distances.size
    while place > 0 and (
        distance < distances[place - 1] or (distance == distances[place - 1] and index < indices[place - 1])
    ):
        place -= 1
    for later in range(distances.size - 1, place, -1):
        distances[later] = distances[later - 1]
        indices[later] = indices[later - 1]
    if place < distances.size:
        distances[place] = distance
        indices[place] = index


@static
def _finish(query, metric, indices, distances):
    """Roots for Euclid; a query that is not finite is at no distance from anything."""
    finite = True
    for axis in range(query.size):
        finite = finite and math.isfinite(query[axis])
    for place in range(distances.size):
        if not finite:
            distances[place] = math.nan
        elif metric == EUCLIDEAN:
            distances[place] = math.sqrt(distances[place])


@static
def compare_all(points, queries, offset, theiler, metric, first, last, indices, distances):
    """Neighbours of the queries ``first`` to ``last``, counted through all series.

    ``points`` is ``(n_series, dim, n_points)``, ``queries`` ``(n_series, n_queries, dim)`` and what comes out
    ``(n_series, n_queries, k)``.  Point j is no neighbour of query i where ``|i + offset - j| <= theiler``.
    """
    n_points, n_queries = points.shape[2], queries.shape[1]
    room = np.empty(BLOCK)
    while first < last:
        series = first // n_queries
        begin, end = first - series * n_queries, min(last - series * n_queries, n_queries)
        indices[series, begin:end] = -1
        distances[series, begin:end] = math.inf
        for start in range(0, n_points, BLOCK):
            stop = min(start + BLOCK, n_points)
            for query in range(begin, end):
                near, far = indices[series, query], distances[series, query]
                _measure(points, series, start, stop, queries[series, query], metric, room)
                room[stop - start :] = math.inf
                for piece in range(0, stop - start, PIECE):
                    worst, nearer = far[far.size - 1], 0
                    for distance in room[piece : piece + PIECE]:
                        nearer += distance < worst
                    if nearer:
                        for j in range(piece, piece + PIECE):
                            index = start + j
                            if room[j] < far[far.size - 1] and abs(query + offset - index) > theiler:
                                _insert(near, far, index, room[j])
        for query in range(begin, end):
            _finish(queries[series, query], metric, indices[series, query], distances[series, query])
        first = series * n_queries + end


@static
def _select(values, order, first, last, middle):
    """Rearrange ``order[first:last]`` so that no value left of ``middle`` is above one right of it."""
    last -= 1
    while first < last:
        pivot = values[order[(first + last) // 2]]
        left, right = first, last
        while left <= right:
            while values[order[left]] < pivot:
                left += 1
            while values[order[right]] > pivot:
                right -= 1
            if left <= right:
                order[left], order[right] = order[right], order[left]
                left += 1
                right -= 1
        if middle <= right:
            last = right
        elif middle >= left:
            first = left
        else:
            return


@static
def grow(points, first, last, order, counts, sorted_points, boxes):
    """Trees of the series ``first`` to ``last``: node i holds ``boxes[i]`` and divides into 2 i + 1 and 2 i + 2.

    The finite points come first in ``order``, ``counts`` of them; a node's are neighbours in ``sorted_points``.
    """
    dim, n_points = points.shape[1], points.shape[2]
    nodes, starts, ends = np.empty((3, DEEPEST), np.int64)
    for series in range(first, last):
        count = 0
        for index in range(n_points):
            finite = True
            for axis in range(dim):
                finite = finite and math.isfinite(points[series, axis, index])
            if finite:
                order[series, count] = index
                count += 1
        counts[series] = count
        nodes[0], starts[0], ends[0] = 0, 0, count
        depth = 1 if count else 0
        while depth:
            depth -= 1
            node, start, end = nodes[depth], starts[depth], ends[depth]
            box, widest = boxes[series, node], 0
            for axis in range(dim):
                low, high = math.inf, -math.inf
                for place in range(start, end):
                    value = points[series, axis, order[series, place]]
                    low, high = min(low, value), max(high, value)
                box[0, axis], box[1, axis] = low, high
                if high - low > box[1, widest] - box[0, widest]:
                    widest = axis
            if end - start <= LEAF:
                continue
            middle = (start + end) // 2
            _select(points[series, widest], order[series], start, end, middle)
            nodes[depth], starts[depth], ends[depth] = 2 * node + 1, start, middle
            nodes[depth + 1], starts[depth + 1], ends[depth + 1] = 2 * node + 2, middle, end
            depth += 2
        for axis in range(dim):
            for place in range(count):
                sorted_points[series, axis, place] = points[series, axis, order[series, place]]


@static
def descend(
    order, counts, sorted_points, boxes, queries, offset, theiler, metric, first, last, indices, distances
):  # fmt: skip
    """As `compare_all`, past the boxes that are too far away."""
    n_queries = queries.shape[1]
    room, bounds = np.empty(LEAF), np.empty(DEEPEST)
    nodes, starts, ends = np.empty((3, DEEPEST), np.int64)
    for item in range(first, last):
        series, number = item // n_queries, item % n_queries
        query, near, far = queries[series, number], indices[series, number], distances[series, number]
        near[:] = -1
        far[:] = math.inf
        nodes[0], starts[0], ends[0], bounds[0] = 0, 0, counts[series], 0.0
        depth = 1
        while depth:
            depth -= 1
            node, start, end = nodes[depth], starts[depth], ends[depth]
            # A box just as far may hold a lower index.
            if bounds[depth] > far[far.size - 1]:
                continue
            if end - start <= LEAF:
                _measure(sorted_points, series, start, end, query, metric, room)
                for j in range(end - start):
                    index = order[series, start + j]
                    if room[j] <= far[far.size - 1] and room[j] < math.inf and abs(number + offset - index) > theiler:
                        _insert(near, far, index, room[j])
                continue
            middle = (start + end) // 2
            lower = _box_distance(boxes[series, 2 * node + 1], query, metric)
            upper = _box_distance(boxes[series, 2 * node + 2], query, metric)
            closer = 1 if lower <= upper else 0
            place = depth + closer
            nodes[place], starts[place], ends[place], bounds[place] = 2 * node + 1, start, middle, lower
            place = depth + 1 - closer
            nodes[place], starts[place], ends[place], bounds[place] = 2 * node + 2, middle, end, upper
            depth += 2
        _finish(query, metric, near, far)


# Fewer points than this are sooner compared one and all than sorted into boxes, and so are points of more axes.
FEWEST_IN_TREE = 500
MOST_AXES_OF_TREE = 12


def nearest(
    points: np.ndarray, queries: np.ndarray, k: int, *, offset: int = 0, theiler: int = -1, metric: int = EUCLIDEAN
) -> tuple[np.ndarray, np.ndarray]:
    """Indices and distances ``(n_series, n_queries, k)``, on all threads; -1 and infinity where there is none."""
    shape = (*queries.shape[:2], k)
    indices, distances = np.empty(shape, np.int64), np.empty(shape)
    n_series, dim, n_points = points.shape
    count = queries.shape[0] * queries.shape[1]
    options = (queries, offset, theiler, metric)
    if n_points < FEWEST_IN_TREE or dim > MOST_AXES_OF_TREE:
        over(
            count,
            lambda first, last: compare_all(points, *options, first, last, indices, distances),
            1e-7 + n_points * dim * 3e-10,
        )
        return indices, distances
    levels = max(0, math.ceil(math.log2(n_points / LEAF)))
    order, counts = np.empty((n_series, n_points), np.int64), np.zeros(n_series, np.int64)
    sorted_points, boxes = np.empty_like(points), np.empty((n_series, 2 ** (levels + 1), 2, dim))
    tree = (order, counts, sorted_points, boxes)
    over(n_series, lambda first, last: grow(points, first, last, *tree), n_points * 5e-7)
    over(count, lambda first, last: descend(*tree, *options, first, last, indices, distances), 2e-6)
    return indices, distances
