import re
from pathlib import Path

import pytest
from html_page import Page

from tasks.assess.similarity.ranking import rank
from tasks.assess.similarity.report import write_report

LAYERS = '''
import numpy as np


class Dense:
    """A layer."""

    def __init__(self, inputs, outputs):
        scale = np.sqrt(2.0 / inputs)
        self.weight = np.random.randn(inputs, outputs) * scale
        self.bias = np.zeros(outputs)
        self.cache = None

    def forward(self, x):
        self.cache = x
        return x @ self.weight + self.bias

    def backward(self, gradient, rate=0.1):
        before = gradient @ self.weight.T
        self.weight -= rate * self.cache.T @ gradient
        self.bias -= rate * gradient.sum(axis=0)
        return before
'''
RENAMED = (
    LAYERS.replace("Dense", "MyLayer")
    .replace("weight", "w_matrix")
    .replace("gradient", "grad")
    .replace("A layer", "Dense, as I did it")
    .replace("\n\n", "\n\n\n")
)
OTHER = """
def tokens(path):
    with open(path, encoding="utf-8") as handle:
        for line in handle:
            yield from (word.lower() for word in line.split() if word.isalpha())


def counted(path, least=3):
    table = {}
    for word in tokens(path):
        table[word] = table.get(word, 0) + 1
    return sorted((word for word, seen in table.items() if seen >= least), key=str)
"""
GIVEN = """
def load_images(folder, limit=None, shuffle=False, seed=None):
    names = sorted(name for name in folder.iterdir() if name.suffix == ".npy")
    if shuffle:
        np.random.default_rng(seed).shuffle(names)
    return [np.load(name, allow_pickle=False) for name in names[:limit]]
"""
ACCUSING = re.compile(r"plagiar|cheat|cop(y|ied|ies)|suspect|guilt|offen|fraud|stole|steal", re.I)


def made(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def submissions(tmp_path) -> dict[str, Path]:
    return {
        "ada": made(tmp_path / "ada", layers=LAYERS, data=GIVEN),
        "zoe": made(tmp_path / "zoe", everything=OTHER[:200] + "\n" + RENAMED, data=GIVEN),
        "kim": made(tmp_path / "kim", text=OTHER, data=GIVEN),
    }


def test_renamed_code_ranks_first(submissions, tmp_path):
    base = made(tmp_path / "given", data=GIVEN)
    ranking = rank(submissions, base=[base])

    assert ranking.compared == 3
    first = ranking.pairs[0]
    assert {first.first.name, first.second.name} == {"ada", "zoe"}
    # One fingerprint of 25 of its 235 characters lies across the end of what is alike.
    assert first.first.share > 0.85
    files = {passage.file for passage in first.second.passages}
    assert files == {"everything.py"}
    told = [line.text for one in first.second.passages for line in one.lines if line.alike]
    assert any("w_matrix" in text for text in told)


def test_the_courses_own_code_does_not_count(submissions, tmp_path):
    pairs = {(one.first.name, one.second.name) for one in rank(submissions).pairs}
    assert ("ada", "kim") in pairs

    base = made(tmp_path / "given", data=GIVEN)
    ranking = rank(submissions, base=[base])
    assert ("ada", "kim") not in {(one.first.name, one.second.name) for one in ranking.pairs}
    assert ranking.base > 0


def test_the_previous_year_is_compared_and_named(submissions, tmp_path):
    old = {"2024-17": made(tmp_path / "old" / "17", layers=LAYERS)}
    only_ada = {"ada": submissions["ada"]}

    ranking = rank(only_ada, previous=old)

    (pair,) = ranking.pairs
    assert pair.second.previous
    assert pair.second.share == pytest.approx(1.0)
    write_report(tmp_path / "report.html", ranking, title="Milestone 1")
    assert "2024-17 (previous year)" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_most_of_a_class_has_does_not_count(tmp_path):
    held = {
        f"s{n}": made(tmp_path / f"s{n}", a=GIVEN, b=f"value_{n} = {list(range(n))}")
        for n in range(6)
    }
    held["s6"] = made(tmp_path / "s6", c=LAYERS)
    held["s7"] = made(tmp_path / "s7", c=RENAMED)

    ranking = rank(held)

    assert ranking.common > 0
    assert [(one.first.name, one.second.name) for one in ranking.pairs] == [("s6", "s7")]


def test_repeated_code_of_ones_own_still_counts(tmp_path):
    twice = LAYERS + LAYERS.replace("Dense", "Again")
    held = {"a": made(tmp_path / "a", x=twice), "b": made(tmp_path / "b", x=twice)}
    given = made(tmp_path / "given", data=GIVEN)
    (pair,) = rank(held, base=[given]).pairs
    assert pair.similarity == pytest.approx(1.0)


def test_links_empty_and_broken_submissions_are_read_or_named(tmp_path):
    outside = made(tmp_path / "outside", secret=LAYERS)
    held = {
        "link": made(tmp_path / "link", x=OTHER),
        "broken": tmp_path / "broken",
        "empty": tmp_path / "empty",
        "gone": tmp_path / "gone",
    }
    (held["link"] / "y.py").symlink_to(outside / "secret.py")
    held["broken"].mkdir()
    (held["broken"] / "x.py").write_bytes(b"\xff\xfe def (((:\n'''" + LAYERS.encode())
    held["empty"].mkdir()

    ranking = rank(held)

    assert ranking.pairs == []
    assert ranking.notes == ["empty has no Python code.", "gone has no Python code."]


def test_the_report_shows_both_sides_inertly_and_accuses_nobody(tmp_path):
    hostile = '<script>alert("x")</script>'
    marked = LAYERS.replace('"""A layer."""', f"'''{hostile}'''")
    held = {
        f"{hostile}": made(tmp_path / "a", layers=marked),
        "zoe": made(tmp_path / "b", layers=marked),
    }

    write_report(tmp_path / "report.html", rank(held), title="Milestone 1")

    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    tags = Page(text).tags
    assert "script" not in tags
    assert tags.count("pre") >= 2
    assert "&lt;script&gt;" in text
    assert not ACCUSING.search(text)
    assert "for a person to look at" in text


def test_nothing_alike_says_so(tmp_path):
    held = {"a": made(tmp_path / "a", x=LAYERS), "b": made(tmp_path / "b", x=OTHER)}
    ranking = rank(held)
    write_report(tmp_path / "report.html", ranking, title="M")
    assert ranking.pairs == []
    assert "No pair has enough in common" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_longest_passage_comes_first(tmp_path):
    held = {
        "a": made(tmp_path / "a", a=GIVEN, b=LAYERS),
        "b": made(tmp_path / "b", a=LAYERS, b="x = 1", c=GIVEN),
    }
    (pair,) = rank(held).pairs
    for side in (pair.first, pair.second):
        sizes = [sum(line.alike for line in one.lines) for one in side.passages]
        assert sizes == sorted(sizes, reverse=True)
        assert "Dense" in "".join(line.text for line in side.passages[0].lines)


def test_tables_of_values_are_not_code_in_common(tmp_path):
    table = "TABLE = {\n" + "".join(f"    'key{n}': {n % 7}.5,\n" for n in range(300)) + "}\n"
    other = "OTHER = {\n" + "".join(f"    'name{n}': {n % 7}.5,\n" for n in range(300)) + "}\n"
    held = {"a": made(tmp_path / "a", x=table), "b": made(tmp_path / "b", x=other)}
    assert rank(held).pairs == []
