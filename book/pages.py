"""The pages of the book that are no chapters: the front page, those of docs/, and the package's own
reference.

They are written into the folder from which Sphinx builds, beside the executed chapters, so that
nothing is kept twice: the front page takes its table from README.md, the reference takes its texts
from the docstrings. The playground is no page of Sphinx: it is one file of its own.
"""

import ast
import base64
import re
import shutil
from pathlib import Path

import cv2
import nbformat
import numpy as np

DOCS = (
    "your-video",
    "real-film",
    "training",
    "correcting",
    "results",
    "claims",
    "errata",
    "speed",
    "data",
    "architecture",
    "dependencies",
    "teaching",
    "words",
)
THUMBNAIL = 320, 180  # px
PLAYGROUND = Path(__file__).with_name("playground")
# The page may run and show what stands in it, and load nothing.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">"
)
ROW = re.compile(
    r"^\| \[(\d\d) (.+?)\]\(chapters/(.+?)\.ipynb\) \| (.+?) \| (\d+) \|$", re.MULTILINE
)


def write(root: Path, source: Path) -> None:
    """Write all pages into `source`, which holds the executed chapters.

    root : the repository; source : the folder that Sphinx reads
    """
    readme = (root / "README.md").read_text(encoding="utf-8")
    for picture in (
        "data/front.webp",
        "data/front.png",
        "data/message.png",
        "docs/architecture.svg",
    ):
        if (root / picture).exists():
            shutil.copy(root / picture, source / Path(picture).name)
    if (root / "data" / "motion").exists():
        # A chapter names them as ../data/motion/NAME.webp, as it lies in the repository.
        shutil.copytree(
            root / "data" / "motion", source.parent / "data" / "motion", dirs_exist_ok=True
        )
    (source / "index.md").write_text(front_page(readme, source), encoding="utf-8")
    for name in DOCS:
        text = (root / "docs" / f"{name}.md").read_text(encoding="utf-8")
        (source / f"{name}.md").write_text(inside(text, source), encoding="utf-8")
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    (source / "changes.md").write_text(inside(changes, source), encoding="utf-8")
    (source / "reference.md").write_text(reference(root / "tslib"), encoding="utf-8")


def playground(folder: Path = PLAYGROUND) -> str:
    """The playground as one file that opens from disk: its style and scripts stand in it.

    folder : holds index.html and the files that it names. ValueError where a script could not stand
        in a page.
    """

    def script(found: re.Match[str]) -> str:
        text = (folder / found[1]).read_text(encoding="utf-8")
        if "</script" in text or "<!--" in text:
            raise ValueError(f"{found[1]} has a piece of HTML that would end it inside a page.")
        return f"<script>\n{text}</script>"

    def style(found: re.Match[str]) -> str:
        return f"<style>\n{(folder / found[1]).read_text(encoding='utf-8')}</style>"

    page = (folder / "index.html").read_text(encoding="utf-8")
    page = re.sub(r'<link rel="stylesheet" href="([^"]+)">', style, page)
    page = re.sub(r'<script src="([^"]+)"></script>', script, page)
    home = '<p class="home"><a href="index.html">The book</a></p>'
    return page.replace("<!-- policy -->", POLICY).replace("<!-- home -->", home)


def front_page(readme: str, source: Path) -> str:
    """The landing page: what this is, the chapters as cards, and how to run one.

    readme : the text of README.md; source : the folder of the executed chapters
    """
    about = readme[: readme.index("```sh")]
    cards = []
    for number, title, stem, builds, minutes in ROW.findall(readme):
        picture = thumbnail(source / f"{stem}.ipynb")
        image = f'<img src="data:image/png;base64,{picture}" alt="">' if picture else ""
        cards.append(
            f'<a class="card" href="{stem}.html">{image}<b>{int(number)}. {title}</b>'
            f"<span>{builds[:1].upper()}{builds[1:]}.</span><i>{minutes} minutes</i></a>"
        )
    return "\n\n".join(
        [
            inside(about, source).replace("data/front.webp", "front.webp").rstrip(),
            "## Try it",
            '<div class="cards"><a class="card wide" href="playground.html">'
            "<b>Push a message by hand</b><span>Paint heat-maps, stretch springs, and send the "
            "messages round by round, with five small experiments. It runs in your browser.</span>"
            "</a></div>",
            "## The chapters",
            '<div class="cards">' + "".join(cards) + "</div>",
            "## Before you start",
            "You need Python and NumPy, and from chapter 2 on a little torch. You need no GPU and "
            "no knowledge of human pose. The numbers and pictures of a page come from the code "
            "above them, because a chapter is run again whenever it has changed.",
            "## Run a chapter, and do its exercises",
            "`make lab` opens the chapters in JupyterLab. Duplicate a chapter in its list of "
            "files, put your answer where `NotImplementedError` stands, and run the cell: the line "
            "below it says whether the answer is right. `make book CHAPTER=04` executes one "
            "chapter and builds the book anew.",
            contents("Chapters", [stem for _, _, stem, _, _ in ROW.findall(readme)]),
            contents("Use it", DOCS),
            contents("Reference", ["reference", "changes"]),
        ]
    )


