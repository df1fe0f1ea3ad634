"""What was worked out of road users, kept for those last asked for: each is in many pairs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")
PAIR = 2  # so many are kept however large they are


class Kept(Generic[Found]):
    """A function of road users that remembers its latest results, up to a number of moments."""

    def __init__(
        self, function: Callable[[Any], Found], moments_of: Callable[[Found], int], most: int
    ) -> None:
        """
        Args:
            function: of a road user, the same on every call.
            moments_of: how many moments a result holds.
            most: moments to keep; the results asked for longest ago are dropped first.
        """
        self._function = function
        self._moments_of = moments_of
        self._most = most
        self._kept: OrderedDict[int, tuple[Any, Found]] = OrderedDict()
        self._moments = 0
        self._lock = Lock()  # stages may run in threads

    def __call__(self, user: Any) -> Found:
        with self._lock:
            known = self._kept.get(id(user))
            if known is not None:
                self._kept.move_to_end(id(user))
                return known[1]
        found = self._function(user)
        with self._lock:
            if id(user) not in self._kept:
                # The road user is kept too, so that no other can take its id.
                self._kept[id(user)] = user, found
                self._moments += self._moments_of(found)
            while self._moments > self._most and len(self._kept) > PAIR:
                _, (_, dropped) = self._kept.popitem(last=False)
                self._moments -= self._moments_of(dropped)
        return found
