"""The fine-tuning flow from sources to splits: what it makes, what it caches, what stops it."""

import json
import shutil

import pandas as pd
import pytest

from flows.finetune import finetune
from tasks.finetune.config import FinetuneConfig
from tasks.finetune.writing import read_split
from tasks.gates import FAILED_STATE

TOPICS = (
    "printer tray jam", "router channel noise", "laptop battery drain", "mail queue delay",
    "disk quota limit", "browser cache error", "backup rotation plan", "kernel module taint",
    "database lock wait", "container image layer", "branch merge conflict", "shell quoting rule",
    "phone sync failure", "tunnel key rotation", "password vault export", "proxy header size",
    "screen driver flicker", "keyboard layout switch", "clock drift offset", "font package cache",
)  # fmt: skip
DETAILS = (
    "after a restart of the office network", "when a second user signs in",
    "while a large file is copied", "before the nightly job has ended",
    "since the last update was installed", "on machines without a graphics card",
    "if the cable is plugged in late", "during the first minute of the day",
)  # fmt: skip


HEBREW = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd. "


def made_rows(count=160):
    """Rows that differ in every part, so that none is like another."""
    rows = []
    for number in range(count):
        topic, detail = TOPICS[number % 20], DETAILS[number // 20 % 8]
        words = [f"{part}{number}" for part in topic.split()]
        # A number every few words: rows that share 13 words on end are not let into two splits.
        output = (
            f"For case {number}, open the settings of the {topic} and find entry {words[0]}. Then "
            f"compare {words[1]} with {words[2]}, which as item {number} shows it {detail}. In "
            f"line {number} write the value {number * 37} into field {number}, save it, and test "
            f"again with {words[2]} switched off. If nothing changes, undo the step."
        )
        question = f"Why does the {topic} number {number} appear {detail}?"
        rows.append({"instruction": question, "input": "", "output": output, "domain": topic})
    return rows


def write_source(folder, rows, name="tickets"):
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / f"{name}.jsonl").write_text(text)
    (folder / f"{name}.yaml").write_text(
        f"name: {name}\nkind: jsonl\nlocation: {name}.jsonl\nlicense: CC0-1.0\n"
        "required: true\ndomain_column: domain\n"
    )


def run(tmp_path, **settings):
    usual = {
        "sources": [tmp_path / "sources"],
        "data_dir": tmp_path / "data",
        "output_dir": tmp_path / "out",
        "min_rows": 50,
        "until": "validate",
    }
    return finetune(FinetuneConfig(**(usual | settings)), return_state=True)


def stages_that_ran(folder):
    timings = json.loads((folder / "record.json").read_text())["timings"]
    return {name for name, timing in timings.items() if not timing["cached"]} - {"summary"}


def test_sources_become_splits_and_a_change_runs_only_what_depends_on_it(tmp_path, prefect_server):
    rows = made_rows()
    write_source(tmp_path / "sources", rows[:100])
    write_source(tmp_path / "sources", rows[100:], name="manuals")
    state = run(tmp_path)
    assert state.is_completed(), state.message
    folder = state.result().folder
    splits = {name: list(read_split(tmp_path / "data", name)) for name in ("train", "val", "test")}
    assert sum(map(len, splits.values())) == 160
    assert len(splits["test"]) >= 8
    assert {"audit.html", "audit.md", "quarantine.jsonl", "record.json"} <= {
        path.name for path in folder.iterdir()
    }
    assert "tickets" in (tmp_path / "data" / "DATA_CARD.md").read_text()

    assert run(tmp_path).is_completed()
    assert stages_that_ran(folder) == set()

    changed = [*rows[100:-1], {**rows[-1], "output": rows[-1]["output"] + " Ask for help then."}]
    write_source(tmp_path / "sources", changed, name="manuals")
    assert run(tmp_path).is_completed()
    assert "read manuals" in stages_that_ran(folder)
    assert "read tickets" not in stages_that_ran(folder)
    test_before = {row["row_id"] for row in splits["test"]}
    still_there = {row["row_id"] for name in splits for row in read_split(tmp_path / "data", name)}
    now = {row["row_id"] for row in read_split(tmp_path / "data", "test")}
    assert test_before & still_there <= now, "a test row has left the test split"


def with_mail(rows):
    for number, row in enumerate(rows[:30]):
        row["output"] += f" Write to jane.doe{number}@contoso-mail.com for help."
    return rows


def with_copies(rows):
    return rows + [dict(row) for row in rows[:80]]


def cut_off(rows):
    for row in rows[:40]:
        row["output"] = row["output"][:-40].rsplit(" ", 1)[0] + " and"
    return rows


