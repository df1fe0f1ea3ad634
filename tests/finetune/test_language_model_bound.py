"""The bound counts what a frozen matrix costs, and no training is above it."""

import pytest

from tasks.finetune.language_model.bound import FORWARD, FORWARD_AND_BACKWARD, bound
from tasks.finetune.language_model.layers import linear_layers
from tasks.finetune.language_model.load import load_model


def test_operations_of_a_token(tiny_model):
    import torch

    model = load_model(tiny_model, torch.float32)
    inner, output = linear_layers(model)
    assert len(output) == 1
    assert output[0] is model.get_output_embeddings()
    of_inner = sum(layer.weight.numel() for layer in inner)
    of_output = output[0].weight.numel()
    half = bound(model, inner=FORWARD_AND_BACKWARD, output=FORWARD, rows=64)
    assert half.operations_a_token == 4 * of_inner + 2 * of_output
    assert bound(model, inner=FORWARD, output=0, rows=64).operations_a_token == 2 * of_inner


def test_the_fastest_product_is_the_bound(tiny_model):
    import torch

    found = bound(load_model(tiny_model, torch.float32), inner=2, output=2, rows=64)
    assert found.operations_a_second >= found.typical > 0
    assert found.facts()["tokens_a_second"] == found.tokens_a_second
    assert found.tokens_a_second * found.operations_a_token == pytest.approx(
        found.operations_a_second
    )
