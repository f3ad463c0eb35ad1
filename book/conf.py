"""Sphinx: the chapters, as they were executed, in pages that need no network."""

from pathlib import Path

from docutils import nodes

from book import hosted

project = "Human pose in video"
author = "The tslib authors"
extensions = ["myst_nb", "sphinx-mathjax-offline", "sphinx_copybutton"]
exclude_patterns = ["exercises", "copies"]

nb_execution_mode = "off"  # python -m book has executed them
nb_merge_streams = True
nb_render_markdown_format = "myst"  # tables that a cell prints
nb_ipywidgets_js = {}  # they would come from a CDN
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["static"]
templates_path = ["templates"]
# The theme's own side bar, with a way to the playground, which is no page of Sphinx.
html_sidebars = {
    "**": [
        "navbar-logo.html",
        "icon-links.html",
        "search-button-field.html",
        "playground-link.html",
        "sbt-sidebar-nav.html",
    ]
}
html_css_files = ["book.css"]
html_js_files = ["landmarks.js"]
html_favicon = "static/favicon.svg"
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system
html_use_index = False
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {"use_download_button": False, "show_toc_level": 2}
html_theme_options |= hosted.theme_options(Path(__file__).parents[1])


def keep_formulas_whole(app, doctree):
    """A formula with a line break in it, say in cases, would go into an environment that takes no
    \\tag.
    """
    for formula in doctree.findall(nodes.math_block):
        if "\\tag" in formula.astext():
            formula["no-wrap"] = True
            formula[:] = [nodes.Text(rf"\[{formula.astext()}\]")]


def drop_unused_bundles(app, error):
    """Of MathJax's 24 MB the pages load one bundle, fonts and extensions; the other bundles are 16
    MB.
    """
    for bundle in (Path(app.outdir) / "_static/mathjax").glob("*.js"):
        if f"mathjax/{bundle.name}" != app.config.mathjax_path:
            bundle.unlink()


def setup(app):
    app.connect("doctree-read", keep_formulas_whole)
    app.connect("build-finished", drop_unused_bundles, priority=900)  # after MathJax was copied
