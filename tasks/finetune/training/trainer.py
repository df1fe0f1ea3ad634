"""trl's SFTTrainer with a loss that does no more than the training needs."""

from typing import Any

import torch
import torch.nn.functional as F
from trl import SFTTrainer

from tasks.errors import StageFailed
from tasks.finetune.training.head_loss import head_loss, is_plain_head
from tasks.finetune.training.order import LikeLengths
from tasks.finetune.training.spent import Spent
from tasks.finetune.training.tokenize import NOT_LEARNED


class LeanTrainer(SFTTrainer):
    """SFTTrainer on tokenized, right-padded examples of plain causal language models.

    Differs from its parent in what costs time on a CPU, and not in what is learned:

    - Logits are made of the learned tokens only, a few at a time, and the loss is cross entropy
      alone, without the entropy and the accuracy that trl computes at every step.
    - No attention mask: padding is on the right, where a causal model cannot see it, and without
      a mask attention takes its faster way.
    - Batches are of like length, in an order that depends on seed and epoch alone.

    The loss of an evaluation is the mean over its learned tokens, as that of a step is, and not
    over its batches, where a token counts the more the fewer its batch has.

    Attributes:
        spent: counts the tokens that are trained on.
    """

    _checked_loss = 0.0  # sum of the negative log-likelihoods of the evaluation that goes on
    _checked_tokens = 0

    def __init__(self, *arguments: Any, spent: Spent | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.spent = spent or Spent()

    def _get_train_sampler(self, train_dataset: Any = None) -> LikeLengths:
        dataset = self.train_dataset if train_dataset is None else train_dataset
        lengths = [len(ids) for ids in dataset["input_ids"]]
        return LikeLengths(lengths, self.args.train_batch_size, self.args.seed)

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = ["input_ids", "labels"]

    def _run_epoch(self, *arguments: Any, **options: Any) -> None:
        """An epoch, unless a callback asked for the end before its first step."""
        if not self.control.should_training_stop:
            super()._run_epoch(*arguments, **options)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Mean negative log-likelihood of the learned tokens.

        Args:
            inputs: input_ids and labels (rows x tokens), right-padded.
            num_items_in_batch: learned tokens of the whole step; None takes those of this batch.

        Raises:
            StageFailed: the loss is not a number.
        """
        following = inputs["labels"][:, 1:]  # what each token but the last is to foretell
        learned = following != NOT_LEARNED
        base = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        if not return_outputs and is_plain_head(base):
            outputs = None
            hidden = base.base_model(input_ids=inputs["input_ids"], use_cache=False)[0]
            weight = base.get_output_embeddings().weight
            total = head_loss(hidden[:, :-1][learned], weight, following[learned])
        else:
            outputs = model(input_ids=inputs["input_ids"], use_cache=False)
            logits = outputs.logits[:, :-1][learned].float()
            total = F.cross_entropy(logits, following[learned], reduction="sum")
        count = learned.sum() if num_items_in_batch is None else num_items_in_batch
        loss = total / torch.as_tensor(count, device=total.device).clamp(min=1)
        if self.model.training:
            self._refuse_nan(loss)
            self.spent.tokens += int(inputs["attention_mask"].sum())
        return (loss, outputs) if return_outputs else loss

    def prediction_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        *arguments: Any,
        **options: Any,
    ) -> Any:
        """Loss of a batch, as its parent's, which is counted towards that of the evaluation."""
        loss, logits, labels = super().prediction_step(model, inputs, *arguments, **options)
        learned = int((inputs["labels"][:, 1:] != NOT_LEARNED).sum())
        self._checked_loss += float(loss) * learned
        self._checked_tokens += learned
        return loss, logits, labels

    def evaluation_loop(
        self, *arguments: Any, metric_key_prefix: str = "eval", **options: Any
    ) -> Any:
        """The parent's loop, with the mean over the learned tokens of all batches for the loss."""
        self._checked_loss, self._checked_tokens = 0.0, 0
        output = super().evaluation_loop(*arguments, metric_key_prefix=metric_key_prefix, **options)
        output.metrics[f"{metric_key_prefix}_loss"] = self._checked_loss / self._checked_tokens
        return output

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """None: a checkpoint is no model to publish, and trl's text would name paths."""

    def _refuse_nan(self, loss: torch.Tensor) -> None:
        if not torch.isfinite(loss):
            raise StageFailed(
                f"the training loss became {loss.item():g} at step {self.state.global_step + 1}: "
                f"lower learning_rate (it is {self.args.learning_rate:g}) or look for broken rows"
            )
