"""Training on examples, and the history of its losses."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd import Value, refusals
from autograd.recorded.examples import Floats, held_out, whole
from autograd.recorded.program import Reduction
from nn.doctor import Finding, unmoved
from nn.engines import ByShape, EagerProgram, Engine, engine_on, prepared
from nn.optim import Optimizer

SHOWN = 12  # epochs in the table of a history


class DivergedError(ValueError):
    """Training stopped at a loss that is nan or infinite. `history` holds the epochs until then.

    >>> from nn import Neuron, SGD, mse
    >>> unit = Neuron(1, "identity", rng=0)
    >>> try:
    ...     fit(unit, [[1e3], [-1e3]], [1.0, -1.0], mse, SGD(unit.parameters(), 1.0), 200, progress=False)
    ... except DivergedError as error:
    ...     print(len(error.history.loss) > 10, np.isfinite(unit.b.data))
    True True
    """

    history: History


@dataclass
class History:
    """The loss of every epoch; as text a table, and by `plot` a curve.

    The loss is the mean (or the sum) over the epoch's examples, each computed just before the step of its batch.
    `validation` is the mean or the sum over the validation data, after the epoch's last step.

    >>> History([0.5, 0.25])
    epoch        loss
         1         0.5
         2        0.25
    """

    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)

    def _curves(self) -> dict[str, list[float]]:
        return {name: curve for name, curve in vars(self).items() if curve}

    def __repr__(self) -> str:
        if not self.loss:
            return "History of no epoch"
        curves = self._curves()
        chosen = np.unique(np.linspace(1, len(self.loss), SHOWN).round().astype(int)).tolist()
        lines = [f"{n:>6}" + "".join(f"  {curve[n - 1]:>10.6g}" for curve in curves.values()) for n in chosen]
        if self.loss[-1] > self.loss[0]:
            lines += ["The loss rose: take a smaller learning rate, or ask nn.diagnose(model, X, Y, loss) for a cause."]
        return "\n".join(["epoch" + "".join(f"  {name:>10}" for name in curves), *lines])

    def plot(self, axes: Any = None) -> Any:
        """Draw the curves with matplotlib, into these axes or the current ones; returns the axes."""
        from matplotlib import pyplot

        axes = axes or pyplot.gca()
        for name, curve in self._curves().items():
            axes.plot(range(1, len(curve) + 1), curve, label=name, marker="o" if len(curve) == 1 else "")
        if self.validation:
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
    reduction: Reduction = "mean",
    validation: tuple[Any, Any] | None = None,
    seed: int = 0,
    progress: bool = True,
    callback: Callable[[History], Any] | None = None,
    engine: Engine = "recorded",
) -> History:
    """Train a model on examples X (N, n_in) and targets Y by the gradient of loss(model(x), y); returns the History.

    Y are class indices, one-hot rows, or other targets that the loss takes. A step follows the mean of the gradients of
    `batch_size` examples, or with reduction="sum" their sum, the lecture's E = Σ E_n: None is the full batch, 1 online
    descent, m minibatches. The examples are shuffled in every epoch by `seed`. Examples of different lengths, in lists,
    are recorded once for each length, and a minibatch has few lengths. `validation` is further data (X, Y).
    `callback(history)` is called after every epoch, and ends the training by returning True.

    The loss is recorded once and run as NumPy code. engine="eager" builds a graph for every example and gives the same
    numbers; a model that branches on its numbers needs it. The parameters hold their new data at the end, however that
    comes, and before every callback; their `.grad` is not used.

    TypeError or ValueError for data and targets that do not fit, and where parameters reach the loss only through
    `step`, before anything has changed. DivergedError, a ValueError, at the first loss that is nan or infinite, with the
    parameters and the optimiser as they were before the step that led there.

    >>> from nn import MLP, SGD, accuracy, cross_entropy, datasets
    >>> X, Y = datasets.iris()
    >>> X = (X - X.mean(axis=0)) / X.std(axis=0)
    >>> model = MLP(4, [5, 3], rng=0)
    >>> history = fit(model, X, Y, cross_entropy, SGD(model.parameters(), 1.0), 100, progress=False)
    >>> len(history.loss), accuracy(model, X, Y) > 0.95
    (100, True)
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"fit takes an optimiser such as nn.SGD(model.parameters(), lr=0.1); got {optimizer!r:.60}")
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is 'mean' or 'sum'; got {reduction!r}")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback is a function of the History; got {callback!r}")
    whole("epochs is a whole number", epochs)
    whole("batch_size is a whole number", 1 if batch_size is None else batch_size)
    of_example, data, example = prepared(model, X, Y, loss)
    program = engine_on(engine, of_example, data)
    program(*data)  # any row that the model or the loss does not take is refused here
    further = None if validation is None else held_out(validation, lambda x, y: prepared(model, x, y, loss)[1], program)
    descent = _Descent(program, data, further, optimizer, reduction)
    descent.refuse_thresholds(example)
    size = batch_size or len(data[0])
    with progress_bar(progress, epochs * math.ceil(len(data[0]) / size)) as bar:
        descent.run(epochs, size, np.random.default_rng(seed), callback, bar)
    return descent.history


