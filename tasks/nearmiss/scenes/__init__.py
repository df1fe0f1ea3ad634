"""Traffic scenes with known truth: a scene language, a camera, an observer and the truth."""

from tasks.nearmiss.scenes.catalogue import load_catalogue, scene_files
from tasks.nearmiss.scenes.language import Scene, SceneError, load_scene, parse_scene
from tasks.nearmiss.scenes.observe import observe
from tasks.nearmiss.scenes.truth import truth

__all__ = [
    "Scene",
    "SceneError",
    "load_catalogue",
    "load_scene",
    "observe",
    "parse_scene",
    "scene_files",
    "truth",
]
