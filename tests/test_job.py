from __future__ import annotations

import pytest

from rekvid import Client
from rekvid.backends.base import Signal
from rekvid.errors import (
    AccessDeniedError,
    JobFailedError,
    ResourceNotFoundError,
    ThrottlingError,
    TransportError,
    ValidationError,
    WaitTimeoutError,
)
from rekvid.models import (
    JobProgress,
    Label,
    LabelDetection,
    LabelDetectionPage,
    NotificationChannel,
    SegmentDetection,
    SegmentDetectionPage,
    ShotSegment,
    TechnicalCueSegment,
    VideoJobStatus,
    VideoMetadata,
)
from rekvid.operations import (
    GetLabelDetectionRequest,
    GetSegmentDetectionRequest,
    StartLabelDetectionRequest,
    StartRequest,
)
from rekvid.testing import FakeBackend

VIDEO = "s3://media/street.mp4"
LABELS = tuple(LabelDetection(timestamp=each * 200, label=Label(name="Car", confidence=90.0)) for each in range(5))


def _segment(type_: str, index: int) -> SegmentDetection:
    return SegmentDetection(
        type=type_,
        start_timestamp_millis=index * 1000,
        end_timestamp_millis=index * 1000 + 960,
        duration_millis=960,
        start_timecode_smpte=f"00:00:{index:02}:00",
        end_timecode_smpte=f"00:00:{index:02}:24",
        duration_smpte="00:00:00:24",
        shot_segment=ShotSegment(index=index, confidence=99.0) if type_ == "SHOT" else None,
        technical_cue_segment=TechnicalCueSegment(type="Content", confidence=88.0) if type_ != "SHOT" else None,
    )


SEGMENTS = (_segment("SHOT", 0), _segment("SHOT", 1), _segment("TECHNICAL_CUE", 0))


@pytest.fixture
def fake() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def client(fake: FakeBackend) -> Client:
    return Client(fake, clock=fake.clock)


def test_labels_wait_and_page(client: Client, fake: FakeBackend) -> None:
    """Iterating the labels of a running job waits for its end and reads every page."""
    fake.will_return(LabelDetectionPage(labels=LABELS), in_progress=3)
    job = client.start_label_detection(VIDEO)
    assert list(job.labels(max_results=2)) == list(LABELS)
    assert fake.clock.slept == [1, 2], "two polls were answered with IN_PROGRESS after the first page"


def test_finished_job_costs_one_call_for_the_first_page(client: Client, fake: FakeBackend) -> None:
    """A job that has ended is not asked for its state before its labels are read."""
    fake.will_return(LabelDetectionPage(labels=LABELS))
    list(client.start_label_detection(VIDEO).labels())
    assert [type(request) for request in fake.requests] == [StartLabelDetectionRequest, GetLabelDetectionRequest]


def test_poll_backs_off_to_fifteen_seconds(client: Client, fake: FakeBackend) -> None:
    """The poll begins at 1 s and grows to 15 s."""
    fake.will_return(SegmentDetectionPage(segments=SEGMENTS), in_progress=8)
    client.start_segment_detection(VIDEO, segment_types=["SHOT"]).wait()
    assert fake.clock.slept == [1, 2, 4, 8, 15, 15, 15, 15]


def test_poll_asks_for_one_item(client: Client, fake: FakeBackend) -> None:
    """Polling carries no load: it asks for one result a page."""
    client.start_segment_detection(VIDEO, segment_types=["SHOT"]).wait()
    poll = fake.requests[-1]
    assert isinstance(poll, GetSegmentDetectionRequest)
    assert poll.max_results == 1


def test_ended_job_is_not_asked_again(client: Client, fake: FakeBackend) -> None:
    """Once a job has ended its state is known for good."""
    job = client.start_segment_detection(VIDEO, segment_types=["SHOT"]).wait()
    asked = len(fake.requests)
    assert job.done()
    assert job.wait(0) is job
    assert job.status() == VideoJobStatus.SUCCEEDED
    assert len(fake.requests) == asked


