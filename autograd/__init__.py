"""A glass-box autograd engine: Values that record a graph, and sweeps that differentiate it."""

from importlib.util import find_spec as _find_spec

if _find_spec("autograd.numpy"):
    raise ImportError(
        "this is chainrule's autograd, and the folder it lies in also holds PyPI's autograd (autograd.numpy): "
        "the two mix. Run `pip uninstall autograd chainrule`, then `pip install chainrule`, in this environment"
    )

from autograd.arrays import (
    Array as Array,
    array as array,
    assign as assign,
    constant as constant,
    grads as grads,
    named as named,
    values as values,
    zero_grad as zero_grad,
)
from autograd.chain import Chain as Chain
from autograd.check import check_grad as check_grad
from autograd.ops import (
    Op as Op,
    absolute as absolute,
    arctan as arctan,
    cos as cos,
    dot as dot,
    exp as exp,
    expm1 as expm1,
    leaky_relu as leaky_relu,
    log as log,
    log1p as log1p,
    log_sigmoid as log_sigmoid,
    log_softmax as log_softmax,
    logsumexp as logsumexp,
    maximum as maximum,
    minimum as minimum,
    neg_log_softmax as neg_log_softmax,
    relu as relu,
    sigmoid as sigmoid,
    sin as sin,
    softmax as softmax,
    softplus as softplus,
    sqrt as sqrt,
    step as step,
    sum as sum,
    tan as tan,
    tanh as tanh,
    where as where,
)
from autograd.scope import scope as scope
from autograd.tape import (
    replay as replay,
    wengert_list as wengert_list,
)
from autograd.transforms import (
    grad as grad,
    gradients as gradients,
    hessian as hessian,
    hvp as hvp,
    jacobian as jacobian,
    jvp as jvp,
    value_and_grad as value_and_grad,
    vjp as vjp,
)
from autograd.value import Value as Value
