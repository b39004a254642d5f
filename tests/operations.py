"""The operations as README lists them, from the table: `python -m tests.operations` prints the list."""

import sympy

from autograd import ops

HEAD = "| operation | on a card | ∂/∂a, ∂/∂b, … | defined for | where there is no derivative |\n|---|---|---|---|---|"
OPERANDS = sympy.symbols("a b c", real=True)
# Of functions of vectors, in words: their derivatives have as many parts as the vectors.
VECTORS = {
    "sum": "1 each",
    "dot": "the other vector",
    "take": "1[j = i], and 0 of the index",
    "logsumexp": "softmax(a)",
    "log_softmax": "1[j = c] − softmax(a)ⱼ",
    "neg_log_softmax": "softmax(a)ⱼ − 1[j = c]",
}


def operations():
    """One line of Markdown for every row of the library, in the order of the table."""
    return "\n".join([HEAD, *(line(ops.TABLE[name]) for name in ops.TABLE if name in ops.BUILT_IN)])


def line(op):
    cells = [called(op), f"{op.symbol or op.name}", derivatives(op), op.domain, op.kink]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def called(op):
    if op.infix:
        return f"`{op.written.format('a', 'b') if op.name != 'positive' else '+a'}`"
    if op.name == "absolute":
        return "`absolute`, `abs`"
    return f"`{op.name}`"


def derivatives(op):
    if op.vectors:
        return VECTORS[op.name]
    if op.name == "where":
        return "0, 1 if a else 0, 0 if a else 1"
    operands = OPERANDS[: op.arity]
    return ", ".join(text(sympy.diff(op.formula(*operands), x)) for x in operands)


def text(d):
    """A SymPy expression as this README writes one."""
    if isinstance(d, sympy.Piecewise):
        (first, condition), (second, _) = d.args
        return f"{text(first)} if {condition} else {text(second)}"
    d = sympy.simplify(d)
    return (
        str(d)
        .replace("**2", "²")
        .replace("**", " ^ ")
        .replace("*", " · ")
        .replace("-", "−")
        .replace("sign(a)", "sign a")
    )


if __name__ == "__main__":
    print(operations())
