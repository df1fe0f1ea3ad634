"""torchvision imports beside a CPU torch, and its nms is right."""

import numpy as np
import pytest

from tasks import torchvision_repair


@pytest.fixture(scope="module", autouse=True)
def _repaired():
    torchvision_repair.repair()


def test_a_second_repair_does_nothing():
    assert torchvision_repair.repair() is False


def test_nms_keeps_what_a_plain_loop_keeps():
    import torch
    from torchvision.ops import nms

    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 100, (200, 2))
    boxes = np.hstack([corners, corners + rng.uniform(5, 40, (200, 2))])
    scores = rng.permutation(200) / 200
    kept = nms(torch.tensor(boxes), torch.tensor(scores), 0.4).tolist()

    expected = []
    for index in np.argsort(-scores):
        if all(_iou(boxes[index], boxes[other]) <= 0.4 for other in expected):
            expected.append(int(index))
    assert kept == expected
    assert 10 < len(kept) < 200


def test_nms_of_nothing():
    import torch
    from torchvision.ops import nms

    assert nms(torch.empty(0, 4), torch.empty(0), 0.5).tolist() == []


def _iou(box_1, box_2):
    shared = np.prod(
        np.clip(np.minimum(box_1[2:], box_2[2:]) - np.maximum(box_1[:2], box_2[:2]), 0, None)
    )
    areas = np.prod(box_1[2:] - box_1[:2]) + np.prod(box_2[2:] - box_2[:2])
    return shared / (areas - shared)
