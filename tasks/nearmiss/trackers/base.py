"""What every tracker does: give detections an identity, and remember where each object was."""

from abc import ABC, abstractmethod
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Sequence
from typing import Any

Objects = OrderedDict[int, dict[str, Any]]
"""object_id -> {"class", "bbox", "center", "confidence", "disappeared"}; the class is the
object's most frequent one so far, `disappeared` the number of updates since it was last seen."""


class Tracker(ABC):
    """Base of the trackers.

    Attributes:
        trajectories: object_id -> [(frame_index, center_x, center_y), …], where it was seen.
    """

    def __init__(self) -> None:
        self.trajectories: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
        self._class_counts: dict[int, Counter[str]] = defaultdict(Counter)
        self._updates = 0

    def update(
        self, detections: Sequence[dict[str, Any]], frame_index: int | None = None
    ) -> Objects:
        """Take the detections of the next processed frame.

        Args:
            detections: as `detect_objects` returns them; at least "bbox"; may be empty.
            frame_index: number of the source frame; the number of earlier updates when None.

        Returns:
            The objects, by their id in order of their first sight.
        """
        index = self._updates if frame_index is None else frame_index
        self._updates += 1
        objects = self._associate([_completed(detection) for detection in detections])
        for object_id, seen in objects.items():
            if not seen["disappeared"]:
                self.trajectories[object_id].append((index, *seen["center"]))
                self._class_counts[object_id][seen["class"]] += 1
            seen["class"] = self.class_of(object_id)
        return objects

    def class_of(self, object_id: int) -> str:
        """The object's most frequent class; of equals, the one seen first."""
        return self._class_counts[object_id].most_common(1)[0][0]

    @abstractmethod
    def _associate(self, detections: list[dict[str, Any]]) -> Objects:
        """Match completed detections with objects; each value is a new dict."""


def as_object(detection: dict[str, Any], disappeared: int = 0) -> dict[str, Any]:
    """The part of a detection that an object shows."""
    return {
        "class": detection["class"],
        "bbox": detection["bbox"],
        "center": detection["center"],
        "confidence": detection["confidence"],
        "disappeared": disappeared,
    }


def _completed(detection: dict[str, Any]) -> dict[str, Any]:
    """A detection with its center, class and confidence, where only the box was given."""
    x1, y1, x2, y2 = detection["bbox"]
    return {
        "class": "object",
        "confidence": 1.0,
        "center": ((x1 + x2) / 2, (y1 + y2) / 2),
        **detection,
    }
