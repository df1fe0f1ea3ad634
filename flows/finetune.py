"""Fine-tune a small language model on questions and answers, and say honestly what it brought.

python flows/finetune.py                       the whole: data, training, evaluation, model card
python flows/finetune.py --profile quick       every stage, over a few rows, in minutes
python flows/finetune.py --until validate      the data alone
python flows/finetune.py --sources tickets.csv --data-dir data/tickets --run tickets
"""

import sys
from pathlib import Path

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import flow
from prefect.states import Failed, State

from flows.finetune_data import gather, judge_sources, validated
from flows.finetune_model import described, evaluated, measured, trained, understood
from tasks import command_line
from tasks.command_line import command_for
from tasks.finetune import stages
from tasks.finetune.audit.tokens import find_tokenizer
from tasks.finetune.config import FinetuneConfig
from tasks.finetune.language_model.early_checks import check_model
from tasks.finetune.language_model.load import best_device
from tasks.finetune.sources.spec import load_specs
from tasks.finetune.splits import SPLITS
from tasks.finetune.training.adapter import refuse_four_bit
from tasks.gates import FAILED_STATE, QualityGateFailed
from tasks.runs import Outcome, Run

SCRIPT = "flows/finetune.py"


@flow(name="finetune")
def finetune(config: FinetuneConfig) -> Outcome | State:
    """Curate, validate, train, evaluate, analyse, and write the model card.

    Nothing reaches the data folder that a gate has not passed.

    Returns:
        The outcome; or, where a gate failed, a Failed state of that name.
    """
    command = command_for(SCRIPT, config)
    specs = load_specs(config.sources)
    output_dir = config.resolved_output_dir()
    run = Run(output_dir / config.run, output_dir / ".cache", config.refresh)
    try:
        gathered = gather(specs, run)
        curated = run.stage(
            stages.curate,
            taken=gathered.files["rows"],
            gathered=gathered.figures["sources"],
            settings=config.curation().model_dump(),
        )
        if config.until != "curate":
            judge_sources(config, run)
            # Another way to train makes no other data, so the data card's command leaves it out.
            validated(config, specs, run, curated, command_for(SCRIPT, config.of_data()))
        if config.trains:
            splits = {name: run.results["split"].files[name] for name in SPLITS}
            trained(config, run, splits)
        if config.until in ("evaluate", "card"):
            evaluated(config, run, splits, curated.files["clusters"])
            if config.measure_speed:
                measured(config, run, splits)
        if config.until == "card":
            understood(config, run, splits, curated.files["clusters"])
            described(config, run, [spec.stored() for spec in specs], command)
    except QualityGateFailed as failure:
        return Failed(message=str(failure), name=FAILED_STATE)
    return stages.summarise(
        run,
        command=command,
        config=config.model_dump(mode="json"),
        seed=config.seed,
    )


def check(config: FinetuneConfig) -> None:
    """Refuse what a look can tell is bad, before Prefect starts.

    Raises:
        BadInput: a source, the model, the tokenizer or the data folder cannot be used.
    """
    load_specs(config.sources)
    if config.trains:
        check_model(config.model, config.revision, config.max_new_tokens)
        if config.quantize == "4bit":
            refuse_four_bit(best_device())
    find_tokenizer(config.tokenizer and Path(config.tokenizer).expanduser())
    command_line.refuse_unwritable(config.resolved_data_dir(), "--data-dir")


if __name__ == "__main__":
    sys.exit(command_line.main(finetune, FinetuneConfig, check=check))
