"""All that may be asked of a submission, by name.

An operation is `(submission, params, arrays) -> dict`; entries of the dict that are arrays are its
arrays, the others its values. What the student's code raises is let through.
"""

from . import checkpoints, data, layers, losses, networks, optimizers, tensors, training

OPERATIONS = {
    **checkpoints.OPERATIONS,
    **data.OPERATIONS,
    **layers.OPERATIONS,
    **losses.OPERATIONS,
    **networks.OPERATIONS,
    **optimizers.OPERATIONS,
    **tensors.OPERATIONS,
    **training.OPERATIONS,
}
