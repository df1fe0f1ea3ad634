"""How fast the adapter is trained, beside a plain SFTTrainer script as a tutorial writes it.

    python -m tasks.finetune.training.benchmark MODEL_FOLDER TRAIN_JSONL --steps 4 --rounds 3

All train from the same seed on the same rows (16 a step), by turns, each round anew:

- tutorial: trl's SFTTrainer with its stock settings on prompts and completions: float32, random
  batches padded to their longest row, gradient checkpointing, trl's loss.
- lean: this package's training, adapters on attention.
- all-linear: the same, adapters on all linear layers.

Speed is in tokens of the rows, padding not counted, over the time of the optimizer steps. A first
step compiles, so it is given apart. The losses are compared on rows held out from both: mean
negative log-likelihood of their answers' tokens, before and after.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import torchvision_repair
from tasks.files import write_json
from tasks.finetune.language_model.bound import FORWARD_AND_BACKWARD, Bound, bound
from tasks.finetune.language_model.load import best_device, best_dtype, load_model, load_tokenizer
from tasks.finetune.language_model.load import threads_free as free_threads
from tasks.finetune.language_model.prompts import format_example
from tasks.finetune.slices import json_lines
from tasks.finetune.training.adapter import with_adapter
from tasks.finetune.training.compiling import Compiled, compile_layers
from tasks.finetune.training.settings import TrainingSettings
from tasks.finetune.training.steps import Steps
from tasks.finetune.training.targets import find_targets
from tasks.finetune.training.tokenize import NOT_LEARNED, TokenFigures, tokenized
from tasks.finetune.training.train import make_trainer

if TYPE_CHECKING:
    import torch
    from datasets import Dataset

HELD_OUT = 8
VARIANTS = ("tutorial", "lean", "all-linear")
# Any choice compiles, however short the training.
_ENDLESS = 10**12


def measure(
    model_folder: Path,
    rows: list[dict[str, str]],
    steps: int,
    rounds: int,
    variants: tuple[str, ...] = VARIANTS,
    settings: TrainingSettings | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """Speeds and losses of each variant, measured by turns.

    Args:
        clock: time.process_time counts CPU seconds of all threads, for a machine with other work.
        rows: at least steps x 16 + `HELD_OUT`; the last `HELD_OUT` are held out.

    Returns:
        steps, rounds, rows, tokens, dtype, threads, variants: name to {step_seconds (a list a
        round), tokens_per_second (one a round, first step left out), median, lowest, highest,
        first_step_seconds, losses (one a step), loss_before, loss_after, compiled (see
        `compiling.Compiled.facts`)}, bound: facts of `bound.Bound`, and ratio: median, lowest and
        highest of the rounds' lean over tutorial.
    """
    torchvision_repair.repair()
    import torch

    settings = settings or TrainingSettings()
    torch.set_num_threads(free_threads())
    used = steps * settings.batch_size * settings.accumulation
    tokenizer = load_tokenizer(model_folder)
    of_training, figures = tokenized(rows[:used], tokenizer, settings.max_length)
    held_out, _ = tokenized(rows[-HELD_OUT:], tokenizer, settings.max_length)
    measured: dict[str, dict[str, Any]] = {
        name: {"step_seconds": [], "tokens_per_second": []} for name in variants
    }
    for _ in range(rounds):
        for name in variants:
            torch._dynamo.reset()  # a round compiles anew, as a run does
            ready = _tutorial if name == "tutorial" else _lean
            trainer, compiled = ready(name, model_folder, rows[:used], of_training, settings)
            before = mean_loss(trainer.model, held_out)
            timer = _timed(trainer, clock)
            trainer.train()
            of = measured[name]
            of["step_seconds"].append([round(each, 3) for each in timer.seconds])
            later = timer.seconds[1:] or timer.seconds
            # Steps differ in length, so a round's speed is of all its steps but the first.
            of["tokens_per_second"].append(sum(timer.tokens[-len(later) :]) / sum(later))
            of["losses"] = [e["loss"] for e in trainer.state.log_history if "loss" in e]
            of["compiled"] = compiled.facts()
            of["loss_before"], of["loss_after"] = before, mean_loss(trainer.model, held_out)
    for of in measured.values():
        speeds = of["tokens_per_second"]
        of |= {"median": statistics.median(speeds), "lowest": min(speeds), "highest": max(speeds)}
        of["first_step_seconds"] = statistics.median(each[0] for each in of["step_seconds"])
    result = {
        "steps": steps,
        "rounds": rounds,
        "rows": used,
        "tokens": figures.tokens,
        "dtype": str(best_dtype(best_device())).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "variants": measured,
        "bound": _bound(model_folder, figures, settings).facts(),
    }
    if {"tutorial", "lean"} <= set(variants):
        pairs = zip(
            measured["lean"]["tokens_per_second"],
            measured["tutorial"]["tokens_per_second"],
            strict=True,
        )
        ratios = [ours / theirs for ours, theirs in pairs]
        result["ratio"] = {
            "median": statistics.median(ratios),
            "lowest": min(ratios),
            "highest": max(ratios),
        }
    return result


def mean_loss(model: "torch.nn.Module", dataset: "Dataset") -> float:
    """Mean negative log-likelihood of all learned tokens, one row at a time, without dropout."""
    import torch

    was_training = model.training
    model.eval()
    total, count = 0.0, 0
    with torch.inference_mode():
        for example in dataset:
            ids = torch.tensor([example["input_ids"]], device=model.device)
            labels = torch.tensor(example["labels"][1:], device=model.device)
            logits = model(input_ids=ids, use_cache=False).logits[0, :-1]
            learned = labels != NOT_LEARNED
            total += float(
                torch.nn.functional.cross_entropy(
                    logits[learned].float(), labels[learned], reduction="sum"
                )
            )
            count += int(learned.sum())
    model.train(was_training)
    return total / count


def _bound(model_folder: Path, figures: TokenFigures, settings: TrainingSettings) -> Bound:
    """What this machine could do at most with the rows that were trained on."""
    device = best_device()
    model = load_model(model_folder, best_dtype(device)).to(device)
    batch_tokens = round(figures.tokens / figures.kept * settings.batch_size)
    # Only the tokens that the loss is on need the layer that gives the logits.
    output = FORWARD_AND_BACKWARD * figures.learned / figures.tokens
    return bound(model, inner=FORWARD_AND_BACKWARD, output=output, rows=batch_tokens)


def _tutorial(
    name: str,
    model_folder: Path,
    rows: list[dict[str, str]],
    examples: "Dataset",
    settings: TrainingSettings,
) -> tuple[Any, Compiled]:
    """A script as tutorials write it: load, LoraConfig, SFTConfig, SFTTrainer."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    tokenizer = load_tokenizer(model_folder)
    model = load_model(model_folder, torch.float32)
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=tempfile.gettempdir(),
            num_train_epochs=1,
            per_device_train_batch_size=settings.batch_size,
            gradient_accumulation_steps=settings.accumulation,
            learning_rate=settings.learning_rate,
            max_length=settings.max_length,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            seed=settings.seed,
            bf16=False,
            use_cpu=best_device() == "cpu",
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list([format_example(row, tokenizer) for row in rows]),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=settings.lora_rank,
            lora_alpha=settings.lora_alpha,
            lora_dropout=settings.lora_dropout,
            target_modules=find_targets(model, "attention"),
            task_type="CAUSAL_LM",
        ),
    )
    return trainer, Compiled(False, "as a tutorial writes it")


