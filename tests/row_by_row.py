"""What a recorded program is held to: its function called with Values on every row, and swept by backward()."""

from __future__ import annotations

import os

import numpy as np

from autograd import array, record, sum as total, values, zero_grad
from autograd.recorded import execution as runs


def graphs(f, *data):
    """The outputs of f on every row of data, each a graph of its own; of no data its one graph."""
    if not data:
        return [f()]
    return [f(*(array(x, "x", "input") for x in row)) for row in zip(*map(np.asarray, data), strict=True)]


def outputs(f, *data):
    """The numbers of f on every row."""
    rows = [values(y) for y in graphs(f, *data)]
    return np.array(rows) if data else rows[0]


def loss_and_gradient(f, parameters, *data, reduction="mean"):
    """The mean or the sum of f over the rows, and its gradient; every `.grad` is left at None."""
    zero_grad(parameters)
    rows = graphs(f, *data)
    loss = total(rows) / (len(rows) if reduction == "mean" else 1)
    loss.backward()
    gradient = np.array([0.0 if p.grad is None else p.grad for p in parameters])
    zero_grad(parameters)
    return loss.data, gradient


def assert_near(got, expected, rel=1e-12):
    """Equal up to rounding; what cancels is measured against the largest number beside it."""
    size = np.abs(expected, where=np.isfinite(expected), out=np.zeros(np.shape(expected))).max(initial=0.0)
    np.testing.assert_allclose(got, expected, rtol=rel, atol=rel * max(1.0, size))


IN_C = os.environ.get("CHAINRULE_LANGUAGE") == "c"  # then every program is compiled too, which takes a while


def assert_recorded_is_eager(f, *data, rel=1e-12):
    """Record f on the first row, and compare its outputs, its loss and its gradient with the eager ones."""
    program = record(f, *(np.asarray(x)[0] for x in data))
    if IN_C:
        compiled = record(f, *(np.asarray(x)[0] for x in data), language="c")
        assert_near(compiled(*data), outputs(f, *data), rel)
        for reduction in ("mean", "sum"):
            loss, gradient = loss_and_gradient(f, compiled.parameters, *data, reduction=reduction)
            got = compiled.value_and_grad(compiled.theta(), *data, reduction=reduction)
            assert_near(got[0], loss, rel)
            assert_near(got[1], gradient, rel)
    assert_near(program(*data), outputs(f, *data), rel)
    for reduction in ("mean", "sum"):
        loss, gradient = loss_and_gradient(f, program.parameters, *data, reduction=reduction)
        got = program.value_and_grad(program.theta(), *data, reduction=reduction)
        assert_near(got[0], loss, rel)
        assert_near(got[1], gradient, rel)
        assert program.backward(*data, reduction=reduction) == got[0]
        assert [p.grad for p in program.parameters] == got[1].tolist()
        zero_grad(program.parameters)
    return program


def stay_recorded(program, monkeypatch):
    """Let the program run only as it was recorded: the eager way around an alarm is an error."""

    def refused(*_, **__):
        raise AssertionError("ran eagerly")

    monkeypatch.setattr(runs.Run, "_eagerly", refused)
    return program
