"""What every backend has to do, as a pytest suite.

Subclass it, give the fixtures, and pytest runs the suite over your backend::

    class TestMyBackend(BackendConformance):
        @pytest.fixture(scope="class")
        @classmethod
        def backend(cls, clock): ...

The rules are those of the service (API reference of the four operations; developer guide, "Calling Amazon
Rekognition Video operations").
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from rekvid.backends.base import Backend
from rekvid.client import Client
from rekvid.errors import (
    IdempotentParameterMismatchError,
    InvalidPaginationTokenError,
    JobFailedError,
    ResourceNotFoundError,
)
from rekvid.job import SegmentDetectionJob
from rekvid.models import SegmentDetection, SegmentType, VideoJobStatus
from rekvid.operations import VideoSource
from rekvid.testing.clock import ManualClock
from rekvid.timecode import Timecode, exact_rate, millis_of_frame

_HOUR = 3600
_DAY = 24 * _HOUR
_WAIT = 60  # seconds; far more than a job of the suite takes


class BackendConformance:
    """The suite. All fixtures but `clock`, `client` and `job` are the subclass's to give."""

    @pytest.fixture(scope="class")
    @classmethod
    def clock(cls) -> ManualClock:
        """What the backend takes its lifetimes from."""
        return ManualClock()

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, clock: ManualClock) -> Backend:
        """The backend under test, which goes by `clock`."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def video(cls) -> VideoSource:
        """A video with at least three shots and two technical cues."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def broken_video(cls) -> VideoSource:
        """A video that can be found, but not decoded."""
        raise NotImplementedError

    @classmethod
    def prepare(cls, backend: Backend, video: VideoSource, segment_types: Sequence[SegmentType]) -> None:
        """Called before each start; a fake is scripted here."""

    @pytest.fixture(scope="class")
    @classmethod
    def client(cls, backend: Backend) -> Client:
        """A client of the backend, on the machine's clock."""
        return Client(backend)

    @classmethod
    def start(
        cls,
        client: Client,
        video: VideoSource,
        segment_types: Sequence[SegmentType] = (SegmentType.SHOT, SegmentType.TECHNICAL_CUE),
        client_request_token: str | None = None,
        job_tag: str | None = None,
    ) -> SegmentDetectionJob:
        """Start a job, after `prepare`."""
        cls.prepare(client.backend, video, segment_types)
        return client.start_segment_detection(
            video, segment_types=segment_types, client_request_token=client_request_token, job_tag=job_tag
        )

    @pytest.fixture(scope="class")
    @classmethod
    def job(cls, client: Client, video: VideoSource) -> SegmentDetectionJob:
        """A job that has ended well."""
        return cls.start(client, video, job_tag="conformance").wait(_WAIT)

    def test_job_succeeds(self, job: SegmentDetectionJob) -> None:
        """A job of a good video ends as SUCCEEDED, and its handle says so."""
        assert job.done()
        assert job.status() == VideoJobStatus.SUCCEEDED

    def test_every_page_carries_the_metadata(self, job: SegmentDetectionJob) -> None:
        """Each page names the job, its tag, its state and the streams of the video."""
        for page in job.segments(max_results=1).pages():
            assert page.job_status == VideoJobStatus.SUCCEEDED
            assert page.job_id == job.id
            assert page.job_tag == "conformance"
            assert len(page.video_metadata) == 1

    def test_small_pages_join_to_the_whole(self, job: SegmentDetectionJob) -> None:
        """Whatever the page size, the items are the same, once each and in the same order."""
        whole = list(job.segments())
        assert len(whole) >= 5
        for size in (1, 2, len(whole), len(whole) + 1):
            pages = list(job.segments(max_results=size).pages())
            assert [segment for page in pages for segment in page.segments] == whole
            assert all(len(page.segments) == size for page in pages[:-1])
            assert pages[-1].next_token is None

    def test_too_large_a_page_counts_as_the_largest(self, job: SegmentDetectionJob) -> None:
        """More than 1000 results a page may be asked for."""
        assert list(job.segments(max_results=5000)) == list(job.segments())

    def test_reading_goes_on_from_a_token(self, client: Client, job: SegmentDetectionJob) -> None:
        """A token of a page can be used later, by another handle."""
        first = client.get_segment_detection(job.id, max_results=2)
        rest = client.segment_detection_job(job.id).segments(next_token=first.next_token)
        assert (*first.segments, *rest) == tuple(job.segments())

    def test_segments_come_by_type_as_asked_for(self, client: Client, video: VideoSource) -> None:
        """Segments are ordered by type in the order of the request, then by time."""
        order = (SegmentType.TECHNICAL_CUE, SegmentType.SHOT)
        segments = list(self.start(client, video, order).segments())
        assert {segment.type for segment in segments} == set(order)
        keys = [(order.index(SegmentType(each.type)), each.start_timestamp_millis) for each in segments]
        assert keys == sorted(keys)

    def test_frames_millis_and_timecodes_agree(self, job: SegmentDetectionJob) -> None:
        """Timestamps are those of the frame numbers, rounded down; durations are end less start."""
        result = job.result()
        assert result.video_metadata is not None
        assert result.video_metadata.frame_rate is not None
        rate = exact_rate(result.video_metadata.frame_rate)
        for segment in result.segments:
            assert segment.start_frame_number is not None
            assert segment.end_frame_number is not None
            start, end = segment.start_frame_number, segment.end_frame_number
            assert segment.start_timestamp_millis == millis_of_frame(start, rate)
            assert segment.end_timestamp_millis == millis_of_frame(end, rate)
            assert segment.duration_millis == segment.end_timestamp_millis - segment.start_timestamp_millis
            assert segment.duration_frames == end - start
            assert segment.start_timecode == Timecode.of_frame(start, rate)
            assert segment.end_timecode == Timecode.of_frame(end, rate)
            assert segment.duration_smpte == str(Timecode.of_frame(end - start, rate))

    def test_shots_are_counted_and_disjoint(self, job: SegmentDetectionJob) -> None:
        """Shots are counted from 0, and each begins after the last frame of the one before."""
        shots: list[SegmentDetection] = list(job.shots())
        assert [shot.shot_segment.index for shot in shots if shot.shot_segment] == list(range(len(shots)))
        for before, after in pairwise(shots):
            assert before.end_frame_number is not None
            assert after.start_frame_number is not None
            assert before.end_frame_number < after.start_frame_number

    def test_unknown_job(self, client: Client) -> None:
        """A job that nobody started is not found."""
        with pytest.raises(ResourceNotFoundError) as caught:
            client.segment_detection_job("0" * 64).status()
        assert caught.value.code == "ResourceNotFoundException"
        assert caught.value.operation == "GetSegmentDetection"

    def test_job_of_another_operation(self, client: Client, job: SegmentDetectionJob) -> None:
        """A segment detection job has no labels."""
        with pytest.raises(ResourceNotFoundError):
            client.label_detection_job(job.id).status()

    def test_broken_video_fails_its_job_alone(
        self, client: Client, job: SegmentDetectionJob, broken_video: VideoSource
    ) -> None:
        """A video that can't be decoded fails its own job with a reason, and nothing else."""
        failed = self.start(client, broken_video)
        with pytest.raises(JobFailedError) as caught:
            failed.wait(_WAIT)
        assert caught.value.job_id == failed.id
        assert caught.value.status_message
        page = client.get_segment_detection(failed.id)
        assert page.job_status == VideoJobStatus.FAILED
        assert page.status_message == caught.value.status_message
        assert page.segments == ()
        with pytest.raises(JobFailedError):
            list(failed.segments())
        assert list(client.segment_detection_job(job.id).segments())

    def test_replayed_token_gives_the_same_job(self, client: Client, video: VideoSource) -> None:
        """The same token with the same parameters begins one job, however often it is sent."""
        first = self.start(client, video, client_request_token="conformance-replay")  # noqa: S106  # no secret
        again = self.start(client, video, client_request_token="conformance-replay")  # noqa: S106  # no secret
        assert first.id == again.id
        first.wait(_WAIT)

    def test_replayed_token_with_other_parameters(self, client: Client, video: VideoSource) -> None:
        """The same token with other parameters is refused."""
        self.start(client, video, client_request_token="conformance-other").wait(_WAIT)  # noqa: S106  # no secret
        with pytest.raises(IdempotentParameterMismatchError):
            self.start(client, video, (SegmentType.SHOT,), client_request_token="conformance-other")  # noqa: S106

    @pytest.mark.parametrize("token", ["x", "bm90IG9uZSBvZiBvdXJz", "\u00e9", "=" * 255])
    def test_foreign_token(self, client: Client, job: SegmentDetectionJob, token: str) -> None:
        """A page token that the backend never gave out is refused."""
        with pytest.raises(InvalidPaginationTokenError):
            client.get_segment_detection(job.id, next_token=token)

    def test_token_of_another_job(self, client: Client, job: SegmentDetectionJob, video: VideoSource) -> None:
        """A page token is good for its own job only."""
        other = self.start(client, video).wait(_WAIT)
        token = client.get_segment_detection(job.id, max_results=1).next_token
        assert token is not None
        with pytest.raises(InvalidPaginationTokenError):
            client.get_segment_detection(other.id, next_token=token)

    def test_lifetimes(self, client: Client, video: VideoSource, clock: ManualClock) -> None:
        """A page token lives for 24 hours, a job for 7 days."""
        job = self.start(client, video).wait(_WAIT)
        token = client.get_segment_detection(job.id, max_results=1).next_token
        clock.advance(_DAY - 1)
        assert client.get_segment_detection(job.id, next_token=token).segments
        clock.advance(2)
        with pytest.raises(InvalidPaginationTokenError):
            client.get_segment_detection(job.id, next_token=token)
        clock.advance(5 * _DAY)
        assert list(job.segments())
        clock.advance(_DAY)
        with pytest.raises(ResourceNotFoundError):
            client.get_segment_detection(job.id)
