"""An operand that writes source: fed to a row's rules, it gives the Python that computes them.

Every expression is a node of a small DAG; what is used more than once gets a name of its own when it is
written down, so nothing is computed twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

# How tightly a form binds, in Python's grammar.
TEST, COMPARE, SUM, PRODUCT, SIGN, ATOM = range(6)


class Code:
    """An operand whose arithmetic writes Python.

    >>> x = Code("x")
    >>> str((x + 1) * -x)
    '(x + 1.0) * -x'
    """

    __slots__ = ("args", "binds", "form", "text")

    def __init__(self, form: str, *args: Any, binds: int = ATOM) -> None:
        self.form, self.binds = form, binds
        self.args = [x if isinstance(x, Code) else Code(_literal(x)) for x in args]
        self.text = ""
        self.text = self.write({})

    def write(self, names: Mapping[str, str]) -> str:
        """The expression, where `names` has names for some of its parts."""
        if self.text in names:
            return names[self.text]
        return self.form.format(*(self._operand(k, x, names) for k, x in enumerate(self.args)))

    def _operand(self, k: int, x: Code, names: Mapping[str, str]) -> str:
        if x.text in names:
            return names[x.text]
        # Sums and products bind to the left: a - b - c, but a - (b - c).
        chained = k == 0 and self.binds in (SUM, PRODUCT)
        loose = x.binds < self.binds or (x.binds == self.binds < ATOM and not chained)
        return f"({x.write(names)})" if loose else x.write(names)

    def operands(self) -> list[Code]:
        """The operands as often as the form mentions them."""
        return [x for k, x in enumerate(self.args) for _ in range(self.form.count(f"{{{k}}}") or 1)]

    def __str__(self) -> str:
        return self.text

    def __add__(self, other: Any) -> Code:
        return Code("{} + {}", self, other, binds=SUM)

    def __radd__(self, other: Any) -> Code:
        return Code("{} + {}", other, self, binds=SUM)

    def __sub__(self, other: Any) -> Code:
        return Code("{} - {}", self, other, binds=SUM)

    def __rsub__(self, other: Any) -> Code:
        return Code("{} - {}", other, self, binds=SUM)

    def __mul__(self, other: Any) -> Code:
        return Code("{} * {}", self, other, binds=PRODUCT)

    def __rmul__(self, other: Any) -> Code:
        return Code("{} * {}", other, self, binds=PRODUCT)

    def __truediv__(self, other: Any) -> Code:
        return Code("{} / {}", self, other, binds=PRODUCT)

    def __rtruediv__(self, other: Any) -> Code:
        return Code("{} / {}", other, self, binds=PRODUCT)

    def __pow__(self, other: Any) -> Code:
        return Scalars.pow(self, other)

    def __rpow__(self, other: Any) -> Code:
        return Scalars.pow(other, self)

    def __neg__(self) -> Code:
        return Code("-{}", self, binds=SIGN)

    def __pos__(self) -> Code:
        return Code("+{}", self, binds=SIGN)

    def __abs__(self) -> Code:
        return Code("abs({})", self.args[0] if self.form == "-{}" else self)

    def __gt__(self, other: Any) -> Code:
        return Code("{} > {}", self, other, binds=COMPARE)

    def __lt__(self, other: Any) -> Code:
        return Code("{} < {}", self, other, binds=COMPARE)

    def __ge__(self, other: Any) -> Code:
        return Code("{} >= {}", self, other, binds=COMPARE)

    def __le__(self, other: Any) -> Code:
        return Code("{} <= {}", self, other, binds=COMPARE)

    def __bool__(self) -> bool:
        raise TypeError(f"a rule cannot branch on {self}: write where(…), which every kind of operand understands")

    def __array_namespace__(self) -> Any:
        return Scalars


class Scalars:
    """Functions of `math`, as an operand that writes source finds them."""

    @staticmethod
    def pow(a: Any, b: Any) -> Code:
        return Code("pow({}, {})", a, b)

    @staticmethod
    def where(c: Any, a: Any, b: Any) -> Code:
        return Code("{1} if {0} else {2}", c, a, b, binds=TEST)

    @staticmethod
    def maximum(a: Any, b: Any) -> Code:
        return Code("{0} if {0} > {1} else {1} if {0} <= {1} else {0} + {1}", a, b, binds=TEST)

    @staticmethod
    def minimum(a: Any, b: Any) -> Code:
        return Code("{0} if {0} < {1} else {1} if {0} >= {1} else {0} + {1}", a, b, binds=TEST)


for _name in ("exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "atan", "tanh"):
    setattr(Scalars, _name, staticmethod(lambda x, name=_name: Code(name + "({})", x)))


def _literal(x: Any) -> str:
    text = repr(float(x)) if not isinstance(x, bool) else repr(x)
    return text if text.lstrip("-")[0].isdigit() else f"float({text!r})"


def statements(targets: dict[str, Code]) -> list[str]:
    """Assignments that compute the targets in order; what is used more than once is computed once.

    >>> x = Code("x")
    >>> statements({"y": x * x + x * x})
    ['t0 = x * x', 'y = t0 + t0']
    """
    uses = Counter(x.text for node in _nodes(targets.values()) for x in node.operands())
    uses.update(target.text for target in targets.values())
    names: dict[str, str] = {}
    lines: list[str] = []
    for name, target in targets.items():
        for node in _nodes([target]):
            if node.args and uses[node.text] > 1 and node.text not in names and node.text != target.text:
                lines.append(f"t{len(names)} = {node.write(names)}")
                names[node.text] = f"t{len(names)}"
        lines.append(f"{name} = {target.write(names)}")
        if target.args:
            names.setdefault(target.text, name)
    return lines


def _nodes(roots: Iterable[Code]) -> list[Code]:
    """Every expression under the roots, each once and after its operands; formulas are shallow, so this recurses."""
    nodes: dict[str, Code] = {}

    def visit(node: Code) -> None:
        if node.text not in nodes:
            for x in node.args:
                visit(x)
            nodes[node.text] = node

    for root in roots:
        visit(root)
    return list(nodes.values())
