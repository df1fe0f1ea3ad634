"""Steps in threads keep the order, flat memory, their errors, and leave no thread behind."""

import threading
import time

import pytest

from tasks.nearmiss.pipeline import ahead, behind


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert left == []


def settled(values: list, at_least: int) -> int:
    """Length of a list that a thread fills, once it stands still."""
    deadline = time.monotonic() + 5
    while len(values) < at_least and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.1)
    return len(values)


class Lost(Exception):
    """What a step raises in these tests."""


# --- ahead ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_ahead_gives_every_item_in_order(count, size):
    assert list(ahead(iter(range(count)), size)) == list(range(count))


def test_ahead_passes_on_items_that_are_nothing():
    assert list(ahead([None, 0, "", []])) == [None, 0, "", []]


def test_the_producer_runs_in_a_thread_of_its_own():
    def where():
        yield threading.current_thread()

    (thread,) = ahead(where())
    assert thread is not threading.current_thread()


@pytest.mark.parametrize("size", [1, 4])
def test_the_producer_works_ahead_but_no_further_than_its_queue(size):
    produced = []

    def items():
        for number in range(100):
            produced.append(number)
            yield number

    stream = ahead(items(), size)
    for consumed in range(1, 4):
        next(stream)
        # One more is in the producer's hand, waiting for a place.
        assert settled(produced, consumed + size + 1) == consumed + size + 1
    stream.close()
    assert len(produced) == 3 + size + 1


def test_a_producers_error_comes_out_behind_the_items_before_it():
    def items():
        yield from range(5)
        raise Lost("the file ends here")

    seen = []
    with pytest.raises(Lost, match="the file ends here"):
        seen.extend(item * 2 for item in ahead(items(), 2))
    assert seen == [0, 2, 4, 6, 8]


def test_a_producers_error_at_once_comes_out():
    def items():
        raise Lost("nothing to open")
        yield

    with pytest.raises(Lost):
        next(ahead(items()))


def test_closing_early_stops_a_producer_that_never_ends():
    def items():
        number = 0
        while True:
            yield number
            number += 1

    stream = ahead(items(), 2)
    assert [next(stream) for _ in range(3)] == [0, 1, 2]
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < 2
    with pytest.raises(StopIteration):
        next(stream)


def test_an_error_of_the_consumer_stops_the_producer():
    produced = []

    def items():
        for number in range(1000):
            produced.append(number)
            yield number

    def consume():
        for item in ahead(items(), 2):
            if item == 3:
                raise Lost

    with pytest.raises(Lost):
        consume()
    assert settled(produced, 0) < 10


def test_nothing_starts_before_the_first_item_is_asked_for():
    started = []

    def items():
        started.append(True)
        yield 1

    stream = ahead(items())
    time.sleep(0.05)
    assert started == []
    stream.close()


# --- behind --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_behind_consumes_every_item_in_order_before_the_block_ends(count, size):
    consumed = []

    def consume(item):
        time.sleep(0.0005)
        consumed.append(item)

    with behind(consume, size) as hand_over:
        for number in range(count):
            hand_over(number)
    assert consumed == list(range(count))


def test_the_consumer_runs_in_a_thread_of_its_own():
    threads = []
    with behind(lambda _item: threads.append(threading.current_thread())) as hand_over:
        hand_over(1)
    assert threads != [threading.current_thread()]


@pytest.mark.parametrize("size", [1, 4])
def test_the_producer_waits_where_the_queue_is_full(size):
    handed, go_on = [], threading.Event()

    def feed():
        with behind(lambda _item: go_on.wait(5), size) as hand_over:
            for number in range(20):
                hand_over(number)
                handed.append(number)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        # One item is in the consumer's hand.
        assert settled(handed, size + 1) == size + 1
    finally:
        go_on.set()
        feeder.join()
    assert len(handed) == 20


def test_a_consumers_error_comes_out_at_the_producer():
    handed = []

    def consume(item):
        if item == 2:
            raise Lost("the disk is full")

    def feed():
        with behind(consume, 2) as hand_over:
            for number in range(1000):
                hand_over(number)
                handed.append(number)

    with pytest.raises(Lost, match="the disk is full"):
        feed()
    assert len(handed) < 10, "the producer must not go on to the end"


def test_a_consumers_error_on_the_last_item_comes_out_at_the_blocks_end():
    consumed = []

    def consume(item):
        consumed.append(item)
        if item == 2:
            raise Lost("the last")

    after = []

    def feed():
        with behind(consume) as hand_over:
            for number in range(3):
                hand_over(number)
            after.append("the block went on")

    with pytest.raises(Lost, match="the last"):
        feed()
    assert consumed == [0, 1, 2]
    assert after == ["the block went on"]


def test_an_error_in_the_block_comes_out_and_stops_the_consumer():
    consumed = []

    def feed():
        with behind(consumed.append) as hand_over:
            hand_over(1)
            raise Lost("in the block")

    with pytest.raises(Lost, match="in the block"):
        feed()
    assert consumed == [1]


def test_the_same_error_goes_on_coming_out():
    def consume(_item):
        raise Lost

    raised = []

    def feed():
        with behind(consume, 1) as hand_over:
            for _ in range(50):
                try:
                    hand_over(1)
                except Lost:
                    raised.append(True)

    with pytest.raises(Lost):
        feed()
    assert len(raised) >= 47


def test_the_two_together_keep_the_order():
    consumed = []

    def items():
        for number in range(200):
            if number % 50 == 0:
                time.sleep(0.002)
            yield number

    with behind(consumed.append, 3) as hand_over:
        for item in ahead(items(), 2):
            hand_over(item + 1)
    assert consumed == list(range(1, 201))
