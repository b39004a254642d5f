"""What is public is exported, declared to type checkers, listed and documented, name by name."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import autograd
import nn
import viz
from autograd import Value, ops
from tests.processes import run

ROOT = Path(__file__).parents[1]
PACKAGES = ("autograd", "nn", "viz")

CONTRACT = [
    "Value",
    "Op",
    "array",
    "constant",
    "named",
    "values",
    "grads",
    "assign",
    "zero_grad",
    "scope",
    "Chain",
    "exp",
    "log",
    "log1p",
    "expm1",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "arctan",
    "tanh",
    "sigmoid",
    "log_sigmoid",
    "softplus",
    "relu",
    "leaky_relu",
    "step",
    "absolute",
    "maximum",
    "minimum",
    "where",
    "sum",
    "dot",
    "logsumexp",
    "softmax",
    "log_softmax",
    "grad",
    "value_and_grad",
    "gradients",
    "jacobian",
    "hessian",
    "jvp",
    "vjp",
    "hvp",
    "check_grad",
    "replay",
    "record",
]

# Beyond the contract's list: what its own signatures and other packages need by name.
BESIDES = {"Array", "wengert_list", "neg_log_softmax", "Program", "VectorOp"}


def literal(package):
    """The list `__all__` as it stands in the source, for documentation tools read it there."""
    tree = ast.parse((ROOT / package.__name__ / "__init__.py").read_text(encoding="utf-8"))
    (names,) = [n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"]
    return ast.literal_eval(names)


def test_every_name_of_the_contract_can_be_imported():
    assert [name for name in CONTRACT if not hasattr(autograd, name)] == []


def test_every_public_row_is_exported_under_its_name():
    rows = {name: ops.TABLE[name] for name in ops.BUILT_IN if not ops.TABLE[name].infix}
    assert {name: getattr(autograd, name, None) for name in rows} == rows


def test_what_is_exported_is_the_contract_the_rows_and_a_few_names_besides():
    rows = {name for name in ops.BUILT_IN if not ops.TABLE[name].infix}
    assert set(autograd.__all__) == set(CONTRACT) | rows | BESIDES


@pytest.mark.parametrize("package", [autograd, nn, viz], ids=PACKAGES)
def test_what_is_public_is_a_literal_list_and_what_editors_and_a_star_offer(package):
    names = literal(package)
    assert names == package.__all__
    assert len(set(names)) == len(names)
    assert [name for name in dir(package) if not name.startswith("__")] == sorted(names)
    namespace = {}
    exec(f"from {package.__name__} import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(names)


@pytest.mark.parametrize("package", [autograd, nn, viz], ids=PACKAGES)
def test_help_on_a_package_lists_every_public_name_once_in_a_line_that_says_what_it_is(package):
    entries = re.findall(r"^    (\w+(?:, \w+)*)  +(\S.*)$", package.__doc__, re.M)
    listed = [name for names, _ in entries for name in names.split(", ")]
    assert sorted(listed) == sorted(package.__all__)


def test_viz_says_of_every_public_name_where_it_lives():
    assert sorted(name for names in viz._HOMES.values() for name in names) == sorted(viz.__all__)


def test_importing_viz_loads_nothing_of_it():
    code = "import sys, viz; print([m for m in sys.modules if m.startswith(('viz.', 'numpy', 'autograd'))])"
    assert run(code) == "[]\n"


def declarations():
    """What type checkers are told of a Value: methods, and further names for them."""
    tree = ast.parse((ROOT / "autograd/typed.pyi").read_text(encoding="utf-8"))
    return next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Typed")


def declared():
    return [node for node in declarations() if isinstance(node, ast.FunctionDef)]


def test_the_methods_declared_for_type_checkers_are_the_rows_of_one_argument():
    rows = {
        name
        for name in ops.BUILT_IN
        if (op := ops.TABLE[name]).arity is not None and op.arity - len(op.defaults) == 1 and not op.infix
    }
    aliases = {t.id for node in declarations() if isinstance(node, ast.Assign) for t in node.targets}
    names = aliases | {f.name for f in declared()}
    assert {name for name in names if not name.startswith("__")} == rows
    assert all(callable(getattr(Value, name)) for name in names)


def test_every_declared_method_is_there_and_takes_what_is_declared():
    for f in declared():
        assert callable(getattr(Value, f.name))
        extra = [a.arg for a in f.args.args[1:]]
        if not f.name.startswith("__") and extra:
            getattr(Value(0.5), f.name)(**dict.fromkeys(extra, 0.5))


@pytest.mark.parametrize("package", [autograd, nn, viz], ids=PACKAGES)
def test_every_public_name_has_a_docstring_of_its_own(package):
    for name in package.__all__:
        thing = getattr(package, name)
        assert (thing.__doc__ or "").strip(), name
        assert isinstance(thing, type) or thing.__doc__ != type(thing).__doc__, name


def test_public_functions_and_classes_of_autograd_have_docstrings_of_their_own():
    for name in autograd.__all__:
        thing = getattr(autograd, name)
        if inspect.isclass(thing):
            methods = [m for n, m in vars(thing).items() if inspect.isfunction(m) and not n.startswith("_")]
            named_rows = set(ops.TABLE)
            assert [
                m.__name__ for m in methods if not m.__doc__ and m.__name__ not in named_rows | {"make", "<lambda>"}
            ] == []
