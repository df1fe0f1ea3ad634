"""Arguments find their place in signatures of any spelling."""

import pytest

from tasks.assess.inside.binding import NotOffered, bind, call_bound

SIZES = {"in": 3, "out": 5}
NEEDED = ("in", "out")


@pytest.mark.parametrize(
    "target",
    [
        lambda in_features, out_features, bias=True: (in_features, out_features),
        lambda n_in, n_out: (n_in, n_out),
        lambda units, input_dim: (input_dim, units),
        lambda a, b: (a, b),
        lambda a, out_features: (a, out_features),
        lambda *sizes: sizes,
        lambda input_size, output_size, activation, name: (input_size, output_size),
    ],
)
def test_sizes_go_where_they_belong(target):
    assert call_bound(target, SIZES, NEEDED) == (3, 5)


def test_what_has_no_place_is_not_offered():
    with pytest.raises(NotOffered, match="stride"):
        bind(lambda kernel_size: None, {"kernel": 2, "stride": 2}, ("kernel",))


def test_an_unknown_requirement_is_not_offered():
    with pytest.raises(NotOffered, match="flux"):
        bind(lambda n_in, n_out, flux: None, SIZES, NEEDED)


def test_defaults_are_left_alone():
    assert bind(lambda lr=0.1, momentum=0.9: None, {"rate": 0.5}) == ((), {"lr": 0.5})
