"""Frames, milliseconds and SMPTE timecodes, exact at every rate.

All arithmetic is on integers and `fractions.Fraction`; a float is taken only where a rate comes in from
outside, and is made exact at once. Sources: SMPTE ST 12-1 (time address, drop-frame counting), and the
Amazon Rekognition API reference, SegmentDetection (which of its members count frames, milliseconds and labels).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

NTSC_24 = Fraction(24000, 1001)
NTSC_30 = Fraction(30000, 1001)
NTSC_60 = Fraction(60000, 1001)

_DROP_FRAME_RATES = frozenset({NTSC_30, NTSC_60})
_TIMECODE = re.compile(r"(\d{2}):([0-5]\d):([0-5]\d)([:;])(\d{2,})", re.ASCII)


def exact_rate(rate: float | Fraction) -> Fraction:
    """The exact frame rate that `rate` stands for.

    Fractions and whole numbers are taken as they are. A float is what a service or a container wrote for a
    rational number (29.970029830932617 for 30000/1001), so it becomes the whole rate or the NTSC rate
    (n * 1000/1001) that lies within 0.0005 of it, and otherwise the simplest fraction with a denominator of
    at most 1001.

    Args:
        rate: Frames a second, above 0 and at most 1000.

    Raises:
        ValueError: `rate` is outside that range or not a number.
    """
    if not 0 < rate <= 1000:
        raise ValueError(f"rate={rate!r}: a frame rate lies above 0 and at most at 1000")
    exact = Fraction(rate)
    if not isinstance(rate, float):
        return exact
    nominal = round(exact)
    for candidate in (Fraction(nominal), Fraction(nominal * 1000, 1001)):
        if nominal and abs(exact - candidate) < Fraction(1, 2000):
            return candidate
    return exact.limit_denominator(1001) or exact


def millis_of_frame(frame: int, rate: Fraction) -> int:
    """Milliseconds from the start of the video to the start of `frame`, rounded down.

    ``floor(frame * 1000 / rate)``, the rule that holds for the frame numbers and timestamps that
    GetSegmentDetection returns.
    """
    return frame * 1000 * rate.denominator // rate.numerator


def frame_of_millis(millis: int, rate: Fraction) -> int:
    """The frame on display during the millisecond `millis`.

    The last frame that starts before ``millis + 1``; hence the inverse of `millis_of_frame` at every rate up
    to 1000 frames a second.
    """
    # Floor division of the negated product rounds up.
    return -(-(millis + 1) * rate.numerator // (1000 * rate.denominator)) - 1


def uses_drop_frame(rate: Fraction) -> bool:
    """Whether timecodes at `rate` are counted in drop-frame: at 30000/1001 and 60000/1001."""
    return rate in _DROP_FRAME_RATES


def nominal_rate(rate: Fraction) -> int:
    """The number of timecode frames counted in a second: the whole number nearest to `rate`, at least 1."""
    return max(1, round(rate))


@dataclass(frozen=True, slots=True, order=True)
class Timecode:
    """An SMPTE time address, ``hh:mm:ss:ff``, or ``hh:mm:ss;ff`` in drop-frame counting.

    Attributes:
        hours: 0-23.
        minutes: 0-59.
        seconds: 0-59.
        frames: 0 up to the nominal rate less one.
        drop_frame: Whether frame numbers 0 and 1 (0 to 3 at 59.94) are left out at the start of each minute
            that is not a tenth minute (SMPTE ST 12-1). No picture is dropped, only numbers.
    """

    hours: int
    minutes: int
    seconds: int
    frames: int
    drop_frame: bool = False

    @classmethod
    def parse(cls, text: str) -> Timecode:
        """Read ``hh:mm:ss:ff`` or ``hh:mm:ss;ff``.

        Raises:
            ValueError: `text` is not a timecode.
        """
        match = _TIMECODE.fullmatch(text)
        if match is None or int(match[1]) > 23:
            raise ValueError(f"timecode={text!r}: a timecode reads hh:mm:ss:ff, or hh:mm:ss;ff in drop-frame")
        return cls(int(match[1]), int(match[2]), int(match[3]), int(match[5]), drop_frame=match[4] == ";")

    @classmethod
    def of_frame(cls, frame: int, rate: Fraction, *, drop_frame: bool | None = None) -> Timecode:
        """The address of the frame number `frame`, counted from 00:00:00:00.

        Args:
            frame: Frame number, 0 or more. Addresses wrap after 24 hours, as in SMPTE ST 12-1.
            rate: Exact frames a second.
            drop_frame: Counting mode; None takes drop-frame where `uses_drop_frame` says so.

        Raises:
            ValueError: `frame` is negative, or drop-frame is asked for at a rate that has none.
        """
        if frame < 0:
            raise ValueError(f"frame={frame}: frame numbers start at 0")
        nominal = nominal_rate(rate)
        drop = uses_drop_frame(rate) if drop_frame is None else drop_frame
        label = frame
        if drop:
            dropped = _dropped_a_minute(rate)
            minute = nominal * 60 - dropped
            ten_minutes = nominal * 600 - dropped * 9
            tens, rest = divmod(frame, ten_minutes)
            # The first minute of each ten keeps all its numbers; each later one skips `dropped` of them.
            minutes_with_drop = max(0, (rest - dropped) // minute)
            label += dropped * (9 * tens + minutes_with_drop)
        seconds, frames = divmod(label, nominal)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return cls(hours % 24, minutes, seconds, frames, drop_frame=drop)

    def to_frame(self, rate: Fraction) -> int:
        """The frame number of this address, the inverse of `of_frame` within 24 hours.

        Raises:
            ValueError: This address doesn't exist at `rate`: its frame number is too high, or is one that
                drop-frame counting leaves out.
        """
        nominal = nominal_rate(rate)
        if self.frames >= nominal:
            raise ValueError(f"timecode={self}: at {float(rate):g} frames a second, frames run from 0 to {nominal - 1}")
        total_minutes = self.hours * 60 + self.minutes
        label = (total_minutes * 60 + self.seconds) * nominal + self.frames
        if not self.drop_frame:
            return label
        dropped = _dropped_a_minute(rate)
        if self.seconds == 0 and self.minutes % 10 and self.frames < dropped:
            raise ValueError(f"timecode={self}: drop-frame counting leaves this number out")
        return label - dropped * (total_minutes - total_minutes // 10)

    def _repr_html_(self) -> str:
        """What a notebook shows: the timecode, in letters of equal width."""
        return f"<code>{self}</code>"

    def __str__(self) -> str:
        separator = ";" if self.drop_frame else ":"
        return f"{self.hours:02}:{self.minutes:02}:{self.seconds:02}{separator}{self.frames:02}"


def _dropped_a_minute(rate: Fraction) -> int:
    if not uses_drop_frame(rate):
        raise ValueError(f"rate={rate}: drop-frame counting exists at 30000/1001 and 60000/1001 only")
    return 2 if rate == NTSC_30 else 4
