"""What an optimizer does to parameters, given a fixed list of gradients."""

import numpy as np


def sgd(start: np.ndarray, gradients: list[np.ndarray], rate: float) -> list[np.ndarray]:
    """The parameters after each step of plain gradient descent."""
    return sgd_momentum(start, gradients, rate, momentum=0.0)


def sgd_momentum(
    start: np.ndarray, gradients: list[np.ndarray], rate: float, momentum: float
) -> list[np.ndarray]:
    """v <- momentum v + g, p <- p - rate v: torch's form, v starting at 0."""
    value, velocity, steps = start, np.zeros_like(start), []
    for gradient in gradients:
        velocity = momentum * velocity + gradient
        value = value - rate * velocity
        steps.append(value)
    return steps


def sgd_nesterov(
    start: np.ndarray, gradients: list[np.ndarray], rate: float, momentum: float
) -> list[np.ndarray]:
    """v <- momentum v + g, p <- p - rate (g + momentum v): torch's form."""
    value, velocity, steps = start, np.zeros_like(start), []
    for gradient in gradients:
        velocity = momentum * velocity + gradient
        value = value - rate * (gradient + momentum * velocity)
        steps.append(value)
    return steps


def sgd_averaged_momentum(
    start: np.ndarray, gradients: list[np.ndarray], rate: float, momentum: float
) -> list[np.ndarray]:
    """v <- momentum v + (1 - momentum) g, p <- p - rate v: the form of an exponential average."""
    value, velocity, steps = start, np.zeros_like(start), []
    for gradient in gradients:
        velocity = momentum * velocity + (1.0 - momentum) * gradient
        value = value - rate * velocity
        steps.append(value)
    return steps


def adam(
    start: np.ndarray,
    gradients: list[np.ndarray],
    rate: float,
    first_decay: float = 0.9,
    second_decay: float = 0.999,
    epsilon: float = 1e-8,
    corrected: bool = True,
) -> list[np.ndarray]:
    """Kingma and Ba (2015), algorithm 1, arXiv:1412.6980.

    Args:
        corrected: whether the averages are corrected for their start at 0.
    """
    value, steps = start, []
    first, second = np.zeros_like(start), np.zeros_like(start)
    for number, gradient in enumerate(gradients, start=1):
        first = first_decay * first + (1.0 - first_decay) * gradient
        second = second_decay * second + (1.0 - second_decay) * gradient**2
        first_scale = 1.0 - first_decay**number if corrected else 1.0
        second_scale = 1.0 - second_decay**number if corrected else 1.0
        value = value - rate * (first / first_scale) / (np.sqrt(second / second_scale) + epsilon)
        steps.append(value)
    return steps
