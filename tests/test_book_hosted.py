"""A chapter that stands alone fetches what it needs, and says so where it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
from gates import chapters_of

from book import hosted

ROOT = Path(__file__).parents[1]


def test_every_chapter_begins_with_the_same_cell(chapters_folder):
    for chapter in chapters_of(chapters_folder):
        code = [cell for cell in jupytext.read(chapter).cells if cell.cell_type == "code"]
        assert code[0].source == hosted.CELL.strip(), chapter.name
        assert code[0].metadata.tags == [hosted.TAG]


def run_alone(folder, **settings):
    """Run the cell in a folder of its own, without the packages of the repository on the path."""
    environment = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "TSLIB_REPOSITORY")
    }
    code = "import subprocess\nreal = subprocess.run\n"
    code += (
        "subprocess.run = lambda c, **k: real(c, **k) if c[0] == 'git' else print('pip', c[-1])\n"
    )
    code += hosted.CELL + "import exercises\nprint(exercises.__file__)\n"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment | settings,
        capture_output=True,
        encoding="utf-8",
    )


def test_a_chapter_that_stands_alone_asks_for_the_address(tmp_path):
    done = run_alone(tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("Set TSLIB_REPOSITORY to the")


def test_a_copy_in_a_folder_of_its_own_runs_among_the_chapters(tmp_path):
    (tmp_path / "chapters" / "copies").mkdir(parents=True)
    shutil.copytree(ROOT / "chapters" / "exercises", tmp_path / "chapters" / "exercises")
    done = run_alone(tmp_path / "chapters" / "copies")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == tmp_path / "chapters" / "exercises" / "__init__.py"


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed.")
def test_a_chapter_that_stands_alone_fetches_its_exercises(tmp_path):
    repository = tmp_path / "repository"
    shutil.copytree(ROOT / "chapters" / "exercises", repository / "chapters" / "exercises")
    git = ["git", "-C", repository, "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "Add exercises"], check=True)
    alone = tmp_path / "alone"
    alone.mkdir()
    done = run_alone(alone, TSLIB_REPOSITORY=repository.as_uri())
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first == "pip book[chapters]"
    assert Path(last) == alone / "book" / "chapters" / "exercises" / "__init__.py"


def test_the_book_has_buttons_where_the_project_has_an_address(tmp_path):
    assert hosted.theme_options(ROOT) == {} or hosted.address(ROOT)
    text = '[project]\nurls = { Repository = "https://example.org/a/b" }\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    options = hosted.theme_options(tmp_path)
    assert options["repository_url"] == "https://example.org/a/b"
    assert set(options["launch_buttons"]) == {"binderhub_url", "colab_url"}
