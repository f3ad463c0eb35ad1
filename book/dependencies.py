"""python -m book.dependencies: write docs/dependencies.md, every package that the project asks for.

What each is for stands in pyproject.toml, because whoever adds a package has to say why; versions
come from constraints.txt, licences from the packages that are installed.
"""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ABOUT = """# What the project is built of

`python -m book.dependencies` writes this page. The first table is what an installed `tslib` needs;
the others are asked for by the book, by training and by the tests. Versions are those of
`constraints.txt`, with which everything was run. A package earns its place by doing a job that is
not what this project teaches: we write the distance transform, the messages and the models
ourselves, and nothing else that a well-kept library does.
"""
ADVISED = """## Known weaknesses of these versions

The advisories of PyPI's database, in a copy of 2026-09-10, were held against all that
`constraints.txt` pins; younger ones were searched for by name, on the day that `pyproject.toml`
gives. These cover a version that is pinned, and this is why they do not matter here. `pip` itself
comes with Python and is not pinned; the newest advisory that was found is mended in 26.2.

| package | weakness |
|---|---|
"""
TITLES = {
    "": "To use the package",
    "chapters": "To run the chapters",
    "book": "To build the book",
    "train": "To watch a training run",
    "test": "To run the tests",
    "triton": "To run the kernels for CUDA",
}


def name_of(requirement: str) -> str:
    """The package that a requirement such as "numpy>=2.0" asks for, in small letters."""
    return re.match(r"[\w.-]+", requirement)[0].lower()  # type: ignore[index]  # it has a name


def pinned(root: Path) -> dict[str, str]:
    """{package: version} of constraints.txt."""
    text = (root / "constraints.txt").read_text(encoding="utf-8")
    return {n.lower(): v for n, v in re.findall(r"^([\w.-]+)==([\w.+-]+)", text, re.MULTILINE)}


def licence(package: str) -> str:
    """What an installed package says of its licence, in a few words; "" where it is not there."""
    try:
        about = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return ""
    named = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier", []) if "License" in c]
    own = str(about.get("License") or "")
    return about.get("License-Expression") or ", ".join(named) or own.partition("\n")[0][:40]


def page(root: Path) -> str:
    """The whole page, as Markdown. ValueError where nobody has said what a package is for."""
    content = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    project, reasons = content["project"], content["tool"]["tslib"]["reasons"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    versions, parts = pinned(root), [ABOUT]
    for group, requirements in groups.items():
        lines = ["| package | version | licence | what it does here |", "|---|---|---|---|"]
        for package in sorted(map(name_of, requirements)):
            if package not in reasons:
                raise ValueError(
                    f"say in pyproject.toml, [tool.tslib.reasons], what {package} is for."
                )
            cells = package, versions.get(package, ""), licence(package), reasons[package]
            lines.append("| " + " | ".join(cells) + " |")
        parts.append(f"## {TITLES[group]}\n\n" + "\n".join(lines) + "\n")
    parts.append(ADVISED)
    for pin, why in content["tool"]["tslib"]["advisories"].items():
        package, _, version = pin.partition("==")
        if versions.get(package) != version:
            raise ValueError(
                f"constraints.txt no longer pins {pin}; look up its advisories again, and change "
                "pyproject.toml, [tool.tslib.advisories]."
            )
        parts[-1] += f"| {package} {version} | {why} |\n"
    return "\n".join(parts)


def main(root: Path = Path()) -> int:
    (root / "docs" / "dependencies.md").write_text(page(root), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
