"""What every backend that detects labels has to do, as a pytest suite.

It is used as `rekvid.testing.conformance` is::

    class TestMyBackend(LabelConformance):
        @pytest.fixture(scope="class")
        @classmethod
        def backend(cls): ...

The rules are those of the service (API reference, StartLabelDetection and GetLabelDetection; developer guide,
"Detecting labels in a video").
"""

from __future__ import annotations

import itertools

import pytest

from rekvid.backends.base import Backend
from rekvid.client import Client
from rekvid.errors import InvalidPaginationTokenError, JobFailedError, ResourceNotFoundError
from rekvid.job import LabelDetectionJob
from rekvid.models import LabelDetection, VideoJobStatus
from rekvid.operations import VideoSource

_WAIT = 600  # seconds; far more than a job of the suite takes, even on a client's clock that runs fast
_ORDERS = tuple(itertools.product(("TIMESTAMP", "NAME"), ("TIMESTAMPS", "SEGMENTS")))


class LabelConformance:
    """The suite. All fixtures but `client` and `job` are the subclass's to give."""

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls) -> Backend:
        """The backend under test."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def video(cls) -> VideoSource:
        """A video with at least two labels with boxes, one of which has a parent, seen at several times each."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def broken_video(cls) -> VideoSource:
        """A video that can be found, but not decoded."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def client(cls, backend: Backend) -> Client:
        """A client of the backend, on the machine's clock."""
        return Client(backend)

    @pytest.fixture(scope="class")
    @classmethod
    def job(cls, client: Client, video: VideoSource) -> LabelDetectionJob:
        """A job that has ended well."""
        return client.start_label_detection(video, job_tag="conformance").wait(_WAIT)

    def test_job_succeeds(self, job: LabelDetectionJob) -> None:
        """A job of a good video ends as SUCCEEDED, and its handle says so."""
        assert job.done()
        assert job.status() == VideoJobStatus.SUCCEEDED

    def test_every_page_carries_the_metadata(self, job: LabelDetectionJob) -> None:
        """Each page names the job, its tag, its state, the video, the model, and the order that was asked for."""
        pages = list(job.labels(max_results=5, sort_by="NAME", aggregate_by="SEGMENTS").pages())
        for page in pages:
            assert page.job_status == VideoJobStatus.SUCCEEDED
            assert (page.job_id, page.job_tag) == (job.id, "conformance")
            assert page.video_metadata is not None
            assert page.label_model_version
            assert page.get_request_metadata is not None
            assert page.get_request_metadata.sort_by == "NAME"
            assert page.get_request_metadata.aggregate_by == "SEGMENTS"

    @pytest.mark.parametrize(("sort_by", "aggregate_by"), _ORDERS)
    def test_small_pages_join_to_the_whole(self, job: LabelDetectionJob, sort_by: str, aggregate_by: str) -> None:
        """Whatever the page size, the items of an order are the same, once each and in the same order."""
        whole = list(job.labels(sort_by=sort_by, aggregate_by=aggregate_by))
        assert len(whole) >= 3
        for size in (2, len(whole), len(whole) + 1):
            pages = list(job.labels(sort_by=sort_by, aggregate_by=aggregate_by, max_results=size).pages())
            assert [item for page in pages for item in page.labels] == whole
            assert all(len(page.labels) == size for page in pages[:-1])
            assert pages[-1].next_token is None

    def test_timestamp_is_the_default_order(self, job: LabelDetectionJob) -> None:
        """Without a word labels come one a timestamp, by time and then by name."""
        labels = list(job.labels())
        assert labels == list(job.labels(sort_by="TIMESTAMP", aggregate_by="TIMESTAMPS"))
        keys = [(each.timestamp, each.label.name) for each in labels]
        assert keys == sorted(set(keys), key=keys.index)
        assert keys == sorted(keys, key=lambda key: (key[0] or 0, key[1]))

    def test_name_groups_by_name(self, job: LabelDetectionJob) -> None:
        """NAME gives the same labels by name, the surest first within a name."""
        labels = list(job.labels(sort_by="NAME"))
        keys = [(each.label.name, -each.label.confidence) for each in labels]
        assert keys == sorted(keys)
        assert sorted(labels, key=repr) == sorted(job.labels(), key=repr)

    def test_stretches_cover_the_timestamps(self, job: LabelDetectionJob) -> None:
        """Each stretch has start, end and length, no instances, and the highest confidence of its label in it."""
        labels = list(job.labels())
        stretches = list(job.labels(aggregate_by="SEGMENTS"))
        assert [each.start_timestamp_millis for each in stretches] == sorted(
            each.start_timestamp_millis or 0 for each in stretches
        )
        for stretch in stretches:
            start, end = stretch.start_timestamp_millis, stretch.end_timestamp_millis
            assert start is not None
            assert end is not None
            assert stretch.timestamp in {start, None}
            assert stretch.duration_millis == end - start
            assert not stretch.label.instances
            inside = [
                each.label.confidence
                for each in labels
                if each.label.name == stretch.label.name and start <= (each.timestamp or 0) <= end
            ]
            assert stretch.label.confidence == max(inside)
        for label in labels:
            assert any(_holds(stretch, label) for stretch in stretches)

    def test_parents_stand_beside_their_children(self, job: LabelDetectionJob) -> None:
        """Each parent of a label is a label of its own at the same timestamp, and no less sure."""
        labels = {(each.timestamp, each.label.name): each.label for each in job.labels()}
        children = [(timestamp, label) for (timestamp, _), label in labels.items() if label.parents]
        assert children
        for timestamp, label in children:
            for parent in label.parents:
                assert labels[timestamp, parent.name].confidence >= label.confidence

    def test_boxes_lie_in_the_frame(self, job: LabelDetectionJob) -> None:
        """Boxes are ratios of the frame, and confidences percentages of at least 50."""
        instances = [instance for each in job.labels() for instance in each.label.instances]
        assert instances
        for instance in instances:
            box = instance.bounding_box
            assert 0 <= box.left <= box.left + box.width <= 1.001
            assert 0 <= box.top <= box.top + box.height <= 1.001
            assert 50 <= instance.confidence <= 100

    def test_filters_name_labels_and_categories(
        self, client: Client, job: LabelDetectionJob, video: VideoSource
    ) -> None:
        """Only labels that are asked for by name or category come, and none that is left out."""
        every = {each.label.name: {one.name for one in each.label.categories} for each in job.labels()}
        name = min(each for each, categories in every.items() if categories)
        only = client.start_label_detection(video, include_labels=[name])
        category = min(every[name])
        rest = client.start_label_detection(video, exclude_categories=[category])
        assert {each.label.name for each in only.labels()} == {name}
        assert {each.label.name for each in rest.labels()} == {each for each in every if category not in every[each]}

    def test_min_confidence_leaves_out_what_is_less_sure(
        self, client: Client, job: LabelDetectionJob, video: VideoSource
    ) -> None:
        """A label that is less sure than asked for doesn't come, and all others do."""
        least = max(each.label.confidence for each in job.labels())
        sure = client.start_label_detection(video, min_confidence=min(least, 100)).result(_WAIT)
        assert {each.label.name for each in sure.labels} == {
            each.label.name for each in job.labels() if each.label.confidence >= least
        }

    def test_token_belongs_to_its_order(self, client: Client, job: LabelDetectionJob) -> None:
        """A page token reads on in the order that it was given out for, and in no other."""
        token = client.get_label_detection(job.id, max_results=1, sort_by="NAME").next_token
        assert token is not None
        whole = list(job.labels(sort_by="NAME"))
        assert list(client.label_detection_job(job.id).labels(sort_by="NAME", next_token=token)) == whole[1:]
        for sort_by, aggregate_by in set(_ORDERS) - {("NAME", "TIMESTAMPS")}:
            with pytest.raises(InvalidPaginationTokenError):
                client.get_label_detection(job.id, next_token=token, sort_by=sort_by, aggregate_by=aggregate_by)

    def test_job_of_another_operation(self, client: Client, job: LabelDetectionJob) -> None:
        """A label detection job has no segments."""
        with pytest.raises(ResourceNotFoundError):
            client.segment_detection_job(job.id).status()

    def test_broken_video_fails_its_job_alone(
        self, client: Client, job: LabelDetectionJob, broken_video: VideoSource
    ) -> None:
        """A video that can't be decoded fails its own job with a reason, and nothing else."""
        failed = client.start_label_detection(broken_video)
        with pytest.raises(JobFailedError) as caught:
            failed.wait(_WAIT)
        assert caught.value.status_message
        page = client.get_label_detection(failed.id)
        assert page.job_status == VideoJobStatus.FAILED
        assert page.labels == ()
        assert list(client.label_detection_job(job.id).labels())


def _holds(stretch: LabelDetection, label: LabelDetection) -> bool:
    """Whether `label` is one of those that `stretch` stands for."""
    start, end = stretch.start_timestamp_millis or 0, stretch.end_timestamp_millis or 0
    return stretch.label.name == label.label.name and start <= (label.timestamp or 0) <= end
