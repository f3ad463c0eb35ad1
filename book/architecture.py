"""python -m book.architecture: draw which room imports which, as docs/architecture.svg.

The drawing is made from the code's own imports, read as syntax trees, those inside functions too. A
room is a folder, or a file beside the folders of tslib; files that need nothing but each other are
the ground floor. An arrow that follows from others is left out, so that the drawing stays readable;
tests/test_imports.py asks about all.
"""

import ast
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGES = ("tslib", "renderer", "experiments")
GROUND = "tslib, ground floor"
COMMANDS = "tslib, commands"
ABOUT = {
    "chapters": "the book",
    "experiments": "what tables have in common",
    "experiments, commands": "python -m experiments",
    "experiments/paper_a": "rows, tables, figures, claims",
    "experiments/paper_b": "rows, tables, claims",
    "experiments/motion": "the moving pictures",
    "experiments/mixture_of_parts": "Paper B's estimator of 2011",
    "experiments/spatial_fusion": "Paper B's best estimator",
    "experiments/real": "real recordings",
    "experiments/speed": "benchmarks",
    "renderer": "clips with everything known",
    COMMANDS: "python -m tslib",
    "tslib/video": "your own video",
    "tslib/training": "two-stage training",
    "tslib/correction": "Paper B's corrector",
    "tslib/networks": "the ConvNets",
    "tslib/datasets": "loaders, download",
    "tslib/message_passing": "Eqs. 1 to 4",
    "tslib/warp.py": "the flow layer",
    "tslib/distance_transform": "one message",
    "tslib/kernels": "how it is made fast",
    GROUND: "",
}
# What the commands of experiments call; it may open every door.
_DOORS = "__main__", "options", "estimates", "judge_again", "claims_page"
ENTRANCE = {f"experiments.{name}" for name in _DOORS}
BOX, GAP, ROW, MARGIN = (214, 46), 14, 96, 16  # px


def modules(root: Path) -> dict[str, Path]:
    """Every module of the packages, and every chapter, by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    for path in sorted((root / "chapters").glob("[0-9][0-9]_*.py")):
        found[f"chapters.{path.stem}"] = path
    for path in sorted((root / "chapters").glob("*.py")) + sorted(
        (root / "chapters").glob("*/*.py")
    ):
        found.setdefault(".".join(path.relative_to(root).with_suffix("").parts), path)
    return found


def imports(root: Path) -> dict[str, set[str]]:
    """What each module imports of the others, anywhere in its code: {module: modules}."""
    there = modules(root)
    found: dict[str, set[str]] = {name: set() for name in there}
    for name, path in there.items():
        package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            targets = []
            if isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else []
                base = ".".join([*above, *([node.module] if node.module else [])])
                targets = [f"{base}.{alias.name}" for alias in node.names]
            for target in targets:
                while target and target not in there:
                    target = target.rpartition(".")[0]
                if target and target != name:
                    found[name].add(target)
    return found


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """The names on one cycle of a graph, or none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def room_of(module: str, ground: set[str]) -> str:
    """The room that a module is in."""
    parts = module.split(".")
    if module in ENTRANCE:
        return "experiments, commands"
    if parts[0] in ("chapters", "renderer"):
        return parts[0]
    if parts[0] == "experiments":
        folders = "paper_a paper_b mixture_of_parts motion spatial_fusion real speed".split()
        return "/".join(parts[:2]) if len(parts) > 1 and parts[1] in folders else parts[0]
    if module in ("tslib.__main__", "tslib.commands"):
        return COMMANDS
    if module in ground:
        return GROUND
    return f"tslib/{parts[1]}.py" if parts[1] == "warp" else f"tslib/{parts[1]}"


def rooms(root: Path) -> dict[str, set[str]]:
    """Which room imports which others: {room: rooms}."""
    graph = imports(root)
    lone = {m for m in graph if m.startswith("tslib.") and m.count(".") == 1}
    lone = {m for m in lone if modules(root)[m].name != "__init__.py"}
    lone -= {"tslib.__main__", "tslib.commands"}
    while any(
        not graph[m] <= lone | {"tslib"} for m in lone
    ):  # what stands on another room is no ground
        lone = {m for m in lone if graph[m] <= lone | {"tslib"}}
    ground = lone | {"tslib"}
    found: dict[str, set[str]] = defaultdict(set)
    for module, others in graph.items():
        here = room_of(module, ground)
        found[here] |= {room_of(other, ground) for other in others} - {here}
    return dict(found)


def floors(graph: dict[str, set[str]]) -> list[list[str]]:
    """Rooms by floor, the ground floor first: each room lies above all that it imports."""
    height: dict[str, int] = {}
    for room in TopologicalSorter(graph).static_order():
        height[room] = 1 + max((height[other] for other in graph.get(room, ())), default=-1)
    return [
        sorted(room for room, h in height.items() if h == level)
        for level in range(1 + max(height.values()))
    ]


def needed(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The arrows that do not follow from others."""

    def reached(room: str) -> set[str]:
        found = set()
        for other in graph.get(room, ()):
            found |= {other} | reached(other)
        return found

    return {
        room: {o for o in others if not any(o in reached(other) for other in others - {o})}
        for room, others in graph.items()
    }


def drawing(graph: dict[str, set[str]]) -> str:
    """The rooms as an SVG, floors above each other, arrows down."""
    levels = floors(graph)
    width = max(len(level) for level in levels) * (BOX[0] + GAP) - GAP + 2 * MARGIN
    height = len(levels) * ROW - (ROW - BOX[1]) + 2 * MARGIN
    place = {}
    for number, level in enumerate(levels):
        across = len(level) * (BOX[0] + GAP) - GAP
        for n, room in enumerate(level):
            x = (width - across) / 2 + n * (BOX[0] + GAP)
            place[room] = x, height - MARGIN - BOX[1] - number * ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        'role="img" font-family="system-ui, sans-serif">',
        "<title>Which room of the repository imports which: arrows point down</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#5b6770"/>'
        "</marker></defs>",
    ]
    for room, others in sorted(needed(graph).items()):
        for other in sorted(others):
            (x, y), (u, v) = place[room], place[other]
            parts.append(
                f'<line x1="{x + BOX[0] / 2:.0f}" y1="{y + BOX[1]:.0f}" x2="{u + BOX[0] / 2:.0f}" '
                f'y2="{v:.0f}" stroke="#5b6770" stroke-width="1.2" marker-end="url(#tip)"/>'
            )
    for room, (x, y) in sorted(place.items()):
        fill = {"t": "#dcebf7", "r": "#fdf0d5", "e": "#e3f2e1", "c": "#f5e1ec"}[room[0]]
        parts.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{BOX[0]}" height="{BOX[1]}" rx="6" '
            f'fill="{fill}" stroke="#5b6770"/>'
        )
        lines = [room, ABOUT.get(room, "")] if ABOUT.get(room) else [room]
        for n, (text, size) in enumerate(zip(lines, (13, 11), strict=False)):
            top = y + BOX[1] / 2 + (5 if len(lines) == 1 else -3 + 16 * n)
            parts.append(
                f'<text x="{x + BOX[0] / 2:.0f}" y="{top:.0f}" font-size="{size}" '
                f'text-anchor="middle" fill="#1c2430">{text}</text>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def main(root: Path = Path()) -> int:
    (root / "docs" / "architecture.svg").write_text(drawing(rooms(root)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
