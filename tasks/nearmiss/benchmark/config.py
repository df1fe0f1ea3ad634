"""Parameters of the optimization study."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from tasks.config import FlowConfig
from tasks.nearmiss.engines import NAMES, EngineName


class BenchmarkConfig(FlowConfig):
    """How fast can this machine find near-misses, and what is missed for the speed."""

    video: list[str] = Field(
        default_factory=list,
        description="Video files, folders or globs. None: the made scenes.",
    )
    made_scenes: bool = Field(
        default=False, description="Measure on the made scenes as well, next to the videos."
    )
    output_dir: Path = Field(
        default=Path("outputs/benchmark"), description="Folder for the results."
    )
    weights: Path | None = Field(
        default=None, description="YOLO weights (.pt); otherwise yolov8n.pt is looked for."
    )
    seconds: float = Field(
        default=20, ge=2, le=3600, description="Of each video this much is used, from its start."
    )
    repetitions: int = Field(
        default=3, ge=1, le=50, description="How often each configuration is timed."
    )
    engines: list[EngineName] = Field(
        default_factory=lambda: list(NAMES),
        description="Inference engines to compare with pytorch-fp32; one that cannot run here is "
        "left out with a warning.",
    )
    small_imgsz: int = Field(
        default=320,
        ge=128,
        le=608,
        multiple_of=32,
        description="Detector input size in pixels that is compared with 640.",
    )
    strides: list[Annotated[int, Field(ge=1, le=30)]] = Field(
        default_factory=lambda: [1, 2, 3, 4],
        description="Every how many frames one is used (1 to 30); 1 is always among them.",
    )
    combined_engines: int = Field(
        default=2,
        ge=1,
        le=6,
        description="How many of the engines that keep the events, those that take the least CPU "
        "time, are measured with threads and each stride.",
    )
    max_missed: float = Field(
        default=5, ge=0, le=100, description="Events the recommendation may miss, in percent."
    )
    max_extra: float = Field(
        default=5,
        ge=0,
        le=100,
        description="Events of the recommendation that the reference lacks, in percent.",
    )
    side_by_side: bool = Field(
        default=True,
        description="Time the recommendation with its annotated video against "
        "ultralytics.YOLO.track(save=True).",
    )
    memory_minutes: float = Field(
        default=0,
        ge=0,
        le=240,
        description="Length of the looped clip whose peak memory is compared with that of one "
        "minute; 0 leaves it out.",
    )
    apply: Path | None = Field(
        default=None,
        description="YAML file to write the recommendation to, for flows/nearmiss.py --config.",
    )
