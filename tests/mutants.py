"""Code with one small thing wrong in it, to ask whether a test or a checker of exercises notices.

    python tests/mutants.py tslib/warp.py tests/test_warp.py --sample 30

changes thirty things in a copy of the file, one at a time, runs the tests each time until the first
one fails, and says which changes nobody noticed, with the share that was noticed and its 95 %
interval. `of_text` gives the changed texts themselves.
"""

import argparse
import ast
import copy
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SWAPS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
# Names of functions and methods that are easily taken for each other.
TWINS = [("max", "min"), ("argmax", "argmin"), ("amax", "amin"), ("floor", "ceil"), ("sum", "mean")]
NAMES = {a: b for pair in TWINS for a, b in (pair, pair[::-1])}


class Mutant(NamedTuple):
    """line : of the change; what : was done; text : of the whole file with it."""

    line: int
    what: str
    text: str


def of_text(text: str) -> Iterator[Mutant]:
    """Every mutant of a file: operators swapped, numbers off by one, a term dropped, a condition
    turned round, a twin in a function's place. What only says or checks types is left alone.
    """
    tree = ast.parse(text)
    for number, _ in enumerate(_places(tree)):
        for kind in range(3):
            changed = copy.deepcopy(tree)
            place = list(_places(changed))[number]
            if what := _change(place, kind):
                yield Mutant(place.lineno, what, ast.unparse(ast.fix_missing_locations(changed)))


def _places(tree: ast.AST) -> list[ast.expr]:
    """The expressions in which something can be changed, annotations and sentences left out."""
    found: list[ast.expr] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.BinOp | ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Call):
            found.append(node)
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            found.append(node)
        elif isinstance(node, ast.IfExp):
            found.append(node)
        for name, value in ast.iter_fields(node):
            # A type is no computation, and what is raised is a sentence.
            if name in ("annotation", "returns") or isinstance(node, ast.Raise | ast.JoinedStr):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    visit(child)

    visit(tree)
    return found


def _change(node: ast.expr, kind: int) -> str:
    """Change an expression in place in one of three ways; returns what was done, or ""."""
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
        if kind == 0:
            was, node.op = _sign(node.op), SWAPS[type(node.op)]()
            return f"{was} became {_sign(node.op)}"
        if kind == 1 and isinstance(node.op, ast.Add | ast.Sub):
            dropped = ast.unparse(node.right)
            node.op, node.right = ast.Add(), ast.Constant(0)
            return f"the term {dropped} was dropped"
    if isinstance(node, ast.Compare) and kind < len(node.ops) and type(node.ops[kind]) in SWAPS:
        was, node.ops[kind] = _sign(node.ops[kind]), SWAPS[type(node.ops[kind])]()
        return f"{was} became {_sign(node.ops[kind])}"
    if isinstance(node, ast.BoolOp) and kind == 0:
        was, node.op = _sign(node.op), SWAPS[type(node.op)]()
        return f"{was} became {_sign(node.op)}"
    if isinstance(node, ast.UnaryOp) and kind == 0 and isinstance(node.op, ast.USub | ast.Not):
        was, node.op = _sign(node.op), ast.UAdd() if isinstance(node.op, ast.USub) else ast.Not()
        if isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        return f"{was} was dropped"
    if isinstance(node, ast.Constant) and kind < 2:
        node.value += (1, -1)[kind]
        return f"a number became {node.value}"
    if isinstance(node, ast.IfExp) and kind == 0:
        node.body, node.orelse = node.orelse, node.body
        return "a choice was turned round"
    if isinstance(node, ast.Call) and kind == 0:
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        if name in NAMES:
            setattr(function, "attr" if hasattr(function, "attr") else "id", NAMES[name])
            return f"{name} became {NAMES[name]}"
    return ""


def _sign(operator: ast.AST) -> str:
    return type(operator).__name__


def interval(killed: int, tried: int) -> tuple[float, float]:
    """The 95 % interval of a share, after Wilson."""
    z, share = 1.96, killed / tried
    middle = (share + z * z / (2 * tried)) / (1 + z * z / tried)
    half = z / (1 + z * z / tried) * math.sqrt(share * (1 - share) / tried + (z / (2 * tried)) ** 2)
    return middle - half, middle + half


def survivors(
    file: Path, tests: list[str], sample: int, seed: int
) -> tuple[list[Mutant], list[Mutant]]:
    """Those of a sample of a file's mutants that no test notices, and the whole sample."""
    made = list(of_text((ROOT / file).read_text(encoding="utf-8")))
    chosen = random.Random(seed).sample(made, min(sample, len(made)))
    alive = []
    with tempfile.TemporaryDirectory() as place:
        copied = Path(place) / "copy"
        ignore = shutil.ignore_patterns(".git", ".venv", "build", "films", ".*_cache")
        shutil.copytree(ROOT, copied, ignore=ignore, symlinks=True)
        whole = (copied / file).read_bytes()
        words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        own = os.environ | {
            "PYTHONPATH": str(copied),
            "NUMBA_CACHE_DIR": str(Path(place) / "numba"),
        }
        for mutant in chosen:
            (copied / file).write_text(mutant.text, encoding="utf-8", newline="\n")
            try:
                done = subprocess.run(words, cwd=copied, env=own, capture_output=True, timeout=600)
                noticed = done.returncode != 0
            except subprocess.TimeoutExpired:
                noticed = True
            print("." if noticed else "S", end="", flush=True)
            if not noticed:
                alive.append(mutant)
        (copied / file).write_bytes(whole)
    print()
    return alive, chosen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, help="the module, from the root of the repository")
    parser.add_argument("tests", nargs="+", help="the test files that should notice")
    parser.add_argument("--sample", type=int, default=30, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    options = parser.parse_args()
    alive, chosen = survivors(options.file, options.tests, options.sample, options.seed)
    low, high = interval(len(chosen) - len(alive), len(chosen))
    noticed = len(chosen) - len(alive)
    print(f"{options.file}: {noticed} of {len(chosen)} noticed, {low:.0%} to {high:.0%}")
    for mutant in sorted(alive):
        print(f"  line {mutant.line}: {mutant.what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
