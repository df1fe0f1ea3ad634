"""Trains the weights of the reference framework's image models with torch.

    python tests/assess/train_reference.py cifar_cnn --epochs 40
    python tests/assess/train_reference.py mnist_cnn --epochs 2

The framework itself could train them too, some ten times slower; its own training is what the
probes of milestone 3 ask for. Linear weights are transposed: torch keeps them (out, in), the
framework (in, out).
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tasks.assess.datasets import cifar10, mnist

WEIGHTS = Path(__file__).parent / "reference_framework" / "weights"
BATCH = 128
PAD = 4
CUT = 8
# The first epochs see small images, which cost a third: (share of the epochs, pixels).
SIZES = [(0.40, 20), (0.60, 26), (1.0, 32)]
EMA_DECAY = 0.995


class ConvBlock(nn.Module):
    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.norm(self.conv(images)))


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvBlock(channels, channels)
        self.second = ConvBlock(channels, channels)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + self.second(self.first(images))


class CifarCNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.block1 = ConvBlock(3, 32), Residual(32)
        self.widen2, self.block2 = ConvBlock(32, 64), Residual(64)
        self.widen3, self.block3 = ConvBlock(64, 96), Residual(96)
        self.head = nn.Linear(96, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.block1(functional.max_pool2d(self.stem(images), 2))
        x = self.block2(functional.max_pool2d(self.widen2(x), 2))
        x = self.block3(functional.max_pool2d(self.widen3(x), 2))
        return self.head(x.mean((2, 3)))


class MnistCNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.head = nn.Linear(16 * 5 * 5, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(functional.relu(self.conv1(images)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        return self.head(x.flatten(1))


class MnistMLP(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(784, 32)
        self.head = nn.Linear(32, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(functional.relu(self.hidden(images.flatten(1))))


def arrays_of(model: nn.Module) -> dict[str, np.ndarray]:
    """The weights and running statistics, float16, in the framework's orientation."""
    linear = {f"{name}.weight" for name, m in model.named_modules() if isinstance(m, nn.Linear)}
    return {
        name: (value.T if name in linear else value).numpy().astype(np.float16)
        for name, value in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def augmented(images: torch.Tensor, size: int, flip: bool) -> torch.Tensor:
    """Random shifts, mirror images, brightness and contrast, and a square cut out."""
    n, _, height, width = images.shape
    if size != height:
        images = functional.interpolate(images, size, mode="bilinear", antialias=True)
        height = width = size
    pad = max(1, PAD * size // 32)
    padded = functional.pad(images, (pad,) * 4, mode="reflect")
    rows = torch.randint(0, 2 * pad + 1, (n, 1)) + torch.arange(height)
    columns = torch.randint(0, 2 * pad + 1, (n, 1)) + torch.arange(width)
    if flip:
        mirrored = torch.rand(n) < 0.5
        columns[mirrored] = columns[mirrored].flip(1)
    each = torch.arange(n).view(n, 1, 1)
    out = padded.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]]
    contrast, brightness = 0.8 + 0.4 * torch.rand(n, 1, 1, 1), 0.4 * torch.rand(n, 1, 1, 1) - 0.2
    out = out * contrast + brightness
    cut = CUT * size // 32
    top, left = (
        torch.randint(0, height - cut + 1, (n, 1)),
        torch.randint(0, width - cut + 1, (n, 1)),
    )
    in_rows = (torch.arange(height) >= top) & (torch.arange(height) < top + cut)
    in_columns = (torch.arange(width) >= left) & (torch.arange(width) < left + cut)
    out[in_rows[:, :, None] & in_columns[:, None, :]] = 0
    return out.permute(0, 3, 1, 2)  # in memory channels last, which is what oneDNN likes


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    right = sum(
        (model(part).argmax(1) == truth).sum().item()
        for part, truth in zip(images.split(500), labels.split(500), strict=True)
    )
    return right / len(labels)


def train(
    model: nn.Module,
    data: tuple[torch.Tensor, torch.Tensor],
    test: tuple[torch.Tensor, torch.Tensor],
    epochs: int,
    rate: float,
    augment: bool,
) -> nn.Module:
    """SGD with a one-cycle rate; returns the running average of the weights."""
    images, labels = data
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    steps = math.ceil(len(labels) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=epochs * steps, pct_start=0.2, final_div_factor=1000
    )
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(EMA_DECAY), use_buffers=True
    )
    start = time.time()
    for epoch in range(epochs):
        size = next(pixels for share, pixels in SIZES if epoch < share * epochs or share == 1)
        model.train()
        total = 0.0
        for chosen in torch.randperm(len(labels)).split(BATCH):
            batch = augmented(images[chosen], size, flip=True) if augment else images[chosen]
            loss = functional.cross_entropy(
                model(batch), labels[chosen], label_smoothing=0.1 if augment else 0.0
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(model)
            total += loss.item()
        line = f"epoch {epoch + 1}/{epochs} {size} px: loss {total / steps:.3f}"
        if epoch % 5 == 4 or epoch + 1 == epochs:
            line += f", test {100 * accuracy(average.module, *test):.2f} %"
        print(f"{line}, {time.time() - start:.0f} s", flush=True)
    return average.module


def digits(split: str) -> tuple[torch.Tensor, torch.Tensor]:
    data = mnist.load(mnist.find(), split)
    images = torch.from_numpy(data.images.astype(np.float32) / 255)[:, None]
    return images, torch.from_numpy(data.labels.astype(np.int64))


def pictures(split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """CIFAR-10, from -1 to 1, which the framework's model does itself."""
    data = cifar10.load(cifar10.find(), split)
    images = torch.from_numpy(data.images.astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2)
    return images, torch.from_numpy(data.labels.astype(np.int64))


def main() -> None:
    models = {
        "mnist_mlp": (MnistMLP, digits, False, 0.1),
        "mnist_cnn": (MnistCNN, digits, False, 0.05),
        "cifar_cnn": (CifarCNN, pictures, True, 0.2),
    }
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("model", choices=models)
    arguments.add_argument("--epochs", type=int, required=True)
    arguments.add_argument("--threads", type=int, default=1)
    given = arguments.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(20261122)
    kind, data, augment, rate = models[given.model]
    test = data("test")
    model = train(kind(), data("train"), test, given.epochs, rate, augment)
    arrays = arrays_of(model)
    np.savez_compressed(WEIGHTS / f"{given.model}.npz", **arrays)
    rounded = {name: torch.from_numpy(a.astype(np.float32)) for name, a in arrays.items()}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            rounded[f"{name}.weight"] = rounded[f"{name}.weight"].T
    model.load_state_dict(rounded, strict=False)
    print(f"{given.model}: test {100 * accuracy(model, *test):.2f} % with the weights as written")


if __name__ == "__main__":
    main()
