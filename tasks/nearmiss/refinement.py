"""Better tracks in hindsight: gaps are bridged and boxes smoothed, since the video is over.

A tracker decides frame by frame; here the frames after a moment count as well as those before it.
"""

import numpy as np
import pandas as pd

BOX = ["x1", "y1", "x2", "y2"]
MAX_GAP_SEC = 3.0
SMOOTHING_SEC = 0.25
ROBUST_ROUNDS = 3
INTERPOLATED_WEIGHT = 0.1
# Farther than this from a moment, in widths of the window, a box has no say in it.
WINDOW_REACH = 4.0
ROWS_AT_ONCE = 256


def refine_tracks(
    tracks: pd.DataFrame, frames: pd.DataFrame, stride: int, width: int, height: int
) -> pd.DataFrame:
    """Bridge gaps of up to 3 s and smooth every box edge.

    Args:
        tracks: TRACK_COLUMNS of `tracking`.
        frames: one row a decoded frame, with its time.
        stride: every how many frames one was processed.
        width: of the picture, in pixels.
        height: of the picture, in pixels.

    Returns:
        The same columns and `interpolated`, true for boxes that no detector saw; in order of
        frames, the boxes inside the picture.
    """
    refined = smooth_boxes(fill_gaps(tracks, frames, MAX_GAP_SEC, stride), SMOOTHING_SEC)
    refined[["x1", "x2"]] = refined[["x1", "x2"]].clip(0, width)
    refined[["y1", "y2"]] = refined[["y1", "y2"]].clip(0, height)
    inside = (refined["x2"] > refined["x1"]) & (refined["y2"] > refined["y1"])
    refined = refined[inside]
    refined = refined.sort_values(["frame_index", "track_id"], kind="stable", ignore_index=True)
    refined["center_x"] = (refined["x1"] + refined["x2"]) / 2
    refined["center_y"] = (refined["y1"] + refined["y2"]) / 2
    return refined


def fill_gaps(
    tracks: pd.DataFrame, frames: pd.DataFrame, max_gap_sec: float, stride: int = 1
) -> pd.DataFrame:
    """Put boxes on straight lines over time through the gaps of each track.

    Args:
        tracks: frame_index, timestamp_sec, track_id, class, category, confidence, x1, y1, x2, y2.
        frames: frame_index, timestamp_sec, one row a decoded frame, in order.
        max_gap_sec: a gap longer than this stays open.
        stride: frames from one processed frame to the next.

    Returns:
        The rows with the new ones between, in order of track and frame, and `interpolated`.
    """
    tracks = tracks.sort_values(["track_id", "frame_index"], kind="stable", ignore_index=True)
    tracks["interpolated"] = False
    indices = tracks["frame_index"].to_numpy()
    before = np.flatnonzero(
        (np.diff(tracks["track_id"]) == 0)
        & (np.diff(indices) > stride)
        & (np.diff(tracks["timestamp_sec"].to_numpy(float)) <= max_gap_sec)
    )
    if not len(before):
        return tracks
    missing = (indices[before + 1] - indices[before] - 1) // stride
    row = np.repeat(before, missing)
    step = np.arange(len(row)) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    bridges = tracks.iloc[row].reset_index(drop=True)
    bridges["frame_index"] += (stride * step).astype(indices.dtype)
    bridges["interpolated"] = True
    times = tracks["timestamp_sec"].to_numpy(float)
    of_frame = frames["frame_index"].searchsorted(bridges["frame_index"])
    seconds = frames["timestamp_sec"].to_numpy(float)[of_frame]
    share = (seconds - times[row]) / (times[row + 1] - times[row])
    # In strides, and rounded, so that the dust of division moves nothing at a constant rate.
    strides = np.round(share * (indices[row + 1] - indices[row]) / stride, 6)
    for name in ("timestamp_sec", "confidence", *BOX):
        values = tracks[name].to_numpy(float)
        slope = (values[row + 1] - values[row]) / (indices[row + 1] - indices[row])
        bridges[name] = (slope * stride * strides + values[row]).astype(tracks[name].dtype)
    both = pd.concat([tracks, bridges], ignore_index=True)
    return both.sort_values(["track_id", "frame_index"], kind="stable", ignore_index=True)


def smooth_boxes(tracks: pd.DataFrame, sigma_sec: float) -> pd.DataFrame:
    """Smooth each box edge over time by a robust local straight line (Cleveland 1979, LOWESS).

    Each edge is fitted on its own, so that a person whose legs are hidden for some frames gets
    the whole box back. A row weighs as much as its confidence, and less the farther it lies from
    the fit (Tukey's bisquare over six median residuals).

    Args:
        tracks: in order of track and time, with `interpolated`.
        sigma_sec: standard deviation of the Gaussian window.
    """
    tracks = tracks.copy()
    edges = tracks[BOX].to_numpy(float).copy()
    times = tracks["timestamp_sec"].to_numpy(float)
    confidences = tracks["confidence"].to_numpy(float).clip(0.01)
    base = np.where(tracks["interpolated"], INTERPOLATED_WEIGHT, confidences)
    for rows in tracks.groupby("track_id").indices.values():
        if len(rows) >= 3:
            edges[rows] = np.column_stack(
                [
                    _robust_fit(times[rows], edges[rows, edge], base[rows], sigma_sec)
                    for edge in range(4)
                ]
            )
    tracks[BOX] = edges.astype(tracks["x1"].dtype)
    return tracks


def _robust_fit(
    times: np.ndarray, values: np.ndarray, base: np.ndarray, sigma: float
) -> np.ndarray:
    weight = base
    for _ in range(ROBUST_ROUNDS):
        residual = np.abs(values - _local_line(times, values, weight, sigma))
        scale = 6 * max(float(np.median(residual)), 0.5)  # half a pixel is never an outlier
        weight = base * np.clip(1 - (residual / scale) ** 2, 1e-3, None) ** 2
    return _local_line(times, values, weight, sigma)


def _local_line(
    times: np.ndarray, values: np.ndarray, weight: np.ndarray, sigma: float
) -> np.ndarray:
    """Gaussian-weighted straight-line fit around every time, in blocks of rows so that a road
    user who is there for an hour needs no table of all against all."""
    fitted = np.empty(len(times))
    for start in range(0, len(times), ROWS_AT_ONCE):
        at = times[start : start + ROWS_AT_ONCE]
        near = slice(
            np.searchsorted(times, at[0] - WINDOW_REACH * sigma, side="left"),
            np.searchsorted(times, at[-1] + WINDOW_REACH * sigma, side="right"),
        )
        apart = times[near][None] - at[:, None]
        kernel = np.exp(-0.5 * (apart / sigma) ** 2) * weight[near][None]
        sum_0, sum_1, sum_2 = (
            kernel.sum(1),
            (kernel * apart).sum(1),
            (kernel * apart * apart).sum(1),
        )
        determinant = sum_0 * sum_2 - sum_1 * sum_1
        is_line = determinant > 1e-9 * sum_0 * sum_0 * sigma**2
        mean = (kernel @ values[near]) / np.maximum(sum_0, 1e-12)
        slope_part = sum_2 * (kernel @ values[near]) - sum_1 * ((kernel * apart) @ values[near])
        fitted[start : start + len(at)] = np.where(
            is_line, slope_part / np.where(is_line, determinant, 1), mean
        )
    return fitted
