"""Slides from the chapters' own pictures: one page a chapter, which a browser shows offline.

A slide has the heading of its section, a picture with the text for those who do not see it, and
what the chapter says just before that picture. So slides need no upkeep of their own.
"""

import html
import re
import shutil
from pathlib import Path

import jupytext
from nbformat import NotebookNode

from .files import numbered
from .kernels import alternatives

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ margin: 0; font: 1.3rem/1.5 system-ui, sans-serif; background: #fff; color: #111; }}
  section {{ box-sizing: border-box; min-height: 100vh; padding: 4vh 6vw; display: none; }}
  section.here {{ display: block; }}
  img {{ display: block; max-width: 100%; max-height: 62vh; margin: 2vh auto; object-fit: contain;
    min-width: min(60vw, 100%); }}
  h2 {{ margin: 0; }} p {{ max-width: 60rem; }}
  footer {{ position: fixed; bottom: 1vh; right: 2vw; font-size: 1rem; color: #595959; }}
  @media print {{ section {{ display: block; break-after: page; }} footer {{ display: none; }} }}
</style>
<main>
{slides}
</main>
<footer aria-live="polite"></footer>
<script>
  const slides = [...document.querySelectorAll("section")];
  function show(n) {{
    n = Math.max(0, Math.min(slides.length - 1, n));
    slides.forEach((slide, k) => slide.classList.toggle("here", k === n));
    document.querySelector("footer").textContent = `${{n + 1}} of ${{slides.length}}`;
    history.replaceState(null, "", `#${{n + 1}}`);
  }}
  const now = () => slides.findIndex((slide) => slide.classList.contains("here"));
  const steps = {{ ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1 }};
  addEventListener("keydown", (event) => {{
    if (event.key in steps) {{ event.preventDefault(); show(now() + steps[event.key]); }}
  }});
  addEventListener("click", (event) => show(now() + (event.clientX < innerWidth / 3 ? -1 : 1)));
  show(Number(location.hash.slice(1) || 1) - 1);
</script>
</html>
"""


def write(chapters: Path, folder: Path) -> list[Path]:
    """Write a page of slides for each chapter's notebook; the moving pictures go beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    motion = chapters.parent / "data" / "motion"
    if motion.is_dir():
        shutil.copytree(motion, folder / "motion", dirs_exist_ok=True)
    pages = []
    for path in numbered(chapters, "ipynb"):
        page = folder / f"{path.stem}.html"
        page.write_text(slides_of(jupytext.read(path)), encoding="utf-8", newline="\n")
        pages.append(page)
    return pages


def slides_of(notebook: NotebookNode) -> str:
    """The page of a notebook that has been executed."""
    title, heading, said, slides = "", "", "", []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for part in _paragraphs(cell.source):
                moving = re.fullmatch(r"!\[([^\]]*)\]\(\.\./data/(motion/\S+?)\)", part)
                if part.startswith("#"):
                    heading = part.strip("# ")
                    title = title or heading
                elif moving:
                    slides.append(_slide(heading, moving[2], moving[1], said))
                else:
                    said = re.sub(r"\[([^\]]+)\]\([^)]*\)|[*`$]", r"\1", part)
        elif cell.cell_type == "code":
            drawn = (o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {}))
            for picture, alternative in zip(drawn, alternatives(cell), strict=True):
                source = f"data:image/png;base64,{picture.strip()}"
                slides.append(_slide(heading, source, alternative, said))
    first = f"<section><h1>{html.escape(title)}</h1></section>"
    return PAGE.format(title=html.escape(title), slides="\n".join([first, *slides]))


def _slide(heading: str, source: str, alternative: str, said: str) -> str:
    heading, alternative, said = (html.escape(text) for text in (heading, alternative, said))
    picture = f'<img src="{source}" alt="{alternative}">'
    return f"<section><h2>{heading}</h2>{picture}<p>{said}</p></section>"


def _paragraphs(text: str) -> list[str]:
    """Headings, pictures and running text of a cell; no tables, lists, formulas or folded text."""
    hidden = r"<details>.*?</details>|```.*?```|\$\$.*?\$\$"
    parts = re.sub(hidden, "", text, flags=re.DOTALL).split("\n\n")
    parts = [" ".join(part.split()) for part in parts]
    return [part for part in parts if part and not re.match(r"[|\-<$]", part)]
