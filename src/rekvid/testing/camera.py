"""Where the camera stands, and what moves it: disturbances that only scenes with a camera can have."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rekvid.testing.disturbances import Disturbance
from rekvid.testing.transitions import smoothstep
from rekvid.testing.truth import DisturbanceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How the camera stands against where it would stand undisturbed.

    Attributes:
        x: To the right, in widths of the picture.
        y: Down, in heights of the picture.
        zoom: How many times as near.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraMove(Disturbance):
    """The base of what moves the camera. Only scenes with a camera can have it."""

    def pose(self, moment: float) -> Pose:
        """The camera at `moment`, in seconds from the start of the disturbance and on past its end."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pan(CameraMove):
    """The camera swings to another view, fast, and stays there.

    Attributes:
        x: How far to the right, in widths of the picture.
        y: How far down, in heights of the picture.
        abrupt: Whether it starts and stops at once rather than gently.
    """

    x: float = 1.5
    y: float = 0.0
    abrupt: bool = False

    @property
    def kind(self) -> DisturbanceKind:
        """See `Disturbance.kind`."""
        return DisturbanceKind.STOP if self.abrupt else DisturbanceKind.PAN

    def pose(self, moment: float) -> Pose:
        """See `CameraMove.pose`."""
        progress = min(max(moment / self.seconds, 0.0), 1.0)
        way = progress if self.abrupt else smoothstep(progress)
        return Pose(x=self.x * way, y=self.y * way)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoom(CameraMove):
    """The camera zooms in or out and stays so.

    Attributes:
        factor: How many times as near at its end.
    """

    factor: float = 1.8

    @property
    def kind(self) -> DisturbanceKind:
        """See `Disturbance.kind`."""
        return DisturbanceKind.ZOOM

    def pose(self, moment: float) -> Pose:
        """See `CameraMove.pose`."""
        return Pose(zoom=self.factor ** smoothstep(min(max(moment / self.seconds, 0.0), 1.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shake(CameraMove):
    """The camera is shaken.

    Attributes:
        reach: How far at most, as a share of the picture's width.
        hertz: How often a second.
    """

    reach: float = 0.04
    hertz: float = 6.0

    @property
    def kind(self) -> DisturbanceKind:
        """See `Disturbance.kind`."""
        return DisturbanceKind.SHAKE

    def pose(self, moment: float) -> Pose:
        """See `CameraMove.pose`."""
        if not 0 < moment < self.seconds:
            return Pose()
        swell = math.sin(math.pi * moment / self.seconds)
        turn = 2 * math.pi * self.hertz * moment
        # Two tones that have no common measure, so that it doesn't swing like a pendulum.
        return Pose(
            x=self.reach * swell * (0.6 * math.sin(turn) + 0.4 * math.sin(1.618 * turn + 1)),
            y=self.reach * swell * (0.6 * math.sin(1.31 * turn + 2) + 0.4 * math.sin(2.17 * turn)),
        )