def test_wait_stops_at_its_time_limit(client: Client, fake: FakeBackend) -> None:
    """wait() ends at its limit, not a poll later, and says so; the job can be waited for again."""
    fake.will_return(SegmentDetectionPage(segments=SEGMENTS), in_progress=6)
    job = client.start_segment_detection(VIDEO, segment_types=["SHOT"])
    begun = fake.clock.monotonic()
    with pytest.raises(WaitTimeoutError) as caught:
        job.wait(10)
    assert fake.clock.monotonic() - begun == 10
    assert (caught.value.job_id, caught.value.timeout) == (job.id, 10)
    assert job.wait().done()


def test_wait_of_no_time_asks_once(client: Client, fake: FakeBackend) -> None:
    """wait(0) looks once and doesn't sleep."""
    fake.will_return(SegmentDetectionPage(), in_progress=1)
    job = client.start_segment_detection(VIDEO, segment_types=["SHOT"])
    with pytest.raises(WaitTimeoutError):
        job.wait(0)
    assert fake.clock.slept == []


def test_failed_job_raises_everywhere(client: Client, fake: FakeBackend) -> None:
    """A failed job says why in wait, in iteration and in result; status and done don't raise."""
    fake.will_fail("Unsupported codec/format.", in_progress=1)
    job = client.start_label_detection(VIDEO)
    for use in (job.wait, lambda: list(job.labels()), job.result):
        with pytest.raises(JobFailedError, match=r"Unsupported codec/format\.") as caught:
            use()
        assert caught.value.job_id == job.id
        assert caught.value.status_message == "Unsupported codec/format."
    assert job.done()
    assert job.status() == VideoJobStatus.FAILED


def test_progress_is_reported_from_start_to_end(client: Client, fake: FakeBackend) -> None:
    """on_progress hears of the job at the start, between, and at the end, with the time since the wait began."""
    fake.will_return(SegmentDetectionPage(), in_progress=2)
    heard: list[JobProgress] = []
    job = client.start_segment_detection(VIDEO, segment_types=["SHOT"])
    job.wait(on_progress=heard.append)
    assert heard[0] == JobProgress(job_id=job.id, status=VideoJobStatus.IN_PROGRESS, elapsed=0.0)
    assert heard[-1].status == VideoJobStatus.SUCCEEDED
    assert heard[-1].fraction == 1
    elapsed = [each.elapsed for each in heard]
    assert elapsed == sorted(elapsed)
    assert elapsed[-1] == 3, "two polls: 1 s and 2 s"


def test_a_failed_job_is_not_reported_as_done_to_the_end(client: Client, fake: FakeBackend) -> None:
    """What on_progress hears of a job that has failed is its status, and no share of 1."""
    fake.will_fail("Unsupported codec/format.")
    heard: list[JobProgress] = []
    with pytest.raises(JobFailedError):
        client.start_segment_detection(VIDEO, segment_types=["SHOT"]).wait(on_progress=heard.append)
    assert heard[-1].status == VideoJobStatus.FAILED
    assert heard[-1].fraction is None


def test_segments_shots_and_cues(client: Client, fake: FakeBackend) -> None:
    """shots() and technical_cues() are the segments of their type; pages() are the whole pages."""
    fake.will_return(SegmentDetectionPage(segments=SEGMENTS))
    job = client.start_segment_detection(VIDEO, segment_types=["SHOT", "TECHNICAL_CUE"])
    assert tuple(job.segments()) == SEGMENTS
    assert tuple(job.shots(max_results=1)) == SEGMENTS[:2]
    assert tuple(job.technical_cues()) == SEGMENTS[2:]
    assert [page.segments for page in job.shots(max_results=2).pages()] == [SEGMENTS[:2], SEGMENTS[2:]]


def test_result_holds_everything(client: Client, fake: FakeBackend) -> None:
    """result() gathers the items of all pages with the metadata of the first."""
    video = VideoMetadata(codec="h264", frame_rate=25.0)
    fake.will_return(SegmentDetectionPage(segments=SEGMENTS, video_metadata=(video,)), in_progress=1)
    job = client.start_segment_detection(VIDEO, segment_types=["SHOT"], job_tag="tagged")
    result = job.result()
    assert result.segments == SEGMENTS
    assert result.shots == SEGMENTS[:2]
    assert result.technical_cues == SEGMENTS[2:]
    assert result.video_metadata == video
    assert (result.job_id, result.job_tag) == (job.id, "tagged")
    assert result.video is not None
    assert result.video.s3_object is not None
    assert result.video.s3_object.uri == VIDEO

    fake.will_return(LabelDetectionPage(labels=LABELS, label_model_version="3.0", video_metadata=video))
    labels = client.start_label_detection(VIDEO).result(sort_by="NAME")
    assert labels.labels == LABELS
    assert (labels.label_model_version, labels.video_metadata) == ("3.0", video)
    assert labels.get_request_metadata is not None
    assert labels.get_request_metadata.sort_by == "NAME"


