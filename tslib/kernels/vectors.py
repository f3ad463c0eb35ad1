"""Two inner loops whose lanes lie in vector registers, for compiled.py.

The compiler does find vectors in ordinary loops, but not in these two: a running maximum whose
arg-max has to stay in registers, and rows too short to be worth its while. So they are written out
here, in the compiler's own language (LLVM's, through llvmlite), for any processor. Each docstring
gives the same loop in Python.
"""

import math

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .layout import LANES

INDEX = ir.IntType(32)
INDICES = ir.VectorType(INDEX, LANES)


class Arrays:
    """The arrays among an intrinsic's arguments: vectors of LANES elements to and from any place in
    them.
    """

    def __init__(self, context, code, kinds, values):
        self.code = code
        self.first = [
            context.make_array(kind)(context, code, value).data
            if isinstance(kind, types.Array)
            else None
            for kind, value in zip(kinds, values, strict=True)
        ]

    def _place(self, array, index):
        element = self.first[array].type.pointee
        kind = ir.VectorType(element, LANES)
        bits = {ir.FloatType: 32, ir.DoubleType: 64}.get(type(element)) or element.width
        place = self.code.gep(self.first[array], [index])
        return self.code.bitcast(place, kind.as_pointer()), kind, bits // 8

    def load(self, array, index):
        place, _, align = self._place(array, index)
        return self.code.load(place, align=align)

    def store(self, array, index, vector):
        place, kind, align = self._place(array, index)
        if isinstance(kind.element, ir.IntType) and kind != vector.type:
            vector = self.code.trunc(vector, kind)
        self.code.store(vector, place, align=align)

    def load_one(self, array, index):
        return self.code.load(self.code.gep(self.first[array], [index]))


def everywhere(code, value):
    """A vector with value in all lanes."""
    kind = ir.VectorType(value.type, LANES)
    one = code.insert_element(ir.Constant(kind, ir.Undefined), value, INDEX(0))
    return code.shuffle_vector(one, one, ir.Constant(INDICES, [0] * LANES))


def constant(kind, value):
    """A vector with a Python number in all lanes."""
    return ir.Constant(ir.VectorType(kind, LANES), [ir.Constant(kind, value)] * LANES)


def pick(code, comparison, a, b):
    """Lane by lane: a where it compares with b, else b."""
    return code.select(code.fcmp_ordered(comparison, a, b), a, b)


@intrinsic
def sweep(typing, score, start, step, cost, first, count, best, to, source, lowest, slope):
    """For LANES receivers side by side, the best of `count` senders, the first of equals:

        for lane in range(LANES):
            offers = [score[start + lane + i * step] - cost[first + i] for i in range(count)]
            i = offers.index(max(offers))
            best[to + lane] = offers[i]
            source[to + lane] = lowest + i + lane * slope  # 0 where every offer is -inf

    score, cost, best: 1-D arrays of one float type, source: of integers; the rest integers, count
    >= 1.
    """

    def build(context, code, signature, arguments):
        arrays = Arrays(context, code, signature.args, arguments)
        _, start, step, _, first, count, _, to, _, lowest, slope = arguments
        nothing = constant(arrays.first[0].type.pointee, -math.inf)

        before, loop, after = code.block, code.append_basic_block(), code.append_basic_block()
        code.branch(loop)
        code.position_at_end(loop)
        i, top, winner = code.phi(count.type), code.phi(nothing.type), code.phi(INDICES)
        offer = code.fsub(
            arrays.load(0, code.add(start, code.mul(i, step))),
            everywhere(code, arrays.load_one(3, code.add(first, i))),
        )
        better = code.fcmp_ordered(">", offer, top)
        number = everywhere(code, code.trunc(i, INDEX))
        then = (
            code.add(i, i.type(1)),
            code.select(better, offer, top),
            code.select(better, number, winner),
        )
        for phi, zero, value in zip(
            (i, top, winner), (i.type(0), nothing, constant(INDEX, 0)), then, strict=True
        ):
            phi.add_incoming(zero, before)
            phi.add_incoming(value, loop)
        code.cbranch(code.icmp_signed("<", then[0], count), loop, after)

        code.position_at_end(after)
        _, top, winner = then
        lanes = code.mul(
            ir.Constant(INDICES, list(range(LANES))), everywhere(code, code.trunc(slope, INDEX))
        )
        named = code.add(code.add(winner, lanes), everywhere(code, code.trunc(lowest, INDEX)))
        arrays.store(6, to, top)
        arrays.store(
            8, to, code.select(code.fcmp_ordered("==", top, nothing), constant(INDEX, 0), named)
        )
        return context.get_dummy_value()

    integer = types.intp
    return types.void(
        score, integer, integer, cost, integer, integer, best, integer, source, integer, integer
    ), build


@intrinsic
def copy_row(typing, row, start, count, to, place):
    """Copies a row of LANES cells or more, and returns its least and its largest:

    to[place : place + count] = row[start : start + count]
    return min(row[start : start + count]), max(row[start : start + count])
    """

    def build(context, code, signature, arguments):
        arrays = Arrays(context, code, signature.args, arguments)
        _, start, count, _, place = arguments
        number = arrays.first[0].type.pointee

        before, loop, after = code.block, code.append_basic_block(), code.append_basic_block()
        code.branch(loop)
        code.position_at_end(loop)
        i, low, high = (
            code.phi(count.type),
            *(code.phi(ir.VectorType(number, LANES)) for _ in range(2)),
        )
        last = code.sub(count, count.type(LANES))
        offset = code.select(
            code.icmp_signed("<", i, last), i, last
        )  # the last vector ends where the row ends
        cells = arrays.load(0, code.add(start, offset))
        arrays.store(3, code.add(place, offset), cells)
        then = code.add(i, i.type(LANES)), pick(code, "<", cells, low), pick(code, ">", cells, high)
        for phi, first, value in zip(
            (i, low, high),
            (i.type(0), constant(number, math.inf), constant(number, -math.inf)),
            then,
            strict=True,
        ):
            phi.add_incoming(first, before)
            phi.add_incoming(value, loop)
        code.cbranch(code.icmp_signed("<", then[0], count), loop, after)

        code.position_at_end(after)
        ends = []
        for vector, comparison in ((then[1], "<"), (then[2], ">")):
            half = LANES // 2
            while half:  # fold the vector onto itself
                folded = ir.Constant(INDICES, [(lane + half) % LANES for lane in range(LANES)])
                vector = pick(code, comparison, vector, code.shuffle_vector(vector, vector, folded))
                half //= 2
            ends.append(code.extract_element(vector, INDEX(0)))
        return cgutils.pack_array(code, ends)

    pair = types.UniTuple(row.dtype, 2)
    return pair(row, types.intp, types.intp, to, types.intp), build
