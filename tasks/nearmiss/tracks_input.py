"""Read somebody else's trajectories: our CSV columns, or MOTChallenge text.

CSV: a header with `frame,track_id,class,x,y`, frames counted from 0, and optionally `length`,
`width`, `heading_deg`, `vx,vy`, `x1,y1,x2,y2` and `confidence` in any order; other columns are
left aside. An empty optional field means "not known".

MOTChallenge (https://motchallenge.net/instructions/): no header; frame counted from 1, id, left,
top, width, height, confidence; then world x, y, z (ten columns, all of them people), or class
number and visibility (nine columns).
"""

import csv
import io
import math
from pathlib import Path

import numpy as np
import pandas as pd

from tasks.errors import BadInput
from tasks.nearmiss.classes import CLASSES, category_of
from tasks.nearmiss.track_checks import Mask, first_reasons, out_of_order, repeated, too_fast
from tasks.text import plain

REQUIRED = ["frame", "track_id", "class", "x", "y"]
BOX = ["x1", "y1", "x2", "y2"]
OPTIONAL = ["length", "width", "heading_deg", "vx", "vy", *BOX]
UNITS = ("m", "px")
MAX_SPEED_M_S = 100.0
MAX_NUMBER = 2**31 - 1
OTHER_NAMES = {"pedestrian": "person", "cyclist": "bicycle", "motorbike": "motorcycle"}
# Class numbers of MOT16 and later; the others are no road users, or not to be counted.
MOT_CLASSES = {1: "person", 2: "person", 3: "car", 4: "bicycle", 5: "motorcycle", 7: "person"}
MOT_COLUMNS = ["frame", "track_id", "left", "top", "box_width", "box_height", "confidence"]
_MORE = "too many fields"


