"""SORT: Kalman filter and Hungarian assignment (Bewley et al. 2016)."""

from trackers import SORTTracker

from tasks.nearmiss.trackers.library import LibraryTracker

LIBRARY_RATE = 30.0  # at this rate the library's buffer counts updates


class SortTracker(LibraryTracker):
    """SORT of the `trackers` package."""

    def __init__(self, max_disappeared: int = 10, min_hits: int = 2, min_iou: float = 0.3):
        """
        Args:
            max_disappeared: an object unseen for more updates than this ends.
            min_hits: consecutive sights before an object counts.
            min_iou: smallest overlap of a box with the predicted one.
        """
        super().__init__(
            lambda: SORTTracker(
                lost_track_buffer=max_disappeared,
                frame_rate=LIBRARY_RATE,
                minimum_consecutive_frames=min_hits,
                minimum_iou_threshold=min_iou,
            )
        )
