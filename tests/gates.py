"""What keeps the chapters true: each gate takes the chapters folder and returns its problems, in
sentences.

The package is looked for beside the folder, the wrong answers to its exercises in tests/mistakes.
CONTRIBUTING.md says what each gate is for; test_gates.py shows that each one catches what it
should.
"""

import ast
import contextlib
import importlib
import io
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import jupytext
from jupytext.compare import NotebookDifference, compare_notebooks

from book.downloads import missing
from book.files import listed, numbered
from book.files import sources as chapters_of
from book.kernels import alternatives, environment, lost_pictures

DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
SANITIZE = Path(__file__).with_name("nbval.cfg")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


def notebooks_of(folder):
    """The chapters' notebooks, in order; strangers beside them do not count."""
    found = numbered(folder, "ipynb")
    assert found, f"There are no notebooks of chapters in {folder}."
    return found


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def syntax_tree(source):
    """The statements of a text; lines that only IPython understands are left out."""
    return ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE))


# What is stored is what the source computes, on every machine


def pairs(folder):
    """Each .py has its .ipynb and the reverse, with equal cells: an edit was carried over."""
    sources, notebooks = ({p.stem for p in numbered(folder, kind)} for kind in ("py", "ipynb"))
    assert sources | notebooks, f"There are no chapters in {folder}."
    problems = [f"{name}.py has no notebook." for name in sorted(sources - notebooks)]
    problems += [f"{name}.ipynb has no .py." for name in sorted(notebooks - sources)]
    for name in sorted(sources & notebooks):
        source, notebook = (jupytext.read(folder / f"{name}{kind}") for kind in (".py", ".ipynb"))
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints the differing cells as well
                compare_notebooks(
                    notebook, source, "py:percent", compare_outputs=False, compare_ids=False
                )
        except NotebookDifference as difference:
            problems.append(f"{name}.ipynb is not its .py: {difference}")
    return problems


def execution(folder):
    """Execution counts are exactly 1..N, no output is an error and no picture is missing: one clean
    run, top to bottom."""
    problems = []
    for path in notebooks_of(folder):
        notebook = jupytext.read(path)
        cells = code_cells(notebook)
        counts = [cell.execution_count for cell in cells]
        if counts != list(range(1, len(counts) + 1)):
            problems.append(f"{path.name} has execution counts {counts}.")
        if any(output.output_type == "error" for cell in cells for output in cell.outputs):
            problems.append(f"{path.name} stores an error.")
        if sentence := lost_pictures(notebook):
            problems.append(f"{path.name}: {sentence}")
    return problems


def outputs(folder):
    """Run again with one thread, every cell prints what is stored, which `make run` has computed
    with as many as there are; two chapters at a time.

    A chapter that lacks its downloads does not run: see `left_out`.
    """
    # The longest, which are the last, first.
    notebooks = [n for n in notebooks_of(folder)[::-1] if not missing(n.with_suffix(".py"))]
    if not notebooks:
        return []
    # A plugin that somebody has installed would run the cells in any order.
    plugins = "-p no:cacheprovider -p no:randomly -p no:random_order"
    options = "--nbval --nbval-current-env --nbval-cell-timeout=300 --dist=loadfile"
    workers = min(2, os.cpu_count() or 1, len(notebooks))
    command = [sys.executable, *f"-m pytest -q --color=no {plugins} {options}".split()]
    command += [f"-n{workers if workers > 1 else 0}", f"--nbval-sanitize-with={SANITIZE}"]
    own = environment(folder) | dict.fromkeys(THREADS, "1")
    own["MATPLOTLIBRC"] = str(_coarse(Path(own["MATPLOTLIBRC"]), Path(own["MPLCONFIGDIR"])))
    done = subprocess.run([*command, *notebooks], env=own, capture_output=True, encoding="utf-8")
    said = "Run again, with one thread, a chapter prints something else:\n"
    return [said + done.stdout + done.stderr] if done.returncode else []


def _coarse(defaults, folder):
    """matplotlib's settings, but for pictures of few pixels: they are not compared."""
    text = re.sub(r"^#?savefig.dpi:", "savefig.dpi: 20  #", defaults.read_text("utf-8"), flags=re.M)
    (folder / "coarse").write_text(text, encoding="utf-8")
    return folder / "coarse"


def left_out(folder):
    """For each chapter that cannot run here, since its downloads are missing, a sentence."""
    return [sentence for chapter in chapters_of(folder) if (sentence := missing(chapter))]


