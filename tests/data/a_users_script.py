"""What a user writes: checked by mypy --strict and by pyright, never run. An error that is expected has an ignore."""

from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

import nn
import viz
from autograd import (
    Array,
    Chain,
    Op,
    Program,
    Value,
    absolute,
    array,
    assign,
    check_grad,
    constant,
    exp,
    grad,
    gradients,
    grads,
    hessian,
    jacobian,
    jvp,
    log_softmax,
    maximum,
    named,
    record,
    relu,
    replay,
    scope,
    sigmoid,
    softmax,
    sum as total,
    tanh,
    value_and_grad,
    values,
    vjp,
    where,
    zero_grad,
)

Floats = npt.NDArray[np.float64]

# Values: arithmetic, comparisons, methods.
v, w = Value(2.0, "v"), Value(3.0, role="input")
assert_type(v + 1, Value)
assert_type(1 / v - np.float64(2) ** v, Value)
assert_type(-v * w**2, Value)
assert_type(v > 0, bool)
assert_type(v == w, bool)
assert_type(v.tanh().leaky_relu(0.1), Value)
assert_type(float(v) + v.data, float)
assert_type(v.grad, float | None)
assert_type(v.parents, tuple[Value, ...])
assert_type(v.partials, tuple[float, ...])
v.backward()
v.nothing()  # type: ignore[attr-defined]
Value(1.0, role="weight")  # type: ignore[arg-type]

# Arrays.
W = array([[0.5, -1.0], [0.1, 0.3]], "W")
x = array(np.ones(2), "x", role="input")
b = constant([0.0, 0.0])
assert_type(W, Array)
assert_type(x, Array)
assert_type(b, Array)
assert_type(array(1.0, "c"), Value)
assert_type(constant(1), Value)
assert_type(v * W, Array)
assert_type(named("W", W), Array)
assert_type(values(W @ x + b), Floats)
assert_type(grads(W), Floats)
array([1.0], role="weights")  # type: ignore[call-overload]
assign(W, values(W) - 0.1 * grads(W))
zero_grad([W, v])

# Functions: the like for the like.
assert_type(sigmoid(0.5), float)
assert_type(sigmoid(v), Value)
assert_type(sigmoid(W), Array)
assert_type(exp([0.5, 1.0]), list[Any])
assert_type(absolute(-1), float)
assert_type(maximum(v, 0.0), Value)
assert_type(maximum(0.0, v), Value)
assert_type(where(v > 0, v, 0.0), Value)
assert_type(softmax([1.0, 2.0]), list[float])
assert_type(softmax(x), Array)
y: Value = total(log_softmax(tanh(W @ x + b)))
L: Value = y - np.array([1.0, 2.0]) @ x
f = sigmoid(W @ x)[0]

# Derivatives.
assert_type(gradients(L, [v, w]), list[Value])
assert_type(gradients(L, W), Array)
assert_type(check_grad(lambda a: a**3, 2.0), float)
slope: float = grad(lambda a: a**3)(2.0)
value, slopes = value_and_grad(lambda a, c: a * c, (0, 1))(2.0, 3.0)
H: Floats = hessian(lambda a: a[0] ** 2 * a[1])([3.0, 2.0])
J: Floats = jacobian(L, [W, x])
primal, tangent = jvp(lambda a: a * a, (3.0,), (1.0,))
out, pullback = vjp(lambda a: a * a, 3.0)
again: float = replay(L, {v: 1.0})


# Scopes, chains, programs, rows of one's own.
@scope("layer", "y = σ(W·x)")
def layer(a: Array) -> Array:
    y: Array = sigmoid(W @ a + b)  # `@` gives an Array or one Value, which no type tells
    return y


assert_type(layer(x), Array)
chain = Chain(layer, double=lambda a: 2 * a)
assert_type(chain.jacobians(), list[Floats])
program = record(lambda a, t: (total(layer(a)) - t) ** 2, [2.0, 3.0], 1.0)
assert_type(program, Program)
assert_type(program.backward(np.ones((5, 2)), np.ones(5)), float)
program.backward(np.ones((5, 2)), np.ones(5), reduction="none")  # type: ignore[arg-type]
assert_type(program.parameters, list[Value])
assert_type(program.theta(), Floats)
assert_type(program.source, str)
cube = Op("cube", lambda a: a * a * a, (lambda y, a: 3 * a * a,))
assert_type(cube(v), Value)

# Training.
X, Y = nn.datasets.iris()
model = nn.MLP(4, [5, 3], activation="tanh", rng=0)
nn.MLP(4, [5, 3], activation="tan")  # type: ignore[arg-type]
nn.Layer(2, 3, activation=relu)
unit = nn.Neuron(2, "sigmoid")
assert_type(unit([1.0, 2.0]), Value)
assert_type(nn.cross_entropy(model(X[0]), int(Y[0])), Value)
descent = nn.SGD(model.parameters(), lr=0.5)
history = nn.fit(model, X, Y, nn.cross_entropy, descent, epochs=10, reduction="sum", progress=False)
assert_type(history, nn.History)
nn.fit(model, X, Y, nn.cross_entropy, descent, 10, engine="fast")  # type: ignore[arg-type]
assert_type(nn.predict(model, X), Floats)
assert_type(nn.accuracy(model, X, Y), float)
nn.minimize(lambda: v * v, [v], "BFGS")
nn.minimize(lambda: v * v, [v], "bfgs")  # type: ignore[arg-type]

# Pictures.
picture = viz.draw(L, detail="stages", direction="right", theme="dark")
picture.save("network.svg")
viz.draw(L, detail="stage")  # type: ignore[arg-type]
viz.draw(L, theme="blue")  # type: ignore[arg-type]
viz.steps(L, predict=[W[0, 1]], theme="light").save("lesson.html")
viz.steps(L, direction="left")  # type: ignore[arg-type]
print(viz.table(L), viz.latex(L, wrt=v).latex, viz.explain(L, v), viz.boundary(model, X, Y), viz.history(history))
