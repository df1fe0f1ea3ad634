"""PyTorch through transformers: runs every model, and is what other engines are compared with."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tasks.errors import StageFailed
from tasks.finetune.generation import batches
from tasks.finetune.generation.base import Generation, OnDone, greedy, trimmed

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

# Logits take 4 bytes x vocabulary for each token: 200 MB a thousand tokens at 49,000 words.
_TOKENS_SCORED_AT_ONCE = 1024


class PytorchEngine:
    """A transformers model in memory, on the device and in the number type that it has.

    Args:
        batch: prompts answered at once, padded on the left; 1 is what a tutorial does.
    """

    def __init__(
        self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast", batch: int = 16
    ):
        self._model, self._tokenizer, self._batch = model.eval(), tokenizer, batch
        self._window = getattr(model.config, "max_position_embeddings", None)
        self._model.generation_config = greedy(model, tokenizer)
        kind = str(model.dtype).removeprefix("torch.")
        self.name = f"pytorch {kind} batch {batch} {model.device.type}"

    def generate(
        self, prompts: Sequence[str], max_new_tokens: int, on_done: OnDone | None = None
    ) -> list[Generation]:
        """See `base.Engine`; an answer's seconds are an equal share of its batch's.

        Raises:
            StageFailed: memory does not hold a batch.
        """
        sequences = batches.encoded_prompts(prompts, self._tokenizer, self._window, max_new_tokens)
        answers: list[Generation | None] = [None] * len(prompts)
        done = 0
        for places in batches.by_length([len(sequence) for sequence in sequences], self._batch):
            started = time.perf_counter()
            generated = self._answers([sequences[place] for place in places], max_new_tokens)
            seconds = (time.perf_counter() - started) / len(places)
            for place, tokens in zip(places, generated, strict=True):
                answers[place] = self._generation(tokens, seconds)
            done += len(places)
            if on_done is not None:
                on_done(done, len(prompts))
        return answers

    def nll(self, prompts: Sequence[str], completions: Sequence[str]) -> list[tuple[float, int]]:
        """See `base.Engine`; summed in float64 from logits in float32."""
        pairs = batches.encoded_pairs(prompts, completions, self._tokenizer, self._window)
        found: list[tuple[float, int] | None] = [None] * len(pairs)
        lengths = [len(sequence) for sequence, _ in pairs]
        for places in batches.by_length(lengths, self._batch, _TOKENS_SCORED_AT_ONCE):
            losses = self._token_losses([pairs[place][0] for place in places])
            for row, place in enumerate(places):
                length, count = lengths[place], pairs[place][1]
                # The loss of a token stands where it is predicted: one place before its own.
                of_completion = losses[row, length - count - 1 : length - 1]
                found[place] = float(of_completion.double().sum()), count
        return found

    def rest(self) -> None:
        """See `base.Engine`: the weights stay, and there is nothing else."""

    def close(self) -> None:
        """See `base.Engine`."""
        self._model = None

    def _answers(self, sequences: list[list[int]], max_new_tokens: int) -> list[list[int]]:
        import torch

        ids, mask = batches.padded(sequences, self._tokenizer.pad_token_id, left=True)
        device = self._model.device
        try:
            with torch.inference_mode():
                found = self._model.generate(
                    torch.from_numpy(ids).to(device),
                    attention_mask=torch.from_numpy(mask).to(device),
                    generation_config=greedy(self._model, self._tokenizer, max_new_tokens),
                )
        except torch.OutOfMemoryError:
            raise StageFailed(
                f"out of memory with {len(sequences)} prompts at once: try a generation batch of "
                f"{max(1, len(sequences) // 2)}"
            ) from None
        return found[:, ids.shape[1] :].tolist()

    def _generation(self, tokens: list[int], seconds: float) -> Generation:
        tokens, ended = trimmed(tokens, self._model.generation_config.eos_token_id)
        text = self._tokenizer.decode(tokens, skip_special_tokens=True).strip()
        return Generation(text, tokens, ended, seconds)

    def _token_losses(self, sequences: list[list[int]]) -> "torch.Tensor":
        """-log p of each next token, sequences x (longest - 1); meaningless over padding."""
        import torch

        ids, mask = batches.padded(sequences, self._tokenizer.pad_token_id, left=False)
        ids = torch.from_numpy(ids).to(self._model.device)
        with torch.inference_mode():
            logits = self._model(
                ids, attention_mask=torch.from_numpy(mask).to(ids.device), use_cache=False
            ).logits[:, :-1]
            return torch.nn.functional.cross_entropy(
                logits.float().transpose(1, 2), ids[:, 1:], reduction="none"
            ).cpu()
