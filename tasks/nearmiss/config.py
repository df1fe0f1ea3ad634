"""Parameters of the near-miss flow."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator

from tasks.config import FlowConfig
from tasks.nearmiss.engines import EngineName
from tasks.nearmiss.sources import is_url
from tasks.nearmiss.sources.stream_address import hide_secrets, is_stream
from tasks.nearmiss.stride import default_stride


class NearMissInput(FlowConfig):
    """What near-misses are looked for in."""

    video: list[str] = Field(
        default_factory=list,
        description="Video files, folders, globs, or URLs. None: a short made scene.",
    )
    tracks: Path | None = Field(
        default=None,
        description="Trajectories instead of a video: CSV with frame, track_id, class, x, y and "
        "maybe length, width, heading_deg or x1, y1, x2, y2; or MOTChallenge text.",
    )
    units: Literal["m", "px"] = Field(default="px", description="Of the places in --tracks.")
    fps: float | None = Field(
        default=None, gt=0, le=1000, description="Frames a second of --tracks."
    )
    labels: Path | None = Field(
        default=None, description="Answers from the review page: gives precision and recall."
    )
    at_once: int = Field(
        default=1,
        ge=1,
        le=64,
        description="How many of several videos, or chunks of one, run at once (threads).",
    )
    chunk_sec: float | None = Field(
        default=None,
        ge=1,
        description="Split a long video into pieces of so many seconds, for several machines.",
    )
    site_by: Literal["video", "folder"] = Field(
        default="video",
        description="What a site is where several videos are compared: each video, or each folder.",
    )
    segment_sec: float = Field(
        default=60, ge=10, le=3600, description="Length of a live stream's segments, in seconds."
    )
    stream_for_sec: float | None = Field(
        default=None, gt=0, description="Seconds to watch a live stream. None: until Ctrl-C."
    )
    reconnect_for_sec: float = Field(
        default=300, ge=0, le=86400, description="Seconds to try for a lost stream, then give up."
    )
    keep_segments: bool = Field(
        default=True,
        description="Keep the video files of a live stream's segments; those of segments that "
        "failed are kept in any case.",
    )

    @field_validator("video")
    @classmethod
    def _keep_secrets_out(cls, video: list[str]) -> list[str]:
        """Neither the record, nor the command in it, nor Prefect sees a camera's password."""
        return [
            location if is_url(location) and not is_stream(location) else hide_secrets(location)
            for location in video
        ]


