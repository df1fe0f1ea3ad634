"""What is right in a submission is seen although something beside it is not."""

from pathlib import Path

import pytest
from in_process import forgotten, probed
from made_class import broken, right

from tasks.assess.inside.discovery import framework
from tasks.assess.probes.whole_models import STATIC_PROBES
from tasks.assess.results import Outcome


@pytest.mark.parametrize("probe", ["cnn_parameter_efficiency", "no_forbidden_modules"])
def test_build_file_beside_a_package_whose_top_does_not_import(tmp_path: Path, probe: str) -> None:
    right.with_other_spellings(tmp_path / "made")
    result = probed(tmp_path / "made", probe)
    assert result.outcome is Outcome.PASSED, result.evidence


def test_parameters_are_listed_although_the_forward_pass_raises(tmp_path: Path) -> None:
    broken.wrong_shapes(tmp_path / "made")
    assert probed(tmp_path / "made", "parameter_registration").outcome is Outcome.PASSED
    result = probed(tmp_path / "made", "sequential_forward")
    assert result.outcome is Outcome.FAILED
    assert "raised ValueError" in result.evidence
    assert "Container: right (4 of 4)" in result.evidence


@pytest.mark.parametrize("probe", ["no_forbidden_modules", "only_allowed_imports"])
def test_an_empty_folder_earns_nothing_for_what_it_does_not_import(
    tmp_path: Path, probe: str
) -> None:
    broken.empty(tmp_path / "made")
    static = STATIC_PROBES.get(probe)
    found = static.inspect(tmp_path / "made") if static else probed(tmp_path / "made", probe)
    assert (found.outcome, found.share) == (Outcome.FAILED, 0.0)


def test_builder_in_a_file_that_does_not_import_is_said_to_be_there(tmp_path: Path) -> None:
    broken.missing_package(tmp_path / "made")
    evidence = probed(tmp_path / "made", "mnist_mlp_accuracy").evidence
    assert "it is there" in evidence
    assert "einops" in evidence


def test_memory_that_runs_out_at_import_is_no_missing_file(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text("class Linear:\n    pass\n\n\nraise MemoryError\n")
    with forgotten(), pytest.raises(MemoryError):
        framework(tmp_path).find("dense")
