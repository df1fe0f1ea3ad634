"""Data sets, loaders and checkpoints."""

import numpy as np

from tinynet.core.tensor import Tensor


class TensorDataset:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


class DataLoader:
    def __init__(self, dataset, batch_size=32, shuffle=False):
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle

    def __iter__(self):
        order = np.arange(len(self.dataset))
        if self.shuffle:
            np.random.shuffle(order)
        for start in range(0, len(order), self.batch_size):
            items = [self.dataset[int(i)] for i in order[start : start + self.batch_size]]
            xs, ys = zip(*items, strict=True)
            yield Tensor(np.stack([x.data for x in xs])), Tensor(np.stack([y.data for y in ys]))


def save_model(model, path):
    np.savez(path, *[parameter.data for parameter in model.parameters()])


def load_model(model, path):
    with np.load(path) as held:
        for parameter, name in zip(model.parameters(), held.files, strict=True):
            parameter.data = held[name]
