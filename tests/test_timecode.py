"""Frames, milliseconds and timecodes: exact at every rate, for 24 hours."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rekvid.models import SegmentDetectionPage
from rekvid.timecode import (
    NTSC_24,
    NTSC_30,
    NTSC_60,
    Timecode,
    exact_rate,
    frame_of_millis,
    millis_of_frame,
    nominal_rate,
    uses_drop_frame,
)

BROADCAST_RATES = [NTSC_24, *map(Fraction, (24, 25)), NTSC_30, *map(Fraction, (30, 50)), NTSC_60, Fraction(60)]
DROP_FRAME_RATES = [NTSC_30, NTSC_60]
LONGEST = 24 * 3600  # seconds

odd_rates = st.fractions(min_value=Fraction(1, 10), max_value=1000, max_denominator=1001)
rates = st.one_of(st.sampled_from(BROADCAST_RATES), odd_rates)
frames = st.integers(0, LONGEST * 1000)


def frames_in_a_day(rate: Fraction, *, drop_frame: bool) -> int:
    """How many addresses 24 hours have, counted from the rule itself: 2 or 4 left out in 9 of 10 minutes."""
    left_out = (2 if rate == NTSC_30 else 4) if drop_frame else 0
    return LONGEST * nominal_rate(rate) - 24 * 54 * left_out


def single_precision(number: float | Fraction) -> float:
    """The nearest single-precision number, which is what the service sends."""
    (single,) = struct.unpack("<f", struct.pack("<f", float(number)))
    assert isinstance(single, float)
    return single


@given(frames, rates)
def test_millis_of_frame_is_the_floor(frame: int, rate: Fraction) -> None:
    """A frame's millisecond is floor(frame * 1000 / rate), in exact arithmetic."""
    assert millis_of_frame(frame, rate) == math.floor(Fraction(frame) * 1000 / rate)


@given(frames, rates)
def test_frame_of_millis_inverts_millis_of_frame(frame: int, rate: Fraction) -> None:
    """The frame of a frame's own millisecond is that frame, at every rate up to 1000."""
    assert frame_of_millis(millis_of_frame(frame, rate), rate) == frame


@given(st.integers(0, LONGEST * 1000), rates)
def test_frame_of_millis_is_the_last_that_started(millis: int, rate: Fraction) -> None:
    """The frame of a millisecond starts before that millisecond is over, and the next one does not."""
    frame = frame_of_millis(millis, rate)

    assert Fraction(frame) / rate * 1000 < millis + 1
    assert Fraction(frame + 1) / rate * 1000 >= millis + 1


@pytest.mark.parametrize("rate", BROADCAST_RATES, ids=str)
def test_every_frame_of_a_minute_has_its_millisecond(rate: Fraction) -> None:
    """Frame by frame through 61 seconds, milliseconds are the floor, and lead back to the frame."""
    for frame in range(61 * nominal_rate(rate)):
        millis = frame * 1000 * rate.denominator // rate.numerator
        assert (millis_of_frame(frame, rate), frame_of_millis(millis, rate)) == (millis, frame)


@pytest.mark.parametrize(
    ("frame", "rate", "millis"),
    [
        (299, NTSC_30, 9976),
        (449, NTSC_30, 14981),
        (2920, Fraction(24), 121666),
        (11312, Fraction(24), 471333),
        (1, NTSC_60, 16),
        (24000, NTSC_24, 1001000),
        (1, Fraction(25), 40),
    ],
)
def test_known_milliseconds(frame: int, rate: Fraction, millis: int) -> None:
    """Frames of the developer guide's samples, and some worked by hand, have the milliseconds stated there."""
    assert millis_of_frame(frame, rate) == millis
    assert frame_of_millis(millis, rate) == frame


@given(st.data(), st.sampled_from(BROADCAST_RATES))
def test_timecode_round_trip_without_drop_frame(data: st.DataObject, rate: Fraction) -> None:
    """Counted without drop-frame, the address of each frame of 24 hours leads back to the frame."""
    frame = data.draw(st.integers(0, frames_in_a_day(rate, drop_frame=False) - 1))

    timecode = Timecode.of_frame(frame, rate, drop_frame=False)

    assert timecode.to_frame(rate) == frame
    assert not timecode.drop_frame


