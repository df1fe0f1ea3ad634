"""Every registered probe tests a named property, and is shown to fail where that is broken.

Where the broken submissions are: of framework probes in test_probes_mutations.py, of whole models
in test_whole_models.py, of run folders in test_packs.py, of files here. A probe that is registered
without one fails this test.
"""

from pathlib import Path

import pytest
from made_class.editing import begin_with, copy_reference
from test_packs import CHALLENGE, LEVEL3
from test_probes_mutations import MUTATIONS
from test_whole_models import BROKEN

from tasks.assess.grading import KNOWN_PROBES
from tasks.assess.probes.whole_models import STATIC_PROBES
from tasks.assess.results import Outcome

PROPERTIES = {
    "tensor_operations": "arithmetic of tensors is numpy's",
    "dense_forward": "a dense layer is x W + b",
    "activations": "activations are their formulas",
    "activation_stability": "activations of large numbers are finite",
    "sequential_forward": "a network is its layers one after the other",
    "parameter_registration": "a network lists all that it learns",
    "convolution_forward": "convolution is exact, with stride and padding",
    "convolution_gradients": "gradients of kernel, bias and input are exact",
    "pooling_forward": "pooling takes the maximum or the mean of each window",
    "pooling_gradients": "pooling hands gradients to where its output came from",
    "flatten_forward": "flattening keeps images apart and their order",
    "spatial_network": "a convolutional network is its layers in a row",
    "loss_values": "losses are their formulas, averaged",
    "loss_gradients": "gradients of losses are exact",
    "layer_gradients": "gradients of layers agree with finite differences",
    "end_to_end_gradient": "gradients through a whole network are exact",
    "every_parameter_learns": "every parameter gets a gradient and moves",
    "optimizer_steps": "optimizers step as their formulas say",
    "data_loader": "batches cover every item once, with its own target",
    "checkpoint_round_trip": "a loaded network computes what the saved one did",
    "training_lowers_loss": "training lowers the loss",
    "training_dynamics": "training answers to its learning rate and stays finite",
    "training_repeatable": "a seed decides a training, another one changes it",
    "mnist_mlp_accuracy": "85 % of MNIST are read",
    "mnist_cnn_accuracy": "95 % of MNIST are read",
    "cifar10_accuracy": "75 % of CIFAR-10 are recognised",
    "mnist_cnn_trains_every_parameter": "the network's convolutions learn",
    "cnn_parameter_efficiency": "a convolutional network is smaller than a dense one",
    "activation_memory": "a forward pass takes no needless memory",
    "cifar10_short_training": "the student's training learns real images",
    "convolution_speed": "convolution is no loop over pixels",
    "matmul_speed": "a dense layer is about as fast as its product",
    "batched_inference_speed": "a batch is not slower than its images",
    "deterministic_runs": "the same images give the same answer",
    "no_hidden_state": "predicting changes no later prediction",
    "batch_size_independence": "an answer does not depend on the others in its batch",
    "save_load_model": "a model survives saving",
    "bad_input_refused": "wrong input is refused, not answered",
    "no_forbidden_modules": "nothing forbidden is asked for at run time",
    "gpt_shapes": "a language model takes any batch and length",
    "gpt_causal_mask": "nothing leaks from the future",
    "gpt_uses_context": "earlier tokens change the answer",
    "gpt_gradients_reach_all": "all of the language model learns",
    "gpt_loss_falls": "training the language model lowers its loss",
    "component_reuse": "the language model is made of the framework's parts",
    "unified_framework": "one framework serves all models",
    "text_valid": "text is continued with known words",
    "text_deterministic": "the likeliest text is always the same",
    "text_perplexity": "text is foreseen better than by counting letters",
    "only_allowed_imports": "no file imports what is forbidden",
    "code_style_figures": "worse code has worse figures (they decide nothing)",
    "run_configuration": "a record has command, configuration and seed",
    "run_data_version": "a record names its data with licence and sha256",
    "run_reproduction": "outputs are those that the record names",
    "run_results": "results are there, with their uncertainty",
    "run_failure_cases": "failure cases are shown",
    "run_timings": "stages have times",
    "run_cost": "speed, memory or cost is measured",
    "run_reflection": "a person reads the reflection (it decides nothing)",
    "files_present": "asked files are there and not empty",
    "notebooks_ran": "notebooks ran from top to bottom",
    "no_absolute_paths": "no path of one machine is left",
    "no_secrets": "no key or password is left",
    "model_card_complete": "the model card has no gaps",
    "video_length": "the video is shorter than three minutes",
}
OF_FILES = {"only_allowed_imports", "code_style_figures"}
FOR_A_PERSON = {"run_reflection"}  # pending whatever is written: tested in test_packs.py
TANGLED = "def f(x):\n" + "".join(f"    if x == {i}: x = {i + 1}\n" for i in range(30))


def test_every_probe_has_a_property() -> None:
    assert PROPERTIES.keys() == KNOWN_PROBES.keys()
    assert len(set(PROPERTIES.values())) == len(PROPERTIES)


def test_every_probe_has_a_mutation() -> None:
    broken = {name for name, *_ in (*MUTATIONS, *BROKEN, *LEVEL3, *CHALLENGE)}
    assert broken | OF_FILES | FOR_A_PERSON == set(PROPERTIES)


@pytest.mark.parametrize("line", ["import torch\n", "from socket import create_connection\n"])
def test_forbidden_import_in_the_reference_fails(tmp_path: Path, line: str) -> None:
    probe = STATIC_PROBES["only_allowed_imports"]
    copy_reference(tmp_path / "made")
    assert probe.inspect(tmp_path / "made").outcome is Outcome.PASSED
    begin_with(tmp_path / "made", "losses.py", line)
    assert probe.inspect(tmp_path / "made").outcome is Outcome.FAILED


def test_figures_see_tangled_code(tmp_path: Path) -> None:
    probe = STATIC_PROBES["code_style_figures"]
    copy_reference(tmp_path / "made")
    before = probe.inspect(tmp_path / "made").figures
    begin_with(tmp_path / "made", "losses.py", TANGLED)
    after = probe.inspect(tmp_path / "made").figures
    assert after["greatest_complexity"] == 31 > before["greatest_complexity"]
    assert after["ruff_findings"] > before["ruff_findings"]
