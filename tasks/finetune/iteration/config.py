"""Parameters of an iteration."""

from pathlib import Path

from pydantic import Field

from tasks.config import FlowConfig
from tasks.finetune.iteration.compare import DECIDES
from tasks.locate import PROJECT_ROOT


class IterateConfig(FlowConfig):
    """Change one thing that the failures of a run point at, train again, and compare."""

    output_dir: Path = Field(
        default=Path("outputs/finetune"), description="Folder of the runs of fine-tuning."
    )
    run: str = Field(default="default", min_length=1, description="The run that is to be bettered.")
    change: str | None = Field(
        default=None,
        description="Name of the change; None takes the first untried one for the largest class "
        "of failures.",
    )
    more_rows: Path | None = Field(
        default=None, description="Further rows to train on: JSONL with the keys of train.jsonl."
    )
    decides: str = Field(
        default=DECIDES,
        description="The metric by which the change is judged; named before, not after.",
    )
    records: Path = Field(
        default=Path("data/iterations"), description="Folder of what was tried and what came of it."
    )
    seed: int = Field(default=0, ge=0, description="Of the resamples.")

    def records_folder(self) -> Path:
        """A relative folder is inside the project."""
        expanded = self.records.expanduser()
        return expanded if expanded.is_absolute() else PROJECT_ROOT / expanded
