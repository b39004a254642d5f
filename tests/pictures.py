"""Graphs to draw, and readers of their pictures. `python -m tests.pictures` writes the golden ones anew: look at them."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd as ag
import viz
from autograd import Op, Value, array, named, neg_log_softmax, scope, sigmoid

SVG = "{http://www.w3.org/2000/svg}"


def neuron(backward=True):
    x1, x2 = Value(2.0, "x1", "input"), Value(0.0, "x2", "input")
    w1, w2, b = Value(-3.0, "w1"), Value(1.0, "w2"), Value(6.881373587, "b")
    n = named("n", named("s", named("x1w1", x1 * w1) + named("x2w2", x2 * w2)) + b)
    out = named("o", n.tanh())
    if backward:
        out.backward()
    return out


def network(backward=True):
    rng = np.random.default_rng(3)
    W1, w10 = array(rng.normal(size=(3, 2)), "W1"), array(rng.normal(size=3), "w10")
    W2, w20 = array(rng.normal(size=(3, 3)), "W2"), array(rng.normal(size=3), "w20")
    x = array([0.5, -1.0], "x", "input")
    with scope("f1", "x2 = W1·x"):
        x2 = named("x2", W1 @ x)
    with scope("f2", "x3 = x2 + w10"):
        x3 = named("x3", x2 + w10)
    with scope("f3", "x4 = σ(x3)"):
        x4 = named("x4", sigmoid(x3))
    with scope("f4", "x5 = W2·x4"):
        x5 = named("x5", W2 @ x4)
    with scope("f5", "x6 = x5 + w20"):
        x6 = named("x6", x5 + w20)
    with scope("f6", "L = −log softmax(x6)_c"):
        out = named("L", neg_log_softmax(x6)[2])
    if backward:
        out.backward()
    return out


def everything():
    """Constants, a guarded power, n-ary rows, a row of the user's, repeated operands, numbers that are not finite."""
    a, b = Value(2.0, "a", "input"), Value(-0.5)
    y = (2 * a + 1) ** 2 / 3 - abs(-b) + ag.where(a > 1, b.exp(), a * b) + ag.sum([a, b, a]) * ag.maximum(a, b)
    out = [y + a * a, b * float("inf"), SWISH(a)]
    y.backward()
    return out


SWISH = Op("swish", lambda x: x * sigmoid(x), (lambda y, x: sigmoid(x) + y * sigmoid(-x),))
GRAPHS = {"neuron": neuron, "network": network, "everything": everything, "before": lambda: network(backward=False)}


@pytest.fixture(params=GRAPHS)
def graph(request):
    return GRAPHS[request.param]()


@pytest.fixture(params=["right", "down"])
def direction(request):
    return request.param


PAYLOADS = [
    "<script>alert(1)</script>", '"];}', "\\N", "\\", "a\x00\x1b\x7f\ud800b", "{a|<b>c}", "&lt;b&gt;&amp;", "<b>x</b>",
    "\u202eabc", "]]>", "a\nb", "' onload='alert(1)", "漢字 𝒙 ŷ",
]  # fmt: skip


def texts(element):
    return ["".join(t.itertext()) for t in element.iter(f"{SVG}text")]


def parsed(diagram):
    root = ElementTree.fromstring(diagram.svg)
    groups = {g.get("id").partition("-")[2]: g for g in root.iter(f"{SVG}g") if g.get("id")}
    return root, groups


def box(rect):
    x, y, w, h = (float(rect.get(k)) for k in ("x", "y", "width", "height"))
    return x, y, x + w, y + h


def written(groups):
    """The ground of each label on a wire, and its texts."""
    labels = [g for key, g in groups.items() if key.endswith("-label")]
    return [(box(g.find(f"{SVG}rect")), [t.text for t in g.findall(f"{SVG}text")]) for g in labels]


GOLDEN = Path(__file__).parent / "data" / "pictures"
PICTURES = {
    "neuron": lambda: viz.draw(neuron()),
    "everything": lambda: viz.draw(everything(), theme="dark", digits=5),
    "values": lambda: viz.draw(network(), detail="values", direction="right"),
    "stages": lambda: viz.draw(network(), detail="stages"),
    "before": lambda: viz.draw(network(backward=False), detail="stages", direction="right", legend=False),
}


def animation():
    """README's first picture: one neuron, forward and backward."""
    w, x, b = Value(0.5, "w"), Value(2.0, "x", role="input"), Value(-0.6, "b")
    y = named("y", (w * x + b).tanh())
    y.backward()
    return viz.steps(y)


if __name__ == "__main__":
    print(animation().save(GOLDEN / "steps.svg"))
    GOLDEN.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        for suffix in (".svg", ".dot"):
            print(draw().save(GOLDEN / (name + suffix)))
