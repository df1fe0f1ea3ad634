"""Parameters of the evaluation of near-misses."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from tasks.config import FlowConfig
from tasks.locate import PROJECT_ROOT

SHARED = PROJECT_ROOT.parent / "shared" / "data"


class EvaluateConfig(FlowConfig):
    """How right are the near-misses: known truth, tracking, video."""

    output_dir: Path = Field(
        default=Path("outputs/evaluate_nearmiss"), description="Folder for the results."
    )
    scenes: Path = Field(
        default=PROJECT_ROOT / "data" / "scenes", description="Folder of scenes of known truth."
    )
    modes: list[Literal["ground", "auto", "picture"]] = Field(
        default_factory=lambda: ["ground", "auto", "picture"],
        description="ground: calibrated. auto: pixels straightened by the sizes of road users. "
        "picture: bare pixels.",
    )
    fast: bool = Field(
        default=False, description="Sixteen scenes, no curves, no tracking and no video."
    )
    sweep: bool = Field(
        default=True,
        description="Draw curves: errors over ranges, strides and jitters, filters over their "
        "thresholds.",
    )
    video: Path = Field(
        default=SHARED / "videos" / "vtest.avi", description="Video of the tracking ground truth."
    )
    ground_truth: Path = Field(
        default=SHARED / "mot" / "PETS09-S2L1" / "gt.txt",
        description="Tracking ground truth, MOTChallenge text; left out where it is missing.",
    )