@given(st.data(), st.sampled_from(DROP_FRAME_RATES))
def test_timecode_round_trip_with_drop_frame(data: st.DataObject, rate: Fraction) -> None:
    """Counted in drop-frame, the address of each frame of 24 hours leads back to the frame."""
    frame = data.draw(st.integers(0, frames_in_a_day(rate, drop_frame=True) - 1))

    timecode = Timecode.of_frame(frame, rate)

    assert timecode.to_frame(rate) == frame
    assert timecode.drop_frame


@pytest.mark.parametrize("rate", DROP_FRAME_RATES, ids=str)
def test_drop_frame_counts_by_the_rule(rate: Fraction) -> None:
    """Frame by frame through 21 minutes, drop-frame addresses are those of a plain count that leaves numbers out."""
    nominal, left_out = nominal_rate(rate), 2 if rate == NTSC_30 else 4
    addresses = [
        (minute, second, number)
        for minute in range(21)
        for second in range(60)
        for number in range(nominal)
        if not (minute % 10 and second == 0 and number < left_out)
    ]

    for frame, (minute, second, number) in enumerate(addresses):
        assert Timecode.of_frame(frame, rate) == Timecode(0, minute, second, number, drop_frame=True)


@given(st.data(), st.sampled_from(DROP_FRAME_RATES))
def test_drop_frame_keeps_to_the_clock(data: st.DataObject, rate: Fraction) -> None:
    """At no point of 24 hours is a drop-frame address more than a fifth of a second away from the time passed."""
    frame = data.draw(st.integers(0, frames_in_a_day(rate, drop_frame=True) - 1))

    timecode = Timecode.of_frame(frame, rate)
    shown = (timecode.hours * 60 + timecode.minutes) * 60 + timecode.seconds + Fraction(timecode.frames, 1) / rate

    assert abs(shown - frame / rate) < Fraction(1, 5)


@given(st.data(), st.sampled_from(BROADCAST_RATES), st.booleans())
def test_addresses_wrap_after_a_day(data: st.DataObject, rate: Fraction, wants_drop: bool) -> None:
    """A frame one day on has the same address, and the next frame never repeats it."""
    drop = wants_drop and uses_drop_frame(rate)
    day = frames_in_a_day(rate, drop_frame=drop)
    frame = data.draw(st.integers(0, day - 1))

    timecode = Timecode.of_frame(frame, rate, drop_frame=drop)

    assert Timecode.of_frame(frame + day, rate, drop_frame=drop) == timecode
    assert Timecode.of_frame(frame + 1, rate, drop_frame=drop) != timecode


@pytest.mark.parametrize(
    ("frame", "rate", "text"),
    [
        (0, NTSC_30, "00:00:00;00"),
        (299, NTSC_30, "00:00:09;29"),
        (1799, NTSC_30, "00:00:59;29"),
        (1800, NTSC_30, "00:01:00;02"),
        (3597, NTSC_30, "00:01:59;29"),
        (3598, NTSC_30, "00:02:00;02"),
        (17981, NTSC_30, "00:09:59;29"),
        (17982, NTSC_30, "00:10:00;00"),
        (107892, NTSC_30, "01:00:00;00"),
        (2589407, NTSC_30, "23:59:59;29"),
        (2589408, NTSC_30, "00:00:00;00"),
        (3599, NTSC_60, "00:00:59;59"),
        (3600, NTSC_60, "00:01:00;04"),
        (35964, NTSC_60, "00:10:00;00"),
        (5178815, NTSC_60, "23:59:59;59"),
        (5178816, NTSC_60, "00:00:00;00"),
        (2920, Fraction(24), "00:02:01:16"),
        (1440, NTSC_24, "00:01:00:00"),
        (2073600, Fraction(24), "00:00:00:00"),
        (90000, Fraction(25), "01:00:00:00"),
        (119, Fraction(120), "00:00:00:119"),
        (7, Fraction(1, 4), "00:00:07:00"),
    ],
)
def test_known_addresses(frame: int, rate: Fraction, text: str) -> None:
    """Frames whose addresses are known, from ST 12-1's rule and the service's samples, get just those."""
    assert str(Timecode.of_frame(frame, rate)) == text


@pytest.mark.parametrize(("drop_frame", "text"), [(True, "00:01:00;02"), (False, "00:01:00:00")])
def test_the_counting_mode_can_be_chosen(drop_frame: bool, text: str) -> None:
    """At a rate that has drop-frame counting, the caller may count either way."""
    assert str(Timecode.of_frame(1800, NTSC_30, drop_frame=drop_frame)) == text


