"""The model and its tokenizer in memory, in a number type and on a device that fit the machine."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasks import torchvision_repair
from tasks.errors import BadInput

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

# bfloat16 rounds to three digits, so it has to give more than a little in return.
LEAST_GAIN = 1.2
MEASURED = 10


def load_tokenizer(
    folder: Path, side: Literal["left", "right"] = "right"
) -> "PreTrainedTokenizerFast":
    """The fast tokenizer of a folder, with a token to pad with.

    Where it has none, the unknown token pads, else the one that ends an answer: both are in the
    vocabulary, so that the model keeps its size. Padding is never learned, because labels are
    made from the texts and not from where the padding token stands.

    Args:
        side: of the padding: right in training, left in generation.

    Raises:
        BadInput: the folder has no fast tokenizer, or one that cannot end an answer.
    """
    torchvision_repair.repair()
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, padding_side=side)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).split("\n")[0][:160]
        raise BadInput(f"{folder} has no tokenizer that can be read ({reason})") from None
    if not tokenizer.is_fast:
        raise BadInput(f"{folder} has no fast tokenizer: give a model with a tokenizer.json")
    if tokenizer.eos_token is None:
        raise BadInput(f"the tokenizer of {folder} names no eos_token, which ends an answer")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    return tokenizer


def load_model(
    folder: Path,
    dtype: "torch.dtype | None" = None,
    adapter: Path | None = None,
    device: str = "auto",
) -> "PreTrainedModel":
    """The causal language model of a folder, in evaluation mode.

    Args:
        dtype: of the weights; None is the best that the device computes fast (`best_dtype`).
        adapter: folder of a LoRA adapter to put on top, unmerged.
        device: "auto" is a GPU where there is one, else the CPU.

    Raises:
        BadInput: the weights or the adapter cannot be read.
    """
    torchvision_repair.repair()
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()  # a small model is there at once
    where = best_device() if device == "auto" else device
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=best_dtype(where) if dtype is None else dtype,
            local_files_only=True,
            use_safetensors=True,
        )
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).split("\n")[0][:160]
        raise BadInput(f"{folder} has no model that can be read ({reason})") from None
    if adapter is not None:
        from peft import PeftModel

        try:
            model = PeftModel.from_pretrained(model, adapter)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            reason = str(error).split("\n")[0][:160]
            raise BadInput(f"{adapter} has no adapter for this model ({reason})") from None
    return model.to(where).eval()


def best_device() -> str:
    """ "cuda" where there is a GPU, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@cache
def best_dtype(device: str) -> "torch.dtype":
    """bfloat16 where the device multiplies it in hardware and so gains time, else float32.

    A GPU that has it and a CPU with AMX gain several times. A CPU with avx512_bf16 alone may gain
    or lose, which is measured (0.1 s); one without either would emulate it, and loses.
    """
    import torch

    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    can = torch.cpu.get_capabilities()
    if can.get("amx_bf16"):
        return torch.bfloat16
    worth = can.get("avx512_bf16") and _bfloat16_gain() >= LEAST_GAIN
    return torch.bfloat16 if worth else torch.float32


def _bfloat16_gain() -> float:
    """Time of a float32 product over that of the same in bfloat16, of the sizes of a small model.

    The fastest of several, by turns, so that other work on the machine favours neither.
    """
    import torch

    fastest = {}
    for _ in range(MEASURED):
        for dtype in (torch.float32, torch.bfloat16):
            tokens, weights = torch.ones(256, 576, dtype=dtype), torch.ones(1536, 576, dtype=dtype)
            started = time.perf_counter()
            torch.nn.functional.linear(tokens, weights)
            seconds = time.perf_counter() - started
            fastest[dtype] = min(seconds, fastest.get(dtype, seconds))
    return fastest[torch.float32] / fastest[torch.bfloat16]


def threads_free(seconds: float = 0.5) -> int:
    """Threads for arithmetic: the cores that we may use, less those that others keep busy.

    One OpenMP thread too many makes all of them wait for the one that has no core. A number in
    OMP_NUM_THREADS is taken as it is.

    Args:
        seconds: for which the load of the machine is measured; do no work meanwhile.
    """
    import psutil

    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    ours = os.sched_getaffinity(0)
    busy = psutil.cpu_percent(interval=seconds, percpu=True)
    used = sum(share for core, share in enumerate(busy) if core in ours) / 100
    return max(1, len(ours) - round(used))


@contextmanager
def on_free_threads() -> Iterator[None]:
    """Let PyTorch use the threads that are free, and afterwards as many as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads_free())
    try:
        yield
    finally:
        torch.set_num_threads(before)
