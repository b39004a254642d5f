"""The reference: every public name under its topic, from the docstrings; every operation, from its row of the table."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from made import picture
from sphinx.application import Sphinx

import viz
from autograd import Value, docstrings, named, ops
from autograd.ops import Op
from tests.operations import HEAD, called, line

ROOT = Path(__file__).parents[1]
TOPIC = re.compile(r"^(\S.*)\n((?:    .*\n?)+)", re.MULTILINE)  # of the docstring of a package
ENTRY = re.compile(r"^    (\w+(?:, \w+)*)  +(\S.*)$", re.MULTILINE)
PART = re.compile(r"^<!-- the (package|operations|house)((?: \w+)?) -->$", re.MULTILINE)
WORD = re.compile(r"[A-Za-z]\w*(?:\.\w+)*")  # what may be the name of something


# --- packages ---------------------------------------------------------------------------------------------------------


def package(name: str) -> str:
    """A page in Markdown: the topics of the package as its docstring lists them, each with its names and their docstrings."""
    module = import_module(name)
    summary, _, rest = (module.__doc__ or "").partition("\n\n")
    topics = [section(module, title, ENTRY.findall(entries)) for title, entries in TOPIC.findall(rest + "\n")]
    return "\n\n".join([f"# {name}", summary, *topics])


def section(module: ModuleType, title: str, entries: list[tuple[str, str]]) -> str:
    listed = [(name, said) for names, said in entries for name in names.split(", ")]
    index = [f"| {link(module.__name__, name)} | {said} |".replace("|x|", "\\|x\\|") for name, said in listed]
    rows = "\n".join(["| name | what it is |", "|---|---|", *index])
    described = (entry(module, name) for name, _ in listed if not isinstance(getattr(module, name), Op))
    return "\n\n".join([f"## {title}", rows, *described])


def link(package: str, name: str) -> str:
    return f"[`{name}`](#{package}.{name})"


def entry(module: ModuleType, name: str) -> str:
    """What autodoc makes of a name; the methods of a Value that are rows stand with the operations."""
    thing = getattr(module, name)
    if inspect.ismodule(thing):
        return rst(f".. automodule:: {thing.__name__}\n   :members:")
    if not inspect.isclass(thing):
        return rst(f".. autofunction:: {module.__name__}.{name}")
    rows = ", ".join(sorted(ops.BUILT_IN))
    return rst(f".. autoclass:: {module.__name__}.{name}\n   :members:\n   :exclude-members: {rows}")


def rst(text: str) -> str:
    return f"```{{eval-rst}}\n{text}\n```"


# --- docstrings -------------------------------------------------------------------------------------------------------


def plain(_: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """A docstring is plain text with `code` and doctests: all that would be markup beside these is escaped."""
    example = False
    for k, text in enumerate(lines):
        example = text.lstrip().startswith(">>>") or (example and bool(text.strip()))
        if not example:
            parts = text.split("`")
            parts[::2] = map(escaped, parts[::2])
            parts[1::2] = [f"`{part}`" if WORD.fullmatch(part) else code(part) for part in parts[1::2]]
            lines[k] = "".join(parts)


# --- operations -------------------------------------------------------------------------------------------------------


def operations() -> str:
    """The table, and of every row its value, derivatives, domain, convention, an example, and a picture of the example."""
    rows = [ops.TABLE[name] for name in ops.TABLE if name in ops.BUILT_IN]
    lines = [re.sub(r"^\| (`.*?`(?:, `.*?`)?) \|", rf"| [\1](#operation-{op.name}) |", line(op)) for op in rows]
    return "\n\n".join(["\n".join([HEAD, *lines]), *map(operation, rows)])


def operation(op: Op) -> str:
    title = f"(operation-{op.name})=\n## {called(op).split(',')[0].replace(chr(92), '')}"
    text = "\n".join(f":{name}: {said}" for name, said in told(op))
    text += "" if op.infix else "\n\n" + ">>>".join(example(op))
    public = "" if op.infix else f".. py:function:: {signature(op)}\n   :module: autograd\n\n"
    return "\n\n".join([title, rst(public + re.sub(r"(?m)^(?=.)", "   " * bool(public), text)), figure(op)])


def told(op: Op) -> Iterator[tuple[str, str]]:
    """The parts of a row's docstring, each under its name."""
    formula, _, rest = (op.__doc__ or "").partition("\n\n")
    slopes = [text for text in rest.splitlines() if text.startswith("∂y/∂")]
    yield "Value", code("y = " + formula.rpartition(" = ")[2] if op.infix else formula)
    yield "Derivative" + "s" * (len(slopes) > 1), ", ".join(map(code, slopes))
    domain = f"{op.domain}; other numbers are refused. {op.instead}" if op.domain else "every number."
    yield "Defined for", escaped(domain)
    if op.kink:
        yield "Convention", f"where there is no derivative: {escaped(op.kink)}"


def code(text: str) -> str:
    return f"``{text}``"


def escaped(text: str) -> str:
    return re.sub(r"[*|_\\]", r"\\\g<0>", text)


def example(op: Op) -> list[str]:
    _, *examples = (op.__doc__ or "").split(">>>")
    return ["", *examples]


def signature(op: Op) -> str:
    """As the docstring's formula writes it, vectors by their letters."""
    written = re.match(r"y = (\w+\(.*?\))(?:\[0\])?(?: = |$)", (op.__doc__ or "").splitlines()[0])
    text = written[1] if written else f"{op.name}(x)"
    return re.sub(r"\[(\w)0, .*?\]", r"\1", text)


def figure(op: Op) -> str:
    """The graph of the docstring's example, drawn."""
    call = re.search(rf"^>>> {op.name}(\(.*\))$", op.__doc__ or "", re.MULTILINE)
    numbers = ast.literal_eval(call[1]) if call else ()
    numbers = numbers if isinstance(numbers, tuple) else (numbers,)
    flat = [x for part in numbers for x in (part if isinstance(part, list) else [part])]
    row = op.at(0) if op.indexed else op
    operands = [Value(x, name, "input") for x, name in zip(flat, docstrings._operands(row), strict=False)]
    y = named("y", row.apply(*operands) if op.vectors else row(*operands))
    y.backward()
    drawn = picture(viz.draw(y, direction="right", legend=False))
    return f'<figure class="made">\n{drawn}</figure>\n'


# --- the sources ------------------------------------------------------------------------------------------------------


def house() -> str:
    """Every folder and every file of the library, each with the first line of its docstring."""
    folders = [init.parent for name in ("autograd", "nn", "viz") for init in sorted((ROOT / name).rglob("__init__.py"))]
    return "\n\n".join(map(room, folders))


def room(folder: Path) -> str:
    files = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    rows = [f"| `{path.stem}` | {first_line(path)} |" for path in files]
    title = f"### {folder.relative_to(ROOT)}"
    return "\n\n".join(
        [title, first_line(folder / "__init__.py"), "\n".join(["| file | what it is |", "|---|---|", *rows])]
    )


def first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0].replace("|", "\\|")


# --- pages ------------------------------------------------------------------------------------------------------------


def written(_: Sphinx, page: str, text: list[str]) -> None:
    """A page of the reference says where the generated part stands."""
    parts = {"package": package, "operations": operations, "house": house}
    text[0] = PART.sub(lambda found: parts[found[1]](*found[2].split()), text[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", written)
    app.connect("autodoc-process-docstring", plain, priority=900)  # behind napoleon, which reads "Attributes:"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
