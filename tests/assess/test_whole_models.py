"""The probes of whole models: the reference framework passes each, and one change fails it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from in_process import probed

from tasks.assess.datasets import DATASETS
from tasks.assess.probes.registry import PROBES
from tasks.assess.probes.whole_models import MODEL_PROBES
from tasks.assess.results import Outcome

REFERENCE = Path(__file__).parent / "reference_framework"
NEEDS = {"mnist_mlp_accuracy": "mnist", "mnist_cnn_accuracy": "mnist"}
NEEDS |= {"cifar10_accuracy": "cifar10", "cifar10_short_training": "cifar10"}
LONG = ("cifar10_accuracy", "cifar10_short_training")
# Broken in every test run; the others in the longer one.
QUICK = (
    *("mnist_cnn_trains_every_parameter", "gpt_causal_mask", "component_reuse"),
    *("save_load_model", "cnn_parameter_efficiency", "unified_framework"),
)

RELU = ("positive = x.data > 0", "positive = x.data > -1e9")
SLEEP = "__import__('time').sleep({})\n        "
OWN_LINEAR = "\n\nclass Linear(Linear):\n    pass\n"

# (probe, file, old text, new text); the weights stay as they are.
BROKEN = [
    ("mnist_mlp_accuracy", "activations.py", *RELU),
    ("mnist_cnn_accuracy", "convolution.py", "np.maximum.reduce", "np.minimum.reduce"),
    ("cifar10_accuracy", "activations.py", *RELU),
    # Only noise is learned.
    ("cifar10_short_training", "losses.py", "out[each, right] -= 1", "out[each, right] -= 0"),
    (
        "mnist_cnn_trains_every_parameter",
        "convolution.py",
        "return (of_input, of_kernel) +",
        "return (of_input, None) +",
    ),
    (
        "cnn_parameter_efficiency",
        "build.py",
        "return MnistCNN()",
        "return _wide()\n\n\ndef _wide():\n"
        "    cnn = MnistCNN()\n    cnn.extra = Linear(400, 300)\n    return cnn",
    ),
    (
        "activation_memory",
        "convolution.py",
        "        kernel = self.weight.data.transpose",
        "        patches = np.repeat(patches, 64, axis=0)[::64]\n"
        "        kernel = self.weight.data.transpose",
    ),
    (
        "convolution_speed",
        "convolution.py",
        "out_channels, in_channels, height, width = self.weight.shape\n        if",
        SLEEP.format(0.03)
        + "out_channels, in_channels, height, width = self.weight.shape\n        if",
    ),
    ("convolution_speed", "convolution.py", "out += self.bias.data", "out += 0.0"),
    (
        "matmul_speed",
        "layers.py",
        "out = x @ self.weight",
        SLEEP.format(0.03) + "out = x @ self.weight",
    ),
    (
        "batched_inference_speed",
        "build.py",
        "x = self.block1(",
        SLEEP.format("0.002 * len(images) ** 2") + "x = self.block1(",
    ),
    (
        "deterministic_runs",
        "build.py",
        "return self.head(x.mean((2, 3)))",
        "return self.head(x.mean((2, 3))) + float(np.random.rand())",
    ),
    (
        "no_hidden_state",
        "convolution.py",
        "deviation = np.sqrt(self.running_var",
        "self.running_mean += 0.1\n        deviation = np.sqrt(self.running_var",
    ),
    (
        "batch_size_independence",
        "convolution.py",
        "self._of_batch(x) if self.training else self._of_running(x)",
        "self._of_batch(x)",
    ),
    ("save_load_model", "checkpoints.py", "model.load_state_dict(dict(arrays))", "dict(arrays)"),
    (
        "bad_input_refused",
        "build.py",
        "x = self.block1(",
        "if getattr(images, 'shape', ())[1:2] != (3,):\n            return Tensor([0.0] * 10)\n"
        "        x = self.block1(",
    ),
    (
        "no_forbidden_modules",
        "losses.py",
        "import numpy as np\n",
        "import numpy as np\ntry:\n    __import__('ja' + 'x')\nexcept ImportError:\n    pass\n",
    ),
    (
        "gpt_shapes",
        "attention.py",
        "self.softmax(scores) @ value",
        "self.softmax(scores) @ value + value.mean(0, keepdims=True)",
    ),
    ("gpt_causal_mask", "transformer.py", "causal=True", "causal=False"),
    (
        "gpt_uses_context",
        "transformer.py",
        "x = x + self.attention(self.norm1(x))",
        "x = x + self.norm1(x)",
    ),
    (
        "gpt_gradients_reach_all",
        "layers.py",
        "return self.weight[ids]",
        "return Tensor(self.weight.data[ids])",
    ),
    (
        "gpt_loss_falls",
        "optimizers.py",
        "parameter.data -= (self.lr * corrected",
        "parameter.data += (self.lr * corrected",
    ),
    (
        "component_reuse",
        "transformer.py",
        "LayerNorm, Linear, Sequential\n",
        "LayerNorm, Linear, Sequential\n" + OWN_LINEAR,
    ),
    (
        "component_reuse",
        "attention.py",
        "from smalltorch.core.layers import Linear\n",
        "from smalltorch.core.layers import Linear\n" + OWN_LINEAR,
    ),
    (
        "unified_framework",
        "attention.py",
        "from smalltorch.core.layers import Linear\n",
        "from smalltorch.core.layers import Linear\n" + OWN_LINEAR,
    ),
    ("text_valid", "transformer.py", "logits.argmax()", "logits.argmin()"),
    (
        "text_deterministic",
        "transformer.py",
        "temperature: float = 0.0, seed: int = 0",
        "temperature: float = 1.0, seed: int | None = None",
    ),
    (
        "text_perplexity",
        "transformer.py",
        "return self.head(self.norm(",
        "return self.head(0.0 * self.norm(",
    ),
]


def _copy(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(REFERENCE, folder / "submission", ignore=ignored)


def _changed(folder: Path, name: str, old: str, new: str) -> Path:
    copy = _copy(folder)
    path = next(copy.rglob(name))
    text = path.read_text()
    assert old in text, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new))
    return copy


def _needs_data(probe: str) -> None:
    if (name := NEEDS.get(probe)) and DATASETS[name].find() is None:
        pytest.skip(f"the data set {name} is not on this machine")


@pytest.mark.parametrize("probe", [name for name in MODEL_PROBES if name not in LONG])
def test_reference_passes(probe: str) -> None:
    _needs_data(probe)
    result = probed(REFERENCE, probe)
    assert result.outcome is Outcome.PASSED, result.evidence
    assert result.share == 1.0
    assert result.next_step == ""


@pytest.mark.slow
@pytest.mark.parametrize("probe", [name for name in PROBES if name not in MODEL_PROBES])
def test_reference_passes_the_other_probes(probe: str) -> None:
    result = probed(REFERENCE, probe)
    assert (result.outcome, result.share) == (Outcome.PASSED, 1.0), result.evidence


@pytest.mark.slow
@pytest.mark.parametrize("probe", LONG)
def test_reference_passes_what_takes_long(probe: str) -> None:
    _needs_data(probe)
    result = probed(REFERENCE, probe)
    assert result.outcome is Outcome.PASSED, result.evidence


@pytest.mark.parametrize(
    ("probe", "name", "old", "new"),
    [
        pytest.param(*case, marks=() if case[0] in QUICK else pytest.mark.slow, id=f"{case[0]}-{i}")
        for i, case in enumerate(BROKEN)
    ],
)
def test_fails_where_its_property_is_broken(
    tmp_path: Path, probe: str, name: str, old: str, new: str
) -> None:
    _needs_data(probe)
    result = probed(_changed(tmp_path, name, old, new), probe)
    assert result.outcome is Outcome.FAILED, result.evidence
    assert result.share < 1.0
    assert result.next_step


def test_all_are_registered() -> None:
    assert PROBES.keys() >= MODEL_PROBES.keys()


def test_kernel_without_gradient_is_named(tmp_path: Path) -> None:
    copy = _changed(
        tmp_path, "convolution.py", "return (of_input, of_kernel) +", "return (of_input, None) +"
    )
    result = probed(copy, "mnist_cnn_trains_every_parameter")
    assert "conv1.weight" in result.evidence
    assert "None" in result.example
    assert 0 < result.share < 0.5


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_gradient_that_is_no_number_is_named(tmp_path: Path) -> None:
    copy = _changed(
        tmp_path,
        "convolution.py",
        "return (of_input, of_kernel) +",
        "return (of_input, of_kernel * np.inf) +",
    )
    result = probed(copy, "mnist_cnn_trains_every_parameter")
    assert result.outcome is Outcome.FAILED
    assert "not finite" in result.example


def test_builder_that_is_missing_is_named(tmp_path: Path) -> None:
    copy = _changed(tmp_path, "build.py", "def build_mnist_mlp", "def mlp_of_mine")
    result = probed(copy, "mnist_mlp_accuracy")
    assert result.outcome is Outcome.FAILED
    assert "build_mnist_mlp" in result.evidence
    assert "mlp_of_mine" in result.evidence


def test_weights_that_do_not_fit_are_said(tmp_path: Path) -> None:
    copy = _changed(tmp_path, "build.py", "Linear(784, 32, rng=rng)", "Linear(784, 33, rng=rng)")
    result = probed(copy, "mnist_mlp_accuracy")
    assert result.outcome is Outcome.FAILED
    assert "shape" in result.evidence


def test_weights_are_loaded_by_position(tmp_path: Path) -> None:
    copy = _changed(tmp_path, "module.py", "def load_state_dict", "def not_that_name")
    (copy / "weights" / "mnist_mlp.npz").rename(copy / "named.npz")
    with np.load(copy / "named.npz") as arrays:
        np.savez(copy / "weights" / "mnist_mlp.npz", *arrays.values())
    result = probed(copy, "mnist_mlp_accuracy")
    assert result.outcome is Outcome.PASSED, result.evidence
    assert result.figures["weights"] == "by position"


def test_tokens_that_hide_the_text_are_for_a_person(tmp_path: Path) -> None:
    copy = _changed(
        tmp_path,
        "build.py",
        "return [self._ids[letter] for letter in text]",
        "self.hidden = text\n        return [0] * 3",
    )
    path = copy / "build.py"
    text = path.read_text().replace(
        'return "".join(self.letters[int(i)] for i in ids)', "return self.hidden"
    )
    path.write_text(text)
    result = probed(copy, "text_perplexity")
    assert result.outcome is Outcome.NOT_GRADABLE
    assert result.share is None
