"""What a reader of the results has to know: what always holds, and what this very run showed."""

from typing import Any

FEW_DETECTIONS_PER_FRAME = 0.2

ALWAYS = (
    "Distances and speeds are in the picture's pixels. Perspective makes the same movement smaller "
    "far from the camera than near it, so risk is not comparable across the picture.",
    "There is no depth: two road users whose boxes overlap in the picture can be metres apart.",
    "The camera is assumed to stand still; movement of the camera reads as movement of everybody.",
    "Time to collision assumes that both keep their speed along the line between their centres.",
    "A box is the outline in the picture, not the footprint on the road.",
)


def of_run(
    *, is_made_scene: bool, detect: dict[str, Any], pedestrian_pairs_skipped: int
) -> list[str]:
    """Limitations that this run's own figures show.

    Args:
        is_made_scene: whether the input is the made scene.
        detect: figures of the detect stage.
        pedestrian_pairs_skipped: near-misses between two pedestrians that are not events.
    """
    found = []
    if is_made_scene:
        found.append("This is a made scene: cut-out pictures on known paths, not real traffic.")
    if detect["classes_are_guesses"]:
        found.append(
            "Road users were found by background subtraction, without a trained detector: their "
            "classes are guesses from size and shape, and whoever stands still is not seen."
        )
    found += _of_camera(detect["camera"])
    per_frame = sum(detect["detections_per_class"].values()) / max(detect["processed_frames"], 1)
    if per_frame < FEW_DETECTIONS_PER_FRAME:
        found.append(
            f"Few detections: {per_frame:.2f} a frame. Road users may be too small or the light "
            "too poor for the detector."
        )
    if detect["damaged_packets"]:
        found.append(f"{detect['damaged_packets']} damaged parts of the video were skipped.")
    if detect["guessed_times"]:
        found.append(f"The times of {detect['guessed_times']} frames were missing and guessed.")
    if pedestrian_pairs_skipped:
        found.append(
            "Encounters of two pedestrians are not listed, though some meet the criteria "
            f"(n = {pedestrian_pairs_skipped}); --pedestrian-pairs lists them."
        )
    return found


def _of_camera(camera: dict[str, Any]) -> list[str]:
    if camera["kind"] == "moving":
        return [
            "The camera moves: the background could not be found again in "
            f"{camera['lost']} of {camera['lost'] + camera['n']} measurements, or shifted by "
            f"{camera['largest_shift_px'] or 0:.0f} px. A moving camera is out of scope; do not "
            "use these events."
        ]
    if camera["kind"] == "drifting":
        return [
            f"The camera drifts by up to {camera['largest_shift_px']:.1f} px; the places of road "
            "users were corrected by that before scoring."
        ]
    if camera["kind"] == "unknown":
        return ["Whether the camera stands still could not be measured."]
    return []
