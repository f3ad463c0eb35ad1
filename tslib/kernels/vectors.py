"""Two inner loops whose lanes lie in vector registers, for messages_numba.py.

The compiler finds no vectors in these two loops: a running maximum whose arg-max has to stay in
registers, and rows too short to be worth its while. So they are written in the compiler's own
language (LLVM's, through llvmlite), for any processor; docstrings give the same loops in Python.
"""

import math
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .layout import LANES

_intrinsic: Any = intrinsic  # for mypy, because numba itself fills in the first argument

INDEX = ir.IntType(32)
INDICES = ir.VectorType(INDEX, LANES)


class Offers(NamedTuple):
    """What so many senders offer to LANES receivers side by side, 1-D arrays of one float type:
    sender i offers score[start + i * step + lane] - cost[first + i]."""

    score: np.ndarray
    start: int
    step: int
    cost: np.ndarray
    first: int
    senders: int


class Winners(NamedTuple):
    """Where the best offers go, best[to + lane], and their senders' numbers, source[to + lane].

    Sender i has the number lowest + i + lane * slope; source holds integers of any type.
    """

    best: np.ndarray
    source: np.ndarray
    to: int
    lowest: int
    slope: int


class Vectors:
    """Vectors of LANES elements, to and from any place of an array inside an intrinsic."""

    def __init__(self, context: Any, code: ir.IRBuilder, kind: types.Array, value: ir.Value):
        self.code, self.first = code, context.make_array(kind)(context, code, value).data
        self.element = self.first.type.pointee

    def _place(self, index: ir.Value) -> tuple[ir.Value, int]:
        element = self.element
        bits = {ir.FloatType: 32, ir.DoubleType: 64}.get(type(element)) or element.width
        place = self.code.gep(self.first, [index])
        return self.code.bitcast(place, ir.VectorType(element, LANES).as_pointer()), bits // 8

    def load(self, index: ir.Value) -> ir.Value:
        """The elements from an index on."""
        place, align = self._place(index)
        return self.code.load(place, align=align)

    def store(self, index: ir.Value, vector: ir.Value) -> None:
        """Elements from an index on; integers are cut to the array's size."""
        place, align = self._place(index)
        if vector.type != place.type.pointee:
            vector = self.code.trunc(vector, place.type.pointee)
        self.code.store(vector, place, align=align)

    def load_one(self, index: ir.Value) -> ir.Value:
        """One element, in all lanes."""
        return everywhere(self.code, self.code.load(self.code.gep(self.first, [index])))


def _fields(context, code, kind, value):
    """The fields of a NamedTuple inside an intrinsic: arrays as Vectors, integers as intp."""
    fields = SimpleNamespace()
    for name, field, part in zip(
        kind.fields, kind.types, cgutils.unpack_tuple(code, value), strict=True
    ):
        if isinstance(field, types.Array):
            setattr(fields, name, Vectors(context, code, field, part))
        else:
            setattr(fields, name, context.cast(code, part, field, types.intp))
    return fields


def everywhere(code: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """A vector with value in all lanes."""
    kind = ir.VectorType(value.type, LANES)
    one = code.insert_element(ir.Constant(kind, ir.Undefined), value, INDEX(0))
    return code.shuffle_vector(one, one, ir.Constant(INDICES, [0] * LANES))


def constant(kind: ir.Type, value: float) -> ir.Constant:
    """A vector with a Python number in all lanes."""
    return ir.Constant(ir.VectorType(kind, LANES), [ir.Constant(kind, value)] * LANES)


def _pick(code, comparison, a, b):
    """Lane by lane: a where it compares with b, else b."""
    return code.select(code.fcmp_ordered(comparison, a, b), a, b)


def _loop(code, count, step, start, body):
    """What body(i, values) makes of `start` for i = 0, step, ... below count, once at least."""
    before, loop, after = code.block, code.append_basic_block(), code.append_basic_block()
    code.branch(loop)
    code.position_at_end(loop)
    i, values = code.phi(count.type), [code.phi(value.type) for value in start]
    then = [code.add(i, count.type(step)), *body(i, values)]
    for phi, first, value in zip([i, *values], [count.type(0), *start], then, strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(value, loop)
    code.cbranch(code.icmp_signed("<", then[0], count), loop, after)
    code.position_at_end(after)
    return then[1:]


@_intrinsic
def sweep(typing, offers, winners):
    """For LANES receivers side by side, the best of the senders' offers, the first of equals:

        for lane in range(LANES):
            offered = [score[start + i * step + lane] - cost[first + i] for i in range(senders)]
            i = offered.index(max(offered))
            best[to + lane] = offered[i]
            source[to + lane] = lowest + i + lane * slope  # 0 where every offer is -inf

    offers: Offers of 1 sender or more; winners: Winners.
    """

    def build(context, code, signature, arguments):
        asked = _fields(context, code, offers, arguments[0])
        won = _fields(context, code, winners, arguments[1])
        nothing = constant(asked.score.element, -math.inf)

        def better(i, values):
            top, winner = values
            there = asked.score.load(code.add(asked.start, code.mul(i, asked.step)))
            offer = code.fsub(there, asked.cost.load_one(code.add(asked.first, i)))
            wins = code.fcmp_ordered(">", offer, top)
            number = everywhere(code, code.trunc(i, INDEX))
            return code.select(wins, offer, top), code.select(wins, number, winner)

        top, winner = _loop(code, asked.senders, 1, [nothing, constant(INDEX, 0)], better)
        lane = ir.Constant(INDICES, list(range(LANES)))
        slope, lowest = (everywhere(code, code.trunc(n, INDEX)) for n in (won.slope, won.lowest))
        named = code.add(code.add(winner, code.mul(lane, slope)), lowest)
        unreached = code.fcmp_ordered("==", top, nothing)
        won.best.store(won.to, top)
        won.source.store(won.to, code.select(unreached, constant(INDEX, 0), named))
        return context.get_dummy_value()

    return types.void(offers, winners), build


@_intrinsic
def copy_row(typing, row, start, count, to, place):
    """Copies a row of LANES cells or more, and returns its least and its largest:

    to[place : place + count] = row[start : start + count]
    return min(row[start : start + count]), max(row[start : start + count])
    """

    def build(context, code, signature, arguments):
        _, start, count, _, place = arguments
        source, target = (Vectors(context, code, signature.args[n], arguments[n]) for n in (0, 3))
        # The last vector ends where the row ends.
        last = code.sub(count, count.type(LANES))

        def copy(i, values):
            offset = code.select(code.icmp_signed("<", i, last), i, last)
            cells = source.load(code.add(start, offset))
            target.store(code.add(place, offset), cells)
            return _pick(code, "<", cells, values[0]), _pick(code, ">", cells, values[1])

        limits = [constant(source.element, limit) for limit in (math.inf, -math.inf)]
        ends = []
        for vector, sign in zip(_loop(code, count, LANES, limits, copy), "<>", strict=True):
            half = LANES // 2
            while half:  # fold the vector onto itself
                folded = ir.Constant(INDICES, [(lane + half) % LANES for lane in range(LANES)])
                vector = _pick(code, sign, vector, code.shuffle_vector(vector, vector, folded))
                half //= 2
            ends.append(code.extract_element(vector, INDEX(0)))
        return cgutils.pack_array(code, ends)

    pair = types.UniTuple(row.dtype, 2)
    return pair(row, types.intp, types.intp, to, types.intp), build
