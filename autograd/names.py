"""Names of values: the name of an element, such as `W[0,1]`, knows its array and its index."""

from __future__ import annotations

import re

_INDEX = re.compile(r"\d{1,18}(?:,\d{1,18})*\]")  # Python refuses to read an int of some thousand digits


class Name(str):
    """A value's name. `array` is the text before the first bracket, `index` the numbers in a single pair of brackets.

    `array`, `constant` and `named` give such names to elements. A name that a user typed is a plain text and means the
    same: read any name as `Name(v.name)`.

    >>> name = Name("W[0,1]")
    >>> name, name.array, name.index
    ('W[0,1]', 'W', (0, 1))
    """

    __slots__ = ("array", "index")

    array: str
    index: tuple[int, ...]  # type: ignore[assignment]  # not the method; () for a name that is no element's

    def __new__(cls, text: str) -> Name:
        """The same name again, or the only place where a text is read."""
        if isinstance(text, Name):
            return text
        array, _, rest = text.partition("[")
        numbered = array and _INDEX.fullmatch(rest)
        return _known(text, array, tuple(map(int, rest[:-1].split(","))) if numbered else ())

    def element(self, index: tuple[int, ...]) -> Name:
        """The name of one element; of a single number, whose index is empty, the name itself."""
        if not index:
            return self
        plain = self and self == self.array  # an element of an element, h[0][1], has no single index
        return _known(f"{self}[{','.join(map(str, index))}]", self.array, index if plain else ())

    def __reduce__(self) -> tuple[type[Name], tuple[str]]:
        return Name, (str(self),)


def _known(text: str, array: str, index: tuple[int, ...]) -> Name:
    name = str.__new__(Name, text)
    name.array, name.index = array, index
    return name
