"""Evaluation on many examples: outputs, probabilities and accuracy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np

from autograd import nesting, sigmoid, softmax
from nn.engines import Engine, engine_on, examples, inputs, output
from nn.examples import Floats, one_hot, rows
from nn.losses import maker

Link = Literal["identity", "sigmoid", "softmax"] | Callable[[Any], Any]
LINKS: dict[str, Callable[[Any], Any]] = {"identity": lambda a: a, "sigmoid": sigmoid, "softmax": softmax}


def predict(model: Any, X: Any, engine: Engine = "recorded") -> Floats:  # noqa: N803
    """The model's outputs on every row of X (N, n_in), as floats: (N,) for one output, (N, K) for K.

    The model is recorded on the first row. With engine="eager" it is called on every row; a model that branches on its
    numbers needs that. Examples of different lengths, in a list, are recorded once for each length. ValueError for no
    rows, nan and lengths that the model does not take.

    >>> predict(lambda x: 2.0 * x[0], [[1.0], [-1.0]])
    array([ 2., -2.])
    """
    x = examples(X)
    return np.asarray(engine_on(engine, partial(output, model), [x])(x))


def predict_proba(model: Any, X: Any, link: Link | None = None, engine: Engine = "recorded") -> Floats:  # noqa: N803
    """The outputs as probabilities: of one output P(C1 | x), (N,), by a sigmoid; of K outputs (N, K) by softmax.

    A model that ends in a sigmoid or a softmax gives them already. `link` is "identity", "sigmoid", "softmax" or
    another function from the outputs to probabilities.

    >>> predict_proba(lambda x: 2.0 * x[0], [[0.0]])
    array([0.5])
    """
    if link is not None and not callable(link) and link not in LINKS:
        raise ValueError(f"link is one of {', '.join(LINKS)}, or a function; got {link!r}")

    def the_model(x: Any) -> Any:
        y = _scores(model, x)
        found = "identity" if all(map(maker, nesting.flat(y))) else "sigmoid" if np.ndim(y) == 0 else "softmax"
        return link(y) if callable(link) else LINKS[link or found](y)

    return predict(the_model, X, engine)


def accuracy(model: Any, X: Any, Y: Any, engine: Engine = "recorded") -> float:  # noqa: N803
    """The share of examples whose class is right: the largest of K outputs; of one output class 1 where P(C1 | x) > ½.

    That is where a probability, made by sigmoid or softmax, is above ½, or any other output above 0. Y are class
    indices (N,), of one output 0 and 1 or the −1 and 1 of `hinge`, or one-hot rows (N, K); ValueError for others.

    >>> accuracy(lambda x: 2.0 * x[0], [[1.0], [-1.0]], [1, 1])
    0.5
    """
    outputs, classes = predict(partial(_scores, model), X, engine), rows(Y, "Y", least=1)
    if classes.ndim == 2 and classes.shape == outputs.shape:
        largest: Any = classes.argmax(axis=1)
        classes = largest if (classes == one_hot(largest, classes.shape[1])).all() else classes
    if classes.shape != (len(outputs),):
        raise ValueError(f"accuracy takes one class index per row: got {len(outputs)} rows, Y of shape {classes.shape}")
    if np.isnan(outputs).any():
        raise ValueError("the model's outputs are nan: its weights are not finite")
    allowed = range(outputs.shape[1]) if outputs.ndim == 2 else (-1, 1) if -1 in classes else (0, 1)
    if not np.isin(classes, allowed).all():
        strange = next(c for c in classes.tolist() if c not in allowed)
        raise ValueError(f"the classes are {', '.join(map(str, allowed))}; got {strange:g}")
    if outputs.ndim == 2:
        return float((outputs.argmax(axis=1) == classes).mean())
    limit = 0.5 if maker(_scores(model, inputs(examples(X)[0]))) else 0.0
    return float(((outputs > limit) == (classes == 1)).mean())


def _scores(model: Any, x: Any) -> Any:
    y = output(model, x)
    if np.ndim(y) > 1:
        raise ValueError(f"a class is read from one output or a vector of them; the model gives shape {np.shape(y)}")
    return y
