"""A class of 30 submissions is graded, and every one comes to what it must."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from made_class.editing import REFERENCE
from made_class.expected import CLASS, Member
from made_class.writing import write_class

from tasks.assess.datasets import DATASETS
from tasks.assess.grading import grade_submission
from tasks.assess.results import MilestoneResult, Outcome, ProbeResult
from tasks.assess.rubrics.reading import find_rubric, read_rubric
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.sandbox import bubblewrap
from tasks.assess.similarity.ranking import rank

SEED, WORKERS = 7, 2
MILESTONES = (1, 2)
CHEAP = ("dense_forward", "only_allowed_imports")
HANDFUL = ("perfect", "without_bias", "leaves", "imports_torch", "bends_numpy", "empty")
ORDERED = (
    *("perfect", "close_call", "knows_one_layer", "leaves", "imports_torch", "empty"),
    "with_a_path_for_a_name",
)
BY_FOLDER = {member.folder: member for member in CLASS}

needs_bubblewrap = pytest.mark.skipif(
    bool(bubblewrap.missing()), reason=f"no sandbox here: {bubblewrap.missing()}"
)
needs_mnist = pytest.mark.skipif(
    DATASETS["mnist"].find() is None, reason="MNIST is not on this machine"
)
Graded = dict[tuple[str, int], MilestoneResult]


def rubric(milestone: int) -> Rubric:
    return read_rubric(find_rubric(f"milestone{milestone}"))


def probes_of(result: MilestoneResult) -> dict[str, ProbeResult]:
    """Those that decide, by name."""
    deciding = [one for one in result.criteria if not one.human]
    return {probe.probe: probe for one in deciding for probe in one.probes}


def grade_all(
    folders: dict[str, Path], members: Iterable[tuple[Member, int]], workers: int
) -> Graded:
    """Grades by folder and milestone."""
    asked = list(members)

    def grade(pair: tuple[Member, int]) -> MilestoneResult:
        member, milestone = pair
        folder = folders[member.student]
        return grade_submission(member.student, folder, rubric(milestone), data_seed=SEED)

    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(grade, asked))
    return {(m.folder, n): result for (m, n), result in zip(asked, results, strict=True)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_class(tmp_path_factory.mktemp("class"))


@pytest.fixture(scope="module")
def graded(folders: dict[str, Path]) -> Graded:
    """All of the class in both milestones."""
    return grade_all(folders, [(m, n) for n in MILESTONES for m in CLASS], WORKERS)


def test_class_has_thirty_different_submissions(folders: dict[str, Path]) -> None:
    assert len(folders) == len(set(folders.values())) == 30
    assert all(folder.is_dir() for folder in folders.values())


@needs_bubblewrap
def test_a_handful_comes_to_what_it_must(folders: dict[str, Path]) -> None:
    for name in HANDFUL:
        member = BY_FOLDER[name]
        folder = folders[member.student]
        result = grade_submission(
            member.student, folder, rubric(1), data_seed=SEED, probes=set(CHEAP)
        )
        found = probes_of(result)
        expected = member.milestones[1].probes
        wanted = {probe: expected.get(probe, Outcome.PASSED) for probe in CHEAP}
        assert {probe: found[probe].outcome for probe in CHEAP} == wanted, name


@pytest.mark.slow
@needs_bubblewrap
@needs_mnist
@pytest.mark.parametrize("milestone", MILESTONES)
@pytest.mark.parametrize("name", list(BY_FOLDER))
def test_every_submission_comes_to_what_it_must(name: str, milestone: int, graded: Graded) -> None:
    result, expected = graded[name, milestone], BY_FOLDER[name].milestones[milestone]
    found = probes_of(result)
    told = {probe: f"{one.outcome}: {one.evidence}" for probe, one in found.items()}
    other = {p: one.outcome for p, one in found.items() if one.outcome is not Outcome.PASSED}
    assert other == expected.probes, told
    for probe in found.values():
        if probe.outcome is Outcome.PASSED:
            assert probe.share == 1.0
        elif probe.outcome is Outcome.NOT_GRADABLE:
            assert probe.share is None
        else:
            assert probe.share < 1.0
    assert result.outcome is expected.outcome
    if expected.score is None:
        assert result.score is None
    else:
        low, high = expected.score
        assert low - 0.01 <= result.score <= high + 0.01
    assert result.student == BY_FOLDER[name].student


@pytest.mark.slow
@needs_bubblewrap
@needs_mnist
def test_a_copy_earns_what_its_original_earns(graded: Graded) -> None:
    for milestone in MILESTONES:
        pair = [graded[name, milestone] for name in ("with_other_spellings", "copied_from_another")]
        assert pair[0].score == pair[1].score


def test_a_copy_is_ranked_first_where_the_courses_code_is_set_aside(
    folders: dict[str, Path],
) -> None:
    pair = {"with_other_spellings", "copied_from_another"}
    names = [*pair, "without_bias", "knows_one_layer"]
    ranking = rank({name: folders[name] for name in names}, base=[REFERENCE])
    first, *others = ranking.pairs
    assert {first.first.name, first.second.name} == pair
    assert all(other.similarity < first.similarity for other in others)


@pytest.mark.slow
@needs_bubblewrap
@needs_mnist
def test_grades_do_not_depend_on_the_order(folders: dict[str, Path], graded: Graded) -> None:
    asked = [(BY_FOLDER[name], milestone) for name in ORDERED for milestone in MILESTONES]
    order = np.random.default_rng(1).permutation(len(asked))
    again = grade_all(folders, [asked[number] for number in order], workers=1)
    for key, result in again.items():
        assert decided(result) == decided(graded[key])


def decided(result: MilestoneResult) -> tuple:
    probes = {name: (one.outcome, one.share) for name, one in probes_of(result).items()}
    return result.score, result.lowest, result.highest, result.outcome, probes


@pytest.mark.slow
@needs_bubblewrap
@needs_mnist
@pytest.mark.parametrize("milestone", [1, 2, 3, 4, 5])
def test_the_perfect_one_is_exemplary_in_every_probe(
    milestone: int, folders: dict[str, Path]
) -> None:
    if milestone in (3, 4) and DATASETS["cifar10"].find() is None:
        pytest.skip("CIFAR-10 is not on this machine")
    result = grade_submission("perfect", folders["perfect"], rubric(milestone), data_seed=SEED)
    wrong = {n: p.evidence for n, p in probes_of(result).items() if p.outcome is not Outcome.PASSED}
    assert wrong == {}
    assert (result.score, result.level) == (100.0, "Exemplary")
