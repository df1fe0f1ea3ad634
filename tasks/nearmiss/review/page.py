"""The review page: candidates with their evidence, and buttons to say whether they are right."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import pandas as pd

from tasks.files import write_text
from tasks.nearmiss.review.assessment import assess
from tasks.nearmiss.review.clips import Clip
from tasks.nearmiss.review.evidence import finite, is_true, moment, table_of
from tasks.nearmiss.review.labels import FORMAT, LONGEST_NOTE
from tasks.nearmiss.review.shots import check_ids
from tasks.nearmiss.scoring import LEVELS
from tasks.pictures import data_uri

TEMPLATES = Path(__file__).parent.parent / "templates"
SHOWN = 5  # of the kept, and of the rejected
MAX_PICTURE_BYTES = 160_000
RULE = (
    "Each level in turn (High, Medium, Low) gives its riskiest kept candidate, and each filter in "
    "turn its riskiest rejected one, until there are {n} of each; equal scores go by the id."
)


def choose(
    kept: pd.DataFrame, rejected: pd.DataFrame, n: int = SHOWN
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The candidates to review, as the page says in RULE; the riskiest first.

    Args:
        kept: interactions.
        rejected: candidates; filters take their turns in the order of their riskiest one.
        n: of each; fewer where there are fewer.

    Returns:
        Rows of `kept` and rows of `rejected`.
    """
    return _in_turn(kept, "risk_level", list(LEVELS), n), _in_turn(rejected, "filter", [], n)


def write_review(
    path: Path,
    kept: pd.DataFrame,
    rejected: pd.DataFrame,
    *,
    title: str,
    video_sha256: str,
    clips: Mapping[str, Clip] | None = None,
    stills: Mapping[str, Path] | None = None,
    is_made_scene: bool = False,
    n: int = SHOWN,
) -> pd.DataFrame:
    """Write the page. It opens from a folder without the internet.

    Args:
        path: of the HTML file; clips are linked relative to it, pictures are inside it.
        kept: interactions.
        rejected: candidates, with `filter` and `reason`.
        title: of the page, for example the video's name; any text.
        video_sha256: of the video (or the tracks file), 64 hex digits; goes into the answers.
        clips: interaction_id -> clip, at least of what `choose` gives; what has none shows its
            still, and what has neither says so.
        stills: interaction_id -> picture.
        is_made_scene: whether the page says that this is no real traffic.
        n: of each table.

    Returns:
        The candidates on the page: interaction_id and table ("kept" or "rejected").

    Raises:
        ValueError: an interaction_id is not unique over both tables, or no safe file name.
    """
    check_ids([*kept["interaction_id"], *rejected["interaction_id"]])
    groups = dict(zip(("kept", "rejected"), choose(kept, rejected, n), strict=True))
    shown = [
        {"id": row["interaction_id"], "table": table}
        for table, rows in groups.items()
        for row in rows.to_dict("records")
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cards = {
        table: [
            _card(row, path.parent, clips or {}, stills or {}) for row in rows.to_dict("records")
        ]
        for table, rows in groups.items()
    }
    text = environment.get_template("review.html.j2").render(
        title=title,
        is_made_scene=is_made_scene,
        is_in_pixels=any(card["units"] == "px" for group in cards.values() for card in group),
        rule=RULE.format(n=n),
        groups=cards,
        counts={"kept": len(kept), "rejected": len(rejected)},
        longest_note=LONGEST_NOTE,
        facts={
            "format": FORMAT,
            "video_sha256": video_sha256,
            "candidates": shown,
            "key": f"{FORMAT}:{video_sha256}:{_fingerprint(groups)}",
            "longest_note": LONGEST_NOTE,
        },
    )
    write_text(path, text)
    return pd.DataFrame(shown, columns=["id", "table"]).rename(columns={"id": "interaction_id"})


def _in_turn(table: pd.DataFrame, column: str, first: list[str], n: int) -> pd.DataFrame:
    """n rows: the groups of a column take turns, `first` before the others, riskiest row first."""
    scores = pd.to_numeric(table["risk_score"]).map(lambda score: score if finite(score) else -1)
    ranked = table.assign(_score=scores, _group=table[column].fillna("").astype(str))
    ranked = ranked.sort_values(
        ["_score", "interaction_id"], ascending=[False, True], kind="stable"
    )
    order = list(dict.fromkeys([*first, *ranked["_group"]]))
    ranked["_turn"] = ranked.groupby("_group").cumcount()
    ranked["_place"] = ranked["_group"].map(order.index)
    # sort_values is stable only where asked: the riskiest come first again in what is left
    chosen = ranked.sort_values(["_turn", "_place"], kind="stable").head(n).index
    return table.loc[[index for index in ranked.index if index in set(chosen)]]


def _card(
    row: Mapping[str, Any], folder: Path, clips: Mapping[str, Clip], stills: Mapping[str, Path]
) -> dict[str, Any]:
    """What the template shows of a candidate."""
    name = row["interaction_id"]
    clip, still = clips.get(name), stills.get(name)
    assessment = assess(row)
    return {
        "id": name,
        "units": row["units"],
        "level": row["risk_level"] if row["risk_level"] in LEVELS else "not rated",
        "who": [f"{row[f'class_{side}']} #{int(row[f'track_id_{side}'])}" for side in (1, 2)],
        "at": moment(row["worst_sec"]),
        "vulnerable": is_true(row["vulnerable"]),
        "filter": row.get("filter"),
        "reason": row.get("reason"),
        "clip": quote(Path(os.path.relpath(clip.video, folder)).as_posix()) if clip else None,
        "frame": _uri(clip.frame if clip else None),
        "close_up": _uri(clip.close_up if clip else None),
        "still": _uri(still),
        "values": table_of(row),
        "verdict": assessment.verdict,
        "sentences": assessment.sentences,
    }


def _uri(picture: Path | None) -> str | None:
    return None if picture is None else data_uri(picture, MAX_PICTURE_BYTES)


def _fingerprint(groups: Mapping[str, pd.DataFrame]) -> str:
    """Of the candidates: a browser must not give a new run's k001 the old one's answer."""
    columns = ["interaction_id", "track_id_1", "track_id_2", "start_frame", "end_frame"]
    rows = {table: rows[columns].astype(str).to_dict("records") for table, rows in groups.items()}
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]
