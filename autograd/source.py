"""An operand that writes source: fed to a row's rules, it gives the Python that computes them.

Every expression is a node of a small DAG; what is used more than once gets a name of its own when it is
written down, so nothing is computed twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

# How tightly a form binds, in Python's grammar.
TEST, COMPARE, SUM, PRODUCT, SIGN, ATOM = range(6)
WHERE = "{1} if {0} else {2}"


class Code:
    """An operand whose arithmetic writes Python.

    >>> x = Code("x")
    >>> str((x + 1) * -x)
    '(x + 1.0) * -x'
    """

    __slots__ = ("args", "binds", "form", "key")

    # The number of every expression written so far: equal expressions have one, and comparing them costs nothing.
    _numbers: ClassVar[dict[tuple[Any, ...], int]] = {}

    def __init__(self, form: str, *args: Any, binds: int = ATOM) -> None:
        self.form, self.binds = form, binds
        self.args: list[Code] = [x if isinstance(x, Code) else Code(_literal(x)) for x in args]
        self.key: int = self._numbers.setdefault((form, *(x.key for x in self.args)), len(self._numbers))

    def write(self, names: Mapping[int, str]) -> str:
        """The expression, where `names` has names for some of its parts, by key."""
        return names.get(self.key) or self.form.format(*(self._operand(k, x, names) for k, x in enumerate(self.args)))

    def _operand(self, k: int, x: Code, names: Mapping[int, str]) -> str:
        # Sums and products bind to the left: a - b - c, but a - (b - c).
        chained = k == 0 and self.binds in (SUM, PRODUCT)
        loose = x.binds < self.binds or (x.binds == self.binds and not chained)
        bare = self.binds == ATOM or x.key in names or not loose  # a call brackets its operands itself
        return x.write(names) if bare else f"({x.write(names)})"

    def operands(self) -> list[Code]:
        """The operands as often as the form mentions them; a branch of a `where` twice, to be computed beforehand."""
        twice = self.args[1:] if self.form == WHERE else []
        return [x for k, x in enumerate(self.args) for _ in range(self.form.count(f"{{{k}}}") or 1)] + twice

    def __str__(self) -> str:
        return self.write({})

    def __abs__(self) -> Code:
        return Code("abs({})", self.args[0] if self.form == "-{}" else self)  # exp(-|x|) then serves σ(x) and σ(-x)

    def __bool__(self) -> bool:
        raise TypeError(f"a rule cannot branch on {self}: write where(…), which every kind of operand understands")

    def __array_namespace__(self) -> Any:
        return _SCALARS


def _operator(form: str, binds: int) -> tuple[Any, Any]:
    return lambda a, b: Code(form, a, b, binds=binds), lambda b, a: Code(form, a, b, binds=binds)


for _name, _form, _binds in (
    ("add", "{} + {}", SUM),
    ("sub", "{} - {}", SUM),
    ("mul", "{} * {}", PRODUCT),
    ("truediv", "{} / {}", PRODUCT),
    ("pow", "pow({}, {})", ATOM),
):
    for _prefix, _method in zip(("", "r"), _operator(_form, _binds), strict=True):
        setattr(Code, f"__{_prefix}{_name}__", _method)
for _name, _sign in (("gt", ">"), ("lt", "<"), ("ge", ">="), ("le", "<="), ("eq", "=="), ("ne", "!=")):
    setattr(Code, f"__{_name}__", _operator(f"{{}} {_sign} {{}}", COMPARE)[0])
for _name, _form in (("neg", "-{}"), ("pos", "+{}")):
    setattr(Code, f"__{_name}__", lambda x, form=_form: Code(form, x, binds=SIGN))

# Functions of `math`, as an operand that writes source finds them.
_SCALARS = SimpleNamespace(
    pow=lambda a, b: Code("pow({}, {})", a, b),
    largest=lambda *a: Code(f"max({', '.join(['{}'] * len(a))})", *a) if len(a) > 1 else a[0],
    where=lambda c, a, b: Code(WHERE, c, a, b, binds=TEST),
    maximum=lambda a, b: Code("{0} if {0} > {1} else {1} if {0} <= {1} else {0} + {1}", a, b, binds=TEST),
    minimum=lambda a, b: Code("{0} if {0} < {1} else {1} if {0} >= {1} else {0} + {1}", a, b, binds=TEST),
)
for _name in ("exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "atan", "tanh"):
    setattr(_SCALARS, _name, lambda x, name=_name: Code(name + "({})", x))


def _literal(x: Any) -> str:
    text = repr(float(x))
    return text if text.lstrip("-")[0].isdigit() else f"float({text!r})"


def statements(targets: dict[str, Code]) -> list[str]:
    """Assignments that compute the targets in order; what is used more than once is computed once.

    >>> x = Code("x")
    >>> statements({"y": x * x + x * x})
    ['t0 = x * x', 'y = t0 + t0']
    """
    uses = Counter(x.key for node in _nodes(targets.values()) for x in node.operands())
    uses.update(target.key for target in targets.values())
    names: dict[int, str] = {}
    lines: list[str] = []
    for name, target in targets.items():
        for node in _nodes([target]):
            if node.args and uses[node.key] > 1 and node.key not in names and node.key != target.key:
                lines.append(f"t{len(names)} = {node.write(names)}")
                names[node.key] = f"t{len(names)}"
        lines.append(f"{name} = {target.write(names)}")
        names.setdefault(target.key, name)
    return lines


def _nodes(roots: Iterable[Code]) -> list[Code]:
    """Every expression under the roots, each once and after its operands; formulas are shallow, so this recurses."""
    nodes: dict[int, Code] = {}

    def visit(node: Code) -> None:
        if node.key not in nodes:
            for x in node.args:
                visit(x)
            nodes[node.key] = node

    for root in roots:
        visit(root)
    return list(nodes.values())