class NearMissSettings(FlowConfig):
    """How near-misses are looked for, whatever the input."""

    output_dir: Path = Field(
        default=Path("outputs/nearmiss"),
        description="Folder for the results; each video gets a folder of its own in it.",
    )
    detector: Literal["auto", "yolo", "motion"] = Field(
        default="auto",
        description="yolo: YOLOv8n. motion: background subtraction, whose classes are guesses. "
        "auto: yolo, or motion with a warning where no weights can be had.",
    )
    weights: Path | None = Field(
        default=None, description="YOLO weights (.pt); otherwise yolov8n.pt is looked for."
    )
    engine: Literal["auto", EngineName] = Field(
        default="auto",
        description="Inference engine of yolo, by library and precision. auto: the fastest here "
        "of those in fp32 and bf16 that finds the same boxes, measured once.",
    )
    int8_video: Path | None = Field(
        default=None,
        description="Video of the same camera with whose frames an int8 engine is calibrated, once "
        "for all its videos. None: each video's own frames, or a stream's first segment.",
    )
    conf_threshold: float = Field(
        default=0.4, ge=0.01, le=1, description="Smallest confidence of a detection (0 to 1)."
    )
    stride: int | None = Field(
        default=None,
        ge=1,
        le=30,
        description="Every how many frames one is used. None: 2, or 1 where that would leave fewer "
        "than ten a second.",
    )
    imgsz: int = Field(
        default=640, ge=128, le=1920, multiple_of=32, description="Detector input size in pixels."
    )
    video_preset: Literal["ultrafast", "superfast", "veryfast", "medium"] = Field(
        default="ultrafast",
        description="x264 preset of the annotated video: slower ones make smaller files.",
    )
    tracker: Literal["centroid", "sort", "bytetrack"] = Field(
        default="bytetrack", description="How detections become tracks."
    )
    max_disappeared: int = Field(
        default=10, ge=1, le=300, description="Processed frames after which a lost object ends."
    )
    proximity_threshold: float = Field(
        default=100, gt=0, description="Distance of centres that counts as near, in pixels."
    )
    ttc_threshold: float = Field(
        default=2.0, gt=0, le=60, description="Time to collision that counts as short, in seconds."
    )
    closing_speed_threshold: float = Field(
        default=100, gt=0, description="Closing speed that counts as rapid, in pixels a second."
    )
    cooldown_frames: int = Field(
        default=30, ge=0, description="Source frames in which a pair raises no second event."
    )
    pedestrian_pairs: bool = Field(
        default=False, description="Also score pairs of two pedestrians."
    )

    calibration: str | None = Field(
        default=None,
        description="YAML file with at least four image points and their metres, or a matrix; "
        "auto: from the usual sizes of road users. None: pixels.",
    )
    preset: Literal["default", "classic-filters", "faint", "screening", "severe"] = Field(
        default="default", description="Named thresholds of interactions; docs/nearmiss.md."
    )
    interaction_ttc: float | None = Field(
        default=None, gt=0, le=10, description="TTC of a conflict, in seconds; else the preset's."
    )
    interaction_pet: float | None = Field(
        default=None, gt=0, le=10, description="PET of a conflict, in seconds; else the preset's."
    )
    interaction_drac: float | None = Field(
        default=None, gt=0, le=20, description="DRAC of a conflict, in m/s2; else the preset's."
    )
    interaction_gap: float | None = Field(
        default=None, gt=0, le=50, description="Gap of a conflict, in metres; else the preset's."
    )
    disable_filters: list[
        Literal[
            "stationary",
            "duration",
            "direction",
            "confidence",
            "duplicate",
            "identity",
            "rider",
            "passenger",
            "conflict",
        ]
    ] = Field(default_factory=list, description="Filters of interactions that are not asked.")
    compare_filters: bool = Field(
        default=False,
        description="Write what the filters change, and a page to judge kept and rejected.",
    )

    def at_rate(self, fps: float) -> Self:
        """This configuration with the stride for a video of so many frames a second, where none is
        set."""
        if self.stride is not None:
            return self
        return self.model_copy(update={"stride": default_stride(fps)})

    def criteria(self) -> dict[str, Any]:
        """What makes an event, as arguments of `scoring.NearMissDetector`."""
        return self.part(
            "proximity_threshold",
            "ttc_threshold",
            "closing_speed_threshold",
            "cooldown_frames",
            "pedestrian_pairs",
        )

    def definition(self) -> dict[str, Any]:
        """What makes an interaction, as arguments of `meetings.find_interactions`: the preset,
        and the thresholds that are set here over the preset's."""
        named = {
            "ttc_sec": self.interaction_ttc,
            "pet_sec": self.interaction_pet,
            "drac": self.interaction_drac,
            "gap": self.interaction_gap,
        }
        return self.part("preset", "pedestrian_pairs") | {
            "thresholds": {name: value for name, value in named.items() if value is not None},
            "disabled_filters": self.disable_filters,
        }


class NearMissConfig(NearMissSettings, NearMissInput):
    """Turn traffic videos into ranked near-miss events."""

    def calibrated_by(self, segment: Path) -> "NearMissConfig":
        """This configuration with this video for the calibration of an int8 engine, unless another
        is settled or no engine is asked for that needs one."""
        if self.int8_video is not None or not self.engine.endswith("int8"):
            return self
        return self.model_copy(update={"int8_video": segment})

    def for_segment(self, segment: Path, folder: Path) -> "NearMissConfig":
        """This configuration for one piece of a live stream: without what concerns the stream."""
        settings = self.part(*NearMissSettings.model_fields)
        return NearMissConfig(video=[str(segment)], **(settings | {"output_dir": folder}))
