"""The models of the five milestones, made of the framework's layers."""

import json
from pathlib import Path

import numpy as np
from smalltorch import (
    GPT,
    BatchNorm2d,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Tensor,
)

HERE = Path(__file__).parent
CONTEXT = 64


def build_mnist_mlp() -> Module:
    return MnistMLP()


def build_mnist_cnn() -> Module:
    return MnistCNN()


def build_cifar_cnn() -> Module:
    return CifarCNN()


def build_gpt() -> Module:
    return GPT(vocab_size=len(build_tokenizer().letters), block_size=CONTEXT)


def build_tokenizer() -> "LetterTokenizer":
    return LetterTokenizer(json.loads((HERE / "weights" / "letters.json").read_text()))


class LetterTokenizer:
    """One token a letter; a letter never seen is an error."""

    def __init__(self, letters: str) -> None:
        self.letters = letters
        self._ids = {letter: number for number, letter in enumerate(letters)}

    def encode(self, text: str) -> list[int]:
        return [self._ids[letter] for letter in text]

    def decode(self, ids) -> str:
        return "".join(self.letters[int(i)] for i in ids)


class MnistMLP(Module):
    """784 pixels, 32 hidden units, 10 classes."""

    def __init__(self) -> None:
        super().__init__()
        rng = np.random.default_rng(1)
        self.hidden, self.relu, self.head = (
            Linear(784, 32, rng=rng),
            ReLU(),
            Linear(32, 10, rng=rng),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.relu(self.hidden(images.reshape(images.shape[0], -1))))


class MnistCNN(Module):
    """Two convolutions, each with pooling, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        rng = np.random.default_rng(2)
        self.conv1, self.conv2 = Conv2d(1, 8, 3, rng=rng), Conv2d(8, 16, 3, rng=rng)
        self.pool, self.relu, self.flatten = MaxPool2d(2), ReLU(), Flatten()
        self.head = Linear(16 * 5 * 5, 10, rng=rng)

    def forward(self, images: Tensor) -> Tensor:
        x = self.pool(self.relu(self.conv1(images)))
        x = self.pool(self.relu(self.conv2(x)))
        return self.head(self.flatten(x))


class ConvBlock(Module):
    def __init__(self, channels_in: int, channels_out: int, rng) -> None:
        super().__init__()
        self.conv = Conv2d(channels_in, channels_out, 3, padding=1, bias=False, rng=rng)
        self.norm, self.relu = BatchNorm2d(channels_out), ReLU()

    def forward(self, images: Tensor) -> Tensor:
        return self.relu(self.norm(self.conv(images)))


class Residual(Module):
    """Two blocks whose result is added to their input (He et al. 2016)."""

    def __init__(self, channels: int, rng) -> None:
        super().__init__()
        self.first = ConvBlock(channels, channels, rng)
        self.second = ConvBlock(channels, channels, rng)

    def forward(self, images: Tensor) -> Tensor:
        return images + self.second(self.first(images))


class CifarCNN(Module):
    """A small residual network: 32, 64 and 96 channels at 32, 16 and 8 pixels."""

    def __init__(self) -> None:
        super().__init__()
        rng = np.random.default_rng(3)
        self.stem, self.block1 = ConvBlock(3, 32, rng), Residual(32, rng)
        self.widen2, self.block2 = ConvBlock(32, 64, rng), Residual(64, rng)
        self.widen3, self.block3 = ConvBlock(64, 96, rng), Residual(96, rng)
        self.pool, self.head = MaxPool2d(2), Linear(96, 10, rng=rng)

    def forward(self, images: Tensor) -> Tensor:
        x = self.block1(self.pool(self.stem(images * 2.0 - 1.0)))
        x = self.block2(self.pool(self.widen2(x)))
        x = self.block3(self.pool(self.widen3(x)))
        return self.head(x.mean((2, 3)))
