"""What a run's training and generation gain over plain ones, in a small form of their benchmarks.

The long forms, with more rounds, are `python -m tasks.finetune.training.benchmark` and
`python -m tasks.finetune.generation.benchmark`.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tasks.errors import BadInput
from tasks.finetune.generation import benchmark as generation
from tasks.finetune.language_model.load import on_free_threads, threads_free
from tasks.finetune.training import benchmark as training
from tasks.finetune.training.settings import TrainingSettings

# The first step of a round compiles and is given apart, so that two are measured.
STEPS = 3
ROUNDS = 2
QUESTIONS = 16
VARIANTS = ("tutorial", "lean")

SplitRow = dict[str, str]


def measure(
    model: Path,
    adapter: Path,
    train_rows: Sequence[SplitRow],
    test_rows: Sequence[SplitRow],
    settings: TrainingSettings,
    kind: str,
    max_new_tokens: int,
) -> dict[str, Any]:
    """Train and generate, plainly and as the run does, by turns.

    Args:
        model, adapter: folders.
        kind: of the engine that the run's answers come from.

    Returns:
        training, generation: what the two benchmarks return.

    Raises:
        BadInput: there are too few rows to train on.
    """
    refuse_too_few(settings, len(train_rows))
    settings = _small_enough(settings, len(train_rows))
    wanted = STEPS * settings.batch_size * settings.accumulation + training.HELD_OUT
    with on_free_threads():
        return {
            "training": training.measure(
                model, _evenly(train_rows, wanted), STEPS, ROUNDS, VARIANTS, settings
            ),
            "generation": generation.benchmark(
                model,
                _evenly(test_rows, QUESTIONS),
                [kind],
                adapter,
                max_new_tokens,
                ROUNDS,
                threads=threads_free(),
            ),
        }


def rows(measured: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for training and one for generation: tokens/s of both ways, and their ratio."""
    trained = measured["training"]["variants"]
    (kind, generated), *_ = measured["generation"]["engines"].items()
    return [
        {
            "what": "training",
            "plain": "trl's SFTTrainer, stock settings, float32",
            "plain_tokens_per_second": trained["tutorial"]["median"],
            "tokens_per_second": trained["lean"]["median"],
            "times": measured["training"]["ratio"]["median"],
            "lowest": measured["training"]["ratio"]["lowest"],
            "highest": measured["training"]["ratio"]["highest"],
            "rounds": ROUNDS,
            "agreement": f"held-out loss {trained['lean']['loss_after']:.4f} against "
            f"{trained['tutorial']['loss_after']:.4f}",
        },
        {
            "what": f"generation ({kind})",
            "plain": "transformers' generate, float32, one by one",
            "plain_tokens_per_second": median(generated["yardstick_tokens_per_second"]),
            "tokens_per_second": median(generated["tokens_per_second"]),
            "times": generated["ratio"],
            "lowest": min(generated["ratios"]),
            "highest": max(generated["ratios"]),
            "rounds": ROUNDS,
            "agreement": generated["agreement"]["fault"] or "within the tolerances",
        },
    ]


def verdict(measured: dict[str, Any]) -> str:
    """One line: how many times as fast."""
    told = (
        f"{row['what']} {row['times']:.1f} times ({row['lowest']:.1f} to {row['highest']:.1f})"
        for row in rows(measured)
    )
    return f"As fast as plain scripts: {', '.join(told)}; {ROUNDS} rounds each."


def refuse_too_few(settings: TrainingSettings, count: int) -> None:
    """
    Raises:
        BadInput: so many rows to train on do not fill the steps that are measured.
    """
    least = STEPS * settings.batch_size + training.HELD_OUT
    if count < least:
        raise BadInput(
            f"{count} rows to train on are too few to measure speed with batches of "
            f"{settings.batch_size}: leave measure_speed out, or give at least {least} rows"
        )


def _small_enough(settings: TrainingSettings, count: int) -> TrainingSettings:
    """Fewer batches to a step where the rows do not fill as many steps."""
    batches = (count - training.HELD_OUT) // (STEPS * settings.batch_size)
    return settings.model_copy(update={"accumulation": min(settings.accumulation, batches)})


def _evenly(given: Sequence[SplitRow], count: int) -> list[SplitRow]:
    """Every so many rows, so that all sources are in the sample."""
    return list(given[:: max(1, len(given) // count)][:count])
