"""A property that is computed when it is first read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functools import cached_property as once
else:

    class once:  # a decorator
        """As functools.cached_property, of which Python 3.11's holds a lock, and a forked child waits for it forever."""

        def __init__(self, compute: Any) -> None:
            self.compute, self.__doc__ = compute, compute.__doc__

        def __get__(self, thing: Any, owner: Any = None) -> Any:
            if thing is None:
                return self
            found = vars(thing)[self.compute.__name__] = self.compute(thing)
            return found


__all__ = ["once"]
