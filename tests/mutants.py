"""Code with one small thing wrong in it, to ask whether a test or a checker of exercises notices.

    python tests/mutants.py --sample 200
    python tests/mutants.py tslib/warp.py --sample 30

change so many things in a copy of the repository, one at a time, anywhere in the numerical core and
the loaders of data sets or in the files that are named. Each time the tests that hold the file
(HELD) run until the first one fails. It says which changes nobody noticed, and the share that was
noticed with its 95 % interval. Changes after which the code is right all the same are named in
tests/equivalent.toml with the reason, and are not drawn. `of_text` gives the changed texts.
"""

import argparse
import ast
import contextlib
import copy
import hashlib
import importlib
import itertools
import math
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
LIMIT = 600  # s, after which tests that do not end have noticed
# Which tests hold which files of tslib: the numerical core, then the loaders.
HELD = {
    "distance_transform/arguments": "distance_transform",
    "distance_transform/layer": "distance_transform",
    "distance_transform/reference": "distance_transform",
    "message_passing/graph": "message_passing",
    "message_passing/layer": "message_passing",
    "message_passing/rounds": "message_passing",
    "kernels/backends": "message_passing",
    "kernels/jit": "kernels message_passing",
    "kernels/layout": "distance_transform message_passing",
    "kernels/messages_numba": "distance_transform message_passing",
    "kernels/operators": "distance_transform message_passing warp",
    "kernels/vectors": "distance_transform message_passing",
    "kernels/warp_numba": "warp",
    "warp": "warp",
    "flow": "flow warp",
    "part_flow": "renderer",
    "crop": "crop",
    "heatmaps": "heatmaps",
    "losses": "losses",
    "metrics": "metrics",
    "augment": "augment",
    "slices": "slices",
    "clip": "clip",
    "networks/hourglass": "networks_hourglass",
    "networks/pose_machine": "networks",
    "networks/thin_slicing": "networks",
    "correction/attention": "correction_model",
    "correction/corrector": "correction_training",
    "correction/model": "correction_model",
    "correction/networks": "correction_model correction_controls",
    "correction/normalization": "correction_windows",
    "correction/windows": "correction_windows",
    "images": "images",
    "datasets/download": "datasets_download",
    "datasets/films": "datasets_films",
    "datasets/inspection": "datasets_inspection",
    "datasets/matlab": "datasets_matlab",
    "datasets/unpack": "datasets_unpack",
    "datasets/loaders/__init__": "datasets_inspection datasets_penn_action datasets_jhmdb",
    "datasets/loaders/cvit_sports": "datasets_cvit_sports",
    "datasets/loaders/jhmdb": "datasets_jhmdb",
    "datasets/loaders/penn_action": "datasets_penn_action",
    "datasets/loaders/youtube_pose": "datasets_youtube_pose",
    "video/joints_csv": "video_formats video_correct",
}
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
    """line : of the change; what : was done; text : of the whole file with it; key : a name for it
    in equivalent.toml, which stays until the function or class around it changes.
    """

    line: int
    what: str
    text: str
    key: str


def of_text(text: str) -> Iterator[Mutant]:
    """Every mutant of a file: operators swapped, numbers off by one, a term dropped, a condition
    turned round, a twin in a function's place. What only says or checks types is left alone.
    """
    parts = ast.parse(text).body
    texts = [ast.unparse(part) for part in parts]
    for n, part in enumerate(parts):
        for number, kind in itertools.product(range(len(_places(part))), range(3)):
            changed = copy.deepcopy(part)
            place = _places(changed)[number]
            if what := _change(place, kind):
                new = ast.unparse(ast.fix_missing_locations(changed))
                whole = "\n".join([*texts[:n], new, *texts[n + 1 :]])
                yield Mutant(
                    place.lineno, what, whole, hashlib.sha256(new.encode()).hexdigest()[:12]
                )


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


def equivalent() -> dict[str, dict[str, str]]:
    """{checker or file: {key of a mutant: why it is right}}."""
    return tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))


def mutants_of(file: str) -> list[Mutant]:
    """The mutants of a file of tslib that are wrong."""
    named = equivalent().get(file, {})
    text = (ROOT / "tslib" / f"{file}.py").read_text(encoding="utf-8")
    return [mutant for mutant in of_text(text) if mutant.key not in named]


def survivors(chosen: list[tuple[str, Mutant]]) -> Iterator[tuple[str, Mutant]]:
    """Yield those of some files' mutants, which lie file by file, that the file's tests miss."""
    # Every fork has them, and none imports them again.
    for name in ("cv2", "hypothesis", "numba", "onnx", "pandas", "pytest", "scipy.io", "torch"):
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as place:
        root, whole = Path(place) / "copy", Path(place) / "whole"
        ignore = shutil.ignore_patterns(".git", ".venv", "build", "films", ".*_cache")
        shutil.copytree(ROOT, root, ignore=ignore, symlinks=True)
        for file, group in itertools.groupby(chosen, key=lambda pair: pair[0]):
            tests = [f"tests/test_{name}.py" for name in HELD[file].split()]
            if _fail(tests, root):
                raise SystemExit(f"{' '.join(tests)} fail with nothing changed.")
            # With what these tests have compiled.
            shutil.copytree(root / "tslib", whole, dirs_exist_ok=True)
            for _, mutant in group:
                path = root / "tslib" / f"{file}.py"
                path.write_text(mutant.text, encoding="utf-8", newline="\n")
                if not _fail(tests, root):
                    yield file, mutant
                shutil.rmtree(root / "tslib")
                shutil.copytree(whole, root / "tslib")


def _fail(tests: list[str], root: Path) -> bool:
    """Whether tests of a copy of the repository fail, or do not end."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(tests, root))
    process.start()
    process.join(LIMIT)
    with contextlib.suppress(ProcessLookupError):  # whatever its tests have started, too
        os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return process.exitcode != 0


def _run(tests: list[str], root: Path) -> None:
    import pytest

    os.setsid()
    os.chdir(root)
    sys.path[:0] = [str(root), str(root / "tests")]
    # Also for programs that tests start; the recordings take too long.
    os.environ |= {"PYTHONPATH": str(root), "TSLIB_DATA": ""}
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.exit(pytest.main(["-x", "-p", "no:cacheprovider", *tests]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", help="of the repository; all that HELD names")
    parser.add_argument("--sample", type=int, default=30, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    options = parser.parse_args()
    files = [f.removeprefix("tslib/").removesuffix(".py") for f in options.files] or list(HELD)
    made = [(file, mutant) for file in files for mutant in mutants_of(file)]
    drawn = random.Random(options.seed).sample(range(len(made)), min(options.sample, len(made)))
    alive = 0
    for file, mutant in survivors([made[n] for n in sorted(drawn)]):
        alive += 1
        print(f"tslib/{file}.py, line {mutant.line}: {mutant.what} ({mutant.key})", flush=True)
    low, high = interval(len(drawn) - alive, len(drawn))
    print(f"{len(drawn) - alive} of {len(drawn)} noticed, of {len(made)}: {low:.1%} to {high:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
