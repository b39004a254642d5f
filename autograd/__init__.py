"""A glass-box autograd engine: Values that record a graph, and sweeps that differentiate it."""

from autograd.arrays import Array, array, assign, constant, grads, named, values, zero_grad
from autograd.chain import Chain
from autograd.check import check_grad
from autograd.ops import (
    Op,
    absolute,
    arctan,
    cos,
    dot,
    exp,
    expm1,
    leaky_relu,
    log,
    log1p,
    log_sigmoid,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    neg_log_softmax,
    relu,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    step,
    sum,
    tan,
    tanh,
    where,
)
from autograd.scope import scope
from autograd.tape import replay, wengert_list
from autograd.transforms import grad, gradients, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.value import Value