def _lean(
    name: str,
    model_folder: Path,
    rows: list[dict[str, str]],
    examples: "Dataset",
    settings: TrainingSettings,
) -> tuple[Any, Compiled]:
    targets = "all-linear" if name == "all-linear" else "attention"
    ours = settings.model_copy(update={"targets": targets, "epochs": 1, "scheduler": "linear"})
    ours = ours.model_copy(update={"warmup": 0.0})  # as the tutorial's stock settings
    device = best_device()
    model, _ = with_adapter(model_folder, ours, best_dtype(device), device)
    compiled = compile_layers(model, settings.compile, _ENDLESS, device)
    never = 10**6
    tokenizer = load_tokenizer(model_folder)
    folder = Path(tempfile.gettempdir())
    steps = Steps(total=never, logging=1, eval=never, save=never)
    trainer = make_trainer(
        model, tokenizer, (examples, examples.select(range(1))), ours, steps, folder, None, device
    )
    trainer.args.save_strategy = "no"
    trainer.args.load_best_model_at_end = False
    return trainer, compiled


def _timed(trainer: Any, clock: Callable[[], float]) -> Any:
    """Let a trainer's steps be timed, and their tokens be counted."""
    from transformers import TrainerCallback

    class Timer(TrainerCallback):
        def __init__(self) -> None:
            self.seconds: list[float] = []
            self.tokens: list[int] = []
            self._began, self._seen = 0.0, 0

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self._began = clock()
            self._seen = seen["tokens"]

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.seconds.append(clock() - self._began)
            self.tokens.append(seen["tokens"] - self._seen)

    seen = {"tokens": 0}
    compute = trainer.compute_loss

    def counted(model: Any, inputs: dict[str, Any], *arguments: Any, **options: Any) -> Any:
        seen["tokens"] += int(inputs["attention_mask"].sum())
        return compute(model, inputs, *arguments, **options)

    trainer.compute_loss = counted
    timer = Timer()
    trainer.add_callback(timer)
    return timer


