"""The lean loss is cross entropy: values and gradients, with and without padding."""

import math

import pytest
import torch
import torch.nn.functional as F
from lively_model import make_lively_model

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


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """A trainer to evaluate a short and a long answer, each in a batch of its own, and its rows."""
    torchvision_repair.repair()
    from trl import SFTConfig

    from tasks.finetune.language_model.load import load_model, load_tokenizer
    from tasks.finetune.training.tokenize import tokenized
    from tasks.finetune.training.trainer import LeanTrainer

    folder = make_lively_model(tmp_path_factory.mktemp("lively") / "model")
    tokenizer = load_tokenizer(folder)
    texts = ("df", "Restart the service , then print a page to test it . " * 4)
    rows = [{"instruction": "Why ?", "input": "", "output": text} for text in texts]
    examples, _ = tokenized(rows, tokenizer, 512)
    trainer = LeanTrainer(
        model=load_model(folder, torch.float32).requires_grad_(False),
        args=SFTConfig(
            output_dir=str(folder.parent / "checkpoints"),
            per_device_eval_batch_size=1,
            logging_nan_inf_filter=False,
            bf16=False,
            use_cpu=True,
            report_to="none",
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=examples,
        eval_dataset=examples,
        processing_class=tokenizer,
    )
    return trainer, examples


def test_the_loss_of_an_evaluation_counts_every_learned_token_alike(checked):
    trainer, examples = checked
    sums, counts = [], []
    for example in examples:
        logits = trainer.model(input_ids=torch.tensor([example["input_ids"]])).logits[0, :-1]
        labels = torch.tensor(example["labels"][1:])
        sums.append(float(F.cross_entropy(logits.float(), labels, reduction="sum")))
        counts.append(sum(label != -100 for label in example["labels"][1:]))
    assert counts[1] > 10 * counts[0]
    of_tokens = sum(sums) / sum(counts)
    of_batches = sum(total / count for total, count in zip(sums, counts, strict=True)) / 2
    assert abs(of_tokens - of_batches) > 0.01
    assert trainer.evaluate()["eval_loss"] == pytest.approx(of_tokens, rel=1e-5)
    assert trainer.evaluate()["eval_loss"] == pytest.approx(of_tokens, rel=1e-5)


def test_an_evaluation_does_not_hide_a_loss_that_is_no_number(checked, monkeypatch):
    trainer, _ = checked
    whole = trainer.compute_loss

    def broken(model, inputs, **options):
        loss = whole(model, inputs, **options)
        return loss if inputs["labels"].shape[1] > 50 else loss * float("nan")

    monkeypatch.setattr(trainer, "compute_loss", broken)
    assert math.isnan(trainer.evaluate()["eval_loss"])
