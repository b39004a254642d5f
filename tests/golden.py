"""Programs whose written code is kept as a golden file: `python -m tests.golden` writes the files anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nn
import viz
from autograd import (
    Op,
    Value,
    array,
    constant,
    dot,
    gradients,
    leaky_relu,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    named,
    ops,
    record,
    relu,
    scope,
    sigmoid,
    sin,
    softmax,
    sqrt,
    step,
    sum as total,
    take,
    tanh,
    where,
)  # fmt: skip
from autograd.languages import numpy
from autograd.languages.javascript import value_and_partials
from autograd.languages.python import maker_source
from autograd.recorded.program import _written
from tests.programs import ONE, X, Y, classifier, gathering, lecture, mlp, whole_data_set

FILES = Path(__file__).parent / "data" / "sources"


def recurrent():
    """A cell met six times."""
    w, u = array([[0.5, -0.25], [1.0, 0.75]], "W"), array([[0.1, 0.2], [0.3, 0.4]], "U")

    def f(x):
        h = constant([0.0, 0.0])
        for k in range(6):
            with scope("cell", "h = tanh(W·x + U·h)"):
                h = named("h", tanh(w @ x[2 * k : 2 * k + 2] + u @ h))
        return total(h)

    return record(f, np.linspace(-1, 1, 12))


def convolution():
    """A kernel that slides over twelve numbers."""
    kernel = array([0.5, -1.0, 0.25], "kernel")
    return record(lambda x: total([relu(dot(kernel, x[k : k + 3])) for k in range(10)]), np.linspace(-1, 1, 12))


def siamese():
    """One network on two halves of a row."""
    layer = nn.Layer(2, 3, "tanh", rng=3)
    return record(lambda x: nn.mse(layer(x[:2]), layer(x[2:])), ONE)


def every_function():
    """Every function of one number, of a weight and of the data."""
    w = array([0.5, 0.25], "w")
    rows = [op for name, op in sorted(ops.TABLE.items()) if name in ops.BUILT_IN and op.arity == 1 and not op.infix]
    return record(lambda x: total([op(w[0] * tanh(x[k % 4]) + 0.25) * op(w[1]) for k, op in enumerate(rows)]), ONE)


def kinks():
    """Rows of two and three operands."""
    w = array([0.5, 0.25, 2.0], "w")

    def f(x):
        a, b = w[0] * x[0], w[1] * x[1]
        chosen = where(step(a - b), a * b, a / w[2])
        return maximum(a, b) + minimum(a, 1.0) * chosen + leaky_relu(b, w[1]) + abs(a) ** w[2] + (a + 3) ** 3 - b**2

    return record(f, ONE)


def attention():
    """One head over three positions."""
    q, k, v = (array(np.arange(4.0).reshape(2, 2) / 4 + n, name) for n, name in enumerate("qkv"))

    def f(x):
        rows = x.reshape(3, 2)
        scores = [softmax(array([dot(q @ rows[i], k @ rows[j]) / sqrt(2.0) for j in range(3)])) for i in range(3)]
        return total([total(scores[i][j] * (v @ rows[j])) for i in range(3) for j in range(3)])

    return record(f, np.linspace(-1, 1, 6))


def positions():
    """Three vectors through one matrix, each with a bias of its own."""
    w, p = array([[0.5, -0.25], [1.0, 0.75]], "W"), array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], "P")
    return record(
        lambda x: total([total(tanh(w @ x[2 * k : 2 * k + 2] * p[k])) for k in range(3)]), np.linspace(-1, 1, 6)
    )


def parts():
    """Parts of an array, one after the other: every second entry, some from behind, one twice, two, and all in another order."""
    w = array([0.5, -0.25, 1.0, 0.75, -0.5, 0.25], "w")

    def f(x):
        h, y = sin(w * x), x[0]
        for at in ([0, 2, 4], [5, 3, 1], [1, 1, 4], [2, 3], [4, 0, 5, 1, 3, 2]):
            y = total(tanh(h[at] * y))
        return y

    return record(f, np.linspace(-1, 1, 6))


def energy():
    """A derivative taken inside: the force of a potential."""
    w = array([0.5, 0.25], "w")

    def f(x):
        (force,) = gradients(tanh(w[0] * x) * sin(w[1] * x), [x])
        return force * force

    return record(f, 0.5)


def many_classes():
    """More than 32 logits: sums over the others are no matrix product."""
    w = array(np.linspace(-1, 1, 80).reshape(40, 2), "W")
    return record(lambda x, y: nn.cross_entropy(w @ x, y), [0.5, 1.0], np.eye(40)[3])


def own_rows():
    """Operations that a user made: of one number, and of a vector."""
    swish = Op("golden_swish", lambda x: x * sigmoid(x), (lambda y, x: y + sigmoid(x) * (1 - y),))
    norm = Op("golden_norm", lambda *a: sqrt(total([x * x for x in a])), lambda y, *a: [x / y for x in a], vectors=1)
    w = array([0.5, 0.25, 2.0], "w")
    try:
        program = record(lambda x: swish(w[0] * x[0]) + norm(w * x[:3]), ONE)
        for name in ("forward", "sum_and_grad"):
            written(program, name)
    finally:
        ops.TABLE.pop("golden_swish")
        ops.TABLE.pop("golden_norm")
    return program


def spread():
    """Weights without rows, a regression with a penalty."""
    w, b = array([0.5, 0.25, 2.0, -1.0], "w"), Value(0.1, "b")
    penalty = 0.01
    return record(lambda x, y: (w @ x + b - y) ** 2 / 2 + penalty * total(w * w), ONE, 1.0)


def tokens() -> Any:
    """Rows of a table at indices that the data give, a class by its index, and an element of what the data make."""
    table, v = array(np.linspace(-1, 1, 12).reshape(4, 3), "table"), array([0.5, -0.25], "v")

    def loss(x: Any) -> Any:
        i, j = step(x[0]) + step(x[1]), step(x[2])
        return nn.cross_entropy(take(table, i) * take(table, j), i) + take(v * x[1], j)

    return record(loss, [1.0, -2.0, 0.5])


PROGRAMS: dict[str, Callable[[], Any]] = {
    "lecture": lecture,
    "classifier": lambda: classifier()[1],
    "whole_data_set": whole_data_set,
    "gathering": gathering,
    "mlp_relu": mlp,
    "mlp_tanh": lambda: mlp(activation="tanh"),
    "mlp_sigmoid": lambda: mlp(activation="sigmoid"),
    "mlp_leaky_relu": lambda: mlp(activation="leaky_relu"),
    "mlp_deep_cross_entropy": lambda: mlp(nn.cross_entropy, (5, 4, 3), "tanh"),
    "logistic": lambda: mlp(nn.binary_cross_entropy_with_logits, (1,), "identity"),
    "probabilities": lambda: mlp(lambda a, y: nn.binary_cross_entropy(sigmoid(a), y), (3, 1), "sigmoid"),
    "hinge": lambda: mlp(lambda a, y: nn.hinge(a, 2 * y - 1), (4, 1), "relu"),
    "vector": lambda: record(lambda x: [softmax(x), x], ONE),
    "recurrent": recurrent,
    "convolution": convolution,
    "siamese": siamese,
    "every_function": every_function,
    "kinks": kinks,
    "attention": attention,
    "positions": positions,
    "parts": parts,
    "energy": energy,
    "many_classes": many_classes,
    "own_rows": own_rows,
    "spread": spread,
    "tokens": tokens,
    "logsumexp": lambda: record(lambda x: logsumexp(array([2.0, 1.0, 0.5, 3.0], "w") * x), ONE),
    "log_softmax": lambda: record(lambda x: log_softmax(array([2.0, 1.0, 0.5, 3.0], "w") * x)[2], ONE),
    "matrix_and_classes": lambda: record(lambda x, y: total(nn.one_hot(0, 3) * softmax(x[:3])) + y[0], ONE, Y[0]),
    "penalty_over_a_network": lambda: penalised(),
    "square_of_a_vector": lambda: record(lambda x: (w := array([2.0, 1.0, 0.5], "w")) @ w * x, 1.0),
    "data_as_constants": lambda: record(lambda: total([(Value(2.0, "w") * x - 1) ** 2 for x in X[:5, 0]])),
}


def penalised():
    """The demo of micrograd: hinge loss and a penalty over every weight."""
    model = nn.MLP(2, [16, 16, 1], "relu", rng=0)
    return record(
        lambda x, y: nn.hinge(model(x), y) + 1e-4 * total([p * p for p in model.parameters()]), [0.5, 1.0], 1.0
    )


def data(name: str, program: Any, count: int = 21) -> list[Any]:
    """Rows of data that the program takes."""
    drawn = np.abs(np.random.default_rng(5).normal(size=(count, 40)))
    shapes = program._data.arguments.values()
    found = [drawn[:, : int(np.prod(shape))].reshape(count, *shape) for shape in shapes]
    if name in ("classifier", "mlp_deep_cross_entropy", "many_classes", "matrix_and_classes"):
        found[1] = np.eye(found[1].shape[1])[np.arange(count) % 3]
    if name in ("hinge", "probabilities", "logistic"):
        found[1] = np.arange(count) % 2.0
    if name == "penalty_over_a_network":
        found[1] = 2.0 * (np.arange(count) % 2) - 1
    return found


def written(program: Any, name: str) -> str:
    """The text of one function of a program."""
    return numpy.function(_written(program._plan, program._data.arguments, name))


def text(program: Any) -> str:
    """All that is written for a program: both functions, the careful one, and the constants they read."""
    names = ["forward"] if program._plan.shape else ["forward", "sum_and_grad"]
    functions = "\n\n".join(written(program, name) for name in names)
    found = _written(program._plan, program._data.arguments, names[-1]).context.constants
    with np.printoptions(threshold=40, linewidth=110):
        constants = "".join(f"\n# {name} {x.shape}: {x.tolist()!s:.300}" for name, x in found.items())
    return f"{functions}{constants}\n"


def rows() -> str:
    """Every row as the function that makes its nodes, as JavaScript, as a formula and its derivatives in LaTeX and text."""
    blocks = []
    for name in sorted(ops.BUILT_IN):
        op = ops.TABLE[name].at(1) if ops.TABLE[name].indexed else ops.TABLE[name]
        n = op.arity or 3 + op.vectors % 2 - 1
        leaves = [Value(0.75 + (k or op.leading) / 4, f"x{k}") for k in range(n)]
        value, partials = value_and_partials(op, n)
        formula = viz.latex(op.apply(*leaves))
        slopes = [viz.latex(op.apply(*leaves), wrt=leaf) for leaf in leaves]
        written = [f"{f.latex}\n{f}" for f in (formula, *slopes)]
        blocks.append("\n".join([f"=== {op.label}", maker_source(op, n).strip(), value, partials, *written]))
    return "\n\n".join(blocks) + "\n"


def write() -> None:
    """Write every golden file anew."""
    for name, make in PROGRAMS.items():
        (FILES / f"{name}.txt").write_text(text(make()), encoding="utf-8")
    (FILES / "rows.txt").write_text(rows(), encoding="utf-8")


if __name__ == "__main__":
    write()
