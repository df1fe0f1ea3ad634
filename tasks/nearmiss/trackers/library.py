"""The trackers of the `trackers` package (Apache-2.0) behind our interface."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import supervision as sv

from tasks.nearmiss.classes import category_of
from tasks.nearmiss.trackers.base import Objects, Tracker, as_object


class LibraryTracker(Tracker):
    """One tracker of the library a category, because the library's are blind to classes.

    Only objects seen in this very frame are returned: `disappeared` is always 0.
    """

    def __init__(self, make: Callable[[], Any]):
        """
        Args:
            make: gives a new tracker of the library.
        """
        super().__init__()
        self._make = make
        self._of_category: dict[str, Any] = {}
        self._ids: dict[tuple[str, int], int] = {}

    def _associate(self, detections: list[dict[str, Any]]) -> Objects:
        found: dict[int, dict[str, Any]] = {}
        groups: dict[str, list[dict[str, Any]]] = {name: [] for name in self._of_category}
        for detection in detections:
            groups.setdefault(category_of(detection["class"]), []).append(detection)
        for category, members in groups.items():
            tracker = self._of_category.setdefault(category, self._make())
            tracked = tracker.update(_as_supervision(members))
            for position, own_id in zip(
                tracked.data.get("position", []), tracked.tracker_id, strict=True
            ):
                if own_id >= 0:
                    object_id = self._ids.setdefault((category, int(own_id)), len(self._ids))
                    found[object_id] = as_object(members[int(position)])
        return OrderedDict(sorted(found.items()))


def _as_supervision(detections: list[dict[str, Any]]) -> sv.Detections:
    if not detections:
        empty = sv.Detections.empty()
        empty.confidence = np.empty(0, np.float32)
        return empty
    return sv.Detections(
        xyxy=np.array([detection["bbox"] for detection in detections], dtype=np.float32),
        confidence=np.array([detection["confidence"] for detection in detections], np.float32),
        data={"position": np.arange(len(detections))},
    )
