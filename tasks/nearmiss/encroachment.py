"""Post-encroachment time of two road users, by the places that both cover.

Sources: Allen, Shin & Cooper (1978), "Analysis of traffic conflicts and collisions", for the
measure; Gettman, Pu, Sayed & Shelby (2008), "Surrogate Safety Assessment Model and validation",
FHWA-HRT-08-051, for taking it place by place.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasks.nearmiss.geometry import (
    Boxes,
    Floats,
    as_positive,
    as_samples,
    as_times,
    corners_of,
    cross,
    dot,
    edge_directions,
    length_of,
    point_distance,
    reach_along,
    rotate,
    time_within,
)

_HAIR = 1e-9  # m or s: closer than this, two places or two times are one
_CORNER_SWING_M = 0.005  # how far a corner may swing before a turning track is cut again
_SHORTEST_PIECE_S = 0.01  # nor is it cut finer than this
_TRACK_END_S = 1e-6  # this near the end of a track, the rest of the event was not seen
_CONTACT_M = 1e-6  # corners this near the other footprint belong to the contact
_GROUP = 16  # pieces in a row that are first looked at as one
_FIRST_BLOCK = 16  # pairs of groups handled at first, then twice as many each time,
_BLOCK = 64  # up to this: keeps the arrays in cache
_GRID = 1_000_000  # cells of the all-against-all table of groups held at once


class Encroachment(NamedTuple):
    """What :func:`pet` found. Undefined: ``pet``, times and point are nan and ``first`` is 0."""

    pet: float
    """Post-encroachment time, s."""
    first: int
    """Which user was there first, 1 or 2."""
    point: Floats
    """The conflict point, (2,), m: where the second came soonest after the first."""
    leave_time: float
    """When the first user left the conflict point, s, on the clock of the tracks."""
    enter_time: float
    """When the second user reached it, s."""
    censored: bool
    """True where the leaving was not seen, because the track of the first ends there, or the
    arrival was not, because the track of the second starts there: the true value is no larger."""


def pet(
    times1: ArrayLike,
    centers1: ArrayLike,
    headings1: ArrayLike,
    length1: float,
    width1: float,
    times2: ArrayLike,
    centers2: ArrayLike,
    headings2: ArrayLike,
    length2: float,
    width2: float,
    within: float = np.inf,
) -> Encroachment:
    """Post-encroachment time of one pair of tracks (Allen, Shin & Cooper, 1978).

    The conflict area is the ground that both footprints sweep. At each location in it, the time
    runs from the first user's leaving that location to the second's reaching it, and PET is the
    smallest over all locations, as SSAM defines it by position (Gettman et al., 2008). So a
    follower has one towards its leader in the same lane: the time between the leader's rear and
    the follower's front passing a place. For straight paths that cross at a right angle this
    equals the time between leaving and entering the area as a whole; on oblique paths it is
    never smaller than that. PET is undefined when both users are in one location at once (their
    footprints touch: a collision, not a near miss) or share no ground.

    How: PET is the smallest |t2 - t1| at which footprint 1 at t1 and footprint 2 at t2 touch.
    Between samples the centre moves in a straight line and the heading turns evenly, the short
    way; a turning track is cut into pieces within which no corner swings more than 5 mm, or that
    last 10 ms, each with its middle heading. For one piece of each track the touching (t1, t2)
    form a convex polygon, whose smallest |t2 - t1| is exact: there is no raster and no time step.
    So straight motion is exact up to rounding. In turns a footprint is within 2.5 mm of its place,
    or its heading within 5 ms of its time: worth a few milliseconds, more only where two edges
    slide along each other, or at a crawl. Smooth the headings first: jitter is taken as real
    rotation.

    Args:
        times1, times2: sample times on one clock, (m1,) and (m2,), s, increasing, at least 2.
        centers1, centers2: centres, m1 x 2 and m2 x 2, m.
        headings1, headings2: unit vectors along the length, m1 x 2 and m2 x 2.
        length1, width1, length2, width2: full sizes, m, above 0.
        within: longest time of interest, s; a longer one counts as undefined, and the shorter
            this is, the sooner the search ends.

    Returns:
        An :class:`Encroachment`.

    Raises:
        ValueError: an argument has the wrong shape or is not finite, times do not increase, a
            heading is not a unit vector (to 1e-6), or a size is not above 0.
    """
    times1, times2 = as_times(times1=times1, times2=times2)
    centers1, headings1 = as_samples(len(times1), centers1=centers1, headings1=headings1)
    centers2, headings2 = as_samples(len(times2), centers2=centers2, headings2=headings2)
    length1, width1 = as_positive((), length1=length1, width1=width1)
    length2, width2 = as_positive((), length2=length2, width2=width2)

    ways = (
        _stretches(times1, centers1, length1, width1),
        _stretches(times2, centers2, length2, width2),
    )
    if not len(_pairs_by_delay(*ways, within)[0]):
        return _no_encroachment()
    zero = times1[0]  # epoch seconds would cost digits
    one = _pieces(times1 - zero, centers1, headings1, length1, width1)
    two = _pieces(times2 - zero, centers2, headings2, length2, width2)
    one, two, delay = _shortest_delays(one, two, within)
    if not delay.size or np.abs(delay).min() <= _HAIR:
        return _no_encroachment()

    at1 = _time_of_contact(one, two, delay)
    leave, enter = np.minimum(at1, at1 + delay), np.maximum(at1, at1 + delay)
    last_seen = np.where(delay > 0, times1[-1], times2[-1]) - zero
    first_seen = np.where(delay > 0, times2[0], times1[0]) - zero
    censored = (leave > last_seen - _TRACK_END_S) | (enter < first_seen + _TRACK_END_S)
    # Steady following is equally close all along: report the earliest place seen in full.
    k = np.lexsort((leave, censored))[0]
    point = _touching_point(_boxes_at(one, at1).take(k), _boxes_at(two, at1 + delay).take(k))
    first = 1 if delay[k] > 0 else 2
    return Encroachment(
        float(enter[k] - leave[k]),
        first,
        point,
        float(leave[k] + zero),
        float(enter[k] + zero),
        bool(censored[k]),
    )


def _no_encroachment() -> Encroachment:
    return Encroachment(np.nan, 0, np.full(2, np.nan), np.nan, np.nan, False)


class _Pieces(NamedTuple):
    """Stretches of one track with constant velocity and a held heading."""

    boxes: Boxes  # at the middle of each piece
    velocity: Floats
    time: Floats  # of the middle
    half_duration: Floats

    def take(self, index: NDArray[np.intp]) -> _Pieces:
        boxes, *rest = self
        return _Pieces(boxes.take(index), *(field[index] for field in rest))


def _pieces(
    times: Floats, centers: Floats, headings: Floats, length: Floats, width: Floats
) -> _Pieces:
    """Cut a track at its samples, and more finely where it turns."""
    turn = np.arctan2(cross(headings[:-1], headings[1:]), dot(headings[:-1], headings[1:]))
    swing = np.abs(turn) * np.hypot(length, width) / 2
    # Jittering headings must not cut a track to dust.
    wanted = np.minimum(swing / _CORNER_SWING_M, np.diff(times) / _SHORTEST_PIECE_S)
    parts = np.maximum(np.ceil(wanted), 1).astype(int)
    step = np.repeat(np.arange(len(parts)), parts)
    number = np.arange(len(step)) - (np.cumsum(parts) - parts)[step]
    share = (number + 0.5) / parts[step]

    duration, move = np.diff(times)[step], np.diff(centers, axis=0)[step]
    size = np.ones(len(step))
    boxes = Boxes(
        centers[step] + share[:, None] * move,
        rotate(headings[step], share * turn[step]),
        size * length / 2,
        size * width / 2,
    )
    middle = times[step] + share * duration
    return _Pieces(boxes, move / duration[:, None], middle, duration / parts[step] / 2)


def _shortest_delays(one: _Pieces, two: _Pieces, within: float) -> tuple[_Pieces, _Pieces, Floats]:
    """Pairs of pieces that share ground at the smallest |t2 - t1|, and that signed delay.

    Best first: groups of pieces that might be closest in time come first, and the search ends
    with the first that cannot beat what was found.
    """
    reach1, reach2 = _covering_radius(one), _covering_radius(two)
    k, m, bound = _pairs_by_delay(_groups(one, reach1), _groups(two, reach2), within)
    best = within
    found = [(k[:0], k[:0], bound[:0])]
    start, block = 0, _FIRST_BLOCK
    while start < len(k) and best > _HAIR and bound[start] <= best + _HAIR:
        chosen = slice(start, start + block)
        start, block = start + block, min(2 * block, _BLOCK)
        i, j = _near_pairs(one, two, reach1, reach2, k[chosen], m[chosen], best)
        if not len(i):
            continue
        delay = _smallest_delay(one.take(i), two.take(j))
        best = min(best, np.abs(delay).min())
        tied = np.isfinite(delay) & (np.abs(delay) <= best + _HAIR)
        found.append((i[tied], j[tied], delay[tied]))
    i, j, delay = (np.concatenate(column) for column in zip(*found, strict=True))
    tied = np.abs(delay) <= min(best + _HAIR, within)
    i, j, delay = i[tied], j[tied], delay[tied]
    order = np.lexsort((j, i, _time_apart(one, two, i, j)))
    return one.take(i[order]), two.take(j[order]), delay[order]


class _Groups(NamedTuple):
    """Stretches of a way: the boxes, along the axes, that hold all they sweep, and when."""

    low: Floats
    high: Floats
    start: Floats
    stop: Floats


def _stretches(times: Floats, centers: Floats, length: Floats, width: Floats) -> _Groups:
    """A sampled track in stretches that each end with the next one's first sample."""
    first = np.arange(0, len(times) - 1, _GROUP)
    last = np.append(first[1:], len(times) - 1)
    reach = np.hypot(length, width) / 2
    return _Groups(
        np.minimum(np.minimum.reduceat(centers, first), centers[last]) - reach,
        np.maximum(np.maximum.reduceat(centers, first), centers[last]) + reach,
        times[first],
        times[last],
    )


