"""Nearest centres: the simplest tracker, with no model of motion."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from tasks.nearmiss.trackers.base import Objects, Tracker, as_object

FORBIDDEN = 1e9


class CentroidTracker(Tracker):
    """Keeps an object's identity by the Euclidean distance of centres.

    Attributes:
        objects: object_id -> its last detection; an object that is not seen keeps its last place.
        disappeared: object_id -> updates since it was last seen.
    """

    def __init__(self, max_disappeared: int = 10, max_distance: float = 150.0):
        """
        Args:
            max_disappeared: an object unseen for more updates than this is deregistered.
            max_distance: largest distance in pixels between two sights of one object.
        """
        super().__init__()
        self.max_disappeared = max_disappeared
        self.max_distance = max_distance
        self.objects: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self.disappeared: dict[int, int] = {}
        self._next_id = 0

    def register(self, centroid: Sequence[float] | dict[str, Any]) -> int:
        """Begin a new object at a centre (x, y), or at a whole detection; returns its id."""
        if not isinstance(centroid, dict):
            x, y = centroid
            centroid = {
                "class": "object",
                "bbox": [x, y, x, y],
                "center": (x, y),
                "confidence": 1.0,
            }
        object_id = self._next_id
        self._next_id += 1
        self.objects[object_id] = centroid
        self.disappeared[object_id] = 0
        self._class_counts[object_id][centroid["class"]] += 0
        return object_id

    def deregister(self, object_id: int) -> None:
        """End an object. Raises KeyError where there is none of this id."""
        del self.objects[object_id]
        del self.disappeared[object_id]

    def _associate(self, detections: list[dict[str, Any]]) -> Objects:
        matches = self._match(detections)
        for object_id in list(self.objects):
            if object_id in matches:
                self.objects[object_id] = detections[matches[object_id]]
                self.disappeared[object_id] = 0
            else:
                self.disappeared[object_id] += 1
                if self.disappeared[object_id] > self.max_disappeared:
                    self.deregister(object_id)
        for column in sorted(set(range(len(detections))) - set(matches.values())):
            self.register(detections[column])
        return OrderedDict(
            (object_id, as_object(detection, self.disappeared[object_id]))
            for object_id, detection in self.objects.items()
        )

    def _match(self, detections: list[dict[str, Any]]) -> dict[int, int]:
        """object_id -> index of its detection, with the smallest sum of distances."""
        if not self.objects or not detections:
            return {}
        ids = list(self.objects)
        distances = cdist(
            [self.objects[object_id]["center"] for object_id in ids],
            [detection["center"] for detection in detections],
        )
        allowed = distances <= self.max_distance
        rows, columns = linear_sum_assignment(np.where(allowed, distances, FORBIDDEN))
        return {
            ids[row]: int(column)
            for row, column in zip(rows, columns, strict=True)
            if allowed[row, column]
        }
