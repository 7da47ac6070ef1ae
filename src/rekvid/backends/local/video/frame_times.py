"""When frames are shown: by their number where the frame rate is constant, and by their own pts where it varies."""

from __future__ import annotations

from array import array
from fractions import Fraction

from rekvid.timecode import millis_of_frame

_NANOS = 10**9


class FrameTimes:
    """Keeps when each frame is shown, in 8 bytes a frame.

    The rate counts as constant where every frame is shown less than half a frame from the time that its number gives.
    That is more than containers round (a millisecond in Matroska) and less than a frame that is missing. Timestamps
    are then the service's ``floor(frame * 1000 / rate)``. Where the rate varies, they are ``floor(pts * 1000)``, from
    the first frame on. Where the clock goes back (joined recordings), numbers are all that is left to count by.
    """

    def __init__(self, rate: Fraction) -> None:
        """Make it for video of `rate` frames a second, the mean where the rate varies."""
        self._rate = rate
        self._nanos = array("q")
        self._first: Fraction | None = None
        self._strays = False
        self._goes_back = False

    def add(self, time: Fraction) -> None:
        """Take the pts of the next frame in order of display, in seconds."""
        if self._first is None:
            self._first = time
        nanos = int((time - self._first) * _NANOS)
        number = len(self._nanos)
        away = abs(nanos * self._rate.numerator - number * _NANOS * self._rate.denominator)
        self._strays |= 2 * away >= _NANOS * self._rate.denominator
        self._goes_back |= bool(number) and nanos < self._nanos[-1]
        self._nanos.append(nanos)

    def __len__(self) -> int:
        """The number of frames."""
        return len(self._nanos)

    @property
    def is_constant(self) -> bool:
        """Whether frames are timed by their numbers."""
        return not self._strays or self._goes_back

    def millis(self, frame: int) -> int:
        """Milliseconds from the first frame to the one with the number `frame`, from 0, rounded down."""
        return millis_of_frame(frame, self._rate) if self.is_constant else self._nanos[frame] // 10**6
