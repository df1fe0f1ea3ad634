"""How large road users are, and how sure that is."""

from typing import NamedTuple


class Size(NamedTuple):
    """Typical outer sizes of a class in metres.

    Attributes:
        length, width, height: the means.
        spread: standard deviation of the height between individuals, as a share.
        doubt: how far the mean itself may be off where the video was taken, as a share.
    """

    length: float
    width: float
    height: float
    spread: float
    doubt: float


SIZES = {
    # Adults' mean height is 1.71 m (men) and 1.59 m (women) over the world and up to 1.82 m and
    # 1.69 m by country, standard deviation about 7 cm within a sex (NCD-RisC 2016, "A century of
    # trends in adult human height", eLife 5:e13410); shoes add 2 to 3 cm, walking takes 1 to 2.
    "person": Size(0.5, 0.5, 1.70, 0.06, 0.04),
    # New cars in Europe: 4.36 x 1.81 x 1.55 m in 2022, 1.48 m high in 2000 (Inovev). In the
    # United States the mean length is 5.2 m and the width 1.96 m (JATO, 2023).
    "car": Size(4.4, 1.8, 1.50, 0.08, 0.06),
    # City buses 12 m x 2.55 m (the largest allowed rigid bus is 13.5 m; width 2.55 m and height
    # 4.0 m by directive 96/53/EC), 2.9 to 3.3 m high with low floors.
    "bus": Size(12.0, 2.55, 3.1, 0.07, 0.06),
}
"""Classes whose boxes have a known size. Left out: bicycles and motorcycles, whose boxes hold a
rider or not, and trucks, where COCO's class runs from pick-ups to articulated lorries."""
