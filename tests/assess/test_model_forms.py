"""Whole models of frameworks that are built otherwise: plain arrays, layers with a backward."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from in_process import answer, forgotten, probed, submission

from tasks.assess.datasets import stories
from tasks.assess.jobs import Job, JobResult
from tasks.assess.results import Outcome

EXPLICIT = """
from foundation.layers import Conv2D, Dense, Flatten, MaxPool2D, NeuralNetwork, ReLU
import numpy as np


def make_mnist_mlp():
    return NeuralNetwork([Dense(784, 16), ReLU(), Dense(16, 10)])


def build_mnist_cnn():
    return NeuralNetwork(
        [Conv2D(1, 4, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(4 * 13 * 13, 10)]
    )


def build_cifar_cnn(weights):
    network = NeuralNetwork([Conv2D(3, 4, 5), ReLU(), MaxPool2D(4), Flatten(), Dense(196, 10)])
    if weights:
        network.layers[4].b[...] = weights["bias"]
    return network
"""

NAMED = """

class Named(NeuralNetwork):
    def load_state_dict(self, state):
        for name in ("first.W", "first.b", "second.W", "second.b"):
            state[name]


def make_mnist_mlp():
    return Named([Dense(784, 16), ReLU(), Dense(16, 10)])
"""

ONE_IMAGE = """
import numpy as np


class Conv2D:
    def __init__(self, kernel_size):
        self.kernel = np.random.default_rng(0).normal(size=(kernel_size, kernel_size))

    def forward(self, image):
        k = len(self.kernel)
        rows, columns = image.shape[0] - k + 1, image.shape[1] - k + 1
        out = np.zeros((rows, columns))
        for i in range(rows):
            for j in range(columns):
                out[i, j] = (image[i:i + k, j:j + k] * self.kernel).sum()
        return out


class Net:
    def __init__(self):
        self.conv = Conv2D(3)
        self.weights = np.random.default_rng(1).normal(size=(26 * 26, 10))

    def predict(self, image):
        if image.shape != (28, 28):
            raise ValueError("one image at a time, please")
        return np.maximum(self.conv.forward(image), 0).reshape(-1) @ self.weights


def build_mnist_cnn():
    return Net()


def preprocess_mnist(images):
    return images - 0.5
"""


BIGRAMS = """
import numpy as np

LETTERS = " abcdefghijklmnopqrstuvwxyz.:\\n"


class Bigrams:
    def __init__(self):
        self.table = np.random.default_rng(0).normal(size=(len(LETTERS), len(LETTERS)))

    def forward(self, ids):
        return self.table[ids]


def create_gpt():
    return Bigrams()


def encode(text):
    return [LETTERS.index(letter) for letter in text]


def decode(ids):
    return "".join(LETTERS[i] for i in ids)
"""


@pytest.fixture
def explicit(tmp_path: Path) -> Path:
    """Plain arrays, and layers that go backward themselves."""
    copy = submission(tmp_path, "explicit")
    (copy / "milestones.py").write_text(EXPLICIT)
    return copy


def _asked(folder: Path, operation: str, params: dict, **arrays: np.ndarray) -> JobResult:
    with forgotten():
        result = answer(folder, Job(operation, params, arrays))
    assert result.status == "done", result.error
    return result


def test_plain_arrays_are_predicted(explicit: Path) -> None:
    images = np.random.default_rng(0).random((6, 1, 28, 28)).astype(np.float32)
    params = {"model": "mnist_mlp", "batch": 4, "seconds": 10.0}
    result = _asked(explicit, "model_predict", params, images=images)
    assert result.arrays["scores"].shape == (6, 10)
    assert result.values["form"] == "(n, pixels)"
    assert result.values["weights"] == ""


def test_layers_with_their_own_backward_give_gradients(explicit: Path) -> None:
    rng = np.random.default_rng(0)
    images, upstream = rng.random((4, 1, 28, 28)), rng.normal(size=(4, 10))
    params = {"model": "mnist_cnn"}
    result = _asked(explicit, "model_gradients", params, images=images, upstream=upstream)
    assert len(result.values["paths"]) == 4
    assert all(gradient > 0 for gradient in result.values["gradients"])


def test_layers_with_their_own_backward_are_trained(explicit: Path) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 400)
    images = 0.1 * rng.random((400, 1, 28, 28)).astype(np.float32)
    images[np.arange(400), 0, 2 * labels] = 1.0  # a line whose height is the class
    params = {"model": "mnist_mlp", "batch": 32, "steps": 60, "seconds": 20.0, "seed": 1}
    result = _asked(
        explicit, "model_training", params, images=images, labels=labels, unseen=images[:50]
    )
    losses = result.arrays["losses"]
    assert len(losses) == 60
    assert losses[-10:].mean() < 0.9 * losses[:10].mean()


def test_own_save_and_load_are_found(explicit: Path) -> None:
    images = np.random.default_rng(0).random((3, 1, 28, 28))
    result = _asked(explicit, "model_checkpoint", {"model": "mnist_mlp"}, images=images)
    assert np.allclose(result.arrays["before"], result.arrays["after"])
    assert not np.allclose(result.arrays["before"], result.arrays["spoilt"])


def test_save_that_forgets_the_convolution_is_seen(explicit: Path) -> None:
    images = np.random.default_rng(0).random((3, 1, 28, 28))
    result = _asked(explicit, "model_checkpoint", {"model": "mnist_cnn"}, images=images)
    assert not np.allclose(result.arrays["before"], result.arrays["after"])


def test_builder_that_wants_weights_gets_them(explicit: Path) -> None:
    (explicit / "weights").mkdir()
    bias = np.arange(10, dtype=np.float16)
    np.savez(explicit / "weights" / "cifar_cnn.npz", bias=bias)
    params = {"model": "cifar_cnn", "batch": 4, "seconds": 10.0}
    images = np.zeros((2, 3, 32, 32), np.float32)
    result = _asked(explicit, "model_predict", params, images=images)
    assert result.values["weights"] == "by the builder"
    assert np.allclose(result.arrays["scores"], bias)


def test_weights_with_pickles_are_refused(explicit: Path) -> None:
    (explicit / "weights").mkdir()
    np.savez(explicit / "weights" / "mnist_mlp.npz", np.array([{"a": 1}], dtype=object))
    job = Job("model_parameters", {"model": "mnist_mlp"})
    images = np.zeros((2, 1, 28, 28), np.float32)
    with forgotten():
        assert answer(explicit, job).status == "done"
        job = Job(
            "model_predict", {"model": "mnist_mlp", "batch": 1, "seconds": 1}, {"images": images}
        )
        result = answer(explicit, job)
    assert result.status == "raised"
    assert "allow_pickle" in result.error


def test_model_of_one_image_at_a_time_is_predicted(tmp_path: Path) -> None:
    (tmp_path / "all_in_one.py").write_text(ONE_IMAGE)
    images = np.random.default_rng(0).random((3, 1, 28, 28)).astype(np.float32)
    params = {"model": "mnist_cnn", "batch": 8, "seconds": 10.0}
    result = _asked(tmp_path, "model_predict", params, images=images)
    assert result.values["form"] == "(height, width) one by one"
    assert result.arrays["scores"].shape == (3, 10)


def test_slow_model_is_stopped_and_keeps_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "all_in_one.py").write_text(ONE_IMAGE)
    images = np.random.default_rng(0).random((500, 1, 28, 28)).astype(np.float32)
    params = {"model": "mnist_cnn", "batch": 8, "seconds": 0.05}
    result = _asked(tmp_path, "model_predict", params, images=images)
    assert 1 <= len(result.arrays["scores"]) < 500


def test_kernel_that_no_step_moves_is_seen(tmp_path: Path) -> None:
    """It gets a gradient, but the optimizer never hears of it."""
    reference = Path(__file__).parent / "reference_framework"
    copy = shutil.copytree(reference, tmp_path / "submission")
    path = copy / "smalltorch" / "core" / "module.py"
    old = "return [parameter for _, parameter in self.named_parameters()]"
    new = "return [p for _, p in self.named_parameters() if p.ndim < 4]"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    result = probed(copy, "mnist_cnn_trains_every_parameter")
    assert result.outcome is Outcome.FAILED
    assert "conv1.weight" in result.evidence
    assert "does not move" in result.example


@pytest.mark.parametrize(
    ("probe", "outcome"),
    [
        ("gpt_shapes", Outcome.PASSED),
        ("gpt_causal_mask", Outcome.PASSED),
        ("gpt_uses_context", Outcome.FAILED),
        ("gpt_gradients_reach_all", Outcome.FAILED),
        ("gpt_loss_falls", Outcome.FAILED),
        ("component_reuse", Outcome.FAILED),
        ("text_valid", Outcome.FAILED),
        ("text_deterministic", Outcome.PASSED),
        ("text_perplexity", Outcome.FAILED),
    ],
)
def test_table_of_bigrams_is_no_gpt(tmp_path: Path, probe: str, outcome: Outcome) -> None:
    """Without classes, gradients and generate; it still writes text letter by letter."""
    (tmp_path / "letters.py").write_text(BIGRAMS)
    result = probed(tmp_path, probe)
    assert result.outcome is outcome, result.evidence


def test_bigrams_that_were_counted_foresee_more_than_letters(tmp_path: Path) -> None:
    text = stories.training_text()
    letters = " abcdefghijklmnopqrstuvwxyz.:\n"
    ids = np.array([letters.index(letter) for letter in text])
    counts = np.ones((len(letters), len(letters)))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    (tmp_path / "letters.py").write_text(BIGRAMS)
    np.savez(tmp_path / "gpt.npz", table=np.log(counts / counts.sum(axis=1, keepdims=True)))
    result = probed(tmp_path, "text_perplexity")
    assert result.outcome is Outcome.PASSED, result.evidence
    # Bigrams of English letters halve or third what single letters leave open.
    assert 4 < result.figures["perplexity"] < 10 < result.figures["unigram"]


def test_a_model_that_rules_out_text_that_occurs_fails(tmp_path: Path) -> None:
    (tmp_path / "letters.py").write_text(BIGRAMS)
    table = np.zeros((30, 30))
    table[:, " abcdefghijklmnopqrstuvwxyz.:\n".index("e")] = -np.inf
    np.savez(tmp_path / "gpt.npz", table=table)
    result = probed(tmp_path, "text_perplexity")
    assert (result.outcome, result.share) == (Outcome.FAILED, 0.0)
    assert "no chance at all" in result.evidence


def test_weights_by_position_fit_where_load_state_dict_wants_names(explicit: Path) -> None:
    (explicit / "milestones.py").write_text(EXPLICIT + NAMED)
    (explicit / "weights").mkdir()
    shapes = [(784, 16), (16,), (16, 10), (10,)]
    arrays = [np.full(shape, place, np.float32) for place, shape in enumerate(shapes)]
    np.savez(explicit / "weights" / "mnist_mlp.npz", *arrays)
    params = {"model": "mnist_mlp", "batch": 4, "seconds": 10.0}
    images = np.zeros((2, 1, 28, 28), np.float32)
    result = _asked(explicit, "model_predict", params, images=images)
    assert result.values["weights"] == "by position"
