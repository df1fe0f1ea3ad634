"""Losses, averaged over the batch, and their gradients."""

import numpy as np

from tasks.assess.references.activations import sigmoid, softmax


def mean_squared_error(predictions: np.ndarray, targets: np.ndarray) -> float:
    """The mean over all elements."""
    return float(np.mean((predictions - targets) ** 2))


def mean_squared_error_gradient(predictions: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """In the predictions."""
    return 2.0 * (predictions - targets) / predictions.size


def cross_entropy(logits: np.ndarray, classes: np.ndarray) -> float:
    """Mean of -log softmax(logits)[class]; logits (n, classes), classes (n,)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(shifted).sum(axis=1))
    return float(np.mean(log_sums - shifted[np.arange(len(classes)), classes]))


def cross_entropy_gradient(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """In the logits: (softmax - one hot) / n."""
    gradient = softmax(logits)
    gradient[np.arange(len(classes)), classes] -= 1.0
    return gradient / len(classes)


def cross_entropy_of_probabilities(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """Mean of -log probability of the class, for losses that are given probabilities."""
    return float(-np.mean(np.log(probabilities[np.arange(len(classes)), classes])))


def cross_entropy_of_probabilities_gradient(
    probabilities: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """In the probabilities."""
    gradient = np.zeros_like(probabilities)
    rows = np.arange(len(classes))
    gradient[rows, classes] = -1.0 / probabilities[rows, classes] / len(classes)
    return gradient


def binary_cross_entropy(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The mean over all elements; probabilities strictly between 0 and 1."""
    return float(
        -np.mean(targets * np.log(probabilities) + (1.0 - targets) * np.log1p(-probabilities))
    )


def binary_cross_entropy_gradient(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """In the probabilities."""
    return (probabilities - targets) / (probabilities * (1.0 - probabilities)) / probabilities.size


def binary_cross_entropy_of_logits(logits: np.ndarray, targets: np.ndarray) -> float:
    """The mean over all elements, of log(1 + exp(x)) - x target."""
    return float(np.mean(np.logaddexp(0.0, logits) - logits * targets))


def binary_cross_entropy_of_logits_gradient(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """In the logits."""
    return (sigmoid(logits) - targets) / logits.size
