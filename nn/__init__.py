"""Neurons, layers, losses and training on the autograd engine.

Models
    MLP                                 layers one behind the other
    Layer                               units on the same inputs: y = g(W x + b)
    Neuron                              one unit: y = g(w·x + b)
    Module                              what a model of one's own is made of
    lecture_chain                       the lecture's network, the six functions f1 to f6

Losses, of one example
    mse                                 ½ Σ (ŷ − y)²
    cross_entropy                       −log softmax(a)_c, of logits and a class
    binary_cross_entropy_with_logits    of logits and targets from 0 to 1
    binary_cross_entropy                the same, of probabilities
    hinge                               max(0, 1 − y · score), for targets of ±1

Training
    fit                                 train a model on rows of data
    SGD                                 gradient descent, with momentum and weight decay
    Adam                                descent scaled by running means of the gradient
    minimize                            to the minimum, by SciPy's methods
    diagnose                            dead, saturated and identical units, vanishing gradients, …
    History                             the loss of every epoch, a table and a plot
    DivergedError                       training that came to a loss without a value

On rows of data
    predict                             the model's outputs
    predict_proba                       the outputs as probabilities
    accuracy                            the share of rows that are classified rightly
    one_hot                             class indices as rows of zeros with a one
    datasets                            iris, names, xor, two_moons, spirals, two_gaussians; from_csv for one's own data

`nn.sheet.check` checks the formulas of a lecture, in Python or as a Markdown table; it needs mpmath.
"""

from importlib import import_module as _import_module
from importlib.util import find_spec as _find_spec
from os.path import exists as _exists

if any(
    _exists(f"{folder}/numpy") for folder in getattr(_find_spec("autograd"), "submodule_search_locations", None) or ()
):
    raise ImportError(
        f"{__name__} needs chainrule's autograd, and Python finds another project of this name, to which autograd.numpy "
        "belongs. Where that one has to stay, as on Colab and Kaggle, install chainrule into a folder of its own, "
        "restart the session, and run the second line before any import. CHAINRULE is the folder of a checkout, or an "
        "address of chainrule:\n"
        "    %pip install --target ~/.chainrule CHAINRULE\n"
        '    import os, sys; sys.path.insert(0, os.path.expanduser("~/.chainrule"))'
    )

from nn import datasets
from nn.doctor import diagnose
from nn.evaluate import accuracy, predict, predict_proba
from nn.examples import one_hot
from nn.layers import MLP, Layer, Neuron
from nn.lecture import lecture_chain
from nn.losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, hinge, mse
from nn.minimum import minimize
from nn.module import Module
from nn.optim import SGD, Adam
from nn.train import DivergedError, History, fit

# fmt: off
__all__ = [
    "MLP", "SGD", "Adam", "DivergedError", "History", "Layer", "Module", "Neuron", "accuracy", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "cross_entropy", "datasets", "diagnose", "fit", "hinge", "lecture_chain",
    "minimize", "mse", "one_hot", "predict", "predict_proba",
]


def __getattr__(name: str) -> object:
    if name == "sheet":  # which needs mpmath
        return _import_module("nn.sheet")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
