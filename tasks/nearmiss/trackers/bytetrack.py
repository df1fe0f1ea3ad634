"""ByteTrack: SORT that matches doubtful boxes in a second round (Zhang et al. 2022)."""

from trackers import ByteTrackTracker

from tasks.nearmiss.trackers.library import LibraryTracker
from tasks.nearmiss.trackers.sort import LIBRARY_RATE


class ByteTracker(LibraryTracker):
    """ByteTrack of the `trackers` package."""

    def __init__(
        self,
        max_disappeared: int = 10,
        min_hits: int = 2,
        min_iou: float = 0.1,
        new_track_confidence: float = 0.5,
        high_confidence: float = 0.5,
    ):
        """
        Args:
            max_disappeared: an object unseen for more updates than this ends.
            min_hits: consecutive sights before an object counts.
            min_iou: smallest overlap of a box with the predicted one.
            new_track_confidence: smallest confidence of a box that begins an object.
            high_confidence: boxes from here on are matched in the first round.
        """
        super().__init__(
            lambda: ByteTrackTracker(
                lost_track_buffer=max_disappeared,
                frame_rate=LIBRARY_RATE,
                minimum_consecutive_frames=min_hits,
                minimum_iou_threshold=min_iou,
                track_activation_threshold=new_track_confidence,
                high_conf_det_threshold=high_confidence,
            )
        )