def test_error_of_a_page_carries_its_token(client: Client, fake: FakeBackend) -> None:
    """The error of a failed page leads on to the rest through labels(next_token=...)."""
    fake.will_return(LabelDetectionPage(labels=LABELS))
    fake.will_raise(ThrottlingError("Rate exceeded", operation="GetLabelDetection"), on="get", at=2)
    job = client.start_label_detection(VIDEO)
    labels = iter(job.labels(max_results=2))
    read = [next(labels), next(labels)]
    with pytest.raises(ThrottlingError) as caught:
        next(labels)
    assert caught.value.next_token is not None
    assert (*read, *job.labels(max_results=2, next_token=caught.value.next_token)) == LABELS


def test_handle_of_another_process(client: Client, fake: FakeBackend) -> None:
    """A job id is enough to come back to a job; nothing is sent until it is used."""
    fake.will_return(LabelDetectionPage(labels=LABELS))
    job_id = client.start_label_detection(VIDEO).id
    asked = len(fake.requests)
    again = client.label_detection_job(job_id)
    assert len(fake.requests) == asked
    assert tuple(again.labels()) == LABELS
    with pytest.raises(ResourceNotFoundError):
        client.segment_detection_job(job_id).wait()


def test_bare_operation_gives_one_page(client: Client, fake: FakeBackend) -> None:
    """get_label_detection is one call, whatever the state of the job."""
    fake.will_return(LabelDetectionPage(labels=LABELS), in_progress=1)
    job_id = client.start_label_detection(VIDEO).id
    assert client.get_label_detection(job_id).job_status == VideoJobStatus.IN_PROGRESS
    page = client.get_label_detection(job_id, max_results=2, sort_by="NAME", aggregate_by="SEGMENTS")
    assert page.labels == LABELS[:2]
    assert page.get_request_metadata is not None
    assert page.get_request_metadata.aggregate_by == "SEGMENTS"
    rest = client.get_label_detection(job_id, next_token=client.get_label_detection(job_id, max_results=3).next_token)
    assert rest.labels == LABELS[3:]


def test_request_token_is_filled_in_for_each_start(fake: FakeBackend) -> None:
    """Each start without a token gets one of its own, and a given token is kept."""
    made = iter(["first", "second"])
    client = Client(fake, clock=fake.clock, new_token=lambda: next(made))
    client.start_label_detection(VIDEO)
    client.start_segment_detection(VIDEO, segment_types=["SHOT"])
    client.start_label_detection(VIDEO, client_request_token="mine")
    tokens = [request.client_request_token for request in fake.requests if isinstance(request, StartRequest)]
    assert tokens == ["first", "second", "mine"]


@pytest.mark.parametrize(
    "start",
    [
        lambda client: client.start_label_detection(VIDEO, min_confidence=101),
        lambda client: client.start_label_detection(VIDEO, include_labels="Car"),
        lambda client: client.start_segment_detection(VIDEO, segment_types=[]),
        lambda client: client.start_segment_detection(VIDEO, segment_types=["SHOT"], client_request_token=""),
        lambda client: client.get_label_detection("not a job id"),
        lambda client: client.label_detection_job("not a job id"),
        lambda client: client.label_detection_job("a").labels(max_results=0),
    ],
)
def test_bad_parameters_send_nothing(client: Client, fake: FakeBackend, start: object) -> None:
    """A parameter that breaks its rule raises before the backend hears of it."""
    assert callable(start)
    with pytest.raises(ValidationError):
        start(client)
    assert fake.requests == []


