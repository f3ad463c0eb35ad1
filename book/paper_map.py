"""python -m book.paper_map: write the table of equations into README.md.

chapters/paper_map.toml says of every equation, table and figure of both papers where the book shows
it, which function computes it and which test holds it. The README shows the equations: equation,
file, chapter.
"""

import ast
import re
import sys
import tomllib
from pathlib import Path

BEGIN, END = "<!-- equations -->\n", "<!-- end of equations -->"
SHOWN = re.compile(r"Eq\. \d|Sec\. 3\.2|Sec\. 3\.3$")  # the rest is in chapter 00


def read(root: Path) -> dict[str, dict[str, dict[str, str]]]:
    """The map: {paper: {"Eq. 1": {"what", "chapter", "code", "test"}}}."""
    return tomllib.loads((root / "chapters" / "paper_map.toml").read_text(encoding="utf-8"))


def chapter_file(root: Path, number: str) -> str:
    """The notebook of a chapter's number, relative to the root."""
    (path,) = (root / "chapters").glob(f"{number}_[a-z0-9_]*.py")
    return f"chapters/{path.stem}.ipynb"


def file_of(root: Path, code: str) -> str:
    """The file that defines "package.module.name", relative to the root; a package's own file may
    hand on what another file defines."""
    module, _, name = code.rpartition(".")
    path = root / (module.replace(".", "/") + ".py")
    path = path if path.exists() else path.with_suffix("") / "__init__.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if getattr(node, "name", None) == name:
            return path.relative_to(root).as_posix()
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            package = module.split(".")[: len(module.split(".")) - node.level + 1]
            return file_of(root, ".".join([*package, node.module or "", name]))
    raise ValueError(f"{code} is defined nowhere; mend chapters/paper_map.toml.")


def table(root: Path) -> str:
    """The equations as Markdown: equation, what it is, function and file, chapter."""
    lines = ["| equation | what it says | in code | in the book |", "|---|---|---|---|"]
    for paper, rows in read(root).items():
        for name, row in rows.items():
            if SHOWN.match(name) and "code" in row and "chapter" in row:
                file, function = file_of(root, row["code"]), row["code"].rpartition(".")[2]
                number, section = row["chapter"].split(" ")[:2]
                lines.append(
                    f"| {paper}, {name} | {row['what']} | [`{function}`]({file}) "
                    f"| [{section}]({chapter_file(root, number)}) |"
                )
    return "\n".join(lines) + "\n"


def main(root: Path = Path()) -> int:
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    readme.write_text(text[:start] + table(root) + text[end:], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