# What a chapter shows is what the package does


def defined(statements):
    """What a list of statements gives a name at the top level: functions, classes, constants."""
    names = {}
    for statement in statements:
        if isinstance(statement, DEFINITION):
            names[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = getattr(statement, "targets", None) or [statement.target]
            names |= {
                n.id: statement for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)
            }
    return names


def comparable(statement):
    """A text that is equal where the code is: comments, layout, docstrings and the annotations of
    functions do not count."""
    statement = ast.parse(ast.unparse(statement)).body[0]
    for node in ast.walk(statement):
        if isinstance(node, DEFINITION) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
    return ast.dump(statement)


def exports(folder):
    """Cells tagged export:tslib.module hold that module's code, and no other cell defines what
    tslib has.
    """
    modules = {}
    for path in sorted((folder.parent / "tslib").rglob("[!_]*.py")):  # nobody imports from __main__
        name = ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        )
        modules[name] = defined(ast.parse(path.read_text(encoding="utf-8")).body)
    public = {
        name
        for module in modules.values()
        for name, node in module.items()
        if isinstance(node, DEFINITION) and not name.startswith("_")
    }
    problems = []
    for chapter in chapters_of(folder):
        for cell in code_cells(jupytext.read(chapter)):
            shown = defined(syntax_tree(cell.source).body)
            tags = [tag for tag in cell.metadata.get("tags", []) if tag.startswith("export:")]
            if not tags:
                for name, node in shown.items():
                    if isinstance(node, DEFINITION) and name in public:
                        problems.append(
                            f"{chapter.name} defines tslib's {name} outside an export cell."
                        )
            for module in (tag.removeprefix("export:") for tag in tags):
                if module not in modules:
                    problems.append(
                        f"{chapter.name} exports to {module}, but there is no such module."
                    )
                    continue
                if not shown:
                    problems.append(
                        f"{chapter.name} exports a cell to {module} that defines nothing."
                    )
                for name, node in shown.items():
                    if name not in modules[module]:
                        problems.append(
                            f"{chapter.name} exports {name}, which {module} does not define."
                        )
                    elif comparable(node) != comparable(modules[module][name]):
                        problems.append(f"{chapter.name} and {module} differ in {name}.")
    return problems


# What a page can hold, and what a reader gets from it


def legible(folder, lines=25, columns=88):
    """Code cells fit the page and hold one idea, results are numbers rather than True or False, and
    every picture has a text of its own for readers who do not see it."""
    problems = []
    for path in notebooks_of(folder):
        texts = []
        for cell in code_cells(jupytext.read(path)):
            if "remove-cell" in cell.metadata.get("tags", []):
                continue
            code = cell.source.strip().splitlines() or [""]
            begins = f"{path.name}, the cell that begins with `{code[0]}`,"
            if len(code) > lines:
                problems.append(f"{begins} has {len(code)} lines; {lines} fit.")
            widest = max(map(len, code))
            if widest > columns:
                problems.append(f"{begins} has a line of {widest} columns; {columns} fit.")
            printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
            for line in printed.splitlines():
                if re.search(r"\b(True|False)\s*$", line):
                    problems.append(f"{begins} prints a verdict, not a number: {line}")
            if not all(alternatives(cell)):
                problems.append(f"{begins} draws a picture without a text: call show(text).")
            texts += alternatives(cell)
        twice = {text for text in texts if text and texts.count(text) > 1}
        problems += [f"{path.name} says of two pictures: {text}" for text in sorted(twice)]
    return problems


# Exercises


@contextlib.contextmanager
def importable(folder):
    """Import from the chapters folder, as a notebook in it does, and forget it afterwards."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None)).startswith(str(folder)):
                del sys.modules[name]


def printed_by(tree, namespace):
    """What a cell prints when it runs in a copy of the namespace."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "<chapter>", "exec"), dict(namespace))
    return printed.getvalue()


def define(tree, namespace):
    """Take over a cell's imports, definitions and constants; what computes or draws is not run."""
    literal = (ast.expr_context, ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set)
    literal += (ast.UnaryOp, ast.unaryop, ast.BinOp, ast.operator)
    for statement in tree.body:
        constant = isinstance(statement, ast.Assign) and all(
            isinstance(node, literal) for node in ast.walk(statement.value)
        )
        if constant or isinstance(statement, ast.Import | ast.ImportFrom | DEFINITION):
            with contextlib.suppress(
                NameError
            ):  # a definition that needs, at once, what was not run
                exec(compile(ast.Module([statement], []), "<chapter>", "exec"), namespace)