def test_unknown_backend_name() -> None:
    """A backend name that doesn't exist is refused with those that do."""
    with pytest.raises(ValidationError, match="'aws', 'local' or a backend"):
        Client("azure")  # type: ignore[arg-type]  # the mistake under test


def test_reprs_read_well(client: Client) -> None:
    """A job's repr names its class, its id and what is known of its state."""
    job = client.start_label_detection(VIDEO)
    assert repr(job) == f"<LabelDetectionJob {job.id}: not known to have ended>"
    assert repr(job.wait()) == f"<LabelDetectionJob {job.id}: SUCCEEDED>"
    assert repr(job.labels()) == f"<labels of job {job.id}, fetched as you iterate>"


def test_wait_outlives_calls_that_fail_in_passing(client: Client, fake: FakeBackend) -> None:
    """An answer that may pass, such as no answer at all, doesn't end a wait; ten in a row do."""
    fake.will_return(SegmentDetectionPage(), in_progress=1)
    for at in (1, 2, 4):
        fake.will_raise(TransportError("refused", operation="GetSegmentDetection"), on="get", at=at)
    assert client.start_segment_detection(VIDEO, segment_types=["SHOT"]).wait(3600).done()
    job = client.start_segment_detection(VIDEO, segment_types=["SHOT"])
    for at in range(1, 11):
        fake.will_raise(ThrottlingError("Rate exceeded", operation="GetSegmentDetection"), on="get", at=at)
    with pytest.raises(ThrottlingError):
        job.wait(3600)


def test_wait_ends_at_once_where_trying_again_is_no_use(client: Client, fake: FakeBackend) -> None:
    """A refusal that won't pass ends the wait."""
    fake.will_return(SegmentDetectionPage(), in_progress=5)
    fake.will_raise(AccessDeniedError("no", operation="GetSegmentDetection"), on="get", at=2)
    with pytest.raises(AccessDeniedError):
        client.start_segment_detection(VIDEO, segment_types=["SHOT"]).wait()


class Liar(FakeBackend):
    """A backend whose signal always says that the job has ended."""

    def signal(self, channel: NotificationChannel | None = None) -> Signal:  # part of the protocol
        return self

    def covers(self, job_id: str) -> bool:  # part of the protocol
        return True

    def wait(self, job_id: str, timeout: float) -> bool:  # part of the protocol
        return True

    def ended(self, job_id: str) -> None:
        self.told = job_id

    def progress(self, job_id: str) -> float | None:  # part of the protocol
        return None


def test_signal_that_wakes_for_nothing_does_not_spin() -> None:
    """A hint that didn't hold is not heard again at once: the wait goes back to its poll."""
    liar = Liar()
    liar.will_return(SegmentDetectionPage(), in_progress=12)
    job = Client(liar, clock=liar.clock).start_segment_detection(VIDEO, segment_types=["SHOT"]).wait()
    assert liar.told == job.id, "the signal is told that nobody waits any more"
    assert sum(liar.clock.slept) > 30, "thirteen polls without a pause between them would have slept nothing"
    liar.close()


@pytest.mark.parametrize("timeout", ["5", -1, float("nan"), True])
def test_time_limit_must_be_a_number(client: Client, timeout: object) -> None:
    """A time limit that is no number of seconds is refused."""
    job = client.start_segment_detection(VIDEO, segment_types=["SHOT"])
    with pytest.raises(ValidationError, match="timeout"):
        job.wait(timeout)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("backend", [None, FakeBackend, object()])
def test_what_is_no_backend_is_refused(backend: object) -> None:
    """A client of boto3, a class or nothing in the place of a backend is refused, with what to give instead."""
    with pytest.raises(ValidationError, match=r"AwsBackend\(client=\.\.\.\)"):
        Client(backend)  # type: ignore[arg-type]  # the mistake under test


def test_fake_with_results_of_another_kind_fails_the_job(client: Client, fake: FakeBackend) -> None:
    """A fake that was told to return labels fails a job for segments, and says why, instead of letting it hang."""
    fake.will_return(LabelDetectionPage())
    job = client.start_segment_detection("s3://media/film.mp4", segment_types=["SHOT"])

    with pytest.raises(
        JobFailedError, match=r"told to return a LabelDetectionPage, and this job is a SegmentDetection"
    ):
        job.wait()
