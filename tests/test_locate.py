"""Models are looked for in one order, the nearest folder first."""

from pathlib import Path

import pytest

from tasks import locate

NAME = "weights.pt"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The three folders in their order, none of them made yet."""
    monkeypatch.setattr(locate, "PROJECT_ROOT", tmp_path / "project")
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "named"))
    return [
        tmp_path / "project" / "models",
        tmp_path / "named",
        tmp_path / "shared" / "models",
    ]


def put(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    path.write_text(str(folder))
    return path


def test_folders_come_in_order(folders):
    assert locate.model_folders() == folders


@pytest.mark.parametrize("filled", [(0, 1, 2), (1, 2), (0, 2), (2,), (1,)])
def test_the_first_folder_that_has_the_file_wins(folders, filled):
    paths = [put(folders[number]) for number in filled]
    assert locate.find_model(NAME) == paths[0]


@pytest.mark.parametrize("value", [None, ""])
def test_without_model_dir_only_the_projects_folders_count(folders, monkeypatch, value):
    if value is None:
        monkeypatch.delenv("MODEL_DIR")
    else:
        monkeypatch.setenv("MODEL_DIR", value)
    put(folders[1])
    assert locate.model_folders() == [folders[0], folders[2]]
    assert locate.find_model(NAME) is None


def test_a_tilde_in_model_dir_is_the_home_folder(folders, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MODEL_DIR", "~/named")
    path = put(folders[1])
    assert locate.find_model(NAME) == path


def test_a_folder_of_that_name_is_no_model(folders):
    (folders[0] / NAME).mkdir(parents=True)
    assert locate.find_model(NAME) is None
    path = put(folders[2])
    assert locate.find_model(NAME) == path


def test_the_project_root_holds_the_tasks():
    assert (locate.PROJECT_ROOT / "tasks" / "locate.py").is_file()
