"""Pairs of templates that match within a radius, for sample entropy and approximate entropy.

Values are replaced by their places in sorted order.  What lies within the radius of a value is then a range of
places, found once for every value in one sweep; and the comparison of two numbers becomes that of 32-bit integers,
without rounding.  Templates are kept in the order of their first values, cut into strips, and within a strip in the
order of their second values.  Those that match a template at both lie in few strips, side by side in each.
"""

import math

import numpy as np

from fastsci_kernels.static import static

ROWS = 1024  # templates that are compared with all others in one piece of work
WIDTH = 64  # candidates are compared in multiples of so many: what remains for scalars would cost more than they do


@static
def strip_length(n_times):
    """Templates in a strip: enough to pay for the search in it, and few beside the length of the series."""
    return max(1024, int(4.0 * math.sqrt(n_times)))


@static
def find_ranges(series, sorting, radius, lowest, beyond):
    """The places that are within the radius of each value, from ``lowest`` to before ``beyond``."""
    count = len(series)
    low, high = 0, 0
    for place in range(count):
        value = series[sorting[place]]
        while low < place and not value - series[sorting[low]] < radius:
            low += 1
        while high < count and series[sorting[high]] - value < radius:
            high += 1
        lowest[sorting[place]] = low
        beyond[sorting[place]] = max(high, low)


@static
def lay_out(order, sorting, ranks, begins, columns):
    """The templates strip by strip: where they begin, and the places of their values.

    First values have places among those of templates, ``ranks[place]`` of which are below a place among all.  A value
    beyond the end of the series has the place -1, which nothing matches.  ``columns`` has room for ``WIDTH`` more.
    """
    count, n_templates = len(sorting), len(begins)
    places = np.empty(count, np.int32)
    below = 0
    for place in range(count):
        places[sorting[place]] = place
        ranks[place] = below
        below += sorting[place] < n_templates
    ranks[count] = below
    length = strip_length(count)
    slots = np.arange(0, n_templates, length)
    if n_templates == count:  # the last has no second value
        begins[settle(ranks[places[count - 1]] // length, slots)] = count - 1
    for place in range(count):
        begin = sorting[place] - 1
        if 0 <= begin < n_templates:
            begins[settle(ranks[places[begin]] // length, slots)] = begin
    for slot in range(n_templates):
        begin = begins[slot]
        columns[0, slot] = ranks[places[begin]]
        for column in range(1, order + 1):
            columns[column, slot] = places[begin + column] if begin + column < count else -1


@static
def settle(strip, slots):
    """The next free slot of a strip."""
    slot = slots[strip]
    slots[strip] += 1
    return slot


# Slots are counted without a sign and rows are not cut out of arrays: the loops are short, and either would cost more.


@static
def search(columns, first, last, place):
    """The first of the slots in a strip whose second value is not below ``place``; without a branch to mispredict."""
    slot, length = np.uint64(first), np.uint64(last - first)
    one = np.uint64(1)
    while length > one:
        half = length >> one
        slot += half * np.uint64(columns[1, slot + half - one] < place)
        length -= half
    return np.int64(slot) + np.int64(length == one and columns[1, slot] < place)


@static
def begin_matches(matching, count):
    """Let ``count`` candidates match, and none of those that fill up the last ``WIDTH``; their number in all."""
    filled = -(-count // WIDTH) * WIDTH
    for index in range(np.uint64(filled)):
        matching[index] = np.uint8(index < np.uint64(count))
    return filled


@static
def narrow(columns, column, first, count, low, high, matching):
    """Keep the matches whose places are in a range."""
    begin, least, most = np.uint64(first), np.int32(low), np.int32(high)
    for index in range(np.uint64(count)):
        place = columns[column, begin + index]
        matching[index] &= np.uint8((place >= least) & (place < most))


@static
def total(matching, count):
    """How many matches are left of so many."""
    found = 0
    for index in range(np.uint64(count)):
        found += matching[index]
    return found


@static
def count_row(begin, first, last, order, lowest, beyond, columns, matching, counts):
    """Templates that match that at ``begin``, with ``order`` values and with one more.

    ``first`` to ``last`` are the places of first values, all within the radius, where they are sought.
    """
    n_times, n_templates = len(lowest), columns.shape[1] - WIDTH
    length = len(matching) - WIDTH
    counts[0], counts[1] = last - first if order == 1 else 0, 0
    if begin + 1 == n_times or last <= first:
        return
    extended = begin + order < n_times
    for strip in range(first // length, (last - 1) // length + 1):
        begins = strip * length
        ends = min(begins + length, n_templates)
        low = search(columns, begins, ends, lowest[begin + 1])
        count = begin_matches(matching, search(columns, low, ends, beyond[begin + 1]) - low)
        if begins < first or ends > last:
            narrow(columns, 0, low, count, first, last, matching)
        for column in range(2, order):
            narrow(columns, column, low, count, lowest[begin + column], beyond[begin + column], matching)
        if order > 1:
            counts[0] += total(matching, count)
            if extended:
                narrow(columns, order, low, count, lowest[begin + order], beyond[begin + order], matching)
        if extended:
            counts[1] += total(matching, count)


@static
def prepare(x, order, sorting, radius, lowest, beyond, ranks, begins, columns, first, last):
    """`find_ranges` and `lay_out` for a range of series."""
    for member in range(first, last):
        find_ranges(x[member], sorting[member], radius[member], lowest[member], beyond[member])
        lay_out(order, sorting[member], ranks[member], begins[member], columns[member])


@static
def count_pairs(order, lowest, beyond, ranks, begins, columns, first, last, out):
    """Matching pairs of templates, in pieces of ``ROWS`` of them, each with those whose first values come later."""
    n_templates = begins.shape[1]
    pieces = out.shape[1]
    matching = np.empty(strip_length(lowest.shape[1]) + WIDTH, np.uint8)
    counts = np.empty(2, np.int64)
    for piece in range(first, last):
        member, part = divmod(piece, pieces)
        low, high, places = lowest[member], beyond[member], columns[member]
        pairs, longer = 0, 0
        for slot in range(part * ROWS, min(part * ROWS + ROWS, n_templates)):
            begin = begins[member, slot]
            after, end = places[0, slot] + 1, ranks[member, high[begin]]
            count_row(begin, after, end, order, low, high, places, matching, counts)
            pairs += counts[0]
            longer += counts[1]
        out[member, part, 0], out[member, part, 1] = pairs, longer


@static
def count_neighbours(order, lowest, beyond, ranks, begins, columns, pieces, first, last, out):
    """For each template of pieces of ``ROWS``: how many match it, itself among them."""
    n_templates = begins.shape[1]
    matching = np.empty(strip_length(lowest.shape[1]) + WIDTH, np.uint8)
    for piece in range(first, last):
        member, part = divmod(piece, pieces)
        low, high, places = lowest[member], beyond[member], columns[member]
        for slot in range(part * ROWS, min(part * ROWS + ROWS, n_templates)):
            begin = begins[member, slot]
            start, end = ranks[member, low[begin]], ranks[member, high[begin]]
            count_row(begin, start, end, order, low, high, places, matching, out[member, begin])


@static
def approximate(neighbours, order, first, last, out):
    """Mean logarithm of the share of templates that match, less that of templates longer by one value."""
    n_times = neighbours.shape[1]
    for member in range(first, last):
        for longer in range(2):
            count = n_times - order + 1 - longer
            mean = 0.0
            for begin in range(count):
                mean += math.log(neighbours[member, begin, longer] / count) / count
            out[member] = out[member] - mean if longer else mean
