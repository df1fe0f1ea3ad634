"""Parameters of the inbox of videos."""

from pathlib import Path

from pydantic import Field

from tasks.config import FlowConfig
from tasks.nearmiss.config import NearMissConfig, NearMissSettings


class InboxFolders(FlowConfig):
    """Where new videos arrive, when they count as whole, and where they go."""

    inbox: Path = Field(description="Folder in which new videos arrive; folders in it are left.")
    processed: Path = Field(
        default=Path("processed"),
        description="Where a video goes when it is done; a relative path is inside the inbox.",
    )
    quarantine: Path = Field(
        default=Path("quarantine"),
        description="Where a video goes that cannot be processed, with a note beside it; a "
        "relative path is inside the inbox.",
    )
    keep: bool = Field(
        default=False, description="Leave processed videos in the inbox; failed ones still go."
    )
    settle_sec: float = Field(
        default=20,
        ge=0,
        le=3600,
        description="Seconds for which size and time of a file must stay as they are before it "
        "is looked into. A look waits once for so long.",
    )
    patience_sec: float = Field(
        default=3600,
        ge=0,
        description="Seconds without any change after which a file that is not whole counts as "
        "broken rather than as still being copied.",
    )
    attempts: int = Field(
        default=3,
        ge=1,
        le=100,
        description="Looks in which a video may fail for no known reason, or take the process "
        "down with it, before it is put in quarantine.",
    )


class InboxConfig(NearMissSettings, InboxFolders):
    """Find near-misses in each new video of a folder, once."""

    def for_video(self, video: Path) -> NearMissConfig:
        """The configuration of the near-miss flow for one video."""
        return NearMissConfig(video=[str(video)], **self.part(*NearMissSettings.model_fields))
