"""Value for programs that were written for micrograd or microgpt: only their import line changes.

There a gradient is 0 from the start, and a program may compute with that of a parameter that no pass has reached. Here
it is None, because a 0 would hide that nothing has reached it, and Python computes nothing with None. So the choice is
made where such a program begins: `from autograd.micrograd import Value`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from autograd import value


class _EveryNode(type):
    """The kind of every node: `other if isinstance(other, Value) else Value(other)` is how such programs begin a function."""

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, value.Value)


class Value(value.Value, metaclass=_EveryNode):
    """A leaf whose gradient is 0 until a backward pass reaches it. All else is as in `autograd.Value`.

    A `label` is its name. A node that is computed has the gradient None until then.

    >>> w, unused = Value(2.0, label="w"), Value(1.0)
    >>> (w * w).backward()
    >>> w.grad, 0.1 * unused.grad
    (4.0, 0.0)
    """

    __slots__ = ()

    def __init__(self, data: Any, _children: Any = (), _op: Any = "", label: str = "", **ours: Any) -> None:
        if _children:  # the name and the role, as we take them; of others it is told why not
            super().__init__(data, *((_children, _op) if _op else (_children,)), **ours)
        else:
            super().__init__(data, label or ours.pop("name", None), **ours)
        self.grad = 0.0


# The names that such programs have for what a node was computed from. They are read, never written.
for _theirs, _ours in {"_prev": "parents", "_children": "parents", "_local_grads": "partials"}.items():
    setattr(value.Value, _theirs, property(attrgetter(_ours), doc=f"The same as `{_ours}`, as micrograd calls it."))
setattr(value.Value, "_op", property(lambda v: v.op.symbol or v.op.name if v.op else "", doc="The symbol of its row."))
setattr(value.Value, "label", property(attrgetter("name"), lambda v, name: setattr(v, "name", name), doc="Its name."))
