"""Data sets and batches."""

from collections.abc import Iterator

import numpy as np

from smalltorch.core.tensor import Tensor


class TensorDataset:
    """Rows of arrays of the same length."""

    def __init__(self, *arrays) -> None:
        self.arrays = [np.asarray(getattr(array, "data", array)) for array in arrays]
        if len({len(array) for array in self.arrays}) != 1:
            raise ValueError("The arrays must have the same number of rows.")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index):
        return tuple(array[index] for array in self.arrays)


class DataLoader:
    """Batches of tensors that cover every row once a pass.

    Args:
        shuffle: whether each pass has a new order, drawn from `seed`.
        drop_last: whether a smaller last batch is left out.
    """

    def __init__(self, dataset, batch_size: int = 32, shuffle=False, drop_last=False, seed=0):
        if batch_size < 1:
            raise ValueError("A batch has at least one row.")
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.drop_last = shuffle, drop_last
        self.rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (1 if rest and not self.drop_last else 0)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        n = len(self.dataset)
        order = self.rng.permutation(n) if self.shuffle else np.arange(n)
        for number in range(len(self)):
            chosen = order[number * self.batch_size : (number + 1) * self.batch_size]
            rows = [self.dataset[int(index)] for index in chosen]
            yield tuple(Tensor(np.stack(column)) for column in zip(*rows, strict=True))
