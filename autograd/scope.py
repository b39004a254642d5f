"""Naming the parts of a computation: what is computed inside `with scope("f1"):` belongs to f1."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from functools import wraps
from threading import RLock
from typing import Any, TypeVar
from weakref import WeakValueDictionary

F = TypeVar("F", bound=Callable[..., Any])


class Path(str):
    """A scope's path, such as `layer1/neuron3`, that knows its enclosing path and its formula."""

    outer: Path | None
    key: tuple[str, str | None]  # the scope's own name, and its formula
    formula: str | None

    def __reduce__(self) -> tuple[Any, ...]:
        return path, (self.outer, *self.key)


# Each path is one object while anything uses it. A path keeps the one around it, whose id then belongs to no other.
_paths: WeakValueDictionary[tuple[int, str, str | None], Path] = WeakValueDictionary()
_lock = RLock()  # two threads that open one scope for the first time get one path
getattr(os, "register_at_fork", dict)(  # Windows has none
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)


def path(outer: Path | None, name: str, formula: str | None) -> Path:
    """The path of scope `name` inside `outer`, the same object every time while it is in use."""
    with _lock:
        if (inner := _paths.get((id(outer), name, formula))) is None:
            inner = _paths[id(outer), name, formula] = Path(f"{outer}/{name}" if outer else name)
            inner.outer, inner.key, inner.formula = outer, (name, formula), formula
        return inner


# A context variable: every thread and every task has its own.
_current: ContextVar[Path | None] = ContextVar("scope", default=None)
here = _current.get
OPENED: list[bool] = []  # empty until the first scope opens, so that programs without scopes pay nothing


def enclosing(path: Path | None) -> Iterator[Path]:
    """A path and those around it, the innermost first."""
    while path is not None:
        yield path
        path = path.outer


class scope:
    """Name a part of the computation: `with scope("f1", "x2 = W1·x"):`, or `@scope("f1")` over a function.

    Scopes nest as a path, `layer1/neuron3`, and each thread has its own. TypeError for a name that is not
    text, ValueError for an empty one.

    >>> from autograd import Value
    >>> with scope("layer1"), scope("neuron3"):
    ...     y = Value(1.0) + 1.0
    >>> y.scope
    'layer1/neuron3'
    """

    __slots__ = ("_seen", "formula", "name")

    def __init__(self, name: str, formula: str | None = None) -> None:
        if not isinstance(name, str) or not isinstance(formula, str | None):
            raise TypeError(f"a scope's name and formula are text; got {name!r} and {formula!r}")
        if not name.strip("/"):
            raise ValueError(f"a scope needs a name; got {name!r}")
        self.name, self.formula = name, formula
        self._seen: tuple[Any, Any] = (False, None)  # the enclosing path of the latest entry, and the path inside it

    def __enter__(self) -> Path:
        if not OPENED:
            OPENED.append(True)
        outer = here()
        inner = self.inside(outer)
        try:
            _current.set(inner)
            return inner
        except BaseException:  # an interruption before the block begins
            _current.set(outer)
            raise

    def __exit__(self, *error: object) -> None:
        outer: Any = self  # not known yet
        try:
            inner: Any = here()
            outer = inner.outer if inner is self._seen[1] else self._around(inner)
            _current.set(outer)
        except BaseException:  # an interruption of one of these calls
            _current.set(self._around(here()) if outer is self else outer)
            raise

    def inside(self, outer: Path | None) -> Path:
        """The path of this scope within another one."""
        seen = self._seen  # another thread may enter it meanwhile
        if seen[0] is not outer:
            self._seen = seen = outer, path(outer, self.name, self.formula)
        return seen[1]  # type: ignore[no-any-return]

    def _around(self, inner: Path | None) -> Path | None:
        """The path to go back to."""
        if inner is not self._seen[1]:  # entered again meanwhile, or an interruption has left others open inside
            inner = next((p for p in enclosing(inner) if p.key == (self.name, self.formula)), None)
            assert inner, "a scope closes in the context that opened it"
        return inner.outer

    def __call__(self, f: F) -> F:
        @wraps(f, updated=())
        def scoped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return f(*args, **kwargs)

        scoped.scope = self  # type: ignore[attr-defined]  # a Chain then opens no second scope around it
        return scoped  # type: ignore[return-value]


def each(scopes: Iterable[scope]) -> Iterator[Path]:
    """Scopes side by side, for a loop: each is open until the next one is asked for."""
    OPENED[:], outer = [True], here()
    try:
        for s in scopes:
            inner = s.inside(outer)
            _current.set(inner)
            yield inner
    finally:
        _current.set(outer)
