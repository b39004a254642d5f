"""Mutation testing, by hand: `python -m tests.mutants --count 300 --seed 1`, with the extra `test`.

A mutant is the library with one small fault put in: + for -, < for <=, a condition the other way round, a statement left
out. A mutant that no test notices shows a line whose result nobody checks. The sample is drawn from a seed; each mutant is
run against the tests that execute its line, the quickest first, in a copy of the working tree. Survivors are printed with
their lines, to be killed by a new test or explained.

mutmut and cosmic-ray were considered: the first changes the bodies of functions only, and here the rules of the table are
lambdas at the level of the module.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Queue

import coverage

ROOT = Path(__file__).parents[1]
WHERE = ["autograd/**/*.py", "nn/**/*.py", "viz/text/*.py", "viz/picture/jacobians.py", "viz/page/**/graph.js"]
SECONDS, MOST = 60, 400  # tests of a mutant: their time in all, and their number
ENDLESS, WHOLE = 200, 2000  # seconds after which a mutant hangs: in its own tests, and in all tests
SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
    ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.Lt: ast.LtE,
    ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
IN_SCRIPTS = {
    " + ": " - ", " - ": " + ", " * ": " / ", " / ": " * ", " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ",
    "===": "!==", "!==": "===", "&&": "||", "||": "&&", " 0": " 1", "(!": "(", "true": "false", "false": "true",
}  # fmt: skip


def faults(node: ast.AST) -> Iterator[str]:
    """Python text that could stand in the place of a node, each with one fault."""
    match node:
        case ast.BinOp(left, op, right) if type(op) in SWAPS:
            yield ast.unparse(ast.BinOp(left, SWAPS[type(op)](), right))
        case ast.BoolOp(op, operands):
            yield ast.unparse(ast.BoolOp(SWAPS[type(op)](), operands))
        case ast.Compare(left, [op], operands) if type(op) in SWAPS:
            yield ast.unparse(ast.Compare(left, [SWAPS[type(op)]()], operands))
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield ast.unparse(operand)
        case ast.Constant(bool() as b):
            yield repr(not b)
        case ast.Constant(int() | float() as x):
            yield repr(x + 1)
        case ast.IfExp(test, a, b):
            yield ast.unparse(ast.IfExp(test, b, a))
        case ast.AugAssign(target, op, value) if type(op) in SWAPS:
            yield ast.unparse(ast.AugAssign(target, SWAPS[type(op)](), value))
        case ast.Return(value) if value is not None and ast.unparse(value) != "None":
            yield "return None"
        case ast.Raise() | ast.Expr(ast.Call()):
            yield "pass"


def mutants(path: Path) -> list[tuple[int, str, str, str]]:
    """(line, what stood there, what stands there now, the whole text) of each."""
    raw = path.read_bytes()
    if path.suffix == ".js":
        text, found = raw.decode(), []
        for match in re.finditer("|".join(map(re.escape, IN_SCRIPTS)), text):
            start, end = match.span()
            line = text[text.rfind("\n", 0, start) + 1 : start]
            if "//" not in line:
                new = text[:start] + IN_SCRIPTS[match[0]] + text[end:]
                k = text.count("\n", 0, start)
                found.append((k + 1, text.splitlines()[k].strip(), new.splitlines()[k].strip(), new))
        return found
    tree, lines = ast.parse(raw), raw.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    found = []
    for node in _live(tree):
        for text in faults(node):
            a = starts[node.lineno - 1] + node.col_offset
            b = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
            fault = text if isinstance(node, ast.stmt) else f"({text})"
            found.append((node.lineno, raw[a:b].decode(), fault, (raw[:a] + fault.encode() + raw[b:]).decode()))
    return [mutant for mutant in found if _is_python(mutant[-1])]


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:  # brackets around a constant of `match`
        return False
    return True


def _live(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run: no annotations, no `__all__`, no f-string's format, nothing for the type checker alone."""
    for field, part in ast.iter_fields(node):
        if field in ("annotation", "returns", "format_spec", "names"):
            continue
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            if isinstance(child, ast.Assign | ast.JoinedStr) and "__all__" in ast.unparse(child):
                continue
            if isinstance(child, ast.AST):
                yield child
                yield from _live(child)


