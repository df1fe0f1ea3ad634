"""The numpy references agree with torch, which had no hand in them."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tasks.assess.references import activations, losses, optimizers
from tasks.assess.references.convolution import convolution_gradients, convolve
from tasks.assess.references.dense import dense, dense_gradients
from tasks.assess.references.network import descend, network_output, squared_error_gradients
from tasks.assess.references.pooling import pool, pooling_gradient

CLOSE = {"rtol": 1e-10, "atol": 1e-12}


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def leaf(array):
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("name", list(activations.FORWARD))
def test_activations_and_gradients(rng, name):
    x, upstream = rng.normal(size=(5, 7)) * 3, rng.normal(size=(5, 7))
    tensor = leaf(x)
    output = torch.softmax(tensor, -1) if name == "softmax" else getattr(torch, name)(tensor)
    output.backward(torch.tensor(upstream))
    np.testing.assert_allclose(activations.FORWARD[name](x), output.detach(), **CLOSE)
    np.testing.assert_allclose(activations.GRADIENT[name](x, upstream), tensor.grad, **CLOSE)


def test_sigmoid_does_not_overflow():
    with np.errstate(over="raise"):
        assert activations.sigmoid(np.array([-1e4, 1e4])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (1, 1), (2, 1), (3, 2)])
def test_convolution_and_gradients(rng, stride, padding):
    images, kernels = rng.normal(size=(2, 3, 8, 7)), rng.normal(size=(4, 3, 3, 2))
    bias = rng.normal(size=4)
    tensors = [leaf(images), leaf(kernels), leaf(bias)]
    output = functional.conv2d(*tensors, stride=stride, padding=padding)
    upstream = rng.normal(size=tuple(output.shape))
    output.backward(torch.tensor(upstream))
    mine = convolve(images, kernels, bias, stride, padding)
    np.testing.assert_allclose(mine, output.detach(), **CLOSE)
    gradients = convolution_gradients(images, kernels, upstream, stride, padding)
    for name, tensor in zip(("input", "kernel", "bias"), tensors, strict=True):
        np.testing.assert_allclose(gradients[name], tensor.grad, **CLOSE)


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 3), (3, 2), (2, 1)])
def test_pooling_and_gradient(rng, kind, size, stride):
    images = rng.normal(size=(2, 3, 7, 8))
    tensor = leaf(images)
    theirs = functional.max_pool2d if kind == "max" else functional.avg_pool2d
    output = theirs(tensor, size, stride)
    upstream = rng.normal(size=tuple(output.shape))
    output.backward(torch.tensor(upstream))
    np.testing.assert_allclose(pool(images, size, stride, kind), output.detach(), **CLOSE)
    mine = pooling_gradient(images, upstream, size, stride, kind)
    np.testing.assert_allclose(mine, tensor.grad, **CLOSE)


def test_dense_and_gradients(rng):
    tensors = [leaf(rng.normal(size=shape)) for shape in ((5, 4), (4, 3), (3,))]
    x, weights, bias = (tensor.detach().numpy() for tensor in tensors)
    output = tensors[0] @ tensors[1] + tensors[2]
    upstream = rng.normal(size=(5, 3))
    output.backward(torch.tensor(upstream))
    np.testing.assert_allclose(dense(x, weights, bias), output.detach(), **CLOSE)
    gradients = dense_gradients(x, weights, upstream)
    for name, tensor in zip(("input", "weight", "bias"), tensors, strict=True):
        np.testing.assert_allclose(gradients[name], tensor.grad, **CLOSE)


def check_loss(value, gradient, theirs, at):
    tensor = leaf(at)
    loss = theirs(tensor)
    loss.backward()
    np.testing.assert_allclose(value, loss.item(), **CLOSE)
    np.testing.assert_allclose(gradient, tensor.grad, **CLOSE)


def test_losses_and_gradients(rng):
    x, y = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    check_loss(
        losses.mean_squared_error(x, y),
        losses.mean_squared_error_gradient(x, y),
        lambda t: functional.mse_loss(t, torch.tensor(y)),
        x,
    )
    classes = rng.integers(0, 4, size=6)
    check_loss(
        losses.cross_entropy(x, classes),
        losses.cross_entropy_gradient(x, classes),
        lambda t: functional.cross_entropy(t, torch.tensor(classes)),
        x,
    )
    probabilities = activations.softmax(x)
    check_loss(
        losses.cross_entropy_of_probabilities(probabilities, classes),
        losses.cross_entropy_of_probabilities_gradient(probabilities, classes),
        lambda t: functional.nll_loss(torch.log(t), torch.tensor(classes)),
        probabilities,
    )
    bits = rng.integers(0, 2, size=(6, 4)).astype(float)
    check_loss(
        losses.binary_cross_entropy(probabilities, bits),
        losses.binary_cross_entropy_gradient(probabilities, bits),
        lambda t: functional.binary_cross_entropy(t, torch.tensor(bits)),
        probabilities,
    )
    check_loss(
        losses.binary_cross_entropy_of_logits(x, bits),
        losses.binary_cross_entropy_of_logits_gradient(x, bits),
        lambda t: functional.binary_cross_entropy_with_logits(t, torch.tensor(bits)),
        x,
    )


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam"])
def test_optimizers_step_as_torch_does(rng, name):
    start, gradients = rng.normal(size=6), [rng.normal(size=6) for _ in range(5)]
    parameter = leaf(start)
    made, mine = {
        "sgd": (torch.optim.SGD([parameter], lr=0.1), optimizers.sgd(start, gradients, 0.1)),
        "momentum": (
            torch.optim.SGD([parameter], lr=0.1, momentum=0.8),
            optimizers.sgd_momentum(start, gradients, 0.1, 0.8),
        ),
        "nesterov": (
            torch.optim.SGD([parameter], lr=0.1, momentum=0.8, nesterov=True),
            optimizers.sgd_nesterov(start, gradients, 0.1, 0.8),
        ),
        "adam": (torch.optim.Adam([parameter], lr=0.1), optimizers.adam(start, gradients, 0.1)),
    }[name]
    for gradient, expected in zip(gradients, mine, strict=True):
        parameter.grad = torch.tensor(gradient)
        made.step()
        np.testing.assert_allclose(expected, parameter.detach(), rtol=1e-9)


def test_averaged_momentum_is_momentum_at_a_smaller_rate(rng):
    start, gradients = rng.normal(size=6), [rng.normal(size=6) for _ in range(4)]
    mine = optimizers.sgd_averaged_momentum(start, gradients, 0.5, 0.8)
    np.testing.assert_allclose(mine, optimizers.sgd_momentum(start, gradients, 0.1, 0.8))


def test_network_and_its_gradients(rng):
    specs = [
        {"role": "conv2d", "weight": "w0", "bias": "b0"},
        {"role": "sigmoid"},
        {"role": "max_pool", "kernel": 2},
        {"role": "flatten"},
        {"role": "dense", "weight": "w1", "bias": "b1"},
        {"role": "tanh"},
    ]
    shapes = {"w0": (3, 2, 2, 2), "b0": (3,), "w1": (12, 2), "b1": (2,)}
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x, targets = rng.normal(size=(4, 2, 5, 5)), rng.normal(size=(4, 2))
    leaves = {name: leaf(array) for name, array in arrays.items()}
    hidden = torch.sigmoid(functional.conv2d(torch.tensor(x), leaves["w0"], leaves["b0"]))
    hidden = functional.max_pool2d(hidden, 2).flatten(1)
    output = torch.tanh(hidden @ leaves["w1"] + leaves["b1"])
    loss = functional.mse_loss(output, torch.tensor(targets))
    loss.backward()
    error, gradients = squared_error_gradients(specs, arrays, x, targets)
    np.testing.assert_allclose(network_output(specs, arrays, x), output.detach(), **CLOSE)
    np.testing.assert_allclose(error, loss.item(), **CLOSE)
    for name, tensor in leaves.items():
        np.testing.assert_allclose(gradients[name], tensor.grad, **CLOSE)
    stepped = {name: array - 0.1 * gradients[name] for name, array in arrays.items()}
    errors = descend(specs, arrays, x, targets, rate=0.1, steps=1)
    np.testing.assert_allclose(errors[0], error)
    np.testing.assert_allclose(errors[1], squared_error_gradients(specs, stepped, x, targets)[0])