@pytest.mark.parametrize(
    ("doctor", "expected"),
    [
        (with_mail, "No source holds more personal data and secrets than allowed"),
        (with_copies, "No source holds more duplicates than allowed"),
        (cut_off, "No source holds more answers that are cut off than allowed"),
        (lambda rows: [], "Every required source gives rows"),
        (None, "Every required source gives rows"),
        (lambda rows: rows[:30], "There are at least as many rows as were asked for"),
    ],
    ids=["e-mails", "duplicates", "cut off", "an empty file", "a missing file", "too few rows"],
)
def test_a_dirty_source_stops_at_the_gate(
    doctor, expected, tmp_path, prefect_server, artifacts_of_run
):
    write_source(tmp_path / "sources", doctor(made_rows()) if doctor else [])
    if doctor is None:
        (tmp_path / "sources" / "tickets.jsonl").unlink()
    state = run(tmp_path)
    assert state.name == FAILED_STATE, state.message
    assert expected in state.message
    assert not (tmp_path / "data").exists(), "dirty data must not reach the data folder"
    found = artifacts_of_run(state.state_details.flow_run_id)
    gates = [artifact for key, artifact in found.items() if key.startswith("gate-qa")]
    assert any(expected in artifact.data for artifact in gates)


def messy_csv(path, count):
    """What an IT team exports: a BOM, HTML, copies, numbers to call, emoji, right-to-left text."""
    lines = ["Ticket;Question;Answer;Owner"]
    for number, row in enumerate(made_rows(count)):
        question, answer = row["instruction"], row["output"]
        kind = number % 20
        answer = {
            1: f"<p>{answer}</p><br/>&nbsp;",
            2: f"{answer} Call +44 20 8743 {number % 10000:04d}.",
            3: "",
            4: answer[:40],
            5: f"{answer} \U0001f600",
            6: HEBREW * 20,
            7: answer.replace("'", "\u00e2\u20ac\u2122"),
            8: "word " * 20_000 if number == 8 else answer,
        }.get(kind, answer)
        if kind == 9:
            question = "Why does the copied question appear in every export?"
        cells = [str(number), question, answer.replace('"', '""'), "desk"]
        if kind == 10:
            cells = cells[:2]
        lines.append(";".join(f'"{cell}"' for cell in cells))
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())


@pytest.mark.parametrize("count", [400, pytest.param(5000, marks=pytest.mark.slow)])
def test_every_row_of_a_messy_export_is_accounted_for(count, tmp_path, prefect_server):
    messy_csv(tmp_path / "export.csv", count)
    state = run(tmp_path, sources=[tmp_path / "export.csv"], until="curate")
    assert state.is_completed(), state.message
    folder = state.result().folder
    metrics = json.loads((folder / "record.json").read_text())["metrics"]
    assert metrics["gather"]["rows_read"] == count
    read, curated = metrics["gather"], metrics["curate"]
    assert read["rows_read"] == read["rows_refused"] + curated["kept"] + curated["quarantined"]
    assert {"pii", "words", "exact_duplicates", "language"} <= set(curated["reasons"]), curated
    assert curated["kept"] > 0.4 * count
    kept = pd.read_parquet(folder / "curated.parquet")
    assert not kept["output"].str.contains("<p>|\u00e2\u20ac").any()


@pytest.mark.slow
def test_the_shipped_sources_give_a_thousand_rows_without_contamination(
    tmp_path, prefect_server, faq_file
):
    state = run(tmp_path, sources=[], min_rows=1000)
    assert state.is_completed(), state.message
    table = pd.read_csv(state.result().folder / "splits.csv")
    assert table["rows"].sum() >= 1000
    assert table[["contaminated", "shared_rows", "shared_clusters"]].to_numpy().sum() == 0
    assert (table["share_off"] <= 0.02).all()
    shutil.rmtree(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("required", [False, True])
def test_an_unreachable_hub_stops_only_a_run_that_needs_it(
    required, tmp_path, prefect_server, monkeypatch
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    write_source(tmp_path / "sources", made_rows())
    (tmp_path / "sources" / "hub.yaml").write_text(
        "name: hub-set\nkind: hub\nlocation: nobody/nothing-like-this\nlicense: MIT\n"
        f"revision: '{'ab' * 20}'\nrequired: {str(required).lower()}\n"
    )
    state = run(tmp_path)
    if required:
        assert "HubUnreachable" in state.message
        assert not (tmp_path / "data").exists()
        return
    assert state.is_completed(), state.message
    record = json.loads((state.result().folder / "record.json").read_text())
    assert any("Left out" in warning and "hub" in warning for warning in record["warnings"])
