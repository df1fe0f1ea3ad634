import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from made_runs import WORDS, edit_record, make_notebook, make_submission, make_video

from tasks.assess.packs import work
from tasks.assess.packs.headings import sections
from tasks.assess.packs.portable_paths import ABSOLUTE
from tasks.assess.packs.registry import PACK_PROBES, inspected
from tasks.assess.results import Outcome, ProbeResult
from tasks.assess.rubrics.reading import find_rubric, read_rubric
from tasks.assess.rubrics.rubric import Rubric

KEY = "AKIA" + "Q3EGRIVB5TXZ7LMN"


@pytest.fixture(scope="module")
def rubrics() -> dict[str, Rubric]:
    return {name: read_rubric(find_rubric(name), PACK_PROBES) for name in ("level3", "challenge")}


@pytest.fixture(scope="module")
def whole(rubrics, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("whole")
    return {name: make_submission(folder / name, one) for name, one in rubrics.items()}


@pytest.fixture
def copied(whole, tmp_path) -> Callable[[str], Path]:
    return lambda name: Path(shutil.copytree(whole[name], tmp_path / name))


def inspect(rubric: Rubric, probe: str, submission: Path) -> ProbeResult:
    return inspected(PACK_PROBES[probe], submission, rubric.assignments)


@pytest.mark.parametrize("name", ["level3", "challenge"])
def test_a_whole_submission_passes_every_probe(rubrics, whole, name):
    rubric = rubrics[name]
    found = {probe: inspect(rubric, probe, whole[name]) for probe in rubric.probes()}
    found.pop("run_reflection", None)
    wrong = {
        probe: one.evidence for probe, one in found.items() if one.outcome is not Outcome.PASSED
    }
    assert wrong == {}
    assert all(one.share == 1.0 for one in found.values())


@pytest.mark.parametrize("name", ["level3", "challenge"])
def test_an_empty_submission_earns_nothing_and_every_folder_is_named(rubrics, tmp_path, name):
    rubric = rubrics[name]
    for probe in rubric.probes():
        found = inspect(rubric, probe, tmp_path)
        if probe == "run_reflection":
            continue
        assert found.share == 0.0
        asked = [one for one in rubric.assignments if PACK_PROBES[probe].asks(one)]
        assert all(f"{one.id}: the folder" in found.evidence for one in asked)


def without(*keys: str) -> Callable[[Path], None]:
    return lambda run: edit_record(run, lambda record: [record.pop(key) for key in keys])


def with_record(**parts: object) -> Callable[[Path], None]:
    return lambda run: edit_record(run, lambda record: record.update(parts))


LEVEL3 = [
    ("run_configuration", without("seed"), "`seed`"),
    ("run_configuration", with_record(config={}), "`config`"),
    ("run_configuration", without("command"), "`command`"),
    ("run_configuration", with_record(flow="benchmark"), "a record of the flow 'finetune'"),
    ("run_data_version", with_record(data=[]), "sources under `data`"),
    ("run_data_version", with_record(data=[{"source": "x", "licence": "MIT"}]), "sha256 of"),
    ("run_data_version", with_record(data=[{"source": "x", "sha256": "a" * 64}]), "licence of"),
    ("run_reproduction", with_record(code={"commit": "c0ffee1", "dirty": True}), "committed"),
    ("run_reproduction", with_record(code={"commit": None, "dirty": None}), "`code.commit`"),
    ("run_reproduction", without("environment"), "`environment`"),
    ("run_reproduction", lambda run: (run / "results.md").unlink(), "the output 'results'"),
    ("run_reproduction", lambda run: (run / "results.md").write_text("x"), "it was changed"),
    (
        "run_reproduction",
        with_record(outputs={"key": {"path": "../C1/results.md", "sha256": "a" * 64}}),
        "leads out",
    ),
    ("run_results", without("metrics"), "`metrics`"),
    ("run_results", with_record(metrics={"a": {"accuracy": 0.9}}), "beside a.accuracy"),
    ("run_results", lambda run: (run / "evaluation_results.csv").unlink(), "evaluation_results"),
    ("run_failure_cases", lambda run: (run / "failure_cases.csv").unlink(), "failure cases"),
    ("run_failure_cases", lambda run: (run / "failure_cases.csv").write_text("a\n"), "failure"),
    ("run_timings", with_record(timings={}), "stages under `timings`"),
    ("run_timings", with_record(timings={"a": {"seconds": 0.0}}), "longer than 0 s"),
    ("run_cost", with_record(metrics={"recall": 0.5}, timings={"a": 1}), "speed, memory or cost"),
    ("run_results", lambda run: (run / "record.json").write_text("[1]"), "no JSON object"),
    ("run_timings", lambda run: (run / "record.json").unlink(), "record.json is missing"),
]


@pytest.mark.parametrize(("probe", "change", "named"), LEVEL3)
def test_missing_evidence_of_a_run_is_named(rubrics, copied, probe, change, named):
    submission = copied("level3")
    change(submission / "C3")

    found = inspect(rubrics["level3"], probe, submission)

    assert found.outcome is Outcome.FAILED
    assert 0.8 < found.share < 1.0
    assert [line for line in found.figures["missing"] if line.startswith("C3: ")]
    assert all(line.startswith("C3: ") for line in found.figures["missing"])
    assert named in found.evidence


def test_failure_cases_may_be_a_section(rubrics, copied):
    submission = copied("level3")
    (submission / "C3" / "failure_cases.csv").unlink()
    (submission / "C3" / "results.md").write_text(
        f"# Results\n\nGood.\n\n## Failure cases\n\n{WORDS * 2}\n", encoding="utf-8"
    )
    assert inspect(rubrics["level3"], "run_failure_cases", submission).share == 1.0


def test_the_reflection_waits_for_a_person(rubrics, copied):
    submission = copied("level3")
    (submission / "C2" / "reflection.md").unlink()

    found = inspect(rubrics["level3"], "run_reflection", submission)

    assert found.outcome is Outcome.PENDING
    assert found.share is None
    assert found.figures["words"] > 100
    assert found.figures["without_one"] == ["C2"]


def test_the_record_may_lie_deeper_and_the_folders_name_in_any_case(rubrics, copied):
    submission = copied("level3")
    (submission / "c2").mkdir()
    (submission / "C2").rename(submission / "c2" / "run-7")
    assert inspect(rubrics["level3"], "run_reproduction", submission).share == 1.0


CHALLENGE = [
    ("files_present", lambda run: (run / "loss_curves.png").unlink(), "the file loss_curves.png"),
    ("files_present", lambda run: (run / "results.md").write_text(" \n"), "results.md, which is"),
    ("notebooks_ran", lambda run: (run / "made.ipynb").unlink(), "a notebook"),
    ("notebooks_ran", lambda run: make_notebook(run / "made.ipynb", [1, None]), "2 was not run"),
    ("notebooks_ran", lambda run: make_notebook(run / "made.ipynb", [2, 1]), "out of order"),
    ("notebooks_ran", lambda run: make_notebook(run / "made.ipynb", [1, 1]), "out of order"),
    ("notebooks_ran", lambda run: make_notebook(run / "made.ipynb", [1], "KeyError"), "KeyError"),
    ("notebooks_ran", lambda run: make_notebook(run / "made.ipynb", []), "no code"),
    ("notebooks_ran", lambda run: (run / "made.ipynb").write_text("{}"), "no notebook"),
    (
        "no_absolute_paths",
        lambda run: (run / "train.py").write_text("open('/home/ada/data.csv')"),
        "train.py, line 1",
    ),
    (
        "no_absolute_paths",
        lambda run: make_notebook(run / "a.ipynb", [1], source="p = 'C:\\\\Users\\\\ada'"),
        "a.ipynb",
    ),
    ("no_secrets", lambda run: (run / ".env").write_text(f"\nKEY={KEY}"), ".env, line 2 (token)"),
    (
        "no_secrets",
        lambda run: make_notebook(run / "a.ipynb", [1], source=f"key = '{KEY}'"),
        "a.ipynb",
    ),
    (
        "model_card_complete",
        lambda run: (run / "MODEL_CARD.md").write_text(f"{WORDS * 10}\n[More Information Needed]"),
        "More Information Needed",
    ),
    (
        "model_card_complete",
        lambda run: (run / "MODEL_CARD.md").write_text(f"# A\n{WORDS * 10}\n## Bias\n\n## Use\nx"),
        "text below 'Bias'",
    ),
    (
        "model_card_complete",
        lambda run: (run / "MODEL_CARD.md").write_text(f"# A\n{WORDS * 10}\nTODO: limits"),
        "TODO",
    ),
    ("model_card_complete", lambda run: (run / "MODEL_CARD.md").write_text("# A\nx"), "words"),
    ("model_card_complete", lambda run: (run / "MODEL_CARD.md").unlink(), "a model card"),
    ("video_length", lambda run: make_video(run / "made.mp4", 185), "takes 185 s"),
    ("video_length", lambda run: (run / "made.mp4").write_bytes(b"\0" * 99), "cannot be played"),
    ("video_length", lambda run: (run / "made.mp4").unlink(), "a video"),
]


@pytest.mark.parametrize(("probe", "change", "named"), CHALLENGE)
def test_what_a_reviewer_would_find_is_named(rubrics, copied, probe, change, named):
    submission = copied("challenge")
    change(submission / "fine_tuning")

    found = inspect(rubrics["challenge"], probe, submission)

    assert found.outcome is Outcome.FAILED
    assert found.share < 1.0
    assert all(line.startswith("fine_tuning: ") for line in found.figures["missing"])
    assert named in found.evidence
    assert KEY not in json.dumps(found.model_dump(mode="json"))


def test_a_video_of_179_seconds_is_short_enough_and_results_may_be_longer(rubrics, copied):
    submission = copied("challenge")
    make_video(submission / "fine_tuning" / "walkthrough.mp4", 179)
    make_video(submission / "fine_tuning" / "made.mp4", 300)
    assert inspect(rubrics["challenge"], "video_length", submission).share == 1.0


def test_links_out_of_a_submission_are_not_followed(rubrics, copied, tmp_path):
    outside = tmp_path / "secret.env"
    outside.write_text(f"KEY={KEY}", encoding="utf-8")
    submission = copied("challenge")
    (submission / "fine_tuning" / "secret.env").symlink_to(outside)
    (submission / "fine_tuning" / "results.md").unlink()
    (submission / "fine_tuning" / "results.md").symlink_to(outside)
    os.mkfifo(submission / "fine_tuning" / "pipe.py")

    assert inspect(rubrics["challenge"], "no_secrets", submission).share == 1.0
    assert "results.md" in inspect(rubrics["challenge"], "files_present", submission).evidence


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/home/ada/x",
        "#!/usr/bin/env python",
        "open('data/home/x.csv')",
        "print('Q:\\nWhat is it')",
        "either/or, 3/4, and/data/x",
        "</data/x>",
        "at 10:30 / home",
    ],
)
def test_what_looks_like_an_absolute_path_and_is_none(text):
    assert not ABSOLUTE.search(text)


