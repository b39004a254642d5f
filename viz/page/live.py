"""A network that learns in a page: its recorded program in JavaScript, the graph of one example, and a descent."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Program, assign, nesting, record
from autograd.arrays import Floats
from autograd.guards import graph_of
from autograd.recorded.examples import class_numbers, held_out, inputs, maker, output, rows, targets
from autograd.value import Value
from viz.arguments import MODEL, Theme, called, told, whole
from viz.files import saved
from viz.names import names
from viz.numbers import printable
from viz.once import once
from viz.page.assembly import Page, assembled, read, scripts, widget
from viz.page.example_graphs import graphs, places
from viz.page.units import facts, marked, network

Leaves = tuple[Sequence[Value], Sequence[Value]]  # the parameters in the order of theta; and those of the optimiser
MOST_ROWS, MOST_PRODUCTS = 2_000, 1_000_000  # examples of a page; and times parameters, what a step computes
LOSSES = "nn.cross_entropy, nn.binary_cross_entropy_with_logits, nn.hinge, nn.mse"
# fmt: off
OF_GRAPH = ("nodes", "zeros", "graph", "narration", "picture", "example")  # the graph of one example
LIVE = ("random", "descent", "data", "network", "unit", "curves", "acts", "controls")  # the page, in this order
# fmt: on


class Live(Page):
    """A network that learns in a page. It shows itself in Jupyter, and `save` writes the page.

    The page is one file that needs no other and no network. `window.live` there is its state, for the curious.
    Where anywidget is installed, a notebook shows a widget: `parameters` are those of the page, also to be assigned.
    """

    title, high = "A network that learns", 900
    advice = "Trust this notebook to see it, or write it to a page of its own by .save('learning.html')."

    def __init__(self, data: dict[str, Any], script: str, picture: str, theme: str, leaves: Leaves) -> None:
        self.data, self.script, self.picture, self.theme, self.leaves = data, script, picture, theme, leaves

    @once
    def html(self) -> str:
        """The page."""
        of_graph = f"const graphOf = (page, ROWS, svg) => {{\n{scripts(*OF_GRAPH)}\nreturn example;\n}};"
        learn = scripts(*(f"live/{name}" for name in LIVE))
        script = "\n".join([self.script, scripts("numbers"), of_graph, learn, scripts("theme")])
        parts = {"css": read("steps.css") + read("live.css"), "svg": self.picture}
        return assembled("live.html", script, self.data, self.theme, repr(self)[1:-1], **parts)

    @once
    def _widget(self) -> Any:
        return widget(self.html, [v.data for v in self.leaves[0]], self.high)

    def _heard(self) -> Any:
        if self._widget is None:
            raise ImportError("what the page learns comes back through a widget: pip install anywidget")
        return self._widget

    @property
    def parameters(self) -> Floats:
        """The numbers that the optimiser's parameters have in the page now; to assign them moves the page."""
        now = dict(zip(self.leaves[0], self._heard().theta, strict=True))
        return np.array([now.get(v, v.data) for v in self.leaves[1]])

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        own = np.asarray(numbers, float)
        if own.shape != (len(self.leaves[1]),) or not np.isfinite(own).all():
            raise ValueError(f"the page has {len(self.leaves[1])} parameters, which are finite numbers")
        new, frame = dict(zip(self.leaves[1], own.tolist(), strict=True)), self._heard()
        frame.theta = [new.get(v, x) for v, x in zip(self.leaves[0], frame.theta, strict=True)]
        frame.send({"theta": frame.theta})

    def adopt(self) -> None:
        """Give the model the parameters that it has in the page."""
        assign(list(self.leaves[1]), self.parameters)

    def _repr_mimebundle_(self, **more: Any) -> dict[str, str]:
        shown = {} if self._widget is None else self._widget._repr_mimebundle_()[0]
        return {**shown, **super()._repr_mimebundle_(**more)}

    def _mime_(self) -> tuple[str, str]:
        if self._widget is None:
            return super()._mime_()
        from marimo import as_html  # it is marimo that asks

        shown: tuple[str, str] = as_html(self._widget)._mime_()
        return shown

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the page, .html; returns the path. ValueError for another suffix."""
        return saved(self, "page in which a network learns", path, {".html": "html"}, ".html")

    def __repr__(self) -> str:
        return f"<{self.data['title']}>"


def live(
    model: Callable[[Any], Any],
    X: Any,  # noqa: N803  # the field's names for rows of data and their targets
    Y: Any,  # noqa: N803
    loss: Callable[[Any, Any], Any],
    optimizer: Any = None,
    *,
    batch_size: int | None = None,
    validation: tuple[Any, Any] | None = None,
    seed: int = 0,
    columns: Sequence[str] = (),
    classes: Sequence[str] = (),
    theme: Theme = "auto",
    digits: int = 4,
) -> Live:
    """A page in which the model learns the examples X (N, …), Y by the gradient of loss(model(x), y), as `nn.fit` does.

    The page computes what Python would: the recorded program, and the optimiser, SGD or Adam, from the parameters and
    the memory that they have now. Nothing changes in Python. There the reader plays the training, or takes it step by
    step; sees what the network makes of the data, its weights and its losses, and the graph of one example with every
    value and gradient; moves a weight, travels in time, and copies the parameters back.

    Y are class indices of K outputs, or targets that the loss takes. `columns` are the names of the inputs, `classes`
    those of the classes. TypeError or ValueError for data that do not fit, and for more than 2,000 examples, or a
    million of examples times parameters; TypeError for a model that branches on its numbers, and for another optimiser.

    >>> from autograd import Value
    >>> w = Value(0.5, "w")
    >>> class SGD:
    ...     parameters, lr, momentum, weight_decay, memory = [w], 0.1, 0.0, 0.0, []
    >>> live(lambda x: w * x[0], [[1.0], [2.0]], [2.0, 4.0], lambda y_hat, y: (y_hat - y) ** 2, SGD())
    <1 parameter learns from 2 examples>
    """
    of = partial(output, called(model, MODEL))
    whole("batch_size", 1 if batch_size is None else batch_size, 1)
    whole("seed", seed, 0)
    x, y = _data(X, Y, of)
    program = _program(of, called(loss, f"loss is a function: {LOSSES} or your own"), x, y)
    place = {v: k for k, v in enumerate(program.parameters)}
    descent = _descent(optimizer, place)
    seen, parts = network(of, x[0])
    shown, functions, picture = graphs(marked(of, loss), (x, y), place, theme, digits)
    # fmt: off
    data = _kind(of, x, y, classes) | {
        "title": _title(len(place), len(x)), "digits": digits, "seed": seed,
        "names": list(names(program.parameters).values()),
        "theta": _packed(program.theta()),
        "train": _rows_of_page(x, y),
        "held": None if validation is None else _rows_of_page(*held_out(validation, partial(_data, model=of), program)),
        "columns": _named(columns, [f"x[{k}]" for k in range(x[0].size)], "columns", "inputs"),
        "batch": 0 if batch_size is None or batch_size >= len(x) else batch_size,
        "optimizer": descent,
        "python": _python(model, optimizer, place),
        "model": places(seen.parameters, place),
        "network": [facts(part, parts, place) for part in parts], "staged": any(part.sources for part in parts),
        "examples": shown,
    }
    # fmt: on
    made = f"const ROWS = {functions};\nconst PROGRAMS = [{program.javascript}, {seen.javascript}];"
    return Live(data, f'"use strict";\n{made}\n', picture, theme, (program.parameters, optimizer.parameters))


def _title(parameters: int, examples: int) -> str:
    learn = " learns" if parameters == 1 else "s learn"
    return f"{parameters:,} parameter{learn} from {examples:,} example{'s' * (examples != 1)}"


# --- the examples -----------------------------------------------------------------------------------------------------


def _data(X: Any, Y: Any, model: Any) -> tuple[Floats, Floats]:  # noqa: N803
    """Examples and targets as floats; class indices of K outputs as rows of zeros with a one."""
    x = rows(X)
    if len(x) > MOST_ROWS:
        k = -(-len(x) // MOST_ROWS)
        raise ValueError(f"a page learns from {MOST_ROWS:,} examples at most; got {len(x):,}: take X[::{k}], Y[::{k}]")
    y_hat = model(inputs(x[0]))
    graph_of(y_hat, "the model")
    return x, targets(Y, X, y_hat)


def _program(output: Any, loss: Any, x: Floats, y: Floats) -> Program:
    """The loss of an example, recorded; a row that the model or the loss does not take is refused here."""
    program = record(lambda x, y: loss(output(x), y), x[0], y[0])
    if len(x) * (parameters := len(program.parameters)) > MOST_PRODUCTS:
        raise ValueError(
            f"a step of {len(x):,} examples times {parameters:,} parameters is too large for a page: "
            f"take {max(1, MOST_PRODUCTS // parameters):,} examples, or fewer units"
        )
    if np.ndim(program(x, y)) > 1:
        raise TypeError("the loss of an example is one Value: take the sum of those that it returns")
    return program


def _rows_of_page(x: Floats, y: Floats) -> dict[str, Any]:
    return {"n": len(x), "x": _packed(x), "y": _packed(y)}


def _packed(numbers: Any) -> str:
    """Floats as text, each to the last bit."""
    return b64encode(np.asarray(numbers, dtype="<f8").tobytes()).decode()


def _kind(model: Any, x: Floats, y: Floats, classes: Sequence[str]) -> dict[str, Any]:
    """Whether the targets are classes, and how the page reads one from the outputs: as `nn.accuracy` does."""
    y_hat = model(inputs(x[0]))
    outputs, labels = nesting.flat(y_hat), None
    made = all(map(maker, outputs))  # probabilities
    with suppress(ValueError):  # of other targets
        labels = class_numbers(y, len(outputs) if np.ndim(y_hat) else 0).tolist()
    numbered = [f"class {k}" for k in range(0 if labels is None else max(2, len(outputs)))]
    return {
        "outputs": len(outputs), "probabilities": made, "limit": 0.5 if made else 0.0,
        "labels": labels,
        "classes": _named(classes, numbered, "classes", "classes"),
    }  # fmt: skip


def _named(given: Any, otherwise: list[str], argument: str, what: str) -> list[str]:
    listed = np.iterable(given) and not isinstance(given, str)
    found = [printable(str(name)) for name in given] if listed else []
    if not listed or len(found) not in (0, len(otherwise)):
        raise ValueError(f"{argument} is a list of names for {len(otherwise)} {what}; got {told(given)}")
    return found or otherwise


# --- the descent ------------------------------------------------------------------------------------------------------


def _descent(optimizer: Any, place: Mapping[Value, int]) -> dict[str, Any]:
    """The optimiser's rule, its settings, and what it remembers of each parameter that it moves, in the order of theta."""
    rule = type(optimizer).__name__
    if rule not in ("SGD", "Adam"):
        known = "nn.SGD(model.parameters(), lr=0.1) or nn.Adam(model.parameters())"
        raise TypeError(f"optimizer is {known}: the page knows no other; got {told(optimizer)}")
    own = {place[v]: k for k, v in enumerate(optimizer.parameters) if v in place}
    if not own:
        raise ValueError("the loss depends on none of the optimiser's parameters: give it model.parameters()")
    memory = np.zeros((3, len(place)))
    for new, old in zip(memory, optimizer.memory, strict=False):
        new[[*own]] = old[[*own.values()]]
    return {
        "rule": rule if rule == "Adam" or not optimizer.momentum else "momentum",
        "lr": float(optimizer.lr),
        "decay": float(optimizer.weight_decay),
        "momentum": float(getattr(optimizer, "momentum", 0.0)) or 0.9,
        "betas": list(map(float, getattr(optimizer, "betas", (0.9, 0.999)))),
        "eps": float(getattr(optimizer, "eps", 1e-8)),
        "moving": sorted(own),
        "memory": list(map(_packed, memory)) if memory.any() else None,
    }


def _python(model: Any, optimizer: Any, place: Mapping[Value, int]) -> dict[str, Any]:
    """The words that bring the page's numbers back: an expression for the parameters, and the place of each in theta."""
    own = getattr(model, "parameters", None)
    of_model = callable(own) and list(own()) == list(optimizer.parameters)
    call = "model.parameters()" if of_model else "optimizer.parameters"
    return {"call": call, "at": places(optimizer.parameters, place)}
