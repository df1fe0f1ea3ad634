"""All that may be asked of a submission, by name.

An operation is `(submission, params, arrays) -> dict`; entries of the dict that are arrays are its
arrays, the others its values. What the student's code raises is let through.
"""

from . import (
    checkpoints,
    data,
    imports,
    language,
    layers,
    losses,
    model_training,
    models,
    networks,
    optimizers,
    reuse,
    speed,
    tensors,
    training,
)

OPERATIONS = {
    **checkpoints.OPERATIONS,
    **data.OPERATIONS,
    **imports.OPERATIONS,
    **language.OPERATIONS,
    **layers.OPERATIONS,
    **losses.OPERATIONS,
    **model_training.OPERATIONS,
    **models.OPERATIONS,
    **networks.OPERATIONS,
    **optimizers.OPERATIONS,
    **reuse.OPERATIONS,
    **speed.OPERATIONS,
    **tensors.OPERATIONS,
    **training.OPERATIONS,
}
