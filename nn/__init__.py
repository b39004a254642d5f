"""Neurons, layers, losses and training on the autograd engine."""

from nn import datasets as datasets
from nn.layers import MLP as MLP, Layer as Layer, Neuron as Neuron
from nn.lecture import lecture_chain as lecture_chain
from nn.losses import cross_entropy as cross_entropy, hinge as hinge, mse as mse, one_hot as one_hot
from nn.module import Module as Module
from nn.optim import SGD as SGD
from nn.train import accuracy as accuracy, predict as predict
