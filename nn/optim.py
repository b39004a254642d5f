"""Optimisers: how parameters follow their gradients downhill."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from numbers import Real
from typing import Any

import numpy as np

from autograd import Value, nesting, refusals
from autograd.recorded.examples import Floats

Places = Any  # of some parameters among all: an array of their numbers


class Setting:
    """A setting of an optimiser, which may be assigned between steps; ValueError for one that cannot be."""

    def __init__(self, needs: str, holds: Callable[[Any], bool]) -> None:
        self.needs, self.holds = needs, holds

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __set__(self, optimizer: Optimizer, x: Any) -> None:
        if not self.holds(x):
            raise ValueError(f"{type(optimizer).__name__} needs {self.needs}; got {x!r}")
        # Where reading it finds it at once; of another kind of number, such as a Fraction, its float.
        optimizer.__dict__[self.name] = float(x) if isinstance(x, Real) else x


class Optimizer:
    """A rule of descent applied to leaves: `update` gives new data for their data and gradients, as arrays.

    The gradient that it gets has weight_decay · w in it. `lr`, the learning rate, may be assigned between steps. `memory`
    holds what the rule remembers of earlier steps: arrays with an entry per parameter, which every update replaces.
    """

    lr: Any = Setting("a finite lr > 0", lambda x: isinstance(x, Real) and 0 < float(x) < np.inf)
    weight_decay: Any = Setting("a finite weight_decay ≥ 0", lambda x: isinstance(x, Real) and 0 <= float(x) < np.inf)

    def __init__(self, parameters: Iterable[Value], lr: float, weight_decay: float, memory: int) -> None:
        self.parameters = leaves(parameters, type(self).__name__)
        self.lr, self.weight_decay = lr, weight_decay
        self.memory = [np.zeros(len(self.parameters)) for _ in range(memory)]

    def update(self, w: Floats, g: Floats, places: Places) -> Floats:
        """New data for those parameters, (n,), from their data w and gradients g; remembers what it must.

        The numbers are in w: within `fit` the parameters themselves get theirs before a callback and at the end.
        """
        raise NotImplementedError(f"{type(self).__name__} defines update(w, g, places)")

    def safe_update(
        self, w: Floats, g: Floats, places: Places, memory: list[Floats] | None = None
    ) -> tuple[Floats, list[Floats]] | None:
        """(what `update` gives, the memory then), with weight decay added to g; None where a number of either is not finite.

        It begins with its own memory, or with that which is given. Nothing has changed yet: `commit` takes the step.
        """
        kept = self.memory
        try:
            self.memory = kept if memory is None else memory
            with np.errstate(all="ignore"):
                new = self.update(w, g + self.weight_decay * w if self.weight_decay else g, places)
            return (new, self.memory) if all(np.isfinite(x).all() for x in (new, *self.memory)) else None
        finally:
            self.memory = kept

    def commit(self, moving: list[Value], before: list[float], new: Floats, memory: list[Floats]) -> None:
        """Write new data into these parameters, in the place of those before, and the memory that belongs to them.

        An interruption leaves all as it was.
        """
        with nesting.put_back("primal", moving, before):
            for v, x in zip(moving, new.tolist(), strict=True):
                v.primal = x
            self.memory = memory

    def step(self) -> None:
        """Move every parameter that has a gradient; ValueError if none has one, or if one is nan or infinite."""
        slopes: Any = [v.grad for v in self.parameters]
        try:
            g = np.fromiter(slopes, float, len(slopes))
        except TypeError:
            g = np.array(slopes, dtype=float)  # nan for None
        moving, places = self.parameters, np.arange(len(g))
        if not np.isfinite(g).all():
            for v in (moving[k] for k in np.flatnonzero(~np.isfinite(g)) if moving[k].grad is not None):
                raise ValueError(f"no step is taken: the gradient of {refusals.described(v)} is {v.grad!r}")
            places = np.flatnonzero(g == g)
            moving, g = [moving[k] for k in places], g[places]
        if not moving:
            raise ValueError("no parameter has a gradient: call loss.backward() before step()")
        before = [v.primal for v in moving]
        taken = self.safe_update(np.fromiter(before, float, len(moving)), g, places)
        if taken is None:
            raise ValueError(
                f"no step is taken: with a learning rate of {self.lr}, it or what the optimiser remembers would be infinite or nan"
            )
        self.commit(moving, before, *taken)

    def zero_grad(self) -> None:
        """Set every gradient to None."""
        nesting.write("grad", self.parameters, repeat(None))

    def _remember(self, places: Places, *new: Floats) -> None:
        # Replaced, not written into: a caller that has kept the old arrays can undo the step.
        self.memory = [np.copy(x) for x in self.memory]
        for x, numbers in zip(self.memory, new, strict=True):
            x[places] = numbers


class SGD(Optimizer):
    """Gradient descent, w ← w − lr · v with v ← momentum · v + ∂L/∂w + weight_decay · w.

    With momentum and weight decay of 0 it is the lecture's w ← w − η ∂E/∂w. A parameter without a gradient stays.

    >>> w = Value(1.0)
    >>> (3 * w).backward()
    >>> SGD([w], lr=0.5).step()
    >>> w.data
    -0.5
    """

    momentum: Any = Setting("a finite momentum ≥ 0", lambda x: isinstance(x, Real) and 0 <= float(x) < np.inf)

    def __init__(
        self, parameters: Iterable[Value], lr: float, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        self.momentum = momentum
        super().__init__(parameters, lr, weight_decay, memory=1)

    def update(self, w: Floats, g: Floats, places: Places) -> Floats:
        if self.momentum:
            g = self.momentum * self.memory[0][places] + g
            self._remember(places, g)
        return np.asarray(w - self.lr * g)


class Adam(Optimizer):
    """Descent scaled by running means of the gradient and of its square; Kingma & Ba 2015, algorithm 1.

    m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g² with g = ∂L/∂w + weight_decay · w, and in the t-th step
    w ← w − lr · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + eps).

    >>> w = Value(1.0)
    >>> (3 * w).backward()
    >>> Adam([w], lr=0.5).step()
    >>> round(w.data, 6)  # the first step is the learning rate, whatever the gradient's size
    0.5
    """

    betas: Any = Setting("two betas from 0 to below 1", lambda x: np.shape(x) == (2,) and all(0 <= b < 1 for b in x))
    eps: Any = Setting("a finite eps > 0", lambda x: isinstance(x, Real) and 0 < float(x) < np.inf)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.betas, self.eps = betas, eps
        super().__init__(parameters, lr, weight_decay, memory=3)

    def update(self, w: Floats, g: Floats, places: Places) -> Floats:
        b1, b2 = self.betas
        m, v, t = (x[places] for x in self.memory)
        m, v, t = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g, t + 1
        self._remember(places, m, v, t)
        return np.asarray(w - self.lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + self.eps))


def leaves(parameters: Iterable[Any], taker: str) -> list[Value]:
    """The parameters, and those of arrays among them, each once; TypeError for anything that cannot be changed."""
    if not isinstance(parameters, Iterable):
        raise TypeError(f"{taker} takes model.parameters(); got {type(parameters).__name__}")
    found = list(dict.fromkeys(v for x in parameters for v in nesting.flat(x)))
    if not found:
        raise TypeError(f"{taker} got no parameters: a model's are Values, which array(…) and Value(…) make")
    if strange := [v for v in found if not isinstance(v, Value) or v.op is not None]:
        wanted = (
            f"{taker} takes the leaves to change: model.parameters(), or a list of arrays of Values, as array(…) makes"
        )
        raise TypeError(f"{wanted}; got {strange[0]!r}")
    return found