def read_tracks(path: Path, units: str, fps: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read trajectories and set aside the rows that cannot be right.

    Args:
        path: CSV or MOTChallenge text, see the module's text.
        units: "m" or "px", of places, sizes and speeds. MOTChallenge boxes are in pixels; with
            "m" its world columns are read instead.
        fps: frames a second, for the times.

    Returns:
        The tracks, sorted by frame, and the quarantine.
        Tracks: frame_index (from 0), timestamp_sec, track_id, class (one of CLASSES), category,
        confidence (1.0 where none is given), x, y and OPTIONAL (NaN where not known), in
        `units`, degrees and `units` a second. x, y of a MOTChallenge box is its centre.
        `attrs["ignored_columns"]` names the columns that were left aside.
        Quarantine: row (line in the file, from 1), reason, and the fields as they were written.

    Raises:
        BadInput: one sentence, where the file as a whole cannot be used.
    """
    if units not in UNITS:
        raise BadInput(f"Unknown units '{units}' for {path}; use m or px.")
    if not (math.isfinite(fps) and fps > 0):
        raise BadInput(f"The frame rate of {path} must be more than 0 frames a second, got {fps}.")
    written, is_mot, ignored = _read(path)
    table = written.drop(columns=[_MORE, "row"])
    table, checks = _from_mot(table, units, path) if is_mot else _from_csv(table)
    checks.insert(0, ((written[_MORE] != "").to_numpy(), _MORE))
    reasons = _reasons(table, checks, units, fps)
    good = reasons == ""
    quarantine = written[~good].drop(columns=_MORE).reset_index(drop=True)
    quarantine.insert(1, "reason", reasons[~good])
    if not good.any():
        raise BadInput(
            f"{path}: no row can be used; the first, in line {quarantine['row'].iat[0]}: "
            f"{quarantine['reason'].iat[0]}."
        )
    tracks = _output(table[good], fps)
    tracks.attrs["ignored_columns"] = ignored
    if len(tracks) + len(quarantine) != len(written):
        raise AssertionError("rows in must be rows kept plus rows quarantined")
    return tracks, quarantine


def as_tracked(tracks: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tracks in pixels as those of a video are: for `scoring.score_tracks`.

    Args:
        tracks: of `read_tracks`. A road user without a box has one without an area at its place.

    Returns:
        One row a frame in which anybody is (frame_index, timestamp_sec, processed), and the
        tracks with whole boxes and `center_x`, `center_y`.
    """
    frames = tracks[["frame_index", "timestamp_sec"]].drop_duplicates(ignore_index=True)
    places = tracks.rename(columns={"x": "center_x", "y": "center_y"})
    for corner, center in zip(BOX, ["center_x", "center_y"] * 2, strict=True):
        places[corner] = places[corner].fillna(places[center])
    return frames.assign(processed=True), places


def _read(path: Path) -> tuple[pd.DataFrame, bool, list[str]]:
    """All rows as text with their line number, whether it is MOTChallenge, columns left aside."""
    lines = _text(path).split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise BadInput(f"{path}: the file is empty.")
    separator = max(",;\t", key=lines[first].count)
    fields = [field.strip(' "\r') for field in lines[first].split(separator)]
    is_mot = len(fields) >= len(MOT_COLUMNS) and all(map(_is_number, fields))
    if is_mot:
        names = MOT_COLUMNS + [f"extra_{n}" for n in range(1, len(fields) - len(MOT_COLUMNS) + 1)]
    else:
        names = [field.lower() for field in fields]
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise BadInput(
                f"{path}: the column{'s' * (len(missing) > 1)} {', '.join(missing)} "
                f"{'are' if len(missing) > 1 else 'is'} missing; the header must name "
                f"{', '.join(REQUIRED)}."
            )
        if len(set(names)) < len(names) or {_MORE, "row", "reason"} & set(names):
            raise BadInput(f"{path}: a column name is used twice, or is one of row and reason.")
    table = _parse("\n".join(lines[first + (not is_mot) :]), separator, names, path)
    table.insert(0, "row", np.arange(len(table)) + first + (1 if is_mot else 2))
    table = table[(table[names] != "").any(axis=1)].reset_index(drop=True)
    if table.empty:
        raise BadInput(f"{path}: holds a header but no rows.")
    known = {*REQUIRED, *OPTIONAL, "confidence"}
    return table, is_mot, [] if is_mot else [name for name in names if name not in known]


def _text(path: Path) -> str:
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not a CSV or MOTChallenge text file.") from error
    if "\0" in text:
        raise BadInput(f"{path}: is not a CSV or MOTChallenge text file.")
    return text


def _parse(text: str, separator: str, names: list[str], path: Path) -> pd.DataFrame:
    """Every line a row of text fields; blank lines too, so that the line numbers hold."""
    options = {
        "sep": separator,
        "header": None,
        "names": [*names, _MORE],
        "index_col": False,
        "dtype": str,
        "keep_default_na": False,
        "skip_blank_lines": False,
        "quoting": csv.QUOTE_NONE,  # a quote that is never closed would swallow the rest
    }
    try:
        try:
            table = pd.read_csv(io.StringIO(text), **options)
        except pd.errors.ParserError:  # a line with more fields still: slower, but it can say so
            table = pd.read_csv(
                io.StringIO(text),
                engine="python",
                on_bad_lines=lambda fields: [*fields[: len(names)], _MORE],
                **options,
            )
    except pd.errors.EmptyDataError as error:
        raise BadInput(f"{path}: holds a header but no rows.") from error
    except (pd.errors.ParserError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read as CSV ({plain(error)}).") from error
    return table.fillna("").apply(lambda column: column.str.strip(' "\r'))


def _from_csv(table: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple[Mask, str]]]:
    """Typed columns, and what is wrong with the optional ones."""
    found = pd.DataFrame({"class": table["class"].str.lower().replace(OTHER_NAMES)})
    for name in ("frame", "track_id", "x", "y"):
        found[name] = _numbers(table[name])
    checks = []
    for name in [*OPTIONAL, "confidence"]:
        text = table[name] if name in table else pd.Series("", index=table.index)
        known = ~text.str.lower().isin(["", "nan", "na", "none", "null"])
        found[name] = _numbers(text).where(known)
        checks.append((known & ~np.isfinite(found[name]), f"{name} is not a finite number"))
    found["confidence"] = found["confidence"].fillna(1.0)
    return found, checks


def _from_mot(
    table: pd.DataFrame, units: str, path: Path
) -> tuple[pd.DataFrame, list[tuple[Mask, str]]]:
    """Typed columns, and which rows their file itself takes out."""
    values = table.apply(_numbers)
    found = pd.DataFrame({"frame": values["frame"] - 1, "track_id": values["track_id"]})
    found["class"] = "person"
    found["confidence"] = values["confidence"].where(values["confidence"] != -1, 1.0)
    checks: list[tuple[Mask, str]] = []
    if len(values.columns) == 9:
        found["class"] = values["extra_1"].map(MOT_CLASSES).fillna("")
        checks.append((values["confidence"] == 0, "marked as not to be counted"))
    found[OPTIONAL] = np.nan
    if units == "m":
        world = ["extra_1", "extra_2"]
        if len(values.columns) != 10 or (values[world] == -1).all(axis=None):
            raise BadInput(
                f"{path}: MOTChallenge boxes are in pixels and this file has no world columns; "
                "use --units px."
            )
        found[["x", "y"]] = values[world]
        return found, checks
    found["x1"], found["y1"] = values["left"], values["top"]
    found["x2"] = values["left"] + values["box_width"]
    found["y2"] = values["top"] + values["box_height"]
    found["x"] = values["left"] + values["box_width"] / 2
    found["y"] = values["top"] + values["box_height"] / 2
    return found, checks


def _reasons(
    table: pd.DataFrame, checks: list[tuple[Mask, str]], units: str, fps: float
) -> np.ndarray:
    """The first reason against each row, "" for none."""
    for name in ("frame", "track_id"):
        values = table[name]
        checks += [
            (~np.isfinite(values), f"{name} is not a finite number"),
            (values != values.round(), f"{name} is not a whole number"),
            ((values < 0) | (values > MAX_NUMBER), f"{name} is below its first value, or too big"),
        ]
    checks.append((~table["class"].isin(CLASSES), f"unknown class; known: {', '.join(CLASSES)}"))
    checks += [(~np.isfinite(table[name]), f"{name} is not a finite number") for name in "xy"]
    checks += [(table[name] <= 0, f"{name} is not above zero") for name in ("length", "width")]
    checks += [
        (table[BOX].isna().any(axis=1) & table[BOX].notna().any(axis=1), "incomplete box"),
        (table["vx"].isna() != table["vy"].isna(), "only one of vx and vy"),
        ((table["x2"] <= table["x1"]) | (table["y2"] <= table["y1"]), "box without a size"),
        (~table["confidence"].between(0, 1), "confidence is outside 0 to 1"),
    ]
    reasons = first_reasons(checks, len(table))
    track, frame = table["track_id"].to_numpy(), table["frame"].to_numpy()
    again = repeated(track, frame, reasons == "")
    reasons[again] = "the track has another row in this frame"
    reasons[out_of_order(track, frame, reasons == "")] = "jumps in time within its track"
    if units == "m":
        place = table[["x", "y"]].to_numpy()
        fast = too_fast(track, frame / fps, place, MAX_SPEED_M_S, reasons == "")
        reasons[fast] = f"a jump in place that takes more than {MAX_SPEED_M_S:.0f} m/s"
    return reasons


def _output(table: pd.DataFrame, fps: float) -> pd.DataFrame:
    tracks = pd.DataFrame(
        {
            "frame_index": table["frame"].astype("int32"),
            "timestamp_sec": table["frame"] / fps,
            "track_id": table["track_id"].astype("int32"),
            "class": pd.Categorical(table["class"], categories=CLASSES),
            "category": table["class"].map(category_of).astype("category"),
            "confidence": table["confidence"].astype("float32"),
            **{name: table[name].astype(float) for name in ["x", "y", *OPTIONAL]},
        }
    )
    return tracks.sort_values(["frame_index", "track_id"], kind="stable", ignore_index=True)


def _numbers(text: pd.Series) -> pd.Series:
    return pd.to_numeric(text, errors="coerce").astype(float)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