def report(result: dict[str, Any], rows: int = 1212, epochs: float = 3) -> str:
    """The result in lines, with what a whole training of so many rows would take."""
    lines = [
        f"{result['rounds']} rounds of {result['steps']} steps of {result['rows']} rows, "
        f"{result['tokens']} tokens; {result['dtype']}, {result['threads']} threads"
    ]
    for name, of in result["variants"].items():
        tokens = result["tokens"] / result["rows"] * rows * epochs
        minutes = (tokens / of["median"] + of["first_step_seconds"]) / 60
        lines.append(
            f"{name:10s} {of['median']:6.0f} tokens/s ({of['lowest']:.0f} to {of['highest']:.0f}), "
            f"first step {of['first_step_seconds']:.0f} s, held-out loss {of['loss_before']:.4f} "
            f"-> {of['loss_after']:.4f}; {rows} rows x {epochs:g} epochs: {minutes:.0f} minutes"
        )
    if "ratio" in result:
        ratio = result["ratio"]
        lines.append(
            f"lean is {ratio['median']:.2f} times as fast as the tutorial "
            f"({ratio['lowest']:.2f} to {ratio['highest']:.2f})"
        )
    most = result["bound"]
    shares = (
        f"{name} is at {of['median'] / most['tokens_a_second']:.0%}"
        for name, of in result["variants"].items()
    )
    lines.append(
        f"bound {most['tokens_a_second']:6.0f} tokens/s: "
        f"{most['operations_a_token'] / 1e9:.3f} billion operations a token in the frozen "
        f"matrices, {most['operations_a_second'] / 1e9:.0f} billion a second in a bare product "
        f"(fastest of {most['passes']}; median {most['typical'] / 1e9:.0f}); "
        f"{', '.join(shares)} of it"
    )
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write JSON where a file is given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of the model")
    parser.add_argument("rows", type=Path, help="train.jsonl")
    parser.add_argument("--steps", type=int, default=4, help="optimizer steps of a round")
    parser.add_argument("--rounds", type=int, default=3, help="times that each variant trains")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--batch-size", type=int, default=4, help="rows at once")
    parser.add_argument("--accumulation", type=int, default=4, help="batches of a step")
    parser.add_argument(
        "--cpu-time", action="store_true", help="CPU seconds, on a machine with other work"
    )
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    options = parser.parse_args()
    rows = json_lines(options.rows)
    settings = TrainingSettings(batch_size=options.batch_size, accumulation=options.accumulation)
    # Every so many rows, so that all sources are in the sample.
    wanted = options.steps * options.batch_size * options.accumulation + HELD_OUT
    sample = rows[:: max(1, len(rows) // wanted)][:wanted]
    clock = time.process_time if options.cpu_time else time.perf_counter
    result = measure(
        options.model,
        sample,
        options.steps,
        options.rounds,
        tuple(options.variants),
        settings,
        clock,
    )
    print(report(result))
    if options.out:
        write_json(options.out, result)


if __name__ == "__main__":
    main()
