"""Arrays come out of, and go into, tensors of any make."""

from types import SimpleNamespace

import numpy as np
import pytest

from tasks.assess.inside.parameters import all_arrays, learnt
from tasks.assess.inside.values import is_tensor_like, overwrite, storage, to_array


class Holder:
    def __init__(self, data):
        self.data = data


class Lazy:
    def numpy(self):
        return np.ones(2)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(3.0),
        Holder(np.arange(3.0)),
        Holder(Holder(np.arange(3.0))),
        SimpleNamespace(_data=np.arange(3.0)),
        [0.0, 1.0, 2.0],
        [Holder(np.array(0.0)), Holder(np.array(1.0)), Holder(np.array(2.0))],
    ],
)
def test_array_of(value):
    array = to_array(value)
    assert type(array) is np.ndarray
    assert array.tolist() == [0, 1, 2]


def test_numbers_and_methods():
    assert to_array(2.5) == 2.5
    assert to_array(Holder(2.5)) == 2.5
    assert to_array(Lazy()).tolist() == [1, 1]


@pytest.mark.parametrize("value", ["text", None, Holder("text"), np.array(["a"]), object()])
def test_what_holds_no_numbers(value):
    assert not is_tensor_like(value)
    with pytest.raises(TypeError):
        to_array(value)


def test_overwritten_in_place_where_it_can_be():
    held = np.zeros(2, dtype=np.float32)
    assert overwrite(Holder(held), np.array([1.0, 2.0]))
    assert held.tolist() == [1, 2]
    whole = Holder(np.zeros(2, dtype=np.int64))
    assert overwrite(whole, np.array([0.5, 1.5]))
    assert storage(whole).tolist() == [0.5, 1.5]
    assert not overwrite(Holder(held), np.zeros(3))


def test_gradients_beside_their_arrays():
    class Layer:
        def __init__(self):
            self.weights, self.b = np.ones((2, 2)), np.ones(2)
            self.grad_w, self.db = None, None
            self.grads = {}

    layer = Layer()
    found = {parameter.key: parameter for parameter in all_arrays(layer)}
    assert list(found) == ["weights", "b"]
    assert found["weights"].gradient() is None
    layer.grad_w, layer.db = np.full((2, 2), 3.0), np.full(2, 4.0)
    assert found["weights"].gradient().tolist() == [[3, 3], [3, 3]]
    assert found["b"].gradient().tolist() == [4, 4]
    layer.grad_w, layer.db, layer.grads = (
        None,
        None,
        {"weights": np.zeros((2, 2)), "db": np.ones(2)},
    )
    assert found["weights"].gradient().tolist() == [[0, 0], [0, 0]]
    assert found["b"].gradient().tolist() == [1, 1]


def test_only_listed_arrays_are_learnt():
    class Layer:
        def __init__(self):
            self.w, self.table = Holder(np.ones(3)), Holder(np.ones(4))

        def parameters(self):
            return [self.w]

    assert [one.path for one in learnt(Layer())] == ["w"]
    assert [one.path for one in all_arrays(Layer())] == ["w", "table"]
