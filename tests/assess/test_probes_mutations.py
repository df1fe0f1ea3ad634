"""Every probe fails where the property that it tests is broken in an otherwise right framework."""

import pytest
from in_process import probed, submission

from tasks.assess.results import Outcome

# (probe, file, what is there, what is put there, what the evidence says)
MUTATIONS = [
    (
        *("tensor_operations", "tensor.py", "self.data - other.data,", "other.data - self.data,"),
        "Subtract: 0 of 1 right; the result is -1 times",
    ),
    (
        *("tensor_operations", "tensor.py", "return self.sum() * (1.0 / self.data.size)"),
        *("raise NotImplementedError('later')", "Mean: 0 of 1 right; raised NotImplementedError"),
    ),
    (
        *("dense_forward", "layers.py", "x @ self.weight + self.bias", "x @ self.weight"),
        "0 of 8 right; the bias is not added",
    ),
    (
        *("activations", "layers.py", "np.maximum(x.data, 0), parents"),
        *("np.abs(x.data), parents", "Relu: 0 of 3 right"),
    ),
    (
        *("activation_stability", "layers.py", "x.data - x.data.max(axis=-1, keepdims=True)"),
        *("x.data", "Softmax of large numbers: 0 of 1 right; the output holds NaN"),
    ),
    (
        *("sequential_forward", "layers.py", "for layer in self.layers:"),
        *("for layer in self.layers[:-1]:", "Network output: 0 of"),
    ),
    (
        *("parameter_registration", "layers.py", "for item in value for"),
        *("for item in value[:1] for", "it lists 2 arrays of 20 numbers, the network has 4 of 32"),
    ),
    (
        *("convolution_forward", "spatial.py", '"ncij,fcij->nf", patch, kernel)'),
        *('"ncij,fcij->nf", patch, kernel[:, :, ::-1, ::-1])', "the kernel is flipped"),
    ),
    (
        *("convolution_forward", "spatial.py", "k, s, p = self.size, self.stride, self.padding"),
        *("k, s, p = self.size, 1, self.padding", "the stride is not used"),
    ),
    (
        *("convolution_forward", "spatial.py", "out += self.bias.data[None, :, None, None]"),
        *("out += 0", "the bias is not added"),
    ),
    (
        *("convolution_gradients", "spatial.py", "parents=(x, self.weight, self.bias), pull=pull"),
        *("parents=(x,), pull=lambda g: pull(g)[:1]", "Kernel gradient: 0 of 3 right; is None"),
    ),
    (
        *("convolution_gradients", "spatial.py", "return inner, to_kernel, g.sum(axis=(0, 2, 3))"),
        *("return inner, 0.5 * to_kernel, g.sum(axis=(0, 2, 3))", "is 0.5 times what it should be"),
    ),
    (
        *("convolution_gradients", "spatial.py", "to_input[area] += np.einsum("),
        *("to_input[area] = np.einsum(", "Input gradient: 0 of 3 right; differs by"),
    ),
    (
        *("pooling_forward", "spatial.py", "window.max(axis=(2, 3))", "window.mean(axis=(2, 3))"),
        "it takes the mean of each window",
    ),
    (
        *("pooling_gradients", "spatial.py", "chosen * g[", "(1 + 0 * chosen) * g["),
        "Max pooling input gradient: 0 of 2 right",
    ),
    (
        *("flatten_forward", "spatial.py", "x.reshape(x.shape[0], -1)", "x.reshape(1, -1)"),
        "1 of 4 right; the output has shape (1, 120), it should have (2, 60)",
    ),
    (
        *("spatial_network", "spatial.py", "x.reshape(x.shape[0], -1)"),
        *("Tensor(x.data[:, ::-1]).reshape(x.shape[0], -1)", "Convolutional network: 1 of 3 right"),
    ),
    (
        *("loss_values", "losses.py", "(difference * difference).mean()"),
        *("(difference * difference).sum()", "it is summed, not averaged"),
    ),
    (
        *("loss_values", "losses.py", "-logs[rows, classes].mean()", "-logs[rows, 0].mean()"),
        "Cross-entropy: ",
    ),
    (
        *("loss_gradients", "losses.py", "gradient[rows, classes] -= 1", "gradient *= 1"),
        "Cross-entropy gradient: 0 of 3 right",
    ),
    (
        *("loss_gradients", "losses.py", "return (g * gradient / len(classes),)"),
        *("return (g * gradient,)", "is 4 times what it should be"),
    ),
    (
        *("layer_gradients", "tensor.py", "(g @ other.data.T, self.data.T @ g)"),
        *("(g @ other.data.T, 2 * self.data.T @ g)", "is 2 times what it should be"),
    ),
    (
        *("layer_gradients", "layers.py", "pull=lambda g: (g * (x.data > 0),)"),
        *("pull=lambda g: (g,)", "Relu gradient: "),
    ),
    (
        *("end_to_end_gradient", "layers.py", "(g * y * (1 - y),)", "(g * y,)"),
        "Weight gradient of layer 1: 2 of 3 right",
    ),
    (
        *("every_parameter_learns", "spatial.py", "np.random.randn(*shape) * 0.1, True"),
        *("np.random.randn(*shape) * 0.1", "0.weight receives no gradient"),
    ),
    (
        *("every_parameter_learns", "spatial.py", "parents=(x, self.weight, self.bias), pull=pull"),
        "parents=(x,), pull=lambda g: pull(g)[:1]",
        "0.weight receives no gradient",
    ),
    (
        *("every_parameter_learns", "optimizers.py", "enumerate(self.parameters):\n            if"),
        *("enumerate(self.parameters[:1]):\n            if", "does not move"),
    ),
    (
        *("optimizer_steps", "optimizers.py", "self.momentum * self.velocity[i] + gradient"),
        *("gradient", "SGD with momentum: 0 of 2 right; the momentum is not used"),
    ),
    (
        *("optimizer_steps", "optimizers.py", "self.first[i] / (1 - one**self.t)"),
        *("self.first[i]", "Adam: 0 of 2 right"),
    ),
    (
        *("optimizer_steps", "optimizers.py", "parameter.data - self.lr * self.velocity[i]"),
        *("parameter.data + self.lr * self.velocity[i]", "the sign of the step is wrong"),
    ),
    (
        *("data_loader", "data.py", "range(0, len(order), self.batch_size)"),
        *("range(0, len(order) - self.batch_size + 1, self.batch_size)", "smaller batch dropped"),
    ),
    (
        *("data_loader", "data.py", "np.random.shuffle(order)", "order = order.copy()"),
        "shuffle=True leaves the order as it is",
    ),
    (
        *("data_loader", "data.py", "xs, ys = zip(*items, strict=True)"),
        *("xs, ys = zip(*items, strict=True); ys = ys[::-1]", "with the targets of others"),
    ),
    (
        *("checkpoint_round_trip", "data.py", "parameter.data = held[name]", "held[name]"),
        "loading leaves the network as it was",
    ),
    (
        *("checkpoint_round_trip", "data.py", "parameter.data = held[name]"),
        *("parameter.data = held[name].round(1)", "the loaded network computes something else"),
    ),
    (
        *("training_lowers_loss", "optimizers.py", "parameter.data - self.lr * self.velocity[i]"),
        *("parameter.data + self.lr * self.velocity[i]", "Loss by SGD: 0 of 2 right"),
    ),
    (
        *("training_dynamics", "optimizers.py", "parameter.grad = None", "pass"),
        "are gradients cleared?",
    ),
    (
        *("training_dynamics", "optimizers.py", "list(parameters), lr", "list(parameters), 0.02"),
        "Learning rate: 0 of 1 right",
    ),
    (
        *("training_dynamics", "losses.py", "logits.data - logits.data.max(axis=1, keepdims=True)"),
        *("logits.data", "No NaN: 0 of 1 right"),
    ),
    (
        *("training_repeatable", "layers.py", "np.random.randn(in_features, out_features)"),
        *("np.random.default_rng().normal(size=(in_features, out_features))", "of one seed differ"),
    ),
    (
        *("training_repeatable", "layers.py", "np.random.randn(in_features, out_features)"),
        *("np.ones((in_features, out_features))", "another seed changes nothing"),
    ),
]


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "says"),
    MUTATIONS,
    ids=[f"{name}-{says[:40]}" for name, *_, says in MUTATIONS],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_probe_sees_the_broken_property(tmp_path, name, file, old, new, says):
    result = probed(submission(tmp_path, changes={file: (old, new)}), name)
    assert result.outcome is Outcome.FAILED
    assert result.share < 1.0
    assert says in result.evidence
    assert result.next_step
