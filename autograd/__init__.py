"""A glass-box autograd engine: Values that record a graph, sweeps that differentiate it, programs that run it on data.

Numbers that remember how they were computed
    Value               a float with a gradient, and its place in the graph
    array               an Array of leaf Values, or one Value, over numbers
    Array               a NumPy array of Values
    constant            the same for data that takes no gradient
    named               give a Value, or the elements of an array, a name
    values              the numbers of Values, as a float array
    grads               their gradients, as a float array
    assign              write new numbers into leaves
    zero_grad           set gradients to None

Functions of floats, Values and arrays, element by element
    exp, log            e^x and the natural logarithm
    log2, log10         logarithms to the bases 2 and 10
    expm1, log1p        e^x − 1 and log(1 + x), with all digits near 0
    sqrt                the square root
    sin, cos, tan       trigonometric functions of radians
    arcsin, arccos      the inverses of sin and cos
    arctan              the inverse of tan
    sinh, cosh, tanh    hyperbolic functions
    erf, erfc           the error function, and 1 − erf
    normal_cdf          Φ, the distribution function of the standard normal distribution
    sigmoid             1/(1 + e^−x), a probability from a logit
    log_sigmoid         its logarithm, which does not overflow
    softplus            log(1 + e^x), a smooth relu
    relu                x where it is positive, else 0
    leaky_relu          x where it is positive, else slope · x
    step                1 where x is positive, else 0; its derivative is 0
    absolute            |x|
    sign                −1, 0 or 1; its derivative is 0
    maximum, minimum    the larger and the smaller of two
    where               one of two, as a condition says

Functions of vectors
    sum                 the sum of the elements, one node
    dot                 the inner product of two vectors, one node
    take                the element at an index, which may be data
    logsumexp           log Σ e^a, which does not overflow
    softmax             probabilities from logits
    log_softmax         their logarithms, each one node
    neg_log_softmax     the cross-entropies, one for each class

Derivatives of functions
    grad                the gradient of a function, itself a function
    value_and_grad      the function's value and its gradient
    jacobian            all first derivatives, of a function or a graph
    hessian             all second derivatives, of a function or a graph
    jvp                 forward mode: the value and its tangent
    vjp                 reverse mode: the value and its pullback
    hvp                 the product of the Hessian with a vector
    check_grad          both modes against central differences

Graphs
    gradients           derivatives of a graph, a graph again
    replay              the same graph on other numbers
    record              a function's graph as a Program that runs on rows of data
    Program             what `record` makes: NumPy code, with its source
    scope               name a part of the computation
    Chain               functions composed, each in a scope of its own
    wengert_list        every node of a graph, parents before children

The table of operations
    Op                  a row: value, derivatives, domain; making one adds it
    VectorOp            a row that takes vectors

`from autograd.micrograd import Value` runs programs that were written for micrograd or microgpt.
"""

from importlib.util import find_spec as _find_spec

if _find_spec("autograd.numpy"):
    raise ImportError(
        "two projects called autograd are mixed in one folder, chainrule's and another, to which autograd.numpy belongs. "
        "In an environment of your own, run `pip uninstall -y autograd chainrule`, and install chainrule again. In a "
        "browser, restart Python and begin with `import pyodide_js; pyodide_js.loadedPackages.autograd = 'chainrule'`. "
        "Where the other one has to stay, as on Colab and Kaggle, install chainrule into a folder of its own, "
        "restart the session, and run the second line before any import. CHAINRULE is the folder of a checkout, or an "
        "address of chainrule:\n"
        "    %pip install --target ~/.chainrule CHAINRULE\n"
        '    import os, sys; sys.path.insert(0, os.path.expanduser("~/.chainrule"))'
    )

import autograd.copies
import autograd.docstrings  # puts them on the rows
import autograd.makers  # puts the compiled functions on Value
import autograd.micrograd  # puts micrograd's names on Value
from autograd.arrays import Array, array, assign, constant, grads, named, values, zero_grad
from autograd.chain import Chain
from autograd.check import check_grad
from autograd.recorded.program import Program, record
from autograd.replaying import replay
from autograd.scope import scope
from autograd.tape import wengert_list
from autograd.transforms import grad, gradients, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.value import Value

# fmt: off
# isort: off
from autograd.ops import (
    Op, VectorOp, absolute, arccos, arcsin, arctan, cos, cosh, dot, erf, erfc, exp, expm1, leaky_relu, log, log10, log1p,
    log2, log_sigmoid, log_softmax, logsumexp, maximum, minimum, neg_log_softmax, normal_cdf, relu, sigmoid, sign, sin,
    sinh, softmax, softplus, sqrt, step, sum, take, tan, tanh, where,
)

__all__ = [
    "Array",
    "Chain",
    "Op",
    "Program",
    "Value",
    "VectorOp",
    "absolute",
    "arccos",
    "arcsin",
    "arctan",
    "array",
    "assign",
    "check_grad",
    "constant",
    "cos",
    "cosh",
    "dot",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "grad",
    "gradients",
    "grads",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "maximum",
    "minimum",
    "named",
    "neg_log_softmax",
    "normal_cdf",
    "record",
    "relu",
    "replay",
    "scope",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "step",
    "sum",
    "take",
    "tan",
    "tanh",
    "value_and_grad",
    "values",
    "vjp",
    "wengert_list",
    "where",
    "zero_grad",
]


def __dir__() -> list[str]:
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
