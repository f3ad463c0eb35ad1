"""Slides from the chapters' own pictures: one page a chapter, which a browser shows offline.

A slide has the heading of its section, a picture with the text for those who do not see it, and
what the chapter says just before that picture. Where it says nothing there, or has said it of the
picture before, the picture's own text stands in its place. So slides need no upkeep of their own.
"""

import html
import re
import shutil
from html.entities import html5
from pathlib import Path

import jupytext
from nbformat import NotebookNode

from .files import numbered, whole
from .kernels import alternatives

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ margin: 0; font: 1.3rem/1.5 system-ui, sans-serif; background: #fff; color: #111; }}
  section {{ box-sizing: border-box; min-height: 100vh; padding: 3vh 6vw 5vh; display: none; }}
  section.here {{ display: flex; flex-direction: column; justify-content: center; }}
  section.here:has(img) {{ height: 100vh; justify-content: flex-start; }}
  img {{ flex: 1 1 0; min-height: 40vh; max-height: 70vh; width: 100%; margin: 2vh 0;
    object-fit: contain; }}
  h1, p {{ margin: 0; }} section:has(img) h1 {{ font-size: 1.5em; }} sub, sup {{ line-height: 0; }}
  section p {{ max-width: 75rem; align-self: center; }}
  footer {{ position: fixed; bottom: 1vh; right: 2vw; font-size: 1rem; color: #595959;
    background: #fff; }}
  @media print {{ section {{ display: block; break-after: page; }} img {{ max-height: 62vh; }}
    footer {{ display: none; }} }}
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
    """Write a page of slides for each chapter's notebook, in a folder that is made anew; the moving
    pictures go beside them."""
    motion = chapters.parent / "data" / "motion"
    pages = []
    with whole(folder) as part:
        if motion.is_dir():
            shutil.copytree(motion, part / "motion")
        for path in numbered(chapters, "ipynb"):
            name = f"{path.stem}.html"
            text = slides_of(jupytext.read(path))
            (part / name).write_text(text, encoding="utf-8", newline="\n")
            pages.append(folder / name)
    return pages


def slides_of(notebook: NotebookNode) -> str:
    """The page of a notebook that has been executed."""
    title, section, heading, said, slides = "", "", "", "", []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for part in _paragraphs(cell.source):
                moving = re.fullmatch(r"!\[([^\]]*)\]\(\.\./data/(motion/\S+?)\)", part)
                if part.startswith("#"):
                    heading, said = part.strip("# "), ""
                    title = title or heading
                    if part.startswith("###"):
                        heading = f"{section}: {heading}"
                    else:
                        section = heading
                elif moving:
                    slides.append(_slide(heading, moving[2], moving[1], said))
                    said = ""
                else:
                    # Half a sentence, whose other half is a formula, says nothing on a slide.
                    said = _shown(part) if part[0].isupper() and part[-1] != ":" else ""
        elif cell.cell_type == "code":
            drawn = (o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {}))
            for picture, alternative in zip(drawn, alternatives(cell), strict=True):
                source = f"data:image/png;base64,{picture.strip()}"
                slides.append(_slide(heading, source, alternative, said))
                said = ""
    first = f"<section><h1>{html.escape(title)}</h1></section>"
    return PAGE.format(title=html.escape(title), slides="\n".join([first, *slides]))


def _slide(heading: str, source: str, alternative: str, said: str) -> str:
    heading, alternative = html.escape(heading), html.escape(alternative)
    picture = f'<img src="{source}" alt="{alternative}">'
    return f"<section><h1>{heading}</h1>{picture}<p>{said or alternative}</p></section>"


def _shown(part: str) -> str:
    """A paragraph as HTML: without links and marks, and with its formulas in plain letters."""
    pieces = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", html.escape(part, quote=False)).split("$")
    return "".join(_letters(p) if k % 2 else re.sub("[*`]", "", p) for k, p in enumerate(pieces))


def _letters(formula: str) -> str:
    """A short formula of TeX as HTML; its names of letters are mostly HTML's names, too."""
    others = {"cdot": "·", "infty": "∞", "sqrt": "√", "dots": "…", "lVert": "‖", "rVert": "‖"}
    text = re.sub(r"\\(text|mathrm|mathbf|hat|tilde)\b *|\\[,;]", "", formula.replace("-", "−"))
    text = re.sub(r"\\([A-Za-z]+)", lambda m: others.get(m[1]) or html5.get(f"{m[1]};", m[1]), text)
    for sign, tag in (("_", "sub"), ("^", "sup")):
        text = re.sub(rf"\{sign}(\{{([^{{}}]*)\}}|(&\w+;|.))", rf"<{tag}>\2\3</{tag}>", text)
    return text.replace("{", "").replace("}", "")


def _paragraphs(text: str) -> list[str]:
    """Headings, pictures and running text of a cell; no tables, lists, formulas or folded text."""
    hidden = r"<details>.*?</details>|```.*?```|\$\$.*?\$\$"
    parts = re.sub(hidden, "", text, flags=re.DOTALL).split("\n\n")
    parts = [" ".join(part.split()) for part in parts]
    return [part for part in parts if part and not re.match(r"[|\-<$]", part)]
