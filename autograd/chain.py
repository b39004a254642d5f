"""Chain: functions composed as f6 ∘ … ∘ f1, each in a scope of its own name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from autograd.arrays import Floats, array
from autograd.guards import graph_of
from autograd.scope import scope
from autograd.transforms import jacobian
from autograd.value import Value


class Stage(NamedTuple):
    """One function of a chain in its latest call."""

    name: str
    input: Any
    output: Any


class Chain:
    """The composition of functions, the first applied first: Chain(f1, f2)(x) = f2(f1(x)); Chain(f1=…, f2=…) names them.

    A function of a `scope` of its own keeps it, with its formula. Plain input becomes leaves x of role input.
    TypeError for what is no function, ValueError for none at all.

    >>> from autograd import values
    >>> chain = Chain(double=lambda x: 2 * x, add=lambda x: x + 1)
    >>> values(chain([1.0, 2.0]))
    array([3., 5.])
    >>> chain.jacobians()[0]
    array([[2., 0.],
           [0., 2.]])
    """

    stages: list[Stage]
    functions: dict[str, Callable[[Any], Any]]  # by their names

    def __init__(self, *functions: Callable[[Any], Any], **by_name: Callable[[Any], Any]) -> None:
        if not functions and not by_name:
            raise ValueError("a Chain needs at least one function")
        if twice := {getattr(f, "__name__", "") for f in functions} & set(by_name):
            raise ValueError(f"a Chain names each function once; {', '.join(sorted(twice))} stands for two")
        for f in (*functions, *by_name.values()):
            if not callable(f):
                raise TypeError(f"a Chain composes functions; got {type(f).__name__} {f!r}")
        self.functions, self.stages = {}, []
        for k, f in enumerate(functions, 1):
            own = getattr(f, "scope", None)
            name = own.name if isinstance(own, scope) else getattr(f, "__name__", "")
            name = name if name.isidentifier() else f"f{k}"
            self.functions[name if name not in self.functions else f"{name}_{k}"] = f
        self.functions |= by_name

    def __call__(self, x: Any) -> Any:
        """The last function's output; the stages of this call are then in `stages`."""
        x = x if isinstance(x, Value) else array(x, "x", "input")
        stages = []
        for name, f in self.functions.items():
            own = getattr(f, "scope", None)
            y = (f if isinstance(own, scope) and own.name == name else scope(name)(f))(x)
            graph_of(y, name)
            stages.append(Stage(name, x, y))
            x = y
        self.stages = stages
        return x

    def jacobians(self) -> list[Floats]:
        """∂output/∂input of each stage of the latest call, in order, of shape output.shape + input.shape."""
        if not self.stages:
            raise ValueError("call the chain first: its Jacobians are those of the latest call")
        return [jacobian(stage.output, stage.input) for stage in self.stages]

    def __repr__(self) -> str:
        return f"Chain({', '.join(self.functions)})"
