"""Neurons, layers, losses and training on the autograd engine."""

from nn import datasets as datasets
from nn.data import one_hot as one_hot
from nn.doctor import diagnose as diagnose
from nn.evaluate import accuracy as accuracy, predict as predict, predict_proba as predict_proba
from nn.layers import MLP as MLP, Layer as Layer, Neuron as Neuron
from nn.lecture import lecture_chain as lecture_chain
from nn.losses import (
    binary_cross_entropy as binary_cross_entropy,
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
    cross_entropy as cross_entropy,
    hinge as hinge,
    mse as mse,
)
from nn.module import Module as Module
from nn.optim import SGD as SGD, Adam as Adam, minimize as minimize
from nn.train import DivergedError as DivergedError, History as History, fit as fit
