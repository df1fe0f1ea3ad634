"""The road users that are looked for, and their two categories."""

CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
"""Names as in COCO; a class index in this package is a position in this tuple."""

COCO_IDS = {"person": 0, "bicycle": 1, "car": 2, "motorcycle": 3, "bus": 5, "truck": 7}

VEHICLE, PEDESTRIAN = "vehicle", "pedestrian"


def category_of(class_name: str) -> str:
    """`pedestrian` for a person, `vehicle` for anything that is ridden or driven."""
    return PEDESTRIAN if class_name in ("person", PEDESTRIAN) else VEHICLE
