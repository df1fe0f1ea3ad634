"""OpenVINO GenAI on the CPU: all prompts at once, with continuous batching.

A converted model lies in a temporary folder while the engine is open, and goes with it.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tasks import openvino_offline  # noqa: F401 — before openvino
from tasks.finetune.generation import batches
from tasks.finetune.generation.base import Generation, OnDone, greedy, trimmed
from tasks.finetune.generation.conversion import convert

if TYPE_CHECKING:
    import openvino as ov
    import openvino_genai
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

# Sequences in one step. From 64 on arithmetic bounds a step; more leave fewer steps at the end in
# which only a few sequences are left.
_AT_ONCE = 192
# Tokens in the cache: 46 kB each in a model of 135M parameters, so 2 GB.
_CACHE_TOKENS = 48_000
_PROMPT_TOKENS_A_STEP = 512
_BLOCK = 32  # tokens in a block of the paged cache on a CPU
_TOKENS_SCORED_AT_ONCE = 1024


class OpenvinoEngine:
    """A model converted to OpenVINO.

    Args:
        model: in float32 on the CPU, with any adapter merged; only read, and not kept.

    Raises:
        NotConvertible: see `conversion.convert`.
        ImportError: OpenVINO or its GenAI part is not installed.
        RuntimeError: OpenVINO cannot run what was converted.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerFast",
    ):
        self._tokenizer = tokenizer
        self._window = getattr(model.config, "max_position_embeddings", None)
        self._settings = greedy(model, tokenizer)
        precision = _fast_precision()
        # The cache in the precision of the arithmetic: its default of 8 bits changes answers.
        self._properties = {"INFERENCE_PRECISION_HINT": precision, "KV_CACHE_PRECISION": precision}
        self.name = f"openvino {precision}"
        self._pipeline, self._room, self._scorer = None, _Room(0, 0), None
        self._temporary = tempfile.TemporaryDirectory(prefix="converted-model-")
        try:
            self._file = convert(model, Path(self._temporary.name))
        except BaseException:
            self._temporary.cleanup()
            raise

    def generate(
        self, prompts: Sequence[str], max_new_tokens: int, on_done: OnDone | None = None
    ) -> list[Generation]:
        """See `base.Engine`; seconds are shared by the tokens of each prompt and its answer."""
        sequences = batches.encoded_prompts(prompts, self._tokenizer, self._window, max_new_tokens)
        if not sequences:
            return []
        started = time.perf_counter()
        generated = self._generated(sequences, max_new_tokens, on_done)
        seconds = time.perf_counter() - started
        costs = [len(asked) + len(new) for asked, new in zip(sequences, generated, strict=True)]
        return [
            self._generation(tokens, seconds * cost / sum(costs))
            for tokens, cost in zip(generated, costs, strict=True)
        ]

    def nll(self, prompts: Sequence[str], completions: Sequence[str]) -> list[tuple[float, int]]:
        """See `base.Engine`; logits in the engine's precision, summed in float64."""
        import torch
        from torch.nn.functional import cross_entropy

        pairs = batches.encoded_pairs(prompts, completions, self._tokenizer, self._window)
        found: list[tuple[float, int] | None] = [None] * len(pairs)
        lengths = [len(sequence) for sequence, _ in pairs]
        for places in batches.by_length(lengths, _AT_ONCE, _TOKENS_SCORED_AT_ONCE):
            logits = torch.from_numpy(self._logits([pairs[place][0] for place in places]))
            for row, place in enumerate(places):
                sequence, count = pairs[place]
                # A token is predicted one place before its own.
                of_completion = logits[row, len(sequence) - count - 1 : len(sequence) - 1]
                completion = torch.tensor(sequence[-count:])
                losses = cross_entropy(of_completion, completion, reduction="none")
                found[place] = float(losses.double().sum()), count
        return found

    def rest(self) -> None:
        """See `base.Engine`: the converted model stays on the disk."""
        self._pipeline = self._scorer = None

    def close(self) -> None:
        """See `base.Engine`: the converted model is removed."""
        self.rest()
        self._temporary.cleanup()

    def _generated(
        self, sequences: list[list[int]], max_new_tokens: int, on_done: OnDone | None
    ) -> list[list[int]]:
        import openvino as ov
        import openvino_genai

        pipeline = self._opened([len(ids) + max_new_tokens for ids in sequences])
        settings = openvino_genai.GenerationConfig()
        settings.do_sample, settings.max_new_tokens = False, max_new_tokens
        settings.eos_token_id = self._tokenizer.eos_token_id
        settings.stop_token_ids = set(self._settings.eos_token_id)
        settings.apply_chat_template = False
        # The longest first: the last steps then hold as many sequences as can be.
        order = sorted(range(len(sequences)), key=lambda place: -len(sequences[place]))
        handles = [
            pipeline.add_request(
                number, ov.Tensor(np.array([sequences[place]], dtype=np.int64)), settings
            )
            for number, place in enumerate(order)
        ]
        _run(pipeline, handles, on_done)
        generated: list[list[int]] = [[] for _ in sequences]
        for place, handle in zip(order, handles, strict=True):
            generated[place] = list(handle.read_all()[0].generated_ids)
        return generated

    def _opened(self, lengths: Sequence[int]) -> "openvino_genai.ContinuousBatchingPipeline":
        """The pipeline with room for sequences of these lengths: the open one where it has it."""
        import openvino_genai

        room = _room_for(lengths)
        if (
            self._pipeline is None
            or room.sequences > self._room.sequences
            or _blocks(lengths, self._room.sequences) > self._room.blocks
        ):
            scheduler = openvino_genai.SchedulerConfig()
            scheduler.num_kv_blocks, scheduler.max_num_seqs = room.blocks, room.sequences
            scheduler.max_num_batched_tokens = _PROMPT_TOKENS_A_STEP
            scheduler.dynamic_split_fuse, scheduler.enable_prefix_caching = True, False
            self._pipeline = None  # frees the old one's memory before the new one takes its own
            self._pipeline = openvino_genai.ContinuousBatchingPipeline(
                self._file.parent, scheduler, "CPU", self._properties
            )
            self._room = room
        return self._pipeline

    def _generation(self, tokens: list[int], seconds: float) -> Generation:
        tokens, ended = trimmed(tokens, self._settings.eos_token_id)
        text = self._tokenizer.decode(tokens, skip_special_tokens=True).strip()
        return Generation(text, tokens, ended, seconds)

    def _logits(self, sequences: list[list[int]]) -> np.ndarray:
        """Sequences x longest x vocabulary; meaningless over padding, and until the next call."""
        ids, mask = batches.padded(sequences, self._tokenizer.pad_token_id, left=False)
        scorer = self._opened_scorer()
        scorer.reset_state()
        positions = np.broadcast_to(np.arange(ids.shape[1]), ids.shape)
        return scorer.infer(
            {
                "input_ids": ids,
                "attention_mask": mask,
                "position_ids": np.ascontiguousarray(positions),
                "beam_idx": np.arange(len(ids), dtype=np.int32),
            },
            share_outputs=True,
        )["logits"]

    def _opened_scorer(self) -> "ov.InferRequest":
        import openvino as ov

        if self._scorer is None:
            compiled = ov.Core().compile_model(self._file, "CPU", self._properties)
            self._scorer = compiled.create_infer_request()
        return self._scorer


