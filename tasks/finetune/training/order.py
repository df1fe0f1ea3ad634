"""The order of the training examples: batches of like length, in an order of chance."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

# Batches sorted by length at a time: more save little padding, and the order is less of chance.
POOL_BATCHES = 16


class LikeLengths(Sampler[int]):
    """Indices such that every `batch_size` in a row are of like length.

    Drawn from the seed and the epoch alone, so that a training that goes on after a kill sees the
    order that an undisturbed one sees. The rest that fills no batch comes last.
    """

    def __init__(self, lengths: list[int], batch_size: int, seed: int) -> None:
        self.lengths = torch.tensor(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer at the start of each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        chance = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        shuffled = torch.randperm(len(self.lengths), generator=chance)
        whole = len(shuffled) // self.batch_size * self.batch_size
        pools = shuffled[:whole].split(self.batch_size * POOL_BATCHES)
        ordered = [pool[self.lengths[pool].argsort(stable=True)] for pool in pools]
        batches = [batch for pool in ordered for batch in pool.split(self.batch_size)]
        for place in torch.randperm(len(batches), generator=chance).tolist():
            yield from batches[place].tolist()
        yield from shuffled[whole:].tolist()
