"""The training loop."""

import time

import numpy as np

from smalltorch.core.tensor import no_grad


class Trainer:
    """Fits a model to batches and keeps the losses.

    Attributes:
        history: the mean loss of every epoch.
    """

    def __init__(self, model, optimizer, loss) -> None:
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.history: list[float] = []

    def step(self, inputs, targets) -> float:
        """One batch: forward, backward, update. Returns its loss."""
        loss = self.loss(self.model(inputs), targets)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def fit(self, loader, epochs: int = 1, seconds: float = float("inf")) -> list[float]:
        """Train for some epochs, or until the seconds are over."""
        until = time.monotonic() + seconds
        self.model.train()
        for _ in range(epochs):
            losses = []
            for inputs, targets in loader:
                losses.append(self.step(inputs, targets))
                if time.monotonic() > until:
                    break
            self.history.append(float(np.mean(losses)))
            if time.monotonic() > until:
                break
        return self.history

    def evaluate(self, loader) -> float:
        """The share of right classes."""
        self.model.eval()
        right = total = 0
        with no_grad():
            for inputs, targets in loader:
                right += int((self.model(inputs).data.argmax(-1) == targets.data).sum())
                total += len(targets)
        return right / total