def _fast_precision() -> str:
    """bf16 where the CPU has matrix units for it, else f32.

    Without them bf16 saves little or nothing, and f32 rounds less. Never f16:
    activations of small models leave its range, and every answer becomes one token repeated.
    """
    import torch

    return "bf16" if torch.cpu.get_capabilities().get("amx_bf16") else "f32"


@dataclass(frozen=True)
class _Room:
    """How many sequences are generated at once, and the blocks of the cache that they can fill."""

    sequences: int
    blocks: int


def _room_for(lengths: Sequence[int]) -> _Room:
    """Room for as many of these sequences as may be, the longest of them at once.

    Args:
        lengths: in tokens, answers included.
    """
    sequences = min(len(lengths), _AT_ONCE)
    while sequences > 1 and _blocks(lengths, sequences) > _CACHE_TOKENS // _BLOCK:
        sequences -= 1
    return _Room(sequences, _blocks(lengths, sequences))


def _blocks(lengths: Sequence[int], sequences: int) -> int:
    """Blocks that the longest so many of the sequences fill."""
    longest = sorted(lengths, reverse=True)[:sequences]
    return sum(length // _BLOCK + 2 for length in longest)


def _run(
    pipeline: "openvino_genai.ContinuousBatchingPipeline",
    handles: list,
    on_done: OnDone | None,
) -> None:
    """Step until every request is done, telling how many are."""
    from openvino_genai import GenerationStatus

    told = 0
    while pipeline.has_non_finished_requests():
        pipeline.step()
        if on_done is None:
            continue
        done = sum(handle.get_status() != GenerationStatus.RUNNING for handle in handles)
        if done > told:
            told = done
            on_done(done, len(handles))
