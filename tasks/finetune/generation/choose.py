"""The fastest engine that says what transformers says: the rule, and the reason kept.

The kinds are tried in the order of `KINDS`. One is taken when its package imports, every model
converts, and every model's answers to a few examples agree with the reference's within the
tolerances of `agreement`. Models that will be compared with each other get the same kind, so that
no difference between them is one of engines. PyTorch takes what is left, and any GPU.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.finetune.generation.agreement import Agreement, compare
from tasks.finetune.generation.base import Engine
from tasks.finetune.generation.merged import load_merged
from tasks.finetune.generation.pytorch import PytorchEngine
from tasks.finetune.language_model.load import best_device, best_dtype, load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_NEW_TOKENS_TO_COMPARE = 32


@dataclass
class Chosen:
    """One open engine a model, all of one kind.

    Attributes:
        engines: in the order of the adapters.
        kind: one of `KINDS`.
        reason: why this kind, and why none before it: one sentence.
        agreements: of each model's engine with the reference; empty for PyTorch itself.
    """

    engines: list[Engine]
    kind: str
    reason: str
    agreements: list[dict[str, Any]]

    def close(self) -> None:
        """Close every engine."""
        for engine in self.engines:
            engine.close()

    def facts(self) -> dict[str, Any]:
        """JSON-able: for the run's record."""
        return {
            "engine": self.engines[0].name,
            "kind": self.kind,
            "reason": self.reason,
            "agreements": self.agreements,
        }


# The fastest first. Weights of 8 bits are not among them: what they change in perplexity is as
# large as what fine-tuning is to be judged by (docs/log.md).
KINDS = ("openvino", "pytorch")


class _Unfit(Exception):
    """This kind of engine is not to be used here; the message says why."""


def choose(
    folder: Path,
    adapters: Sequence[Path | None],
    examples: Sequence[dict[str, str]],
    kinds: Sequence[str] | None = None,
) -> Chosen:
    """Open an engine for the model with each adapter.

    Args:
        folder: of the base model.
        adapters: LoRA folders; None is the base model itself.
        examples: a few {"prompt", "completion"} (`prompts.format_example`) to compare answers on.
        kinds: to try, in order; by default all where there is no GPU, and PyTorch where there is.

    Raises:
        BadInput: the model or an adapter cannot be read.
    """
    on_gpu = best_device() != "cpu"
    if kinds is None:
        kinds = ["pytorch"] if on_gpu else list(KINDS)
    tokenizer = load_tokenizer(folder, side="left")
    unfit = []
    for kind in [kind for kind in kinds if kind != "pytorch"]:
        try:
            engines, agreements = _agreeing(kind, folder, adapters, tokenizer, examples)
        except _Unfit as error:
            unfit.append(f"{kind} is not: {error}")
            continue
        reason = f"{kind} converts and agrees with transformers on {len(examples)} examples"
        return Chosen(engines, kind, "; ".join([reason, *unfit]), agreements)
    engines = [open_kind("pytorch", folder, adapter, tokenizer) for adapter in adapters]
    why = "PyTorch uses the GPU" if on_gpu else "PyTorch runs every model"
    return Chosen(engines, "pytorch", "; ".join([why, *unfit]), [])


def open_kind(
    kind: str, folder: Path, adapter: Path | None, tokenizer: "PreTrainedTokenizerFast"
) -> Engine:
    """An engine of one of `KINDS`, unchecked.

    Raises:
        BadInput: the model or the adapter cannot be read.
        ImportError: a package is missing.
        NotConvertible, RuntimeError: OpenVINO cannot run the model.
    """
    if kind == "pytorch":
        device = best_device()
        model = load_merged(folder, adapter, best_dtype(device), device)
        return PytorchEngine(model, tokenizer)
    return _converted(load_merged(folder, adapter), tokenizer)


def _converted(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast") -> Engine:
    from tasks.finetune.generation.openvino import OpenvinoEngine

    return OpenvinoEngine(model, tokenizer)


def _agreeing(
    kind: str,
    folder: Path,
    adapters: Sequence[Path | None],
    tokenizer: "PreTrainedTokenizerFast",
    examples: Sequence[dict[str, str]],
) -> tuple[list[Engine], list[dict[str, Any]]]:
    """Open engines and what their agreement is; on a fault all are closed.

    Raises:
        _Unfit: for one of the models.
    """
    engines: list[Engine] = []
    agreements = []
    try:
        for adapter in adapters:
            model = load_merged(folder, adapter)
            engines.append(_opened(model, tokenizer))
            found = _compared(engines[-1], model, tokenizer, examples)
            engines[-1].rest()  # the others are compared, and used, before it is needed again
            agreements.append(found.facts())
            if found.fault is not None:
                raise _Unfit(found.fault)
    except BaseException:
        for engine in engines:
            engine.close()
        raise
    return engines, agreements


def _opened(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast") -> Engine:
    """
    Raises:
        _Unfit: a package is missing, or the model cannot be converted.
    """
    try:
        from tasks.finetune.generation.conversion import NotConvertible
    except ImportError as error:
        raise _Unfit(f"a package does not import ({error})") from error
    try:
        return _converted(model, tokenizer)
    except ImportError as error:
        raise _Unfit(f"a package does not import ({error})") from error
    except NotConvertible as error:
        raise _Unfit(str(error)) from error


def _compared(
    engine: Engine,
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerFast",
    examples: Sequence[dict[str, str]],
) -> Agreement:
    """
    Raises:
        _Unfit: what was converted does not run.
    """
    reference = PytorchEngine(model, tokenizer, batch=len(examples))
    try:
        return compare(engine, reference, model, tokenizer, examples, _NEW_TOKENS_TO_COMPARE)
    except RuntimeError as error:
        raise _Unfit(f"it does not run ({' '.join(str(error).split())[:200]})") from error
