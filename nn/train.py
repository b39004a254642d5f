"""Training on rows of data, and what is told of it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd import kinds
from nn.doctor import unmoved
from nn.examples import Floats, prepared
from nn.optim import Optimizer

SHOWN = 12  # epochs in the text of a history


class DivergedError(ValueError):
    """Training that came to a loss without a value. `history` holds the epochs until then."""

    def __init__(self, history: History, error: Exception, now: str, lr: float) -> None:
        super().__init__(
            f"training stopped in epoch {len(history.loss) + 1}: {str(error).rstrip('.')}. {now}. A learning rate below "
            f"{lr:g} may help, or inputs scaled to about 1."
        )
        self.history = history


@dataclass(repr=False)
class History:
    """The loss of every epoch; as text a table, and by `plot` a curve.

    The loss is the mean (or the sum) over the epoch's rows, each taken just before the step that its batch makes;
    `validation` that over the validation data, after the epoch's last step.
    """

    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)

    def __repr__(self) -> str:
        if not self.loss:
            return "History of no epoch"
        columns = {"loss": self.loss, "validation": self.validation} if self.validation else {"loss": self.loss}
        chosen = np.unique(np.linspace(1, len(self.loss), SHOWN).round().astype(int)).tolist()
        lines = [f"{n:>6}" + "".join(f"  {c[n - 1]:>10.6g}" for c in columns.values()) for n in chosen]
        return "\n".join(["epoch" + "".join(f"  {name:>10}" for name in columns), *lines])

    def plot(self, axes: Any = None) -> Any:
        """Draw the curves with matplotlib, into these axes or the current ones; returns the axes."""
        if axes is None:
            from matplotlib import pyplot

            axes = pyplot.gca()
        epochs = range(1, len(self.loss) + 1)
        axes.plot(epochs, self.loss, label="loss")
        if self.validation:
            axes.plot(epochs, self.validation, label="validation")
            axes.legend()
        axes.set(xlabel="epoch", ylabel="loss")
        return axes


def fit(
    model: Any,
    X: Any,  # noqa: N803  # the field's names for rows of data and their targets
    Y: Any,  # noqa: N803
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    reduction: str = "mean",
    validation: tuple[Any, Any] | None = None,
    seed: int = 0,
    progress: bool = True,
    callback: Callable[[History], Any] | None = None,
    engine: str = "recorded",
) -> History:
    """Train a model on rows X (N, n_in) and targets Y by the gradient of loss(model(x), y); returns the History.

    Y are class indices, one-hot rows, or whatever rows the loss takes. A step follows the mean of the gradients of
    `batch_size` rows, or with reduction="sum" their sum, the lecture's E = Σ E_n: None is the full batch, 1 online
    descent, m minibatches; the rows are shuffled in every epoch by `seed`. `validation` is further data (X, Y).
    `callback(history)` is called after every epoch, and ends the training by returning True.

    The loss is recorded once and run as NumPy code; engine="eager" builds a graph for every row, as a model needs
    that branches on its numbers, and gives the same numbers. After every step the parameters hold their new data;
    their `.grad` is not used.

    TypeError or ValueError for data and targets that do not fit, and where parameters reach the loss only through
    `step`, before anything has changed. DivergedError, a ValueError, at the first loss that is nan or infinite, with the
    parameters and the optimiser as they were before the step that led there.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"fit takes an optimiser such as nn.SGD(model.parameters(), lr=0.1); got {optimizer!r}")
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is 'mean' or 'sum'; got {reduction!r}")
    _whole("epochs", epochs)
    _whole("batch_size", 1 if batch_size is None else batch_size)
    program, data, example = prepared(model, X, Y, loss, engine)
    held_out = prepared(model, *validation, loss, engine)[:2] if validation is not None else None
    descent, history = _Descent(program, data, optimizer, reduction, example), History()
    size, rng = min(batch_size or len(data[0]), len(data[0])), np.random.default_rng(seed)
    with _bar(progress, epochs * -(-len(data[0]) // size)) as bar:
        for _ in range(epochs):
            try:
                history.loss.append(descent.epoch(size, rng, bar))
            except kinds.ERRORS as error:
                raise DivergedError(history, error, descent.back(), optimizer.lr) from None
            if held_out:
                losses = held_out[0](*held_out[1])
                history.validation.append(float(losses.mean() if reduction == "mean" else losses.sum()))
            bar.set_postfix_str(f"epoch {len(history.loss)}, loss {history.loss[-1]:.4g}", refresh=False)
            if callback:
                if callback(history) is True:
                    break
                descent.theta = program.theta()  # which it may have changed
    return history


class _Descent:
    """A program whose parameters, as far as an optimiser has them, follow the gradient."""

    def __init__(self, program: Any, data: Any, optimizer: Optimizer, reduction: str, example: Any) -> None:
        self.program, self.data, self.optimizer, self.reduction = program, data, optimizer, reduction
        place = {v: k for k, v in enumerate(optimizer.parameters)}
        self.moving = [v for v in program.parameters if v in place]
        if not self.moving:
            raise ValueError("the loss depends on none of the optimiser's parameters: give it model.parameters()")
        _refuse_stuck([v for v in unmoved(example)[0] if v in place], unmoved(example)[1])
        here = [k for k, v in enumerate(program.parameters) if v in place]
        self.here: Any = slice(None) if len(here) == len(program.parameters) else here
        self.places = np.array([place[v] for v in self.moving])
        self.theta: Floats = program.theta()
        self.before: tuple[Floats, list[Floats], float] | None = None  # the step: theta, the rule's memory, the loss

    def epoch(self, size: int, rng: np.random.Generator, bar: Any) -> float:
        """Take a step for every batch, and return the mean or sum of the losses before them."""
        loss, n = 0.0, len(self.data[0])
        for batch in _batches(self.data, size, rng):
            loss += self.step(batch) * (len(batch[0]) / n if self.reduction == "mean" else 1.0)
            bar.update()
        return loss

    def step(self, batch: list[Floats]) -> float:
        """Take one step and return the loss before it; an error where that or the step has no value."""
        try:
            loss, gradient = self.program.value_and_grad(self.theta, *batch, reduction=self.reduction)
        except kinds.ERRORS:
            if len(batch[0]) < len(self.data[0]):
                # Once more on all rows, for the error to count as the data do.
                self.program.value_and_grad(self.theta, *self.data, reduction=self.reduction)
            raise
        memory, theta = self.optimizer.memory, self.theta.copy()
        theta[self.here] = self.optimizer.update(theta[self.here], gradient[self.here], self.places)
        if not (math.isfinite(loss) and np.isfinite(theta).all()):
            self.optimizer.memory = memory
            raise ValueError(f"the loss is {float(loss)}" + ", and the step from there infinite" * math.isfinite(loss))
        self.before, self.theta = (self.theta, memory, float(loss)), theta
        for v, w in zip(self.moving, theta[self.here].tolist(), strict=True):
            v.primal = w
        return float(loss)

    def back(self) -> str:
        """Take the last step back; returns what to say of it."""
        if self.before is None:
            return "Nothing has changed"
        theta, self.optimizer.memory, loss = self.before
        for v, w in zip(self.moving, theta[self.here].tolist(), strict=True):
            v.primal = w
        return f"The parameters are those of the step before, with a loss of {loss:.4g}"


def _refuse_stuck(stuck: list[Any], rows: list[str]) -> None:
    if stuck:
        first = stuck[0].name or kinds.described(stuck[0])
        more = f" and {len(stuck) - 1} more parameters reach" if len(stuck) > 1 else " reaches"
        raise ValueError(
            f"the gradient of {' and '.join(rows)} is 0 everywhere, and {first}{more} the loss only through it, so "
            "training would never move them: take sigmoid units in place of the threshold, or give the optimiser "
            "the other parameters alone"
        )


def _batches(data: Any, size: int, rng: np.random.Generator) -> Iterator[list[Floats]]:
    n = len(data[0])
    if size < n:
        order = rng.permutation(n)
        data = [x[order] for x in data]
    for at in range(0, n, size):
        yield [x[at : at + size] for x in data]


def _bar(progress: bool, steps: int) -> Any:
    from tqdm import tqdm

    return tqdm(total=steps, desc="training", unit="step", file=sys.stderr, disable=not progress)


def _whole(name: str, n: Any) -> None:
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"{name} is a whole number of at least 1; got {n!r}")