def exercises(folder, at_least=4):
    """Each chapter's checkers are called once; each has a hint, a solution that it accepts, and a
    classic mistake that it rejects; the chapter as it stands attempts none."""
    problems = []
    with importable(folder):
        for chapter in chapters_of(folder):
            number = chapter.name[:2]
            if not (folder / "exercises" / f"chapter_{number}.py").exists():
                problems.append(f"{chapter.name} has no exercises.")
                continue
            checkers = checkers_of(number)
            if len(checkers) < at_least:
                problems.append(
                    f"{chapter.name} has {len(checkers)} exercises; {at_least} are needed."
                )
            wrong, right = (
                folder.parent / "tests" / kind / f"chapter_{number}.py"
                for kind in ("mistakes", "right")
            )
            found = stated_exercises(chapter, checkers) + refuted_mistakes(wrong, checkers)
            found += accepted_variants(right, checkers)
            problems += [f"{chapter.name}: {problem}" for problem in found]
    return problems


def checkers_of(number):
    """The checkers of a chapter by name; its folder has to be `importable`."""
    module = vars(importlib.import_module(f"exercises.chapter_{number}"))
    return {name: checker for name, checker in module.items() if hasattr(checker, "verdict")}


def stated_exercises(chapter, checkers):
    """Each checker is called in one cell, on the stub above it; the solution below it is right."""
    problems, called = [], []
    for name, stub, tree, text, namespace in calls_of(chapter, checkers):
        called.append(name)
        printed = printed_by(tree, namespace)
        if not re.fullmatch(r"Exercise [\d.]+: not attempted\.\n", printed):
            problems.append(
                f"{name} should say that it was not attempted, but says: {printed.strip()}"
            )
        solution = solution_in(text)
        if "<summary>Hint</summary>" not in text or not solution:
            problems.append(f"{name} lacks a hint or a solution below it.")
            continue
        answer = answered(solution, stub, namespace)
        if answer is None:
            problems.append(f"the solution of {name} does not define {stub}.")
            continue
        right, line = checkers[name].verdict(answer)
        if not right:
            problems.append(f"{name} does not accept its solution: {line}")
    counts = [(name, called.count(name)) for name in checkers]
    return problems + [
        f"{name} is called {count} times, not once." for name, count in counts if count != 1
    ]


def calls_of(chapter, checkers):
    """Where a chapter calls checkers: (checker's name, stub's name, syntax tree of the cell, the
    text below it, the names that are known above it)."""
    namespace = {"__name__": "__main__"}
    cells = jupytext.read(chapter).cells
    for position, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        tree = syntax_tree(cell.source)
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = getattr(call.func, "attr", getattr(call.func, "id", None))
            if name in checkers:
                text = ""
                for below in cells[position + 1 :]:
                    if below.cell_type == "code":
                        break
                    text += below.source
                yield name, ast.unparse(call.args[0]), tree, text, namespace
        define(tree, namespace)


def solution_in(text):
    """The code of the folded solution in a text, or ""."""
    found = re.search(r"<summary>Solution</summary>.*?```python\n(.*?)```", text, re.DOTALL)
    return found[1] if found else ""


def answered(solution, stub, namespace):
    """What a solution's code defines under the stub's name, or None."""
    answers = dict(namespace)
    exec(solution, answers)
    return answers[stub] if stub in defined(ast.parse(solution).body) else None


def refuted_mistakes(path, checkers):
    """A file of wrong answers, named after the checker and what is wrong:
    exercise_1_1_forgets_the_sign.
    """
    wrong, problems = answers_in(path), []
    for name, checker in checkers.items():
        mistakes = [mistake for mistake in wrong if mistake.startswith(name + "_")]
        if not mistakes:
            problems.append(f"{name} has no mistake in {path.parent.name}/{path.name}.")
        for mistake in mistakes:
            right, line = checker.verdict(wrong.pop(mistake))
            if right is not False:
                problems.append(f"{name} does not reject {mistake}.")
            elif "Your function raised" in line:
                problems.append(f"{mistake} is not a wrong answer, it breaks: {line}")
    return problems + [f"{mistake} belongs to no exercise." for mistake in wrong]


