"""Make a CUDA build of torchvision importable beside a CPU build of torch.

The registry's torchvision wheel is built against CUDA. Beside a CPU torch its compiled
operators do not load and `import torchvision` dies with "operator torchvision::nms does not
exist", which breaks ultralytics and parts of transformers. Call `repair()` before either.
"""

import sys

_library = None  # the operators live as long as this object does


def repair() -> bool:
    """Import torchvision, giving it a CPU `nms` where its own cannot load.

    Returns:
        Whether a repair was needed. Does nothing where torchvision is whole.
    """
    global _library
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    else:
        return False

    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    import torch

    _library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        _library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _library.impl(operator, _nms, "CPU")
    import torchvision.extension

    torchvision.extension._has_ops = lambda: True
    return True


def _nms(boxes, scores, iou_threshold: float):
    """Greedy non-maximum suppression: indices of the kept boxes (n x 4), best score first."""
    import torch

    order = scores.argsort(descending=True)
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1)
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        top_left = torch.maximum(boxes[best, :2], boxes[order, :2])
        bottom_right = torch.minimum(boxes[best, 2:], boxes[order, 2:])
        shared = (bottom_right - top_left).clamp(min=0).prod(dim=1)
        order = order[shared <= iou_threshold * (areas[best] + areas[order] - shared)]
    return torch.stack(kept) if kept else torch.empty(0, dtype=torch.long)
