"""Trackers: one file each, all with `update(detections) -> OrderedDict of objects`."""

from collections.abc import Callable

from tasks.nearmiss.trackers.base import Tracker
from tasks.nearmiss.trackers.bytetrack import ByteTracker
from tasks.nearmiss.trackers.centroid import CentroidTracker
from tasks.nearmiss.trackers.sort import SortTracker

__all__ = ["ByteTracker", "CentroidTracker", "SortTracker", "Tracker", "make_tracker"]

REGISTRY: dict[str, Callable[..., Tracker]] = {
    "centroid": CentroidTracker,
    "sort": SortTracker,
    "bytetrack": ByteTracker,
}


def make_tracker(name: str, max_disappeared: int) -> Tracker:
    """The tracker of this name.

    Args:
        name: a key of REGISTRY.
        max_disappeared: updates without a sight of it after which an object ends.
    """
    return REGISTRY[name](max_disappeared=max_disappeared)
