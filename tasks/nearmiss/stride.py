"""Every how many frames one is used, where nobody says it."""

# Processed frames. With fewer, near-misses are overlooked: of those that every frame shows, five a
# second miss a fifth (docs/benchmark_speed.md).
FEW_A_SECOND = 10
USUAL = 2


def default_stride(fps: float) -> int:
    """Two, or one where every second frame would be fewer than `FEW_A_SECOND`.

    Args:
        fps: of the source.
    """
    return USUAL if fps / USUAL >= FEW_A_SECOND else 1
