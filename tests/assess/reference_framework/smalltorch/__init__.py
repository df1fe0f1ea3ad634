"""A small deep-learning framework on numpy."""

from smalltorch.core.activations import GELU, ReLU, Sigmoid, Softmax, Tanh
from smalltorch.core.attention import MultiHeadAttention
from smalltorch.core.checkpoints import load_checkpoint, save_checkpoint
from smalltorch.core.convolution import AvgPool2d, BatchNorm2d, Conv2d, MaxPool2d
from smalltorch.core.data import DataLoader, TensorDataset
from smalltorch.core.layers import Dropout, Embedding, Flatten, LayerNorm, Linear, Sequential
from smalltorch.core.losses import BinaryCrossEntropyLoss, CrossEntropyLoss, MSELoss
from smalltorch.core.module import Module, Parameter
from smalltorch.core.optimizers import SGD, Adam
from smalltorch.core.tensor import Tensor, no_grad
from smalltorch.core.training import Trainer
from smalltorch.core.transformer import GPT, TransformerBlock

__all__ = [
    "GELU",
    "GPT",
    "SGD",
    "Adam",
    "AvgPool2d",
    "BatchNorm2d",
    "BinaryCrossEntropyLoss",
    "Conv2d",
    "CrossEntropyLoss",
    "DataLoader",
    "Dropout",
    "Embedding",
    "Flatten",
    "LayerNorm",
    "Linear",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "MultiHeadAttention",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Tensor",
    "TensorDataset",
    "Trainer",
    "TransformerBlock",
    "load_checkpoint",
    "no_grad",
    "save_checkpoint",
]