def contents(caption: str, pages: list[str] | tuple[str, ...]) -> str:
    """A table of contents that only the side bar shows."""
    listed = "\n".join(pages)
    return f"```{{toctree}}\n:hidden:\n:maxdepth: 1\n:caption: {caption}\n\n{listed}\n```\n"


def inside(text: str, source: Path) -> str:
    """A page of the repository as one of the book: links lead to the book's pages, others are left
    as text.
    """

    def link(found: re.Match[str]) -> str:
        mark, label, target = found.groups()
        path, _, part = target.partition("#")
        stem = Path(path).name
        if "://" in target or target.startswith("#"):
            return found[0]
        if mark or (source / stem).exists() or stem in {f"{page}.md" for page in DOCS}:
            return f"{mark}[{label}]({stem}{'#' + part if part else ''})"
        return label if label.startswith("`") else f"*{label}*"

    return re.sub(r"(!?)\[([^\]]+)\]\(([^)\s]+)\)", link, text)


def thumbnail(notebook: Path) -> str:
    """The richest of a notebook's first pictures, made small: a PNG in base64, "" where there is
    none.
    """
    pictures = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {}).get("image/png")
            if data:
                raw = np.frombuffer(base64.b64decode(data), np.uint8)
                pictures.append(cv2.imdecode(raw, cv2.IMREAD_COLOR))
    if not pictures:
        return ""
    picture = max(pictures[:6], key=lambda p: p.std())
    W, H = THUMBNAIL
    scale = min(W / picture.shape[1], H / picture.shape[0])
    size = [max(1, round(n * scale)) for n in picture.shape[1::-1]]
    small = np.full((H, W, 3), 255, np.uint8)
    x, y = (W - size[0]) // 2, (H - size[1]) // 2
    small[y : y + size[1], x : x + size[0]] = cv2.resize(
        picture, size, interpolation=cv2.INTER_AREA
    )
    return base64.b64encode(cv2.imencode(".png", small)[1].tobytes()).decode()


def reference(package: Path) -> str:
    """The reference of a package: its modules, and of each what it defines for others, from the
    docstrings.
    """
    parts = [
        "# Reference\n",
        "Every public class and function of `tslib`, with what its docstring says. Shapes "
        "stand in brackets, "
        "lengths are in pixels (px) or in cells of a heat-map, x comes first and counts to the "
        "right.\n",
    ]
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        if name.endswith(("__main__", "commands")):
            continue
        shown = [node for node in tree.body if _public(node)]
        about = ast.get_docstring(tree) or ""
        if not shown and not about:
            continue
        parts.append(f"## `{name.removesuffix('.__init__')}`\n")
        parts.append(_text(about))
        for node in shown:
            parts.append(f"### `{_signature(node)}`\n")
            parts.append(_text(ast.get_docstring(node) or ""))
            for method in getattr(node, "body", []) if isinstance(node, ast.ClassDef) else []:
                if _public(method) and ast.get_docstring(method):
                    parts.append(f"**`{_signature(method)}`**\n")
                    parts.append(_text(ast.get_docstring(method) or ""))
    return "\n".join(part for part in parts if part) + "\n"


def _public(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _text(docstring: str) -> str:
    """A docstring as it is laid out in the code."""
    return f"```text\n{docstring}\n```\n" if docstring else ""
