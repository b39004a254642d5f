"""Expressions as assignments: a part that is used more than once gets a name, every other part stands in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograd.languages.code import WIDTH, Code, Context
from autograd.languages.forms import ATOM, SIGN, Form


@dataclass(frozen=True)
class Function:
    """A function of theta and the data: what it computes, in order, and what it returns."""

    name: str
    doc: str
    arguments: Mapping[str, tuple[int, ...]]  # the data, with the shape of an example of each
    context: Context
    steps: Sequence[Code | str]  # arrays that have names, the outputs among them, and comments
    value: Code  # the array of the outputs, a row for each number
    slope: Code | None  # the vector that goes with their sum
    shape: tuple[int, ...]  # of the outputs
    over_data: bool  # whether the outputs have a column for each row of data

    @property
    def output(self) -> str:
        """The name of the array of the outputs."""
        return self.context.names[self.value.key]

    @property
    def targets(self) -> list[Code]:
        """The arrays that are computed."""
        return [x for x in [*self.steps, self.slope] if isinstance(x, Code)]

    @cached_property
    def lines(self) -> list[str]:
        """The assignments, with comments among them."""
        script, lines = Script(self.targets, WIDTH), []
        for x in self.steps:
            lines += [self.context.language.comment.format(x)] if isinstance(x, str) else script.assigned(x)
        return lines + (script.lines("gradient", self.slope) if self.slope is not None else [])


class Script:
    """Assignments that compute the targets, written one target at a time; what is used twice is computed once.

    The names that expressions are to have are their context's; every other part that needs a name is t0, t1, …

    >>> from autograd.languages.code import Context
    >>> from autograd.languages.python import PYTHON
    >>> x = Context(PYTHON).variable("x")
    >>> y = (x + 1) * -x + (x + 1)
    >>> Script([y]).lines("y", y)
    ['t0 = x + 1.0', 'y = t0 * -x + t0']
    """

    def __init__(self, targets: Iterable[Code], width: int | None = None) -> None:
        targets = list(targets)
        self._language, self._names = targets[0].context.language, targets[0].context.names
        self._uses = Counter(target.key for target in targets)
        for node in (node for node in nodes_of(targets, {}) if node.args):
            for x, count in zip(node.args, self._form(node).mentions(len(node.args)), strict=True):
                self._uses[x.key] += count
        self._width = width
        self._texts: dict[int, tuple[str, int]] = {}  # of what is written, and how tightly that binds
        self._count = 0

    def lines(self, name: str, target: Code) -> list[str]:
        """The assignment to `name`, after those of the parts that need names."""
        lines = [*self._parts(target), self._language.assign.format(name, self.text(target))]
        if not self._texts[target.key][0].isidentifier():
            self._stands(target, name)
        return lines

    def assigned(self, target: Code) -> list[str]:
        """The assignment of the target to the name it is to have, if any, unless it is written down already."""
        name = self._names.get(target.key)
        return self.lines(name, target) if name and self._texts.get(target.key) != self._name(name) else []

    def text(self, target: Code) -> str:
        """The expression, where parts that are already written down stand by their names."""
        for node in nodes_of([target], self._texts):
            self._write(node)
        return self._texts[target.key][0]

    def _parts(self, target: Code) -> Iterator[str]:
        for node in nodes_of([target], self._texts):
            text = self._write(node)
            wanted = self._names.get(node.key) or (node.args and self._uses[node.key] > 1)
            if node.key != target.key and (wanted or (self._width and len(text) > self._width)):
                name = self._names.get(node.key) or f"t{self._count}"
                self._count += node.key not in self._names
                yield self._language.assign.format(name, text)
                self._stands(node, name)

    def _name(self, name: str) -> tuple[str, int]:
        return self._language.name.format(name), ATOM

    def _stands(self, node: Code, name: str) -> None:
        self._texts[node.key] = self._name(name)

    def _form(self, node: Code) -> Form:
        return self._language.forms[node.word]  # type: ignore[return-value]  # of a word said by others there is no node

    def _write(self, node: Code) -> str:
        if node.word == "name":
            self._stands(node, node.data[0])
        elif node.word == "number":
            text = self._language.literal(node.data[0])
            self._texts[node.key] = text, SIGN if text[0] == "-" else ATOM
        else:
            form, operands = self._form(node), [self._texts[x.key] for x in node.args]
            self._texts[node.key] = self._language.written(form, operands, node.data), form.binds
        return self._texts[node.key][0]


def nodes_of(roots: Iterable[Code], known: Any) -> Iterator[Code]:
    """Every expression under the roots that is not `known`, each once and after its operands."""
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif node.key not in seen and node.key not in known:
            seen.add(node.key)
            stack.append((node, True))
            stack += [(x, False) for x in reversed(node.args)]
