"""JavaScript over typed arrays, in loops over the examples: recorded programs for pages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace

from autograd.languages.assignments import Function
from autograd.languages.c import ARRAYS as IN_C
from autograd.languages.entries import Frame, size
from autograd.languages.forms import COMPARE, INFIX, MATHEMATICS, PRODUCT, SIGN, TEST, Form, Language, calls
from autograd.languages.javascript import JAVASCRIPT
from autograd.languages.loops import Loops, computed, constants
from autograd.languages.numpy import NUMPY

RESERVED = """
    abstract arguments await boolean byte catch class debugger delete eval export extends false final finally function
    implements import in instanceof interface let native new null package private protected public super synchronized this
    throw throws transient true try typeof var with yield async of undefined NaN Infinity Math Float64Array Int32Array
    row
"""


def _whole_power(n: int) -> str:
    return " * ".join(["{0}"] * n) if 0 < n < 4 else f"Math.pow({{0}}, {n})"


NUMBERS = Language(
    INFIX
    | calls("Math.{}({{}})", MATHEMATICS | {"absolute": "abs"})
    | calls("{}({{}}, {{}})", {"maximum": "larger", "minimum": "smaller", "power_of": "Math.pow"})
    | {
        "whole_power": Form(_whole_power, PRODUCT, (SIGN,)),
        "choose": Form("{0} ? {1} : {2}", TEST, COMPARE),
        "choose_number": Form("{0} ? {1} : {2}", TEST, COMPARE),
        "mask": Form("({} ? 1 : 0)"),
        "nonzero": Form("{} != 0", COMPARE, (PRODUCT,)),
        "spread": Form("{}"),
    },
    JAVASCRIPT.literal,
)
FRAME = Frame(
    NUMBERS,
    NUMBERS,
    ("", ""),
    array="const {name} = new Float64Array({size});",
    arrays="const {name} = Array.from({{length: {count}}}, () => new Float64Array({size}));",
    clear="{name}.fill(0);",
    part="const {name} = {base}.subarray({offset});",
    place="const {name} = {base}.subarray({offset});",
    number="let {name} = {text};",
    loop="for (let {i} = {start}; {i} < {count}; {i}++) {{",
    over_lanes="{name}[{k}] = {sums}[{k}];",
    live="",
    zeros=("0", "0"),
    divide="Math.floor(({}) / {})",
    gather=("gathered({base}, {first}, {step}, {count}, {index})",) * 3,
    scatter=("scatter({base}, {first}, {count}, {index}, {number});",) * 2,
)
#: Arrays of the graph, under names that JavaScript allows.
_FORMS = {**IN_C.forms, "tanh": NUMPY.forms["tanh"]}
ARRAYS = replace(IN_C, forms=_FORMS, reserved=IN_C.reserved | frozenset(RESERVED.split()))
_OWN = re.compile(r"\s*const \w+ = (new Float64Array\(|Array\.from|(?!theta|gradient)\w+\.subarray\()")


_HELPERS = """
const larger = (a, b) => a > b ? a : a <= b ? b : a + b;
const smaller = (a, b) => a < b ? a : a >= b ? b : a + b;
const gathered = (x, first, step, count, i) => 0 <= i && i < count && i % 1 == 0 ? x[first + i * step] : NaN;
const scatter = (x, first, count, i, y) => { if (0 <= i && i < count && i % 1 == 0) x[first + i] += y; };
"""


def source(functions: Iterable[Function]) -> str:
    """An expression that makes the functions, each with arrays of its own.

    () => ({forward(rows, theta, x_rows, …, out), sum_and_grad(rows, theta, x_rows, …, gradient)}): all are Float64Arrays,
    the data row by row. `sum_and_grad` overwrites the gradient, and returns the sum of the output over the rows.
    """
    functions = list(functions)
    texts = "\n".join(map(function, functions))
    return f"() => {{{_HELPERS}{texts}\nreturn {{{', '.join(f.name for f in functions)}}};\n}}"


def function(f: Function) -> str:
    """The text of a function, in a closure with its arrays."""
    loops = computed(FRAME, f)
    results = _results(f, loops)
    lines = [*loops.before, *_over_examples(f, loops), *loops.behind, *results]
    arrays = [f"const {name} = new Float64Array({math.prod(shape)});" for name, shape in f.arguments.items()]
    for name, floats, numbers in constants(loops, NUMBERS):
        arrays.append(f"const {name} = {'Float64Array' if floats else 'Int32Array'}.of({', '.join(numbers)});")
    arrays += [line.strip() for line in lines if _OWN.match(line)]
    result = "gradient" if f.slope is not None else "out"
    parameters = ", ".join(["rows", "theta", *(f"{name}_rows" for name in f.arguments), result])
    body = "\n        ".join(line for line in lines if not _OWN.match(line))
    head = "\n    ".join(arrays)
    return f"""// {f.doc}
const {f.name} = (() => {{
    {head}
    return ({parameters}) => {{
        const n = rows;
        {body}
    }};
}})();"""


def _over_examples(f: Function, loops: Loops) -> list[str]:
    if not f.arguments:
        return loops.block
    lines = []
    for name, shape in f.arguments.items():
        width = math.prod(shape)
        lines.append(f"for (let k = 0; k < {width}; k++) {name}[k] = {name}_rows[row * {width} + k];")
    return ["for (let row = 0; row < rows; row++) {", *("    " + line for line in [*lines, *loops.block]), "}"]


def _results(f: Function, loops: Loops) -> list[str]:
    """Lines that write what the function returns, and the last one."""
    count = math.prod(size(f.value))
    if f.slope is not None:
        total = loops.entries.read(f.value)
        loops.store(f.slope, "gradient", given=True)
        if not f.over_data:
            return [f"return {total};"]
        loops.before.append("let total = 0;")
        loops.block.append(f"total += {total};")
        return ["return total;"]
    entry = loops.entries.read(f.value) if count == 1 else f"{f.output}[k]"
    place = f"row * {count} + k" if f.over_data else "k"
    write = f"for (let k = 0; k < {count}; k++) out[{place}] = {entry};"
    loops.section(f.value).append(write)
    return ["return out;"]
