"""The scene files of a folder."""

from __future__ import annotations

from pathlib import Path

from tasks.nearmiss.scenes.language import Scene, SceneError, load_scene


def scene_files(folder: str | Path) -> list[Path]:
    """The *.yaml files of `folder`, by name.  Raises SceneError if there are none."""
    files = sorted(Path(folder).glob("*.yaml"))
    if not files:
        raise SceneError(f"{folder}: the folder holds no scene files.")
    return files


def load_catalogue(folder: str | Path) -> list[Scene]:
    """Every scene of `folder`.  Raises SceneError at the first bad one, or if a scene's name is
    not its file's."""
    scenes = []
    for path in scene_files(folder):
        scene = load_scene(path)
        if scene.name != path.stem:
            raise SceneError(f"{path.name}: the scene is named '{scene.name}', not as its file.")
        scenes.append(scene)
    return scenes
