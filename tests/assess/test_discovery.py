"""A student's API is found by what it does, in whatever layout and spelling."""

import shutil
import sys

import numpy as np
import pytest
from in_process import STUDENTS, answer, forgotten, probed, submission

from tasks.assess.inside.discovery import NotFound, framework
from tasks.assess.jobs import Job
from tasks.assess.probes.registry import FRAMEWORK_PROBES
from tasks.assess.results import Outcome


def in_text(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def found(submitted, *roles):
    with forgotten():
        return [one.name if (one := framework(submitted).find(role)) else None for role in roles]


def test_package_with_core(tmp_path):
    names = found(submission(tmp_path), "tensor", "dense", "conv2d", "adam", "data_loader")
    assert names == [
        "tinynet.core.tensor.Tensor",
        "tinynet.core.layers.Linear",
        "tinynet.core.spatial.Conv2d",
        "tinynet.core.optimizers.Adam",
        "tinynet.core.data.DataLoader",
    ]


def test_foundation_folder_without_a_package(tmp_path):
    names = found(submission(tmp_path, "explicit"), "tensor", "dense", "conv2d", "sequential")
    assert names == [
        None,
        "foundation.layers.Dense",
        "foundation.layers.Conv2D",
        "foundation.layers.NeuralNetwork",
    ]


def test_flat_files_that_import_each_other(tmp_path):
    assert found(submission(tmp_path, "older"), "variable", "dense", "conv2d", "flatten") == [
        "autograd.Variable",
        "layers.Dense",
        "cnn.Conv2D",
        "cnn.flatten",
    ]


@pytest.mark.parametrize("top", ["from tinynet.core.gone import Nothing", "raise SystemExit(1)"])
def test_a_top_level_that_does_not_import(tmp_path, top):
    submitted = submission(tmp_path)
    (submitted / "tinynet" / "__init__.py").write_text(top)
    for name in ("dense_forward", "convolution_gradients", "end_to_end_gradient"):
        assert probed(submitted, name).outcome is Outcome.PASSED
    with forgotten():
        student = framework(submitted)
        student.find("dense")
        assert any(line.startswith("tinynet: ") for line in student.sources.failures)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_inside_of_a_package_without_its_folder(tmp_path):
    submitted = tmp_path / "handed_in"
    shutil.copytree(STUDENTS / "autograd" / "tinynet" / "core", submitted / "core")
    for name in ("dense_forward", "convolution_gradients", "optimizer_steps", "loss_gradients"):
        result = probed(submitted, name)
        assert result.outcome is Outcome.PASSED, result.evidence


def test_gradients_that_must_be_switched_on(tmp_path):
    submitted = submission(tmp_path)
    (submitted / "tinynet" / "__init__.py").write_text("import gone")
    tensor = submitted / "tinynet" / "core" / "tensor.py"
    in_text(tensor, "    def backward(", "    def _backward(")
    switch = "\n\ndef enable_autograd():\n    Tensor.backward = Tensor._backward\n"
    tensor.write_text(tensor.read_text() + switch)
    assert probed(submitted, "layer_gradients").outcome is Outcome.PASSED


def test_activations_that_are_methods_of_the_tensor(tmp_path):
    submitted = submission(tmp_path)
    core = submitted / "tinynet" / "core"
    in_text(core / "layers.py", "class ReLU(Module):", "class _Positive(Module):")
    in_text(core / "spatial.py", "class Flatten(Module):", "class _Flat(Module):")
    relu = "\n    def relu(self):\n        up = self.data > 0\n        return self * Tensor(up)\n"
    in_text(core / "tensor.py", "    def __len__(self):", f"{relu}\n    def __len__(self):")
    assert found(submitted, "relu", "flatten") == [
        "tinynet.core.tensor.Tensor.relu",
        "tinynet.core.tensor.Tensor.reshape",
    ]
    for name in ("activations", "layer_gradients", "flatten_forward", "spatial_network"):
        assert probed(submitted, name).outcome is Outcome.PASSED


RANDOM = "np.random.randn(in_features, out_features)"
SHAPED = "normal(size=(in_features, out_features))"


@pytest.mark.parametrize(
    ("draws", "top"),
    [
        (f"GENERATOR.{SHAPED}", "GENERATOR = np.random.default_rng(7)"),
        (
            f"STATE[0].{SHAPED}",
            "STATE = [np.random.default_rng()]\n\n\ndef set_seed(seed):\n"
            "    STATE[0] = np.random.default_rng(seed)",
        ),
    ],
)
def test_seeds_reach_the_students_own_generators(tmp_path, draws, top):
    submitted = submission(tmp_path, changes={"layers.py": (RANDOM, draws)})
    in_text(submitted / "tinynet/core/layers.py", "class Module:", f"{top}\n\n\nclass Module:")
    result = probed(submitted, "training_repeatable")
    assert result.outcome is Outcome.PASSED, result.evidence


def test_names_of_the_students_own(tmp_path):
    submitted = submission(tmp_path)
    layers = submitted / "tinynet" / "core" / "layers.py"
    in_text(layers, "class Linear(", "class Neurons(")
    in_text(layers, "class ReLU(", "class Hinge(")
    in_text(submitted / "tinynet" / "core" / "spatial.py", "class Conv2d(", "class Sliding(")
    assert found(submitted, "dense", "relu", "conv2d") == [
        "tinynet.core.layers.Neurons",
        "tinynet.core.layers.Hinge",
        "tinynet.core.spatial.Sliding",
    ]
    assert probed(submitted, "dense_forward").share == 1.0
    assert probed(submitted, "convolution_gradients").share == 1.0


def test_a_convolution_of_one_channel_with_a_name_of_its_own(tmp_path):
    submitted = submission(
        tmp_path, "older", changes={"cnn.py": ("class Conv2D:", "class Stencil:")}
    )
    assert found(submitted, "conv2d") == ["cnn.Stencil"]


def test_the_layer_is_taken_and_not_an_operation_of_its_name(tmp_path):
    submitted = submission(tmp_path)
    operations = "class Conv2d:\n    def __init__(self, tape):\n        self.tape = tape\n"
    pool = "\n\nclass MaxPool2d:\n    def __init__(self, tape):\n        self.tape = tape\n"
    (submitted / "tinynet" / "core" / "recorded.py").write_text(operations + pool)
    assert found(submitted, "conv2d", "max_pool") == [
        "tinynet.core.spatial.Conv2d",
        "tinynet.core.spatial.MaxPool2d",
    ]


def test_a_weight_that_lies_the_other_way(tmp_path):
    submitted = submission(
        tmp_path,
        changes={
            "layers.py": (
                "np.random.randn(in_features, out_features) * scale, True)",
                "np.random.randn(out_features, in_features) * scale, True)",
            )
        },
    )
    in_text(submitted / "tinynet/core/layers.py", "x @ self.weight +", "x @ self.weight.T +")
    for name in ("dense_forward", "layer_gradients", "end_to_end_gradient"):
        assert probed(submitted, name).outcome is Outcome.PASSED


def test_images_with_channels_last(tmp_path):
    submitted = submission(tmp_path)
    spatial = submitted / "tinynet" / "core" / "spatial.py"
    text = spatial.read_text()
    text = text.replace("class Conv2d(Module)", "class _Conv(Module)")
    text = text.replace("class MaxPool2d(Module)", "class _Pool(Module)")
    spatial.write_text(
        text
        + """

def turned(x, *axes):
    back = tuple(np.argsort(axes))
    return Tensor(x.data.transpose(axes), parents=(x,), pull=lambda g: (g.transpose(back),))


class Conv2D(_Conv):
    def forward(self, x):
        return turned(super().forward(turned(x, 0, 3, 1, 2)), 0, 2, 3, 1)


class MaxPool2D(_Pool):
    def forward(self, x):
        return turned(super().forward(turned(x, 0, 3, 1, 2)), 0, 2, 3, 1)
"""
    )
    for name in (
        *("convolution_forward", "convolution_gradients", "pooling_forward"),
        *("pooling_gradients", "spatial_network"),
    ):
        result = probed(submitted, name)
        assert result.outcome is Outcome.PASSED, result.evidence


def test_an_older_framework_with_a_kernel_that_never_learns(tmp_path):
    submitted = submission(tmp_path, "older")
    assert probed(submitted, "dense_forward").outcome is Outcome.PASSED
    forward = probed(submitted, "convolution_forward")
    assert forward.outcome is Outcome.PASSED
    assert forward.figures["n"] == 2
    gradients = probed(submitted, "convolution_gradients")
    assert gradients.share == 0.0
    assert "Kernel gradient: 0 of 1 right; is None" in gradients.evidence
    dense = probed(submitted, "layer_gradients")
    assert "Weight gradient: right (3 of 3)" in dense.evidence


def test_nothing_is_found_in_an_empty_submission(tmp_path):
    for name in FRAMEWORK_PROBES:
        result = probed(tmp_path, name)
        assert result.outcome is Outcome.FAILED
        assert result.share == 0.0
        assert result.evidence.startswith("Not found: ")


def test_what_was_there_is_said(tmp_path):
    (tmp_path / "mine.py").write_text("class Potato:\n    pass\n")
    (tmp_path / "bad.py").write_text("def broken(:\n")
    result = probed(tmp_path, "dense_forward")
    assert "Dense, Linear" in result.evidence
    assert "Potato" in result.evidence
    assert "bad: SyntaxError" in result.evidence


def test_scripts_and_tests_are_not_run(tmp_path):
    submitted = submission(tmp_path)
    (submitted / "train_all_night.py").write_text("def main():\n    pass\nraise SystemExit(3)\n")
    (submitted / "test_mine.py").write_text("class Linear:\n    pass\n")
    assert found(submitted, "dense") == ["tinynet.core.layers.Linear"]
    with forgotten():
        framework(submitted).find("dense")
        assert "train_all_night" not in sys.modules


def test_a_draft_beside_the_package_is_not_taken(tmp_path):
    submitted = submission(tmp_path)
    drafts = submitted / "modules" / "03_layers"
    drafts.mkdir(parents=True)
    shutil.copy(STUDENTS / "explicit/foundation/layers.py", drafts / "layers_dev.py")
    assert found(submitted, "dense") == ["tinynet.core.layers.Linear"]


def test_links_are_not_followed(tmp_path):
    submitted = tmp_path / "student"
    submitted.mkdir()
    (submitted / "layers.py").symlink_to(STUDENTS / "explicit/foundation/layers.py")
    assert found(submitted, "dense") == [None]


def test_need_says_what_it_looked_for(tmp_path):
    with forgotten(), pytest.raises(NotFound) as missing:
        framework(tmp_path).need("adam")
    assert missing.value.values["looked_for"] == "the Adam optimizer"


def test_arrays_that_were_sent_are_not_changed(tmp_path):
    submitted = submission(tmp_path, "explicit")
    for name in ("optimizer_steps", "training_lowers_loss", "layer_gradients"):
        with forgotten():
            for job in FRAMEWORK_PROBES[name].jobs(np.random.default_rng(0)):
                kept = {key: array.copy() for key, array in job.arrays.items()}
                answer(submitted, job)
                for key, array in job.arrays.items():
                    np.testing.assert_array_equal(array, kept[key])


def test_answers_are_plain_values_and_arrays(tmp_path):
    import json

    submitted = submission(tmp_path)
    with forgotten():
        for name in FRAMEWORK_PROBES:
            job: Job = FRAMEWORK_PROBES[name].jobs(np.random.default_rng(0))[0]
            result = answer(submitted, job)
            json.dumps(result.values)
            assert all(array.dtype.kind in "biuf" for array in result.arrays.values())
