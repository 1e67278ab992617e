"""Members side by side out of rows, a member a row, and back: the layout in which callers keep their arrays.

Narrow rows are read as whole registers of neighbours, and shuffled apart; of longer ones square blocks are transposed,
the last of which overlaps the one before it.  Both read and write what belongs to the rows and nothing else.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .lanes import FLOAT, Lanes

INDEX, PLACE = ir.IntType(64), ir.IntType(32)
NARROW = 5  # numbers a row up to which picking one by one takes fewer shuffles than transposing
WIDE_REGISTER = 512  # bits; in narrower registers a shuffle of any two takes several instructions


def _shuffled(builder, a, b, places):
    """The elements ``places`` of two vectors laid end to end."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(PLACE, len(places)), list(places)))


def _picked(builder, sources, places):
    """A vector of elements ``(source, element)``, the sources taken in one after the other."""
    width = len(places)
    used = sorted({source for source, _ in places})
    result, known = sources[used[0]], {used[0]}
    if len(used) == 1:
        return _shuffled(builder, result, result, [element for _, element in places])
    for turn, source in enumerate(used[1:]):
        mask = []
        for lane, (origin, element) in enumerate(places):
            if origin == source:
                mask.append(width + element)
            elif origin in known:
                mask.append(lane if turn else element)
            else:
                mask.append(lane)  # any, for now
        result = _shuffled(builder, result, sources[source], mask)
        known.add(source)
    return result


def _blended(builder, sources, chosen):
    """Lane by lane that of one of the sources: in wide registers half the price of a shuffle."""
    lanes = range(len(chosen))
    result = sources[chosen[0]]
    for source in sorted({*chosen} - {chosen[0]}):
        mask = [len(chosen) + lane if chosen[lane] == source else lane for lane in lanes]
        result = _shuffled(builder, result, sources[source], mask)
    return result


def _transposed(builder, vectors):
    """Square blocks of ``len(vectors)`` neighbours, each transposed: of vector i element j is of vector j element i."""
    vectors = list(vectors)
    count, width = len(vectors), vectors[0].type.count
    stride = 1
    while stride < count:
        low = [e if not e & stride else width + e - stride for e in range(width)]
        high = [e + stride if not e & stride else width + e for e in range(width)]
        for m in range(count):
            if not m & stride:
                a, b = vectors[m], vectors[m + stride]
                vectors[m], vectors[m + stride] = _shuffled(builder, a, b, low), _shuffled(builder, a, b, high)
        stride *= 2
    return vectors


def _joined(builder, pieces):
    """Vectors laid end to end; their number is a power of two."""
    while len(pieces) > 1:
        both = range(2 * pieces[0].type.count)
        pieces = [_shuffled(builder, a, b, both) for a, b in zip(pieces[::2], pieces[1::2])]
    return pieces[0]


def _picks(width: int, dim: int, bits: int) -> bool:
    """Whether rows are narrow enough to be picked apart."""
    return dim == 1 or (dim <= NARROW and width * bits >= WIDE_REGISTER)


def _blocks(width: int, dim: int) -> tuple[int, list[int]]:
    """Columns of a block, a power of two, and where each block begins."""
    columns = 1 << min(width, dim).bit_length() - 1
    return columns, [*range(0, dim - columns, columns), dim - columns]