def accepted_variants(path, checkers):
    """A file of right answers in other styles, named likewise: exercise_1_1_of_lists."""
    problems = []
    for name, answer in answers_in(path).items():
        # The longest that fits: exercise_1_12 is not exercise_1_1 in the style "2".
        owners = [checker for checker in checkers if name.startswith(checker + "_")]
        if not owners:
            problems.append(f"{name} belongs to no exercise.")
            continue
        right, line = checkers[max(owners, key=len)].verdict(answer)
        if not right:
            problems.append(f"{name} is right, but is not accepted: {line}")
    return problems


def answers_in(path):
    """The answers to exercises that a file holds, by name; a file need not be there."""
    found = runpy.run_path(str(path)) if path.exists() else {}
    return {name: value for name, value in found.items() if name.startswith("exercise_")}


# The repository around them


def sizes(folder, notebook=2_000_000, everything=60_000_000):
    """Notebooks are light, and so is the whole repository (bytes)."""
    size = {path: path.stat().st_size for path in listed(folder.parent)}
    problems = [
        f"{path.name} has {count // 1000} KB; {notebook // 1000} are allowed."
        for path, count in size.items()
        if path.suffix == ".ipynb" and count >= notebook
    ]
    total = sum(size.values())
    if total >= everything:
        problems.append(
            f"The repository has {total / 1e6:.1f} MB; {everything / 1e6:.0f} are allowed."
        )
    return problems


def hygiene(folder):
    """No file names a place on somebody's machine, and the commands that the pages name exist."""
    root, problems = folder.parent, []
    private = re.compile(r"(?<![\w.])/(?:work|root|(?:home|Users)/[\w.-]+)/\S*")
    for path in listed(root):
        with contextlib.suppress(UnicodeDecodeError):  # not a text
            places = private.findall(path.read_text(encoding="utf-8"))
            problems += [f"{path.relative_to(root)} names {place}." for place in places]
    targets = set(
        re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for page in sorted(root.glob("*.md")):
        commands = re.findall(
            r"(?:`|^)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
        problems += [
            f"{page.name} names make {name}, which is no target." for name in {*commands} - targets
        ]
    return problems


def lint(folder):
    """ruff finds nothing in the project's files, nor lays them out anew, and mypy's types agree."""
    root = folder.parent
    files = [str(path.relative_to(root)) for path in listed(root) if path.suffix == ".py"]
    assert files, f"There is no Python in {root}."
    commands = (
        ["ruff", "check", "--quiet", "--output-format=concise", "--force-exclude", *files],
        ["ruff", "format", "--check", "--force-exclude", *files],
        # What it checks, and how strictly, stands in pyproject.toml.
        ["mypy"],
    )
    problems = []
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=root,
            env=environment(folder),
            capture_output=True,
            encoding="utf-8",
        )
        if done.returncode:
            problems += (done.stdout + done.stderr).splitlines()
    return problems


def encodings(folder):
    """No code reads or writes a text in the encoding of the machine that it happens to run on."""
    problems, texts = [], 0
    for path in listed(folder.parent):
        if path.suffix == ".py":
            calls = text_calls(syntax_tree(path.read_text(encoding="utf-8")))
            texts += len(calls)
            problems += [
                f"{path.relative_to(folder.parent)}, line {call.lineno}: "
                f"{ast.unparse(call.func)}() does not say encoding=."
                for call, stated in calls
                if not stated
            ]
    assert texts, f"No code in {folder.parent} reads or writes a text."
    return problems


# The functions that open texts, with the positions of their mode and of their encoding.
OPENERS = {
    "open": (1, 3),
    "fdopen": (1, 3),
    "Path.open": (0, 2),
    "read_text": (None, 0),
    "write_text": (None, 1),
    "NamedTemporaryFile": (0, 2),
    "TemporaryFile": (0, 2),
}
PROCESSES = ("run", "Popen", "check_output", "call", "check_call")


def text_calls(tree):
    """The calls that open a text, each with whether it states the encoding."""
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        if name in PROCESSES and {"text", "universal_newlines"} & set(given):
            found.append((call, "encoding" in given))
        if name == "open" and owner not in ("", "io"):
            # Archives, pictures and file descriptors have an `open` of their own.
            name = "Path.open" if "path" in owner.lower() or owner.startswith("(") else ""
        if name not in OPENERS:
            continue
        mode, encoding = OPENERS[name]
        modes = [] if mode is None else [*call.args[mode : mode + 1]]
        modes += [given["mode"]] if "mode" in given else []
        binary = any("b" in ast.unparse(node) for node in modes)
        if not binary and (modes or not name.endswith("TemporaryFile")):
            stated = "encoding" in given or None in given or len(call.args) > encoding
            found.append((call, stated))
    return found