@given(
    st.builds(
        Timecode,
        st.integers(0, 23),
        st.integers(0, 59),
        st.integers(0, 59),
        st.integers(0, 999),
        drop_frame=st.booleans(),
    )
)
def test_parse_inverts_str(timecode: Timecode) -> None:
    """What a timecode prints, it reads."""
    assert Timecode.parse(str(timecode)) == timecode


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00:00:00",
        "0:00:00:00",
        "00:00:00:0",
        "24:00:00:00",
        "00:60:00:00",
        "00:00:60:00",
        "00:00:00.00",
        "00;00;00;00",
        "-0:00:00:00",
        "00:00:00:00\n",
        " 00:00:00:00",
        "\u0660\u0660:00:00:00",  # Arabic-Indic digits
    ],
)
def test_parse_refuses(text: str) -> None:
    """Anything but hh:mm:ss:ff or hh:mm:ss;ff is refused, with the text in the message."""
    with pytest.raises(ValueError, match="a timecode reads hh:mm:ss:ff") as caught:
        Timecode.parse(text)
    assert repr(text) in str(caught.value)


@given(st.text(st.sampled_from("0123456789:;.-+ \n"), max_size=14))
@example("00:00:59;29")
def test_parse_reads_or_refuses(text: str) -> None:
    """Any text is read and printed back, or refused with a ValueError."""
    try:
        timecode = Timecode.parse(text)
    except ValueError:
        return
    assert Timecode.parse(str(timecode)) == timecode


@pytest.mark.parametrize("number", [0, 1, 2, 3])
@pytest.mark.parametrize("minute", [1, 9, 11, 59])
def test_numbers_that_drop_frame_leaves_out_are_refused(minute: int, number: int) -> None:
    """Numbers 0 and 1, at 59.94 also 2 and 3, don't exist at the start of a minute that is no tenth one."""
    timecode = Timecode(1, minute, 0, number, drop_frame=True)

    for rate, left_out in ((NTSC_30, 2), (NTSC_60, 4)):
        if number < left_out:
            with pytest.raises(ValueError, match="leaves this number out"):
                timecode.to_frame(rate)
        else:
            assert Timecode.of_frame(timecode.to_frame(rate), rate) == timecode


