"""Chance is no drift, and a shift is named with its size."""

import copy

import numpy as np
import pytest
from audit_data import write_run

from tasks.finetune.audit.figures import measure
from tasks.finetune.drift import shift_from, stability_index, warnings


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    return measure(**write_run(tmp_path_factory.mktemp("run"))._asdict()).figures


def test_the_same_data_does_not_drift(figures):
    assert warnings(figures, figures) == []


def test_the_index_is_that_of_its_formula():
    old, new = {"a": 50, "b": 50}, {"a": 80, "b": 20}
    expected = 0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5)
    assert stability_index(new, old) == pytest.approx(expected)
    assert stability_index(old, new) == pytest.approx(expected)
    assert stability_index(old, {"a": 500, "b": 500, "c": 0}) == 0


def test_a_class_that_appears_or_goes_is_finite_and_a_shift():
    old, new = {"a": 500}, {"a": 300, "b": 200}
    assert shift_from(new, old) < stability_index(new, old) < 10
    assert stability_index({}, old) == 0


@pytest.mark.parametrize(("classes", "rows"), [(10, 60), (10, 300), (20, 60), (5, 2000)])
def test_samples_of_one_population_hardly_ever_count_as_shifted(classes, rows):
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.full(classes, 3.0))
    alarms = 0
    for _ in range(300):
        new, old = (
            dict(zip("abcdefghijklmnopqrst", rng.multinomial(rows, shares).tolist(), strict=False))
            for _ in range(2)
        )
        alarms += stability_index(new, old) > shift_from(new, old)
    assert alarms <= 15


def test_each_shift_is_named_with_what_changed_most(figures):
    old = copy.deepcopy(figures)
    old["domains"] = [{"name": "windows", "kept": 60}, {"name": "linux", "kept": 10}]
    old["rows"] |= {"kept": 700, "incoming": 710}
    found = warnings(figures, old)
    assert len(found) == 3
    assert "The domains have shifted" in found[0]
    assert "windows, 85.7 % before and 0.0 % now" in found[0]
    assert found[1].startswith("80.5 % of the incoming rows are kept, 98.6 %")
    assert found[2] == "70 rows are kept, 700 were in the run before."


def test_a_shift_of_lengths_is_seen(figures):
    longer = copy.deepcopy(figures)
    longer["length_classes"] = dict.fromkeys(figures["length_classes"], 0) | {"320-500": 70}
    (found,) = warnings(longer, figures)
    assert found.startswith("The lengths of the outputs have shifted")