class _Rows:
    """The memory of ``width`` rows of ``dim`` numbers."""

    def __init__(self, context, builder, typ, array, row, width: int, dim: int) -> None:
        self.builder, self.width, self.dim = builder, width, dim
        self.bits = typ.dtype.bitwidth
        data = context.make_array(typ)(context, builder, array).data
        self.start = builder.gep(data, [builder.mul(row, ir.Constant(INDEX, dim))])

    def _pointer(self, place: int, count: int):
        pointer = self.builder.gep(self.start, [ir.Constant(INDEX, place)])
        return self.builder.bitcast(pointer, ir.VectorType(FLOAT[self.bits], count).as_pointer())

    def _read(self, place: int, count: int):
        return self.builder.load(self._pointer(place, count), align=self.bits // 8)

    def _write(self, place: int, value) -> None:
        self.builder.store(value, self._pointer(place, value.type.count), align=self.bits // 8)

    def load(self):
        """One vector of members a column."""
        builder, width, dim = self.builder, self.width, self.dim
        if _picks(width, dim, self.bits):
            sources = [self._read(m * width, width) for m in range(dim)]
            if dim % 2:
                return [self._column(sources, column) for column in range(dim)]
            return [
                _picked(builder, sources, [divmod(r * dim + column, width) for r in range(width)])
                for column in range(dim)
            ]
        columns, starts = _blocks(width, dim)
        found = {}
        for start in starts:
            vectors = [
                _joined(builder, [self._read(row * dim + start, columns) for row in range(m, width, columns)])
                for m in range(columns)
            ]
            found.update(enumerate(_transposed(builder, vectors), start))
        return [found[column] for column in range(dim)]

    def _column(self, sources, column: int):
        """A column of rows of an odd length, whose elements lie in the sources on lanes that are all different."""
        width, places = self.width, [row * self.dim + column for row in range(self.width)]
        chosen = {place % width: place // width for place in places}
        blended = _blended(self.builder, sources, [chosen[lane] for lane in range(width)])
        return _shuffled(self.builder, blended, blended, [place % width for place in places])

    def _turned(self, value, column: int):
        """The same backwards: each element of a column on the lane that it has in its row's memory."""
        lanes = {(row * self.dim + column) % self.width: row for row in range(self.width)}
        return _shuffled(self.builder, value, value, [lanes[lane] for lane in range(self.width)])

    def store(self, values) -> None:
        builder, width, dim = self.builder, self.width, self.dim
        if _picks(width, dim, self.bits) and dim % 2:
            turned = [self._turned(value, column) for column, value in enumerate(values)]
            for m in range(dim):
                self._write(m * width, _blended(builder, turned, [(m * width + lane) % dim for lane in range(width)]))
            return
        if _picks(width, dim, self.bits):
            for m in range(dim):
                places = [divmod(m * width + e, dim)[::-1] for e in range(width)]
                self._write(m * width, _picked(builder, values, places))
            return
        columns, starts = _blocks(width, dim)
        for start in starts:
            vectors = _transposed(builder, values[start : start + columns])
            for row in range(width):
                first = row // columns * columns
                vector = vectors[row % columns]
                self._write(row * dim + start, _shuffled(builder, vector, vector, range(first, first + columns)))


@intrinsic(prefer_literal=True)
def load_rows(typingctx, array, row, width, dim):
    """Rows ``row`` to ``row + width`` of ``array (n, dim)`` as ``dim`` numbers, ``width`` members wide."""
    number = Lanes(array.dtype.bitwidth, width.literal_value)
    result = types.UniTuple(number, dim.literal_value)

    def codegen(context, builder, sig, args):
        rows = _Rows(context, builder, sig.args[0], *args[:2], number.width, result.count)
        return context.make_tuple(builder, result, rows.load())

    return result(array, types.intp, width, dim), codegen


@intrinsic
def store_rows(typingctx, array, row, values):
    """Write a tuple of numbers to the rows of ``array`` from ``row`` on, a member a row."""
    number = values.dtype

    def codegen(context, builder, sig, args):
        rows = _Rows(context, builder, sig.args[0], *args[:2], number.width, sig.args[2].count)
        rows.store(cgutils.unpack_tuple(builder, args[2]))
        return context.get_dummy_value()

    return types.none(array, types.intp, values), codegen


def _slots(context, builder, typ, array, row, column, width):
    """Where one column of ``width`` rows lies."""
    pitch = cgutils.unpack_tuple(builder, context.make_array(typ)(context, builder, array).shape)[1]
    data = context.make_array(typ)(context, builder, array).data
    for lane in range(width):
        place = builder.mul(builder.add(row, ir.Constant(INDEX, lane)), pitch)
        yield ir.Constant(PLACE, lane), builder.gep(data, [builder.add(place, column)])


@intrinsic(prefer_literal=True)
def load_column(typingctx, array, row, column, width):
    """``array[row : row + width, column]`` as one number."""
    number = Lanes(array.dtype.bitwidth, width.literal_value)

    def codegen(context, builder, sig, args):
        vector = ir.Constant(number.llvm, ir.Undefined)
        for lane, slot in _slots(context, builder, sig.args[0], *args[:3], number.width):
            vector = builder.insert_element(vector, builder.load(slot), lane)
        return vector

    return number(array, types.intp, types.intp, width), codegen


@intrinsic
def store_column(typingctx, array, row, column, value):
    """Write the lanes of ``value`` to ``array[row:, column]``."""

    def codegen(context, builder, sig, args):
        for lane, slot in _slots(context, builder, sig.args[0], *args[:3], value.width):
            builder.store(builder.extract_element(args[3], lane), slot)
        return context.get_dummy_value()

    return types.none(array, types.intp, types.intp, value), codegen