@pytest.mark.parametrize(
    "text",
    [
        '"/Users/ada/x"',
        "C:\\Users\\ada",
        "D:/data/x",
        "file:///home/x",
        "--in=/mnt/d/x",
        "(/tmp/splits)",
        "/content/drive/x",
    ],
)
def test_absolute_paths_are_found(text):
    assert ABSOLUTE.search(text)


def test_sections_of_html_and_markdown_hold_their_subsections_and_no_code():
    page = (
        "<h1>Run</h1>x<style>y</style><h2>Failure cases</h2><p>one</p><h3>Dark</h3>two"
        "<h2>Cost</h2>three"
    )
    text = "# Run\nx\n## Failure cases\none\n```\n# no heading\n```\n### Dark\ntwo\n## Cost\nthree"
    for found in (sections(page, is_html=True), sections(text, is_html=False)):
        bodies = {one.heading: one.body.split() for one in found}
        assert list(bodies) == ["Run", "Failure cases", "Dark", "Cost"]
        assert bodies["Failure cases"] == ["one", "Dark", "two"]
        assert bodies["Cost"] == ["three"]
        assert bodies["Run"][0] == "x"
        assert "y" not in bodies["Run"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("report.html", "<h1>" * 50_000),
        ("report.md", "<!--" * 100_000 + "\n# a" * 50_000),
        ("notes.md", "# " + " #" * 100_000 + "x"),
        ("key.py", "-----BEGIN PRIVATE KEY-----\n" * 10_000),
        ("MODEL_CARD.md", "{{" * 100_000 + "[your" * 50_000),
    ],
)
def test_text_made_to_stall_the_grader_does_not(rubrics, copied, name, text):
    submission = copied("challenge")
    (submission / "fine_tuning" / name).write_text(text, encoding="utf-8")
    started = time.monotonic()
    for probe in (
        "no_secrets",
        "no_absolute_paths",
        "model_card_complete",
        "run_failure_cases",
        "run_reflection",
    ):
        found = inspect(rubrics["challenge"], probe, submission)
        assert found.outcome is not Outcome.GRADER_ERROR
    assert time.monotonic() - started < 20


def test_more_text_than_is_looked_through_goes_to_a_person(rubrics, copied, monkeypatch):
    monkeypatch.setattr(work, "MOST_TEXT_TOGETHER", 1000)
    found = inspect(rubrics["challenge"], "no_secrets", copied("challenge"))
    assert found.outcome is Outcome.GRADER_ERROR
    assert found.share is None
