"""Traffic-conflict measures on the ground plane: metres, seconds, metres per second.

Everything except :func:`pet` is vectorised over n pairs of road users. Vectors are n x 2 arrays,
"1" and "2" are the two users of a pair, and every prediction assumes constant velocity (constant
closing acceleration for :func:`modified_ttc`). A time that never comes is ``inf``; a value that is
not defined is ``nan``. Input that is not finite, or of the wrong shape, raises ``ValueError``.

Footprints are closed sets: users that only graze (edge to edge, corner to corner) do touch. An
exact graze is decided to within rounding, about 1e-15 of the coordinates.

Sources of the formulas:

* Hayward (1972), "Near-miss determination through use of a scale of danger": time to collision.
* Cooper & Ferguson (1976), "Traffic studies at T-junctions": deceleration rate to avoid a crash.
* Allen, Shin & Cooper (1978), "Analysis of traffic conflicts and collisions": post-encroachment
  time.
* Gettman, Pu, Sayed & Shelby (2008), "Surrogate Safety Assessment Model and validation", FHWA
  report FHWA-HRT-08-051 (SSAM): post-encroachment time by position, Delta-V, conflict angle.
* Ozbay, Yang, Bartin & Mudigonda (2008), "Derivation and validation of new simulation-based
  surrogate safety measure": modified time to collision.
* Hou, List & Guo (2014), "New algorithms for computing the time-to-collision in freeway traffic
  simulation models": continuous-time TTC of boxes and circles in two dimensions.
* Jiao (2023), "A fast calculation of two-dimensional Time-to-Collision": vectorised TTC of
  oriented rectangles.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasks.nearmiss.encroachment import Encroachment, pet
from tasks.nearmiss.geometry import (
    Floats,
    as_positive,
    as_unit_vectors,
    as_values,
    as_vectors,
    box_pair,
    broadcast_together,
    corners_of,
    cross,
    divide,
    dot,
    edge_directions,
    length_of,
    point_distance,
    reach_along,
    require,
    spread_to,
    time_within,
)

__all__ = [
    "Encroachment",
    "closest_approach",
    "conflict_angle",
    "conflict_type",
    "delta_v",
    "drac",
    "line_of_approach",
    "modified_ttc",
    "pet",
    "rectangle_distance",
    "ttc_discs",
    "ttc_points",
    "ttc_rectangles",
]

REAR_END_BELOW_DEG = 30.0
CROSSING_ABOVE_DEG = 85.0
HEAD_ON_FROM_DEG = 150.0


# --- time to collision --------------------------------------------------------------------------


def ttc_points(p1: ArrayLike, v1: ArrayLike, p2: ArrayLike, v2: ArrayLike) -> Floats:
    """Time to collision of two points: their distance over the speed at which it shrinks.

    This is Hayward's (1972) measure taken along the line between the points. It ignores motion
    across that line, so points that will pass each other still get a finite value.

    Args:
        p1, p2: positions, n x 2, m.
        v1, v2: velocities, n x 2, m/s.

    Returns:
        n times, s: 0 where the points coincide, ``inf`` where the distance does not shrink.

    Raises:
        ValueError: an argument is not a finite n x 2 array, or the n differ.
    """
    p1, v1, p2, v2 = as_vectors(p1=p1, v1=v1, p2=p2, v2=v2)
    between, relative = p2 - p1, v2 - v1
    distance = length_of(between)
    closing = -dot(between, relative)  # closing speed times distance
    time = divide(distance**2, closing, where=closing > 0)
    return np.where(distance == 0, 0.0, time)


def ttc_discs(
    p1: ArrayLike, v1: ArrayLike, p2: ArrayLike, v2: ArrayLike, radius: ArrayLike
) -> Floats:
    """Time until two discs first touch: the smallest t >= 0 with |r + w t| = radius.

    r and w are the relative position and velocity (the circles of Hou, List & Guo, 2014). The
    quadratic is solved in factored form, so that neither its discriminant nor its root subtracts
    nearly equal numbers.

    Args:
        p1, p2: centres, n x 2, m.
        v1, v2: velocities, n x 2, m/s.
        radius: sum of the two radii, m, one number or n; not negative.

    Returns:
        n times, s: 0 where the discs already touch, ``inf`` where they never do.

    Raises:
        ValueError: an argument has the wrong shape, is not finite, or a radius is negative.
    """
    p1, v1, p2, v2 = as_vectors(p1=p1, v1=v1, p2=p2, v2=v2)
    (radius,) = as_values((len(p1),), radius=radius)
    require(radius >= 0, "radius must not be negative")
    between, relative = p2 - p1, v2 - v1
    distance, speed = length_of(between), length_of(relative)
    closing = -dot(between, relative)
    # |w|^2 R^2 - (r x w)^2 equals (r.w)^2 - |w|^2 (|r|^2 - R^2) without its cancellation.
    miss = np.abs(cross(between, relative))
    discriminant = (speed * radius - miss) * (speed * radius + miss)
    meets = (closing > 0) & (discriminant >= 0)
    root = closing + np.sqrt(np.maximum(discriminant, 0.0))
    time = divide((distance - radius) * (distance + radius), root, where=meets)
    return np.where(distance <= radius, 0.0, time)


def ttc_rectangles(
    center1: ArrayLike,
    velocity1: ArrayLike,
    heading1: ArrayLike,
    length1: ArrayLike,
    width1: ArrayLike,
    center2: ArrayLike,
    velocity2: ArrayLike,
    heading2: ArrayLike,
    length2: ArrayLike,
    width2: ArrayLike,
) -> Floats:
    """Time until two oriented rectangles first touch, at constant velocity and without rotation.

    Two-dimensional TTC of road-user footprints (Hou, List & Guo, 2014; Jiao, 2023), here by the
    separating-axis test swept in time: on each of the four edge directions the projections overlap
    during one interval, and the convex footprints touch exactly while all four intervals hold. The
    result is exact up to rounding. Velocity need not point along the heading.

    Args:
        center1, center2: centres, n x 2, m.
        velocity1, velocity2: velocities, n x 2, m/s.
        heading1, heading2: unit vectors along the length, n x 2.
        length1, width1, length2, width2: full sizes, m, one number or n each; above 0.

    Returns:
        n times, s: 0 where the rectangles already touch, ``inf`` where they never do.

    Raises:
        ValueError: an argument has the wrong shape or is not finite, a heading is not a unit
            vector (to 1e-6), or a size is not above 0.
    """
    _, velocity1, velocity2 = as_vectors(center1=center1, velocity1=velocity1, velocity2=velocity2)
    one, two = box_pair((center1, heading1, length1, width1), (center2, heading2, length2, width2))
    axes = edge_directions(one, two)
    start, stop = time_within(
        offset=dot(axes, two.center - one.center),
        rate=dot(axes, velocity2 - velocity1),
        reach=reach_along(one, axes) + reach_along(two, axes),
    )
    start, stop = start.max(axis=0), stop.min(axis=0)
    return np.where((start <= stop) & (stop >= 0), np.maximum(start, 0.0), np.inf)


def modified_ttc(
    gap: ArrayLike, closing_speed: ArrayLike, closing_acceleration: ArrayLike
) -> Floats:
    """Modified time to collision of Ozbay et al. (2008): TTC under constant acceleration.

    The smallest positive root of gap = closing_speed * t + closing_acceleration * t^2 / 2, where
    "closing" means follower minus leader. The model lets a braking user reverse after it stops.

    Args:
        gap: distance left to contact, m, not negative; ``inf`` where there is no contact ahead.
        closing_speed: m/s, positive when the gap shrinks.
        closing_acceleration: m/s^2, positive when the closing speed grows.
            The three are one number or n each.

    Returns:
        n times, s: 0 at gap 0, ``inf`` where the gap is never used up.

    Raises:
        ValueError: a gap is negative or nan, another value is not finite, or the shapes differ.
    """
    gap, speed, acceleration = broadcast_together(
        gap=gap, closing_speed=closing_speed, closing_acceleration=closing_acceleration
    )
    require(gap >= 0, "gap must not be negative")
    require(np.isfinite(speed), "closing_speed must be finite")
    require(np.isfinite(acceleration), "closing_acceleration must be finite")
    usable = np.where(np.isfinite(gap), gap, 0.0)
    discriminant = speed**2 + 2.0 * acceleration * usable
    root = np.sqrt(np.maximum(discriminant, 0.0))
    # Two forms of one root: each is used where it adds numbers of the same sign.
    closing = divide(2.0 * usable, root + speed, where=(speed >= 0) & (root + speed > 0))
    turning_back = divide(root - speed, acceleration, where=(speed < 0) & (acceleration > 0))
    time = np.where(discriminant >= 0, np.minimum(closing, turning_back), np.inf)
    return np.where(gap == 0, 0.0, np.where(np.isfinite(gap), time, np.inf))


# --- distance -----------------------------------------------------------------------------------


def closest_approach(
    p1: ArrayLike, v1: ArrayLike, p2: ArrayLike, v2: ArrayLike
) -> tuple[Floats, Floats]:
    """Smallest distance two points will have, and when.

    Args:
        p1, p2: positions, n x 2, m.
        v1, v2: velocities, n x 2, m/s.

    Returns:
        n distances, m, and n times >= 0, s. Where the distance does not shrink, the time is 0.

    Raises:
        ValueError: an argument is not a finite n x 2 array, or the n differ.
    """
    p1, v1, p2, v2 = as_vectors(p1=p1, v1=v1, p2=p2, v2=v2)
    between, relative = p2 - p1, v2 - v1
    speed = length_of(relative)
    closing = -dot(between, relative)
    approaching = closing > 0
    # At closest approach r + w t is square to w: the cross product gives it without cancellation.
    miss = divide(np.abs(cross(between, relative)), speed, where=approaching)
    time = divide(closing, speed**2, where=approaching)
    return np.where(approaching, miss, length_of(between)), np.where(approaching, time, 0.0)


def rectangle_distance(
    center1: ArrayLike,
    heading1: ArrayLike,
    length1: ArrayLike,
    width1: ArrayLike,
    center2: ArrayLike,
    heading2: ArrayLike,
    length2: ArrayLike,
    width2: ArrayLike,
) -> Floats:
    """Smallest distance between two oriented rectangles.

    Args:
        center1, center2: centres, n x 2, m.
        heading1, heading2: unit vectors along the length, n x 2.
        length1, width1, length2, width2: full sizes, m, one number or n each; above 0.

    Returns:
        n distances, m: 0 where the rectangles overlap or touch.

    Raises:
        ValueError: as :func:`ttc_rectangles`.
    """
    one, two = box_pair((center1, heading1, length1, width1), (center2, heading2, length2, width2))
    axes = edge_directions(one, two)
    offset = np.abs(dot(axes, two.center - one.center))
    apart = (offset > reach_along(one, axes) + reach_along(two, axes)).any(axis=0)
    # Between disjoint convex polygons the shortest line ends in a corner of one of them.
    nearest = np.minimum(
        point_distance(corners_of(one), two).min(axis=0),
        point_distance(corners_of(two), one).min(axis=0),
    )
    return np.where(apart, nearest, 0.0)


# --- severity and kind of conflict --------------------------------------------------------------


def line_of_approach(
    velocity1: ArrayLike, velocity2: ArrayLike, ttc: ArrayLike
) -> tuple[Floats, Floats]:
    """Gap and closing speed along the line of approach, for :func:`drac` and :func:`modified_ttc`.

    Footprints that move without rotation approach along their relative velocity: the closing speed
    is |v2 - v1|, and the gap is what they still travel along it before contact (Jiao, 2023).

    Args:
        velocity1, velocity2: velocities, n x 2, m/s.
        ttc: their time to collision, n, s; ``inf`` where there is none.

    Returns:
        n gaps, m (``inf`` where ttc is), and n closing speeds, m/s.

    Raises:
        ValueError: a velocity is not a finite n x 2 array, or ttc is not n numbers >= 0.
    """
    velocity1, velocity2 = as_vectors(velocity1=velocity1, velocity2=velocity2)
    ttc = np.asarray(ttc, dtype=float)
    if ttc.shape != (len(velocity1),):
        raise ValueError(f"ttc must hold {len(velocity1)} numbers, not shape {ttc.shape}.")
    require(ttc >= 0, "ttc must not be negative")
    closing_speed = length_of(velocity2 - velocity1)
    meets = np.isfinite(ttc)
    return np.where(meets, closing_speed * np.where(meets, ttc, 0.0), np.inf), closing_speed


def drac(gap: ArrayLike, closing_speed: ArrayLike) -> Floats:
    """Deceleration rate to avoid a crash: closing_speed^2 / (2 gap).

    The constant deceleration along the line of approach that brings the closing speed to 0 just as
    the gap is used up (Cooper & Ferguson, 1976; in the family of SSAM's deceleration measures,
    Gettman et al., 2008). For footprints take both arguments from :func:`line_of_approach`.

    Args:
        gap: distance left to contact, m, not negative; ``inf`` where there is no contact ahead.
        closing_speed: m/s, positive when the gap shrinks. Both are one number or n.

    Returns:
        n rates, m/s^2: 0 where the gap does not shrink, ``inf`` at gap 0 where it does.

    Raises:
        ValueError: a gap is negative or nan, a speed is not finite, or the shapes differ.
    """
    gap, speed = broadcast_together(gap=gap, closing_speed=closing_speed)
    require(gap >= 0, "gap must not be negative")
    require(np.isfinite(speed), "closing_speed must be finite")
    rate = divide(speed**2, 2.0 * gap, where=gap > 0)
    return np.where(speed > 0, rate, 0.0)


def delta_v(m1: ArrayLike, v1: ArrayLike, m2: ArrayLike, v2: ArrayLike) -> tuple[Floats, Floats]:
    """Delta-V: how much a perfectly inelastic collision would change each user's velocity.

    Both leave with their common momentum, as SSAM assumes (Gettman et al., 2008), so each change
    is the relative speed times the other's share of the mass.

    Args:
        m1, m2: masses, one number or n, above 0, in any one unit.
        v1, v2: velocities at impact, n x 2, m/s.

    Returns:
        The magnitude of the velocity change of 1 and of 2, n each, m/s.

    Raises:
        ValueError: an argument has the wrong shape, is not finite, or a mass is not above 0.
    """
    v1, v2 = as_vectors(v1=v1, v2=v2)
    m1, m2 = as_positive((len(v1),), m1=m1, m2=m2)
    relative_speed = length_of(v2 - v1)
    return relative_speed * (m2 / (m1 + m2)), relative_speed * (m1 / (m1 + m2))


def conflict_angle(heading1: ArrayLike, heading2: ArrayLike) -> Floats:
    """Angle between two headings, the absolute conflict angle of SSAM (Gettman et al., 2008).

    Args:
        heading1, heading2: unit vectors, n x 2.

    Returns:
        n angles, degrees, from 0 (same direction) to 180 (opposite).

    Raises:
        ValueError: a heading is not a finite n x 2 array of unit vectors, or the n differ.
    """
    heading1, heading2 = as_unit_vectors(heading1=heading1, heading2=heading2)
    return np.degrees(np.arctan2(np.abs(cross(heading1, heading2)), dot(heading1, heading2)))


def conflict_type(
    angle_deg: ArrayLike, is_vulnerable1: ArrayLike, is_vulnerable2: ArrayLike
) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Kind of conflict by its angle, and whether a vulnerable road user is part of it.

    SSAM's thresholds (Gettman et al., 2008): below 30 degrees "rear-end", above 85 "crossing", and
    what lies between, which SSAM calls lane change, is "merging" here. Telling a merge from a lane
    change takes lane information; a lateral offset alone does not decide it, so both are
    "merging". SSAM knows no head-on conflict: from 150 degrees up, part of its crossing, the type
    is "head-on". The angle says nothing of lanes either: opposite headings are "head-on" even
    where a user leaves its lane sideways.

    Args:
        angle_deg: conflict angles, n, degrees 0..180.
        is_vulnerable1, is_vulnerable2: true for a pedestrian, cyclist or the like; one bool or n.

    Returns:
        n strings, and the n booleans ``vulnerable_involved``.

    Raises:
        ValueError: an angle is outside 0..180 or nan, or the shapes differ.
    """
    angle = np.asarray(angle_deg, dtype=float)
    require((angle >= 0) & (angle <= 180), "angle_deg must lie between 0 and 180")
    either = np.logical_or(is_vulnerable1, is_vulnerable2)
    vulnerable_involved = np.array(spread_to("is_vulnerable", either, angle.shape))
    kinds = np.select(
        [angle < REAR_END_BELOW_DEG, angle >= HEAD_ON_FROM_DEG, angle > CROSSING_ABOVE_DEG],
        ["rear-end", "head-on", "crossing"],
        default="merging",
    )
    return kinds, vulnerable_involved
