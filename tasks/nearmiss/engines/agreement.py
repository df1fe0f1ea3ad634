"""How far two engines find the same boxes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

from tasks.nearmiss.classes import CLASSES, category_of
from tasks.nearmiss.detectors.base import Detections

MATCH_IOU = 0.5
# Boxes this close to the confidence threshold come and go with any change of precision.
MARGIN = 0.05

_CATEGORIES = np.array([category_of(name) for name in CLASSES])


def lowest_confidence(conf_threshold: float) -> float:
    """The threshold to detect with for a comparison at `conf_threshold`."""
    return max(conf_threshold - MARGIN, 0.001)


def agreement(
    reference: Sequence[Detections], candidate: Sequence[Detections], conf_threshold: float
) -> dict[str, dict[str, Any]]:
    """The share of boxes that the other side has too, both ways.

    A box counts that is surely above the threshold: by MARGIN or more. The other side has it where
    one of its boxes, down to MARGIN below the threshold, overlaps it by an IoU of MATCH_IOU or
    more and is of the same category. Each box is given away once.

    Args:
        reference: what the reference found in each picture, down to `lowest_confidence`.
        candidate: the same of the engine in question, in the same pictures.
        conf_threshold: of the run.

    Returns:
        found: of the reference's boxes, those that the candidate has.
        real: of the candidate's boxes, those that the reference has.
        Each with share (None where n is 0), n, and low and high of its 95 % Wilson interval.
    """
    pairs = list(zip(reference, candidate, strict=True))
    return {
        "found": _share([_matched(one, other, conf_threshold) for one, other in pairs]),
        "real": _share([_matched(other, one, conf_threshold) for one, other in pairs]),
    }


def _matched(sure: Detections, other: Detections, conf_threshold: float) -> tuple[int, int]:
    """How many of one side's sure boxes the other side has, and how many there are."""
    counted = sure.confidences >= conf_threshold + MARGIN
    overlaps = iou(sure.boxes[counted], other.boxes)
    same = _CATEGORIES[sure.class_ids[counted]][:, None] == _CATEGORIES[other.class_ids]
    allowed = (overlaps >= MATCH_IOU) & same
    # An allowed pair is worth more than any overlap, so that as many as possible are matched.
    rows, columns = linear_sum_assignment(allowed * (1 + overlaps), maximize=True)
    return int(allowed[rows, columns].sum()), int(counted.sum())


def iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Intersection over union of n x 4 and m x 4 boxes (x1 y1 x2 y2): n x m."""
    top_left = np.maximum(one[:, None, :2], other[None, :, :2])
    bottom_right = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = (bottom_right - top_left).clip(min=0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    return shared / (areas[0][:, None] + areas[1][None, :] - shared)


def _share(counts: list[tuple[int, int]]) -> dict[str, Any]:
    hits, n = sum(hit for hit, _ in counts), sum(n for _, n in counts)
    if not n:
        return {"share": None, "n": 0, "low": None, "high": None}
    interval = binomtest(hits, n).proportion_ci(method="wilson")
    return {
        "share": round(hits / n, 4),
        "n": n,
        "low": round(float(interval.low), 4),
        "high": round(float(interval.high), 4),
    }