@pytest.mark.parametrize("minute", [0, 10, 20, 50])
def test_tenth_minutes_keep_all_numbers(minute: int) -> None:
    """At the start of a tenth minute no number is left out."""
    timecode = Timecode(0, minute, 0, 0, drop_frame=True)

    assert timecode.to_frame(NTSC_30) == minute * 60 * 30 - 2 * (minute - minute // 10)


def test_a_frame_number_above_the_rate_is_refused() -> None:
    """An address whose frame number the rate doesn't reach has no frame."""
    with pytest.raises(ValueError, match="frames run from 0 to 24"):
        Timecode.parse("00:00:00:25").to_frame(Fraction(25))


@pytest.mark.parametrize("rate", [rate for rate in BROADCAST_RATES if rate not in DROP_FRAME_RATES], ids=str)
def test_drop_frame_exists_at_two_rates_only(rate: Fraction) -> None:
    """Drop-frame counting is refused, both ways, at rates other than 30000/1001 and 60000/1001."""
    assert not uses_drop_frame(rate)
    with pytest.raises(ValueError, match="30000/1001 and 60000/1001 only"):
        Timecode.of_frame(0, rate, drop_frame=True)
    with pytest.raises(ValueError, match="30000/1001 and 60000/1001 only"):
        Timecode.parse("00:00:00;00").to_frame(rate)


def test_a_negative_frame_is_refused() -> None:
    """Frame numbers start at 0, so -1 has no address."""
    with pytest.raises(ValueError, match="frame numbers start at 0"):
        Timecode.of_frame(-1, NTSC_30)


def test_timecodes_sort_by_time() -> None:
    """Timecodes of one counting mode sort as their frames do."""
    late_first = [Timecode.of_frame(frame, NTSC_30) for frame in range(2589407, 0, -99991)]

    assert [timecode.to_frame(NTSC_30) for timecode in sorted(late_first)] == list(range(2589407, 0, -99991))[::-1]


@pytest.mark.parametrize(
    ("sent", "rate"),
    [
        (29.970029830932617, NTSC_30),
        (23.976024627685547, NTSC_24),
        (59.940059661865234, NTSC_60),
        (29.97, NTSC_30),
        (23.976, NTSC_24),
        (59.94, NTSC_60),
        (24.0, Fraction(24)),
        (25.0, Fraction(25)),
        (30.0, Fraction(30)),
        (60.0, Fraction(60)),
        (12.5, Fraction(25, 2)),
        (7.5, Fraction(15, 2)),
        (14.985014915466309, Fraction(15000, 1001)),
        (119.88011932373047, Fraction(120000, 1001)),
        (1000.0, Fraction(1000)),
        (0.1, Fraction(1, 10)),
        (1e-7, Fraction(1e-7)),
    ],
)
def test_exact_rate_of_the_floats_that_services_send(sent: float, rate: Fraction) -> None:
    """A float becomes the rational rate that it was written for."""
    assert exact_rate(sent) == rate


@given(st.integers(1, 240), st.booleans())
def test_exact_rate_of_every_whole_and_ntsc_rate(nominal: int, ntsc: bool) -> None:
    """Every whole rate and its NTSC sister come back exact from single precision."""
    rate = Fraction(nominal * 1000, 1001) if ntsc else Fraction(nominal)

    assert exact_rate(single_precision(rate)) == rate


@given(
    st.integers(1, 240),
    st.integers(2, 100).flatmap(lambda bottom: st.tuples(st.integers(1, bottom - 1), st.just(bottom))),
)
def test_exact_rate_of_odd_rates(whole: int, part: tuple[int, int]) -> None:
    """A rate with a small denominator comes back exact, unless an NTSC rate is as near as single digits can tell."""
    rate = whole + Fraction(*part)
    result = exact_rate(float(rate))

    ntsc = Fraction(round(rate) * 1000, 1001)
    assert result == (ntsc if abs(rate - ntsc) < Fraction(1, 2000) else rate)


@given(st.floats(min_value=0, max_value=1000, exclude_min=True))
def test_exact_rate_stays_near(rate: float) -> None:
    """Whatever the float, the exact rate is above 0 and within 0.0005 of it."""
    exact = exact_rate(rate)

    assert exact > 0
    assert abs(exact - Fraction(rate)) <= Fraction(1, 2000)


@given(st.one_of(st.integers(1, 1000), odd_rates))
def test_exact_rate_keeps_what_is_exact(rate: int | Fraction) -> None:
    """Whole numbers and fractions are taken as they are, even next to an NTSC rate."""
    assert exact_rate(rate) == rate


@pytest.mark.parametrize("rate", [0, -1, 0.0, -29.97, math.nan, math.inf, -math.inf, 1000.5, Fraction(0), 1001])
def test_exact_rate_refuses(rate: float | Fraction) -> None:
    """Zero, negative and absurd rates, infinities and NaN are refused, with the rate in the message."""
    with pytest.raises(ValueError, match="a frame rate lies above 0"):
        exact_rate(rate)


@pytest.mark.parametrize(
    ("rate", "nominal"), [(NTSC_24, 24), (NTSC_60, 60), (Fraction(1, 8), 1), (Fraction(25, 2), 12)]
)
def test_nominal_rate(rate: Fraction, nominal: int) -> None:
    """A second counts the whole number of frames nearest to the rate, and at least one."""
    assert nominal_rate(rate) == nominal


@pytest.mark.assets
def test_sample_segments_obey_the_arithmetic(assets: Path) -> None:
    """In every sample answer, timecodes, frames, milliseconds and durations of a segment follow from one another."""
    seen = 0
    for file in sorted((assets / "responses").glob("segments_*.json")):
        page = SegmentDetectionPage.from_json(file.read_bytes())
        rate = exact_rate(page.video_metadata[0].frame_rate or 0)
        for segment in page.segments:
            first, last = segment.start_timecode.to_frame(rate), segment.end_timecode.to_frame(rate)
            assert segment.start_timestamp_millis == millis_of_frame(first, rate), file.name
            assert segment.end_timestamp_millis == millis_of_frame(last, rate), file.name
            assert segment.duration_millis == segment.end_timestamp_millis - segment.start_timestamp_millis, file.name
            assert segment.duration_smpte == str(Timecode.of_frame(last - first, rate)), file.name
            if segment.start_frame_number is not None:
                assert (segment.start_frame_number, segment.end_frame_number) == (first, last), file.name
                assert segment.duration_frames == last - first, file.name
            seen += 1
    assert seen > 10
