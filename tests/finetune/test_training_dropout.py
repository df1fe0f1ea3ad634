"""Dropout of 16 bits does what PyTorch's does."""

import pytest
import torch
from torch import nn

from tasks.finetune.training import compiling
from tasks.finetune.training.adapter import with_adapter
from tasks.finetune.training.dropout import SixteenBitDropout
from tasks.finetune.training.settings import TrainingSettings

P, COUNT = 0.05, 1_000_001


def drawn(seed: int, p: float = P, count: int = COUNT) -> torch.Tensor:
    torch.manual_seed(seed)
    return SixteenBitDropout(p)(torch.ones(count))


def test_the_share_and_the_mean_are_right():
    values = drawn(1)
    # Five standard errors of a share of so many.
    error = 5 * (P * (1 - P) / COUNT) ** 0.5
    assert float((values == 0).float().mean()) == pytest.approx(P, abs=error + 1 / 2**16)
    assert float(values.mean()) == pytest.approx(1, abs=2 * error)
    assert values.unique().tolist() == [0, pytest.approx(1 / (1 - P), rel=1e-4)]


def test_neighbours_are_dropped_independently():
    """The four elements of a draw as well."""
    zeros = (drawn(2, p=0.5, count=1_000_000) == 0).float()
    for apart in (1, 2, 3, 4):
        both = float((zeros[:-apart] * zeros[apart:]).mean())
        assert both == pytest.approx(0.25, abs=0.003)


def test_a_seed_decides():
    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))


def test_gradients_flow_where_values_do():
    values = torch.ones(1000, requires_grad=True)
    kept = SixteenBitDropout(0.3)(values)
    kept.sum().backward()
    assert torch.equal(values.grad, kept.detach())


def test_compiled_layers_drop_each_time_anew_and_alike_both_ways():
    """Queries and keys get the same values, and two draws must not become one."""

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.of_queries, self.of_keys = (SixteenBitDropout(0.3, n) for n in (0, 1))

        def forward(self, values):
            return self.of_queries(values), self.of_keys(values)

    # This backend joins what is the same and splits forward from backward, as the usual one does.
    compiled = torch.compile(Twice(), backend="aot_eager_decomp_partition", dynamic=True)
    torch.manual_seed(5)
    for count in (1000, 1001):
        values = torch.ones(count, requires_grad=True)
        queries, keys = compiled(values)
        (2 * queries + keys).sum().backward()
        assert torch.equal(values.grad, (2 * queries + keys).detach())
        for one in (queries, keys):
            assert float((one == 0).float().mean()) == pytest.approx(0.3, abs=0.08)
        both = float(((queries == 0) & (keys == 0)).float().mean())
        assert both == pytest.approx(0.09, abs=0.05)


def test_nothing_is_dropped_outside_of_training():
    values = torch.ones(1000)
    assert SixteenBitDropout(P).eval()(values) is values
    assert SixteenBitDropout(0.0)(values) is values


def test_the_adapters_dropout_is_of_this_kind(tiny_model):
    settings = TrainingSettings(lora_dropout=P)
    model, _ = with_adapter(tiny_model, settings, torch.float32, "cpu")
    kinds = {type(module) for name, module in model.named_modules() if "lora_dropout." in name}
    assert kinds == {SixteenBitDropout}
    none, _ = with_adapter(
        tiny_model, settings.model_copy(update={"lora_dropout": 0.0}), torch.float32, "cpu"
    )
    assert {type(m) for n, m in none.named_modules() if "lora_dropout." in n} == {nn.Identity}


@pytest.mark.slow
def test_compiled_layers_give_what_plain_ones_give(tiny_model):
    """The same draws in the same order: loss and gradients are equal to rounding."""
    if failed := compiling.cannot_compile("cpu"):
        pytest.skip(failed)
    found = []
    for compiled in ("off", "auto"):
        settings = TrainingSettings(lora_dropout=0.3)
        model, _ = with_adapter(tiny_model, settings, torch.float32, "cpu")
        compilation = compiling.compile_layers(model, compiled, 10**9, "cpu")
        torch.manual_seed(3)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:  # zeros at first, which would hide what is dropped
                nn.init.normal_(parameter, std=0.1)
        losses = []
        for length in (20, 33, 50):
            ids = torch.arange(2 * length).reshape(2, length) % 60
            loss = model.train()(input_ids=ids, labels=ids, use_cache=False).loss
            loss.backward()
            losses.append(loss.item())
        assert compilation.facts()["used"] == (compiled == "auto")
        gradients = [p.grad.flatten() for p in model.parameters() if p.requires_grad]
        found.append((losses, torch.cat(gradients)))
    (plain, of_plain), (compiled, of_compiled) = found
    assert compiled == pytest.approx(plain, rel=1e-5)
    assert float((of_compiled - of_plain).norm() / of_plain.norm()) < 1e-4
