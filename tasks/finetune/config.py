"""Parameters of the fine-tuning flow."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from tasks.config import FlowConfig
from tasks.finetune.curation.settings import CurationSettings
from tasks.finetune.model_settings import ModelSettings
from tasks.locate import PROJECT_ROOT

_CURATION = CurationSettings.model_fields


def _curated(name: str) -> Any:
    """The field of this name as curation describes it."""
    field = _CURATION[name]
    return Field(default=field.default, description=field.description)


MAX_RUN_NAME = 80

# What a profile sets where nothing else is said.
PROFILES: dict[str, dict[str, Any]] = {
    "full": {},
    # A look at every stage, not a model: minutes on two cores.
    "quick": {
        "max_train_rows": 24,
        "max_val_rows": 8,
        "max_test_rows": 12,
        "max_length": 256,
        "epochs": 1,
        "max_new_tokens": 32,
        # To convert and compile two models takes longer than the few answers do.
        "engine": "pytorch",
    },
}


class FinetuneConfig(ModelSettings, FlowConfig):
    """Fine-tune a small language model on questions and answers, and say what it brought."""

    output_dir: Path = Field(
        default=Path("outputs/finetune"), description="Folder for the results of runs."
    )
    run: str = Field(
        default="default",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
        max_length=MAX_RUN_NAME,
        description="Name of the run: its folder in the output folder.",
    )
    profile: Literal["full", "quick"] = Field(
        default="full",
        description="quick: a few rows and one epoch, to see every stage within minutes. Whatever "
        "else is set wins over it.",
    )
    until: Literal["curate", "validate", "train", "evaluate", "card"] = Field(
        default="card",
        description="Last stage. curate: sort good rows from bad ones, without judging the "
        "sources. validate: split, audit, and pass the gates. train: the adapter. evaluate: base "
        "against tuned model. card: the analysis of failures, forgetting and prompting, and the "
        "model card.",
    )
    sources: list[Path] = Field(
        default_factory=list,
        description="Source files (YAML, CSV, JSON, JSONL, Parquet, POD, HTML) or folders of them. "
        "None: those of data/sources/.",
    )
    data_dir: Path = Field(
        default=Path("data"), description="Folder for train.jsonl, val.jsonl and test.jsonl."
    )
    min_rows: int = Field(default=200, ge=1, description="Fewest curated rows that will do.")
    min_words: int = _curated("min_words")
    max_words: int = _curated("max_words")
    near_duplicate: float = _curated("near_duplicate")
    related: float = _curated("related")
    val_share: float = Field(default=0.1, gt=0, lt=0.5, description="Share of validation.")
    test_share: float = Field(default=0.1, gt=0, lt=0.5, description="Share of test.")
    split_seed: int = Field(
        default=1,
        ge=0,
        description="Of the splits, apart from the seed of training: another training is judged "
        "by the same questions.",
    )
    max_personal: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Largest share of a source's rows with personal data or secrets.",
    )
    max_duplicates: float = Field(
        default=0.2, ge=0, le=1, description="Largest share of duplicates in a source."
    )
    max_cut_off: float = Field(
        default=0.1, ge=0, le=1, description="Largest share of cut-off answers in a source."
    )
    tokenizer: Path | None = Field(
        default=None,
        description="tokenizer.json of the model, for lengths in tokens; else looked for in the "
        "model folders.",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_the_profile(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return PROFILES.get(str(given.get("profile", "full")), {}) | given

    @model_validator(mode="after")
    def _curation_is_consistent(self) -> "FinetuneConfig":
        self.curation()
        return self

    def of_data(self) -> "FinetuneConfig":
        """The same run with nothing said of the model: what its data are made by."""
        model = {name: field.default for name, field in ModelSettings.model_fields.items()}
        return self.model_copy(update=model | {"profile": "full", "until": "validate"})

    def curation(self) -> CurationSettings:
        """The bounds and thresholds of curation."""
        names = [name for name in _CURATION if name != "seed"]
        return CurationSettings(**self.part(*names))

    @property
    def trains(self) -> bool:
        """Whether the run goes on to the model."""
        return self.until in ("train", "evaluate", "card")

    def shares(self) -> tuple[float, float, float]:
        """Of train, validation and test."""
        return (round(1 - self.val_share - self.test_share, 6), self.val_share, self.test_share)

    def resolved_data_dir(self) -> Path:
        """The folder of the splits; a relative one is inside the project."""
        expanded = self.data_dir.expanduser()
        return expanded if expanded.is_absolute() else PROJECT_ROOT / expanded