def _groups(pieces: _Pieces, reach: Floats) -> _Groups:
    """Pieces, each within its reach of its middle, _GROUP in a row at a time."""
    first = np.arange(0, len(reach), _GROUP)
    return _Groups(
        np.minimum.reduceat(pieces.boxes.center - reach[:, None], first),
        np.maximum.reduceat(pieces.boxes.center + reach[:, None], first),
        np.minimum.reduceat(pieces.time - pieces.half_duration, first),
        np.maximum.reduceat(pieces.time + pieces.half_duration, first),
    )


def _pairs_by_delay(
    one: _Groups, two: _Groups, within: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Pairs of groups that might share ground within the time, the soonest first.

    Returns their indices and a lower bound of |t2 - t1|.
    """
    rows = max(1, _GRID // len(two.start))
    found = []
    for first in range(0, len(one.start), rows):
        low, high, start, stop = (each[first : first + rows, None] for each in one)
        bound = np.maximum(two.start - stop, start - two.stop)
        near = bound <= within + _HAIR
        near &= ((low <= two.high + _HAIR) & (two.low <= high + _HAIR)).all(axis=2)
        k, m = np.nonzero(near)
        found.append((k + first, m, bound[k, m]))
    k, m, bound = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(bound, kind="stable")
    return k[order], m[order], bound[order]


def _near_pairs(
    one: _Pieces,
    two: _Pieces,
    reach1: Floats,
    reach2: Floats,
    k: NDArray[np.intp],
    m: NDArray[np.intp],
    within: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of pieces, out of groups k of one and m of two, that might touch within the time."""
    number = np.arange(_GROUP)
    shape = (len(k), _GROUP, _GROUP)
    i = np.broadcast_to((k[:, None] * _GROUP + number)[:, :, None], shape)
    j = np.broadcast_to((m[:, None] * _GROUP + number)[:, None, :], shape)
    whole = (i < len(reach1)) & (j < len(reach2))
    i, j = i[whole], j[whole]
    soon = _time_apart(one, two, i, j) <= within + _HAIR
    i, j = i[soon], j[soon]
    between = one.boxes.center[i] - two.boxes.center[j]
    near = dot(between, between) <= (reach1[i] + reach2[j]) ** 2
    return i[near], j[near]


def _time_apart(one: _Pieces, two: _Pieces, i: NDArray[np.intp], j: NDArray[np.intp]) -> Floats:
    """Lower bound of |t2 - t1| of pieces i of one and j of two; below 0 where they overlap."""
    return np.abs(two.time[j] - one.time[i]) - one.half_duration[i] - two.half_duration[j]


def _covering_radius(pieces: _Pieces) -> Floats:
    """Radius of a circle round the middle of each piece that holds all it sweeps."""
    half_diagonal = np.hypot(pieces.boxes.half_length, pieces.boxes.half_width)
    return half_diagonal + length_of(pieces.velocity) * pieces.half_duration


def _smallest_delay(one: _Pieces, two: _Pieces) -> Floats:
    """Signed t2 - t1 of least size at which pieces k of one and two touch; inf where never.

    Eliminating the clock of one from each two strips leaves a strip for the delay alone
    (Fourier-Motzkin); together these bound it exactly.
    """
    strips = _contact_strips(one, two)
    shared = _share_ground(*strips)
    offset, rate, lag, reach = (each[:, shared] for each in strips)
    k, m = np.triu_indices(len(offset), 1)
    start, stop = time_within(
        offset=rate[k] * offset[m] - rate[m] * offset[k],
        rate=rate[k] * lag[m] - rate[m] * lag[k],
        reach=np.abs(rate[k]) * reach[m] + np.abs(rate[m]) * reach[k],
    )
    between = (two.time - one.time)[shared]
    start, stop = start.max(axis=0) + between, stop.min(axis=0) + between
    delay = np.full(len(shared), np.inf)
    delay[shared] = np.where(start <= stop, np.clip(0.0, start, stop), np.inf)
    return delay


def _share_ground(offset: Floats, rate: Floats, lag: Floats, reach: Floats) -> NDArray[np.bool_]:
    """Which pairs of pieces no edge direction keeps apart at any times: only those can touch.

    Arguments as :func:`_contact_strips` returns them.
    """
    half1, half2 = reach[4:]
    most = reach[:4] + np.abs(lag[:4] - rate[:4]) * half1 + np.abs(lag[:4]) * half2
    return (np.abs(offset[:4]) <= most + _HAIR).all(axis=0)


def _time_of_contact(one: _Pieces, two: _Pieces, delay: Floats) -> Floats:
    """Time on the clock of one, mid-contact, at which the pieces touch with the given delay."""
    offset, rate, lag, reach = _contact_strips(one, two)
    shift = delay - two.time + one.time
    # They only just touch: without a hair's breadth more, rounding might leave no interval.
    start, stop = time_within(offset + lag * shift, rate, reach + _HAIR)
    return one.time + (start.max(axis=0) + stop.min(axis=0)) / 2


def _contact_strips(one: _Pieces, two: _Pieces) -> tuple[Floats, Floats, Floats, Floats]:
    """When pieces touch, as strips |offset + rate * s + lag * d| <= reach, 6 x n each.

    s is the time of one from the middle of its piece, s + d that of two from the middle of its
    own. Four strips are the edge directions, two keep either time within its piece.
    """
    axes = edge_directions(one.boxes, two.boxes)
    zero, unit = np.zeros_like(one.time), np.ones_like(one.time)
    offset = [*dot(axes, two.boxes.center - one.boxes.center), zero, zero]
    rate = [*dot(axes, two.velocity - one.velocity), unit, unit]
    lag = [*dot(axes, two.velocity), zero, unit]
    reach = [
        *(reach_along(one.boxes, axes) + reach_along(two.boxes, axes)),
        one.half_duration,
        two.half_duration,
    ]
    return np.array(offset), np.array(rate), np.array(lag), np.array(reach)


def _boxes_at(pieces: _Pieces, time: Floats) -> Boxes:
    moved = pieces.boxes.center + pieces.velocity * (time - pieces.time)[:, None]
    return pieces.boxes._replace(center=moved)


def _touching_point(box1: Boxes, box2: Boxes) -> Floats:
    """Middle of the contact of two rectangles that just touch."""
    corners = np.concatenate([corners_of(box1), corners_of(box2)])
    gap = np.concatenate(
        [point_distance(corners_of(box1), box2), point_distance(corners_of(box2), box1)]
    )
    return corners[gap <= gap.min() + _CONTACT_M].mean(axis=0)