class _Descent:
    """The descent of a program's loss by an optimiser; it moves those parameters of the program that the optimiser has."""

    def __init__(self, program: Any, data: Any, held_out: Any, optimizer: Optimizer, reduction: Reduction) -> None:
        self.program, self.data, self.held_out = program, data, held_out
        self.optimizer, self.reduction, self.history = optimizer, reduction, History()
        place = {v: k for k, v in enumerate(optimizer.parameters)}
        self.moving = [v for v in program.parameters if v in place]
        if not self.moving:
            raise ValueError("the loss depends on none of the optimiser's parameters: give it model.parameters()")
        #: The places of the moving parameters in theta, and among the optimiser's parameters.
        here = np.array([k for k, v in enumerate(program.parameters) if v in place])
        self.here: Any = here if len(here) < len(program.parameters) else slice(None)  # which is faster
        self.places = np.array([place[v] for v in self.moving])
        self.read()
        #: The state before the last step, and the sentence that reports the way back to it.
        self.undo = self.state, "Nothing has changed"

    def read(self) -> None:
        """Go on from the numbers that the parameters and the optimiser have."""
        self.state: tuple[Floats, list[Floats]] = self.program.theta(), self.optimizer.memory
        self.written = self.state

    def write(self) -> None:
        """Give the parameters and the optimiser their new numbers; of an error in a callback nothing is overwritten."""
        if self.written is not self.state:
            before, (theta, memory) = self.written[0][self.here].tolist(), self.state
            self.optimizer.commit(self.moving, before, theta[self.here], memory)
            self.written = self.state

    def refuse_thresholds(self, example: Value) -> None:
        """ValueError if parameters that are to move act on the loss only through operations with a derivative of 0."""
        stuck, flat = unmoved(example)
        if stuck and isinstance(self.program, EagerProgram | ByShape):  # each example may have a graph of its own
            stuck = set.intersection(stuck, *(unmoved(y)[0] for y in self.program.graphs(self.data)))
        if found := [v.name or refusals.described(v) for v in self.moving if v in stuck]:
            raise ValueError(
                f"{Finding('unmoved', found, flat=flat)} Or give the optimiser the other parameters alone."
            )

    def run(self, epochs: int, size: int, rng: np.random.Generator, callback: Any, bar: Any) -> None:
        """Take the steps of all epochs. However they end, the parameters hold the numbers of the last one."""
        try:
            for _ in range(epochs):
                self.epoch(size, rng, bar)
                if callback:
                    self.write()
                    stop = callback(self.history)
                    if isinstance(stop, bool | np.bool_) and stop:
                        break
                    self.read()  # what it may have changed
        finally:
            self.write()

    def epoch(self, size: int, rng: np.random.Generator, bar: Any) -> None:
        """Take a step for every batch; note the mean or sum of the losses before them, and that of the validation data."""
        loss, n = 0.0, len(self.data[0])
        for batch in _batches(self.data, size, rng):
            loss += self.step(batch) * (len(batch[0]) / n if self.reduction == "mean" else 1.0)
            bar.update()
        self.history.loss.append(loss)
        if self.held_out:
            self.history.validation.append(self.validated())
        bar.set_postfix_str(f"epoch {len(self.history.loss)}, loss {loss:.4g}", refresh=False)

    def step(self, batch: list[Floats]) -> float:
        """Take one step and return the loss before it."""
        theta, memory = self.state
        try:
            loss, gradient = self.program.value_and_grad(theta, *batch, reduction=self.reduction)
            if not math.isfinite(loss):
                raise ValueError(f"the loss is {loss}")
        except refusals.ERRORS as error:
            self.state, now = self.undo
            raise self.diverged(str(error), now) from None
        new = theta.copy()
        taken = self.optimizer.safe_update(new[self.here], gradient[self.here], self.places, memory)
        if taken is None:
            raise self.diverged(f"the loss is {loss:.4g}, and the step from there infinite", "No step is taken")
        new[self.here], memory = taken
        now = f"The parameters are those of the step before, with a loss of {loss:.4g}"
        self.undo, self.state = (self.state, now), (new, memory)
        return float(loss)

    def validated(self) -> float:
        """The mean or sum of the losses on validation data."""
        self.write()
        try:
            losses = self.program(*self.held_out)
        except refusals.ERRORS as error:
            raise self.diverged(f"validation: {error}", "The parameters are those after this epoch") from None
        return float(losses.mean() if self.reduction == "mean" else losses.sum())

    def diverged(self, found: str, now: str) -> DivergedError:
        """The error for an epoch that cannot be finished."""
        done = len(self.history.validation if self.held_out else self.history.loss)
        error = DivergedError(
            f"training stopped in epoch {done + 1}: {found.rstrip('.')}. {now}. A learning rate below "
            f"{self.optimizer.lr:g} may help, or inputs scaled to about 1."
        )
        error.history = self.history
        return error


def _batches(data: Any, size: int, rng: np.random.Generator) -> Iterator[list[Floats]]:
    n = len(data[0])
    starts: Any = range(0, n, size)
    if size < n:
        order = rng.permutation(n)
        if data[0].dtype == object:  # those of a length side by side, and then the batches in any order
            order = order[np.argsort([len(x) for x in data[0][order]], kind="stable")]
            starts = rng.permutation(starts)
        data = [x[order] for x in data]
    for at in starts:
        yield [x[at : at + size] for x in data]


def progress_bar(progress: bool, total: float, **more: Any) -> Any:
    """A bar of progress on the standard error, if it is wanted and there is one; `more` is for tqdm."""
    from tqdm import tqdm

    quiet = type("Bar", (tqdm,), {"monitor_interval": 0})  # without tqdm's thread, which a browser refuses
    look = {"desc": "training", "unit": "step"} | more
    return quiet(total=total, file=sys.stderr, disable=not progress or sys.stderr is None, **look)
