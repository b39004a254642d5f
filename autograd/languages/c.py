"""C11, in loops over blocks of examples: a number of every example is a vector of as many examples as a register holds.

gcc and clang have vectors as an extension; with another compiler a block is one example.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

from autograd import ops
from autograd.languages.assignments import Function
from autograd.languages.code import Code, identifier
from autograd.languages.entries import Frame
from autograd.languages.forms import COMPARE, INFIX, MATHEMATICS, PRODUCT, SIGN, TEST, Form, Language, calls
from autograd.languages.loops import Loops, computed, constants
from autograd.languages.numpy import NUMPY

LARGE = 100_000  # bytes of arrays: more do not stand on the stack
WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    real vec mask LANES LANE EACH load lives sum_of_lanes theta rows n total gradient total_sums power_each unsound whole
    forward sum_and_grad first live missing out main i j k l p q memset feclearexcept fetestexcept errno y0 y1 yn j0 j1 jn
    gathered gathered_one gathered_each scatter scatter_one SINGLE VECTORS ALONE CALLED NAN INFINITY NULL
    FE_INVALID FE_DIVBYZERO FE_OVERFLOW FE_ALL_EXCEPT
"""


def _spelled(name: str) -> str:
    """A name in ASCII: σ is sigma, ŷ is y."""
    letters = []
    for letter in unicodedata.normalize("NFKD", name):
        words = unicodedata.name(letter, "").lower().split()
        if letter.isascii():
            letters.append(letter)
        elif words and not unicodedata.combining(letter):
            letters.append(words[-1])
    return identifier("".join(letters))


def _literal(x: float) -> str:
    if math.isfinite(x):
        return repr(x)
    return "NAN" if x != x else "INFINITY" if x > 0 else "-INFINITY"


def _float(x: float) -> str:
    return f"{_literal(x)}{'f' * math.isfinite(x)}"


def _whole_power(n: int, otherwise: str = "power({{0}}, {}.0)") -> str:
    return "1.0 / {0}" if n == -1 else " * ".join(["{0}"] * n) if 0 < n < 4 else otherwise.format(n)


_NUMBERS: Mapping[str, Any] = (
    INFIX
    | calls("{}({{}})", MATHEMATICS | {"absolute": "fabs"})
    | {
        "whole_power": Form(_whole_power, PRODUCT, (SIGN,)),
        "power_of": Form("pow({}, {})"),
        "maximum": Form("larger({}, {})"),
        "minimum": Form("smaller({}, {})"),
        "choose": Form("{0} ? {1} : {2}", TEST, COMPARE),
        "choose_number": Form("{0} ? {1} : {2}", TEST, COMPARE),
        "mask": Form("(real)({})", SIGN),
        "nonzero": Form("{} != 0.0", COMPARE, (PRODUCT,)),
        "spread": Form("{}"),
        "tanh_of": Form("tanh({})", uses=(1, 0)),
    }
)
_VECTORS: Mapping[str, Any] = (
    INFIX
    | calls("{}_each({{}})", {word: word for word in (*MATHEMATICS, "absolute")})
    | {
        "whole_power": Form(lambda n: _whole_power(n, "power_each({{0}}, spread({}.0))"), PRODUCT, (SIGN,)),
        "power_of": Form("power_each({}, {})"),
        "maximum": Form("maximum({}, {})"),
        "minimum": Form("minimum({}, {})"),
        "choose": Form("choose({}, {}, {})"),
        "choose_number": Form("choose({}, {}, {})"),
        "mask": Form("ones({})"),
        "nonzero": Form("{} != 0.0", COMPARE, (PRODUCT,)),
        "spread": Form("spread({})"),
        "tanh_of": Form("tanh_of({}, {})"),
    }
)
MIXED = ("add", "subtract", "multiply", "divide", "negative", "positive", "greater", "less", "greater_equal", "less_equal",
         "equal", "not_equal", "nonzero", "whole_power")  # fmt: skip


def _tanh(kind: type[Code], x: Any) -> Any:
    return kind("tanh_of", (x, ops.exp.apply(-2.0 * abs(x))))  # of the exponential in its derivative


#: Arrays of the graph: the words of NumPy, under names that C allows.
_FORMS: dict[str, Any] = {**NUMPY.forms, "tanh": _tanh, "tanh_of": Form("")}
_CALLED = (x.template for x in (*_NUMBERS.values(), *_VECTORS.values()) if isinstance(x.template, str))
_RESERVED = frozenset([*WORDS.split(), *re.findall(r"\w+", " ".join(_CALLED))]) | NUMPY.reserved
del _FORMS["each"]  # which calls Python
ARRAYS = replace(NUMPY, forms=_FORMS, comment="// {}", reserved=_RESERVED, spelled=_spelled)


def _frame(literal: Any) -> Frame:
    each, one = (Language(forms, literal, assign="{} = {};") for forms in (_VECTORS, _NUMBERS))
    return Frame(each, one, ("vec", "real"), mixed=MIXED)


def function(f: Function, precision: str = "double") -> str:
    """The text of a function of the number of rows, theta, the data, and where the results go."""
    frame = _frame(_float if precision == "float" else _literal)
    loops = computed(frame, f)
    given = [f"const real *{name}_rows" for name in f.arguments]
    results = ["real *total", "real *gradient"] if f.slope is not None else ["real *out"]
    _results(f, loops)
    arguments = ", ".join(["long rows", "const real *theta", *given, *results])
    body = [*_head(f, loops), *loops.before, *_over_examples(f, loops), *loops.behind]
    body = _declared(body)
    if f.slope is not None:
        body.append(f"missing |= unsound(total, 1) | unsound(gradient, {f.slope.shape[0]});")
    else:
        count = f.value.shape[0] * max(f.value.shape[1], 1)
        body.append(f"missing |= unsound(out, {'rows * ' * f.over_data}{count});")
    lines = "\n    ".join([*body, "return missing | (fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) != 0);"])
    return f"// {f.doc}\nint {f.name}({arguments})\n{{\n    {lines}\n}}\n"


