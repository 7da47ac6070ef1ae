"""Whatever is special about a file, its segments must be those of the pictures that a player shows."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("av")
pytest.importorskip("numpy")
import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from rekvid.backends.local.labels.detectors.base import Fit
from rekvid.backends.local.segments import SegmentSettings, analyse_segments
from rekvid.backends.local.video.decode import SmallFrame, read
from rekvid.backends.local.video.frame_times import FrameTimes
from rekvid.backends.local.video.media import UnreadableVideoError, open_media, video_metadata
from rekvid.backends.local.video.sampling import Sampler
from rekvid.backends.local.video.sound import Sound
from rekvid.models import SegmentDetection
from rekvid.report.frames import Film
from rekvid.timecode import NTSC_24, NTSC_30, NTSC_60, Timecode, millis_of_frame

FRAMES, CUT = 50, 25
"""Every clip has two shots, the second of which begins at frame `CUT`."""

TWO_SHOTS = [(0, CUT - 1), (CUT, FRAMES - 1)]


def picture(number: int, *, width: int = 160, height: int = 90, cut: int = CUT) -> av.VideoFrame:
    """A frame of the clip: a texture that drifts by a sample a frame, another one from the cut on."""
    generator = np.random.default_rng(0 if number < cut else 1)
    coarse = generator.integers(20, 230, (height // 12 + 1, width // 12 + 10, 3), dtype=np.uint8)
    sheet = np.repeat(np.repeat(coarse, 12, axis=0), 12, axis=1)
    left = number % 100
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(sheet[:height, left : left + width]), "rgb24")


def add_video(
    container: OutputContainer,
    codec: str = "libx264",
    *,
    rate: Fraction = Fraction(25),
    pixel_format: str = "yuv420p",
    width: int = 160,
    height: int = 90,
    options: dict[str, object] | None = None,
    time_base: Fraction | None = None,
) -> VideoStream:
    stream = container.add_stream(codec, rate=rate)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
    stream.thread_type = "FRAME"
    stream.options = {"preset": "veryfast"} if options is None else options
    if time_base is not None:
        stream.codec_context.time_base = time_base
    return stream


def encode(
    container: OutputContainer,
    stream: VideoStream,
    moments: Sequence[int] = range(FRAMES),
    *,
    draw: Callable[[int], av.VideoFrame] | None = None,
) -> None:
    """Write a frame for each of `moments`, which are its pts in the time base of the encoder."""
    base = stream.codec_context.time_base or 1 / Fraction(stream.codec_context.framerate)
    for number, moment in enumerate(moments):
        drawn = draw(number) if draw else picture(number, width=stream.width, height=stream.height)
        frame = drawn.reformat(format=stream.pix_fmt)
        frame.pts, frame.time_base = moment, base
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def write(path: Path, codec: str = "libx264", moments: Sequence[int] = range(FRAMES), **coding: object) -> Path:
    with av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as container:
        encode(container, add_video(container, codec, **coding), moments)  # type: ignore[arg-type]  # see add_video
    return path


def frames_of(path: Path, threads: int | None = None) -> list[SmallFrame]:
    with open_media(path) as media:
        found = read(media, black=None, listen=False, threads=threads)
        return [each for each in found if isinstance(each, SmallFrame)]


def shots_of(path: Path) -> list[SegmentDetection]:
    return list(analyse_segments(path, SegmentSettings(segment_types=("SHOT",))).segments)


def bounds(shots: list[SegmentDetection]) -> list[tuple[int | None, int | None]]:
    return [(each.start_frame_number, each.end_frame_number) for each in shots]


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_where_the_rate_varies_timestamps_are_those_of_the_frames(tmp_path: Path, ending: str) -> None:
    moments = [40 * number if number < CUT else 40 * CUT + 80 * (number - CUT) for number in range(FRAMES)]
    path = write(tmp_path / f"video.{ending}", moments=moments, time_base=Fraction(1, 1000))
    shots = shots_of(path)
    assert bounds(shots) == TWO_SHOTS
    assert [(each.start_timestamp_millis, each.end_timestamp_millis) for each in shots] == [
        (moments[first], moments[last]) for first, last in TWO_SHOTS
    ]
    assert shots[1].duration_millis == moments[-1] - moments[CUT]


def test_a_frame_that_is_missing_moves_the_timestamps_after_it() -> None:
    times = FrameTimes(Fraction(25))
    for number in (0, 1, 2, 4, 5):
        times.add(Fraction(number, 25))
    assert not times.is_constant
    assert [times.millis(frame) for frame in range(len(times))] == [0, 40, 80, 160, 200]


@pytest.mark.parametrize("rate", [NTSC_24, NTSC_30, NTSC_60, Fraction(25)])
def test_times_that_a_container_rounds_are_a_constant_rate(rate: Fraction) -> None:
    times = FrameTimes(rate)
    for number in range(2000):
        times.add(5 + Fraction(round(number / rate * 1000), 1000))
    assert times.is_constant
    assert [times.millis(frame) for frame in range(2000)] == [millis_of_frame(frame, rate) for frame in range(2000)]


def test_where_the_clock_goes_back_timestamps_count_frames() -> None:
    times = FrameTimes(Fraction(25))
    for number in (0, 1, 2, 0, 1, 2):
        times.add(Fraction(number, 25))
    assert [times.millis(frame) for frame in range(6)] == [0, 40, 80, 120, 160, 200]


@pytest.mark.parametrize(("rate", "mark"), [(NTSC_24, ":"), (NTSC_30, ";"), (NTSC_60, ";")])
def test_ntsc_rates_count_exactly_and_in_drop_frame_where_there_is_one(
    tmp_path: Path, rate: Fraction, mark: str
) -> None:
    second = shots_of(write(tmp_path / "video.mov", rate=rate))[1]
    assert second.start_timestamp_millis == millis_of_frame(CUT, rate)
    assert second.start_timecode_smpte == str(Timecode.of_frame(CUT, rate))
    assert second.start_timecode_smpte[8] == mark


@pytest.mark.parametrize(("ending", "first"), [("mkv", 250), ("ts", 250), ("ts", -1), ("mp4", 250), ("mkv", 1)])
def test_timestamps_count_from_the_first_frame_wherever_the_clock_starts(
    tmp_path: Path, ending: str, first: int
) -> None:
    path = write(tmp_path / f"video.{ending}", moments=range(first, first + FRAMES))
    shots = shots_of(path)
    assert bounds(shots) == TWO_SHOTS
    assert [each.start_timestamp_millis for each in shots] == [0, 1000]


def edited(path: Path, *, skip: int, keep: int) -> Path:
    """Make the edit list of an MP4 skip frames at the start, and keep as many after them (ISO/IEC 14496-12, 8.6.6)."""
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 12
    _, media_time = struct.unpack_from(">Ii", data, place)
    struct.pack_into(">Ii", data, place, keep * 40, media_time + skip * 512)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("skip", "keep"), [(10, 40), (0, 30), (7, 30)])
def test_frames_that_an_edit_list_hides_do_not_count(tmp_path: Path, skip: int, keep: int) -> None:
    path = edited(write(tmp_path / "video.mp4"), skip=skip, keep=keep)
    assert len(frames_of(path)) == keep
    shots = shots_of(path)
    assert bounds(shots) == [(0, CUT - skip - 1), (CUT - skip, keep - 1)]
    assert shots[1].start_timestamp_millis == (CUT - skip) * 40


def test_rotation_changes_neither_the_segments_nor_the_size_that_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with av.open(str(path), "w") as container:
        stream = add_video(container)
        stream.set_display_rotation(90)
        encode(container, stream)
    with open_media(path) as media:
        metadata = video_metadata(media)
    assert (metadata.frame_width, metadata.frame_height) == (160, 90), "as coded, before the rotation"
    assert bounds(shots_of(path)) == TWO_SHOTS


@pytest.mark.parametrize("order", ["tff", "bff"])
def test_the_combs_of_interlaced_motion_are_no_cuts(tmp_path: Path, order: str) -> None:
    def woven(number: int) -> av.VideoFrame:
        """Two fields, half a frame apart in time."""
        fields = [picture(2 * number + late, height=96, cut=2 * CUT).to_ndarray(format="rgb24") for late in (0, 1)]
        first, second = fields if order == "tff" else fields[::-1]
        first[1::2] = second[1::2]
        return av.VideoFrame.from_ndarray(first, "rgb24")

    path = tmp_path / "video.mov"
    with av.open(str(path), "w") as container:
        stream = add_video(container, height=96, options={"preset": "veryfast", "x264-params": f"{order}=1"})
        encode(container, stream, draw=woven)
    with av.open(str(path)) as written:
        assert next(written.decode(video=0)).interlaced_frame
    assert bounds(shots_of(path)) == TWO_SHOTS


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p", "yuv422p10le", "yuv444p", "gray", "yuvj420p"])
def test_shots_are_the_same_in_every_pixel_format(tmp_path: Path, pixel_format: str) -> None:
    assert bounds(shots_of(write(tmp_path / "video.mp4", pixel_format=pixel_format))) == TWO_SHOTS


@pytest.mark.parametrize(("codec", "ending"), [("libvpx-vp9", "webm"), ("mpeg4", "mp4"), ("mjpeg", "avi")])
def test_odd_sizes_are_nothing_special(tmp_path: Path, codec: str, ending: str) -> None:
    options: dict[str, object] = {"cpu-used": "8", "deadline": "realtime"} if codec == "libvpx-vp9" else {}
    pixel_format = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write(tmp_path / f"video.{ending}", codec, width=321, height=181, pixel_format=pixel_format, options=options)
    with open_media(path) as media:
        metadata = video_metadata(media)
    assert (metadata.frame_width, metadata.frame_height) == (321, 181)
    assert bounds(shots_of(path)) == TWO_SHOTS


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "ts", "avi", "flv", "nut"])
def test_shots_are_the_same_in_every_container(tmp_path: Path, ending: str) -> None:
    shots = shots_of(write(tmp_path / f"video.{ending}"))
    assert bounds(shots) == TWO_SHOTS
    assert [each.start_timestamp_millis for each in shots] == [0, 1000]


@pytest.mark.parametrize("chosen", [0, 1])
def test_of_several_video_streams_the_default_one_is_analysed(tmp_path: Path, chosen: int) -> None:
    path = tmp_path / "video.mkv"
    with av.open(str(path), "w", options={"default_mode": "passthrough"}) as container:
        streams = [add_video(container, width=160 + 32 * number) for number in range(2)]
        streams[chosen].disposition = Disposition.default
        for stream in streams:
            encode(container, stream)
    with open_media(path) as media:
        assert media.video.index == chosen
        assert video_metadata(media).frame_width == 160 + 32 * chosen


def test_of_several_video_streams_none_of_which_is_default_the_first_is_analysed(tmp_path: Path) -> None:
    path = tmp_path / "video.ts"
    with av.open(str(path), "w") as container:
        streams = [add_video(container, width=160 + 32 * number) for number in range(2)]
        for stream in streams:
            encode(container, stream)
    with open_media(path) as media:
        assert video_metadata(media).frame_width == 160


def test_frames_that_were_dropped_while_an_avi_was_recorded_leave_their_gap(tmp_path: Path) -> None:
    moments = [*range(CUT), *range(CUT + 5, FRAMES + 5)]
    path = write(tmp_path / "video.avi", "mpeg4", moments=moments, options={"bf": "0"})
    assert [each.time for each in frames_of(path)] == [Fraction(moment, 25) for moment in moments]
    assert shots_of(path)[1].start_timestamp_millis == (CUT + 5) * 40


def add_audio(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", rate=48000, layout="mono")
    assert isinstance(stream, AudioStream)
    return stream


def encode_tone(container: OutputContainer, stream: AudioStream, *, start: int, loudness: float) -> None:
    """Write half a second of a tone that begins `start` milliseconds after zero."""
    tone = loudness * np.sin(np.arange(24000) / 10).astype(np.float32)[None, :]
    piece = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
    piece.sample_rate, piece.pts, piece.time_base = 48000, 48 * start, Fraction(1, 48000)
    container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


@pytest.mark.parametrize("silent_streams", [0, 1])
def test_audio_that_comes_only_at_the_end_is_heard_there_in_whatever_stream(
    tmp_path: Path, silent_streams: int
) -> None:
    path = tmp_path / "video.mkv"
    with av.open(str(path), "w") as container:
        video = add_video(container)
        silent = [add_audio(container) for _ in range(silent_streams)]
        loud = add_audio(container)
        encode(container, video)
        for each in silent:
            encode_tone(container, each, start=0, loudness=0.0)
        encode_tone(container, loud, start=1500, loudness=0.3)
    with open_media(path) as media:
        assert len(media.audio) == silent_streams + 1
        found = list(read(media, black=None, listen=True))
    heard = [each for each in found if isinstance(each, Sound)]
    assert len(found) - len(heard) == FRAMES
    assert abs(min(each.start for each in heard) - Fraction(3, 2)) < Fraction(1, 10)
    assert abs(max(each.end for each in heard) - 2) < Fraction(1, 10)


def test_sound_that_comes_up_in_the_middle_of_joined_recordings_is_left_out(tmp_path: Path) -> None:
    """When the file is opened it can't be seen, as what is read then ends before it."""
    path, with_sound = write(tmp_path / "video.ts"), tmp_path / "sound.ts"
    with av.open(str(with_sound), "w") as container:
        video, sound = add_video(container), add_audio(container)
        encode(container, video)
        encode_tone(container, sound, start=0, loudness=0.3)
    part, padding = path.read_bytes(), (b"\x47\x1f\xff\x10" + b"\xff" * 184) * (6 * 2**20 // 188)
    path.write_bytes(part + padding + with_sound.read_bytes() + padding + part)
    with open_media(path) as media:
        assert not media.audio
        assert list(Sampler(media, Fraction(1, 5), [Fit(width=32, height=18)]))
    assert [each.index for each in frames_of(path)] == list(range(3 * FRAMES))
    with Film(path) as film:
        assert film.picture_at(10**9).size == (160, 90)


def write_live(path: Path, options: dict[str, str]) -> Path:
    """Write a file as a recorder does that never goes back in it, with a group of 10 frames."""
    with (
        path.open("wb") as file,
        av.open(_Forward(file.write), "w", format=_FORMATS[path.suffix], options=options) as container,
    ):
        stream = add_video(container, options={"preset": "veryfast", "g": "10", "bf": "0", "sc_threshold": "0"})
        encode(container, stream)
    return path


_FORMATS = {".mp4": "mp4", ".mkv": "matroska", ".ts": "mpegts"}


class _Forward:
    """A file that can only be written to its end."""

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self.write = write


LIVE = {"mp4": {"movflags": "frag_keyframe+empty_moov"}, "mkv": {"live": "1"}, "ts": {}}


@pytest.mark.parametrize("ending", LIVE)
def test_a_recording_that_goes_on_is_analysed_as_far_as_it_goes(tmp_path: Path, ending: str) -> None:
    path = write_live(tmp_path / f"video.{ending}", LIVE[ending])
    assert bounds(shots_of(path)) == TWO_SHOTS
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 8 // 10])
    shots = shots_of(path)
    assert shots[0].end_frame_number == CUT - 1
    assert shots[-1].end_frame_number is not None
    assert CUT < shots[-1].end_frame_number < FRAMES - 1


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_a_finished_file_without_its_last_group_says_how_far_it_goes(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"video.{ending}", options={"g": "10", "movflags": "faststart"})
    data = path.read_bytes()
    if ending == "mp4":
        path = tmp_path / "first.mp4"
        with (
            av.open(str(tmp_path / "video.mp4")) as source,
            av.open(str(path), "w", options={"movflags": "faststart"}) as target,
        ):
            copy = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = copy
                    target.mux(packet)
        data = path.read_bytes()
    path.write_bytes(data[: len(data) * 8 // 10])
    with pytest.raises(UnreadableVideoError, match=r"ends in the middle, after \d+ frames"):
        shots_of(path)


def test_full_range_is_told_apart_by_its_flag_alone(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with av.open(str(path), "w") as container:
        stream = add_video(container)
        stream.codec_context.color_range = ColorRange.JPEG
        encode(container, stream)
    with open_media(path) as media:
        assert media.full_range
    assert bounds(shots_of(path)) == TWO_SHOTS
