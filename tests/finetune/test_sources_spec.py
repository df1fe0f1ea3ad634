"""What may stand in a source's YAML, and which sources a path means."""

import os
from pathlib import Path

import pytest
from source_data import read, read_spec_rows, written

from tasks.errors import BadInput
from tasks.finetune.sources.locations import MissingSource
from tasks.finetune.sources.spec import DEFAULT_FOLDER, load_specs, read_spec

YAML = "name: one\nkind: jsonl\nlocation: one.jsonl\n"
ROW = '{"instruction": "Why?", "output": "Because."}\n'


def test_the_shipped_sources_are_valid_and_only_local_ones_are_on():
    shipped = {path.name: read_spec(path) for path in DEFAULT_FOLDER.glob("*.yaml")}
    assert {"manual.yaml", "synthetic.yaml", "faq.yaml"} <= set(shipped)
    assert all(name == f"{spec.name}.yaml" for name, spec in shipped.items())
    hub = [spec for spec in shipped.values() if spec.kind == "hub"]
    assert len(hub) == 3
    for spec in hub:
        assert not spec.enabled
        assert len(spec.revision) == 40
    assert [spec.name for spec in load_specs()][:3] == ["manual", "synthetic", "faq"]


def test_a_folder_means_its_yamls_and_the_data_that_none_of_them_names(tmp_path):
    written(tmp_path / "one.yaml", YAML)
    for name in ("one.jsonl", "Two Tables.csv", "notes.txt"):
        written(tmp_path / name, ROW)
    specs = load_specs([tmp_path])
    assert [(spec.name, spec.kind, spec.required) for spec in specs] == [
        ("one", "jsonl", False),
        ("two-tables", "table", True),
    ]
    rows, _, _ = read_spec_rows(specs[0])
    assert rows[0]["source"] == "one"


def test_a_disabled_source_is_read_only_when_it_is_named_itself(tmp_path):
    path = written(tmp_path / "one.yaml", YAML + "enabled: false\n")
    with pytest.raises(BadInput, match="enabled: false"):
        load_specs([tmp_path])
    assert [spec.name for spec in load_specs([path])] == ["one"]


def test_sources_are_read_in_their_order(tmp_path):
    written(tmp_path / "a.yaml", YAML.replace("one", "late"))
    written(tmp_path / "b.yaml", YAML.replace("one", "early") + "order: 1\n")
    assert [spec.name for spec in load_specs([tmp_path])] == ["early", "late"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "must hold a source's keys"),
        ("- a\n- b\n", "must hold a source's keys"),
        ("name: [broken\n", r"is not valid YAML \(line 2\)"),
        ("name: one\nkind: jsonl\n", "key 'location' is missing"),
        (YAML + "licence: MIT\n", "unknown key 'licence'"),
        (YAML + "columns: {question: q}\n", r"unknown key 'columns\.question'"),
        (YAML.replace("jsonl\n", "excel\n", 1), "kind: Input should be"),
        (YAML.replace("name: one", "name: ../one"), "name: String should match"),
        (YAML + "max_share: 12\n", "max_share: Input should be less than or equal to 1"),
        (YAML + "limit: 0\n", "limit: Input should be greater"),
        (YAML.replace("jsonl\n", "hub\n", 1), "needs a `revision`"),
        (YAML.replace("jsonl\n", "synthetic\n", 1), "needs the `prompt`"),
        (YAML + "domain_rules: [{contains: a, domain: b}]\n", "need a `domain_column`"),
        (YAML + "license_rules: [{contains: a, license: b}]\n", 'need `license: "from column"`'),
        ("name: !!python/object/apply:os.getcwd []\n", "is not valid YAML"),
    ],
)
def test_a_wrong_yaml_is_refused_in_one_sentence(tmp_path, content, says):
    path = written(tmp_path / "one.yaml", content)
    with pytest.raises(BadInput, match=says) as caught:
        load_specs([path])
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_paths_that_mean_no_source(tmp_path):
    with pytest.raises(BadInput, match="no such source file or folder"):
        load_specs([tmp_path / "none"])
    with pytest.raises(BadInput, match="holds no source"):
        load_specs([tmp_path])
    with pytest.raises(BadInput, match="is no source; give a YAML"):
        load_specs([written(tmp_path / "a.txt", "x")])
    with pytest.raises(BadInput, match="no such source file or folder"):
        load_specs([Path("x" * 5000)])
    with pytest.raises(BadInput, match="no such source file or folder"):
        load_specs([Path("~nobody-of-this-name/x.csv")])
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        load_specs([tmp_path / "pipe.csv"])
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        read("table", tmp_path / "pipe.csv")
    written(tmp_path / "a.jsonl", ROW)
    written(tmp_path / "a.csv", ROW)
    with pytest.raises(BadInput, match="Two sources are named 'a'"):
        load_specs([tmp_path])


def test_a_location_is_looked_for_in_the_data_folders(tmp_path, monkeypatch):
    (tmp_path / "qa").mkdir()
    written(tmp_path / "qa" / "mine-only.jsonl", ROW)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    rows, _, _ = read("jsonl", Path("qa/mine-only.jsonl"))
    assert len(rows) == 1


def test_licences_and_domains_by_rules(tmp_path):
    lines = [("MATH", "algebra"), ("Reclor v2", "logic"), ("other", "none")]
    text = "".join(
        f'{{"instruction": "{origin}?", "output": "x", "from": "{origin}", "tag": "{tag}"}}\n'
        for origin, tag in lines
    )
    rows, refused, figures = read(
        "jsonl",
        written(tmp_path / "a.jsonl", text),
        license="from column",
        columns={"license": "from"},
        license_rules=[
            {"contains": "math", "license": "MIT"},
            {"contains": "reclor", "license": "non-commercial"},
        ],
        allowed_licenses=["MIT"],
        domain_column="tag",
        domain_rules=[{"contains": "ALG", "domain": "mathematics"}],
        domain="rest",
    )
    assert [(row["license"], row["domain"]) for row in rows] == [("MIT", "mathematics")]
    assert [one.reason for one in refused] == [
        "licence not allowed: non-commercial",
        "licence not allowed: none stated",
    ]
    assert figures.kept_by_license == {"MIT": 1}


def test_domains_that_are_not_wanted_are_refused(tmp_path):
    text = ROW + ROW.replace("}", ', "domain": "mail"}')
    path = written(tmp_path / "a.jsonl", text)
    rows, refused, _ = read("jsonl", path, keep_domains=["mail"], domain_column="domain")
    assert [row["domain"] for row in rows] == ["mail"]
    assert refused[0].reason == "domain not wanted: none"


def test_the_shipped_faq_keeps_what_its_readme_says():
    spec = read_spec(DEFAULT_FOLDER / "faq.yaml")
    try:
        rows, _, figures = read_spec_rows(spec)
    except MissingSource as missing:
        pytest.skip(str(missing))
    assert figures.rows_read == 1562
    assert figures.refused_by_reason == {"licence not allowed": 267, "balance": 144}
    assert len(rows) == 1151
    assert max(figures.kept_by_domain.values()) <= 0.12 * len(rows)
    assert all(row["license"] and row["domain"] not in ("", "other") for row in rows)