def measured(folder: Path) -> tuple[coverage.CoverageData, dict[str, float]]:
    """Which tests execute which lines, and how long each takes."""
    options = ["--cov=autograd", "--cov=nn", "--cov=viz", "--cov-context=test", "--cov-report=", "--cov-fail-under=0"]
    options += [f"--junitxml={folder / 'junit.xml'}"]
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "auto", *options], cwd=folder, check=False)
    if run.returncode:
        sys.exit("the tests fail without any fault put in: mend them first")
    data = coverage.CoverageData(str(folder / ".coverage"))
    data.read()
    took = {
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}": float(case.get("time", 1))
        for case in ET.parse(folder / "junit.xml").iter("testcase")
    }
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    known = subprocess.run(collect, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()
    return data, {test: took[test] for test in known if test in took}  # an unknown name would end as if it had failed


def tests_of(path: Path, line: int, data: coverage.CoverageData, times: dict[str, float], folder: Path) -> list[str]:
    """The tests to run: those that execute the line, the quickest first; of the page's script, its own."""
    if path.suffix == ".js":
        return [
            f"tests/test_{name}.py" for name in ("pages_numbers", "pages_cut", "steps", "steps_typed", "steps_page")
        ]
    contexts = data.contexts_by_lineno(str(folder / path)).get(line, [])
    hit = {context.partition("|")[0] for context in contexts} - {""}
    chosen, spent = [], 0.0
    for test in sorted(hit & set(times), key=lambda t: times[t])[:MOST]:
        spent += times[test]
        if chosen and spent > SECONDS:
            break
        chosen.append(test)
    return chosen or ["tests"]  # what runs on import only is everyone's


def copied(to: Path) -> Path:
    """The tracked files of the working tree, compiled."""
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    ):
        if name and (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "autograd", "nn", "viz", "tests"], cwd=to, check=True)
    return to


def limited(seconds: int) -> None:
    """Let the process end by itself when it hangs: it is its own time that counts, not the machine's."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def survives(folder: Path, path: Path, text: str, tests: list[str]) -> bool:
    """Whether no test fails on the mutant, which stands in the folder meanwhile."""
    before = (folder / path).read_text(encoding="utf-8")
    (folder / path).write_text(text, encoding="utf-8")
    for old in (folder / path).parent.glob(f"__pycache__/{path.stem}.*"):
        old.unlink()
    (folder / "chosen.txt").write_text("\n".join(tests), encoding="utf-8")
    command = [
        sys.executable,
        "-B",
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:cov",
        "@chosen.txt",
    ]
    most = WHOLE if tests == ["tests"] else ENDLESS
    try:
        run = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=5 * most, preexec_fn=partial(limited, most), check=False
        )
        return not run.returncode
    except subprocess.TimeoutExpired:
        return False
    finally:
        (folder / path).write_text(before, encoding="utf-8")


def main() -> None:
    """Draw, run and count."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Which small faults no test notices.")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("where", nargs="*", default=WHERE, help="globs of the files to put faults into")
    options = parser.parse_args()
    paths = [p.relative_to(ROOT) for pattern in options.where for p in sorted(ROOT.glob(pattern))]
    drawn = [(path, *mutant) for path in paths for mutant in mutants(ROOT / path)]
    sample = random.Random(options.seed).sample(drawn, min(options.count, len(drawn)))
    print(f"{len(sample)} of {len(drawn)} mutants", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folders: Queue[Path] = Queue()
        for k in range(options.jobs):
            folders.put(copied(Path(temporary) / str(k)))
        first = folders.queue[0]
        data, times = measured(first)

        def run(mutant: tuple[Path, int, str, str, str]) -> bool:
            path, line, old, new, text = mutant
            folder = folders.get()
            try:
                alive = survives(folder, path, text, tests_of(path, line, data, times, first))
            finally:
                folders.put(folder)
            if alive:
                print(f"survived  {path}:{line}\n    - {old}\n    + {new}", flush=True)
            return alive

        with ThreadPoolExecutor(options.jobs) as pool:
            alive = sum(pool.map(run, sample))
    print(f"{len(sample) - alive} of {len(sample)} killed")


if __name__ == "__main__":
    main()
