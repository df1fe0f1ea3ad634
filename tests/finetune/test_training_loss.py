"""The lean loss is cross entropy: values and gradients, with and without padding."""

import pytest
import torch
import torch.nn.functional as F

from tasks import torchvision_repair
from tasks.finetune.training import head_loss as module
from tasks.finetune.training.head_loss import head_loss, is_plain_head


@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_values_and_gradients_are_those_of_cross_entropy(monkeypatch, scale):
    monkeypatch.setattr(module, "TOKENS_AT_ONCE", 7)
    torch.manual_seed(1)
    hidden = (scale * torch.randn(30, 16)).requires_grad_()
    weight, targets = torch.randn(50, 16), torch.randint(0, 50, (30,))
    ours = head_loss(hidden, weight, targets)
    (of_ours,) = torch.autograd.grad(ours / 3, hidden)
    theirs = F.cross_entropy(hidden @ weight.T, targets, reduction="sum")
    (of_theirs,) = torch.autograd.grad(theirs / 3, hidden)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(of_ours, of_theirs, rtol=1e-4, atol=1e-5)


def test_no_learned_token_is_a_loss_of_zero():
    hidden = torch.empty(0, 16, requires_grad=True)
    assert head_loss(hidden, torch.randn(50, 16), torch.empty(0, dtype=torch.long)) == 0


def test_padding_and_both_ways_give_the_same_loss(tiny_model, tmp_path):
    torchvision_repair.repair()
    from trl import SFTConfig

    from tasks.finetune.language_model.load import load_model, load_tokenizer
    from tasks.finetune.training.tokenize import tokenized
    from tasks.finetune.training.trainer import LeanTrainer

    model = load_model(tiny_model, torch.float32).requires_grad_(False)
    assert is_plain_head(model)
    tokenizer = load_tokenizer(tiny_model)
    texts = ("Restart the service .", "Delete the old logs and check again with df .")
    rows = [{"instruction": "Why ?", "input": "", "output": text} for text in texts]
    examples, _ = tokenized(rows, tokenizer, 512)
    trainer = LeanTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(tmp_path),
            bf16=False,
            use_cpu=True,
            report_to="none",
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=examples,
        processing_class=tokenizer,
    )
    batch = trainer.data_collator(list(examples))
    lean = trainer.compute_loss(model, batch)
    usual, outputs = trainer.compute_loss(model, batch, return_outputs=True)
    stock = model(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        labels=batch["labels"],
    ).loss
    torch.testing.assert_close(lean, stock)
    torch.testing.assert_close(usual, stock)
    assert outputs.logits.shape[:2] == batch["input_ids"].shape
