"""Neurons, layers, losses and training on the autograd engine."""

from nn import datasets as datasets
from nn.layers import MLP as MLP
from nn.layers import Layer as Layer
from nn.layers import Neuron as Neuron
from nn.lecture import lecture_chain as lecture_chain
from nn.losses import cross_entropy as cross_entropy
from nn.losses import hinge as hinge
from nn.losses import mse as mse
from nn.losses import one_hot as one_hot
from nn.module import Module as Module
from nn.optim import SGD as SGD
from nn.train import accuracy as accuracy
from nn.train import predict as predict
