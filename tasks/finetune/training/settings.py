"""What training may be told, each choice with its reason."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class TrainingSettings(BaseModel):
    """How the adapter is trained. Unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: float = Field(
        default=3,
        gt=0,
        le=50,
        description="Passes over the training rows. One leaves a thousand rows under-used; after "
        "three so small a set is usually learned by heart; the best step is kept.",
    )
    batch_size: int = Field(
        default=4,
        ge=1,
        le=256,
        description="Rows at once. Four rows fill two cores; more cost memory and padding only.",
    )
    accumulation: int = Field(
        default=4,
        ge=1,
        le=256,
        description="Batches to one step. 4 x 4 = 16 rows a step: steady gradients, and still "
        "hundreds of steps on a thousand rows.",
    )
    learning_rate: float = Field(
        default=2e-4,
        gt=0,
        le=1e-1,
        description="Largest rate. Adapters start at zero and bear about ten times the rate of "
        "training all weights; 2e-4 is what the LoRA and QLoRA papers use for small models.",
    )
    scheduler: Literal["cosine", "linear", "constant"] = Field(
        default="cosine",
        description="Course of the rate. A cosine ends near zero, so that the last steps settle.",
    )
    warmup: float = Field(
        default=0.03,
        ge=0,
        lt=1,
        description="Share of the steps in which the rate rises. The optimizer's averages are "
        "wrong in its first steps; 3 % of a few hundred steps is enough for them.",
    )
    weight_decay: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Pull to zero. None: the low rank and the dropout already hold adapters back.",
    )
    lora_rank: int = Field(
        default=16,
        ge=1,
        le=256,
        description="Rank of the adapter: 1.4 % of a model of 135 million parameters, with room "
        "for a style and a format without room for the whole training text.",
    )
    lora_alpha: int = Field(
        default=32,
        ge=1,
        le=1024,
        description="Weight of the adapter, divided by the rank: 2, so that a change of the rank "
        "leaves the size of the steps as it is.",
    )
    lora_dropout: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="Share of an adapter's inputs left out while training: a little, against "
        "learning by heart over three epochs.",
    )
    targets: Literal["auto", "attention", "all-linear"] = Field(
        default="auto",
        description="Layers with an adapter. all-linear learns more in a step and is slower; auto "
        "is attention, where the model's attention can be told by its names, else all-linear.",
    )
    max_length: int = Field(
        default=512,
        ge=16,
        le=8192,
        description="Most tokens of an example. 512 hold nearly all curated rows; attention and "
        "memory grow with the longest.",
    )
    too_long: Literal["truncate", "drop"] = Field(
        default="truncate",
        description="An example over max_length. truncate: its start is learned, without the "
        "token that ends an answer, so that stopping in the middle is not learned. drop: left out. "
        "Validation rows are always truncated, so that the same rows are scored.",
    )
    loss_on: Literal["response", "all"] = Field(
        default="response",
        description="Tokens that are learned. response: the model shall answer questions, not "
        "write them. all: the prompt too, which acts against forgetting on very small sets. The "
        "loss on validation is counted on the same tokens.",
    )
    logging_steps: int = Field(
        default=10, ge=1, description="Steps between logged losses. Fewer where data are few."
    )
    eval_steps: int = Field(
        default=50,
        ge=1,
        description="Steps between evaluations: about five in a run of a thousand rows. Fewer "
        "where data are few, so that at least four happen.",
    )
    save_steps: int = Field(
        default=100,
        ge=1,
        description="Steps between checkpoints, made a multiple of eval_steps; a new best step is "
        "saved too. Two checkpoints are kept, and the best.",
    )
    patience: int = Field(
        default=3,
        ge=1,
        description="Evaluations without a better loss until training stops: one or two are "
        "within the noise of a hundred validation rows.",
    )
    quantize: Literal["none", "4bit"] = Field(
        default="none",
        description="4bit (QLoRA) needs a GPU and bitsandbytes, and pays for models that do not "
        "fit otherwise; a model under a billion parameters fits.",
    )
    precision: Literal["auto", "bf16", "fp32"] = Field(
        default="auto",
        description="Number type of the model's weights and products. auto: bf16 where the "
        "processor gains from it, else fp32. The adapter's weights are fp32 always.",
    )
    compile: Literal["auto", "off"] = Field(
        default="auto",
        description="auto: the model's layers are compiled where the machine can (a CPU needs a "
        "C++ compiler and Python's headers) and the training is long enough to earn the time.",
    )
    replay: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="Share of general rows mixed into the training rows before training, against "
        "forgetting. None by default, so that forgetting is measured before it is treated.",
    )
    seed: int = Field(
        default=1, ge=0, description="Of the adapter's first weights, the order and the dropout."
    )

    @model_validator(mode="after")
    def _steps_in_order(self) -> "TrainingSettings":
        if self.save_steps < self.eval_steps:
            raise ValueError(
                f"save_steps {self.save_steps} is below eval_steps {self.eval_steps}: a checkpoint "
                "is only worth something with its evaluation"
            )
        return self