def _results(f: Function, loops: Loops) -> None:
    """Lines that write what the function returns."""
    r, c = f.value.shape[:2]
    count = r * max(c, 1)
    if f.slope is not None:
        y = loops.entries.read(f.value)
        if f.over_data:
            loops.before.append("vec total_sums = (vec){0};")
            loops.block.append(f"total_sums += live * {y};")
            loops.behind.append("*total = sum_of_lanes(total_sums);")
        else:
            loops.section(f.value).append(f"*total = {y};")
        loops.store(f.slope, "gradient", given=True)
        return
    entry = loops.entries.read(f.value) if count == 1 else f"{f.output}[k]"
    place = "(first + l)" if count == 1 else f"(first + l) * {count} + k"
    write = (
        f"out[{place if f.over_data else 'k' if count > 1 else 0}] = {f'LANE({entry}, l)' if f.over_data else entry};"
    )
    write = f"for (int k = 0; k < {count}; k++) {write}" if count > 1 else write
    if f.over_data:
        loops.block.append(f"for (long l = 0; l < LANES && first + l < rows; l++) {write}")
    else:
        loops.before.append(write)


def _head(f: Function, loops: Loops) -> list[str]:
    lines = ["int missing = 0;  // whether the data hold nan", "const real n = rows;", "(void)n, (void)theta;"]
    for name, floats, numbers in constants(loops, loops.frame.one):
        comment = f"  // {found}" if (found := f.context.comments[name]) else ""
        kind = "real" if floats else "int"
        lines.append(f"static const {kind} {name}[{len(numbers)}] = {{{', '.join(numbers)}}};{comment}")
    return [*lines, "feclearexcept(FE_ALL_EXCEPT);"]


def _over_examples(f: Function, loops: Loops) -> list[str]:
    """The loop over blocks of examples."""
    if not f.arguments:
        return loops.block
    lines = []
    for name, shape in f.arguments.items():
        width = math.prod(shape)
        lines += [f"vec {name}[{width}];", f"missing |= load({name}, {name}_rows, {width}, first, rows);"]
    if f.slope is not None:
        lines += ["const vec live = lives(first, rows);  // 0 where the last block has no example", "(void)live;"]
    return ["for (long first = 0; first < rows; first += LANES) {", *("    " + x for x in (*lines, *loops.block)), "}"]


def _declared(lines: list[str]) -> list[str]:
    """The lines; where the arrays are too large for the stack, they stand beside it, for each thread its own."""
    arrays = [re.match(r"\s*(vec|real) \w+\[(\d+)\](?:\[(\d+)\])?", line) for line in lines]
    if sum(int(m[2]) * int(m[3] or 1) * (64 if m[1] == "vec" else 8) for m in arrays if m) < LARGE:
        return lines
    beside = r"\1_Alignas(64) static _Thread_local "  # gcc 12 counts on the alignment, and does not see to it itself
    return [re.sub(r"^(\s*)(?=(vec|real) \w+(\[\d+\])+;)", beside, line) for line in lines]


def source(functions: list[Function], precision: str = "double") -> str:
    """A file of its own: what the functions call, then the functions."""
    text = (files("autograd") / "languages" / "lanes.c").read_text(encoding="utf-8")
    if precision == "float":
        text = text.replace("#define SINGLE 0", "#define SINGLE 1")
    return "\n".join([text, *(function(f, precision) for f in functions)])


_MAIN = """
// The parameters, in the order of theta.
const real parameters[{count}] = {{{numbers}}};

#ifdef MAIN
#include <stdio.h>

// Reads examples, {width} numbers each, and writes the outputs of each in a line: cc -O2 -Wno-psabi -DMAIN file.c -lm
int main(void)
{{
    real x[{width} + 1], out[{outputs}];
    for (long row = 0;; row++) {{
        for (int k = 0; k < {width}; k++) {{
            double number;
            if (scanf("%lf", &number) != 1) {{
                if (!k && feof(stdin)) return 0;
                fprintf(stderr, "row %ld is no row of {width} numbers with spaces between them\\n", row);
                return 1;
            }}
            x[k] = (real)number;
        }}
        if (forward(1, parameters, {data}out)) {{
            fprintf(stderr, "row %ld leaves the domain of an operation, or holds nan\\n", row);
            return 1;
        }}
        for (int k = 0; k < {outputs}; k++) printf("%.17g%c", (double)out[k], k + 1 < {outputs} ? ' ' : '\\n');
        if ({width} == 0) return 0;
    }}
}}
#endif
"""


def program(functions: list[Function], theta: list[float]) -> str:
    """A file with the parameters, and with a program that reads examples and writes their outputs."""
    forward = functions[0]
    widths = [math.prod(shape) for shape in forward.arguments.values()]
    data = "".join(f"x + {sum(widths[:k])}, " for k in range(len(widths)))
    outputs = forward.value.shape[0] * max(forward.value.shape[1], 1)
    numbers = ", ".join(map(_literal, theta)) or "0.0"
    main = _MAIN.format(count=max(len(theta), 1), numbers=numbers, width=sum(widths), outputs=outputs, data=data)
    return source(functions) + main
