import pytest

from tasks.nearmiss.interactions.filters import FILTERS
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.presets import PRESETS


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_has_evidence_and_known_filters(name):
    preset = PRESETS[name]
    assert preset.evidence.endswith(".")
    assert set(preset.filters) <= set(FILTERS)


def test_the_default_preset_changes_nothing():
    parameters = PRESETS["default"].parameters
    assert parameters == Parameters()
    assert parameters.duration_frames == 5
    assert parameters.confidence == 0.5
    assert parameters.stationary_frames == 15
    assert parameters.stationary_speed_px == 5
    assert parameters.direction_deg == 30
