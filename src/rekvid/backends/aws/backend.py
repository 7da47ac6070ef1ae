"""The backend that calls the service."""

from __future__ import annotations

import dataclasses
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from rekvid.backends.aws import decoding
from rekvid.backends.aws.clients import Clients
from rekvid.backends.aws.faults import translate
from rekvid.backends.aws.queues import QueueSignal, signal_of
from rekvid.backends.aws.staging import Staging
from rekvid.backends.aws.starting import OnWait, start_within_quota
from rekvid.backends.base import Signal
from rekvid.clock import Clock, SystemClock
from rekvid.errors import ResponseError, TransportError, ValidationError
from rekvid.models import NotificationChannel, S3Object, Video, VideoJobStatus
from rekvid.operations import GetRequest, PageT, Request, StartRequest, operation_of_get

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_sqs import SQSClient


class AwsBackend:
    """Amazon Rekognition Video.

    Args:
        session: Where credentials and region come from; boto3's default chain when absent.
        client: A Rekognition client to use as it is, instead of making one. Its other users see no difference.
        config: Merged over our defaults (standard retries, five attempts, 50 connections).
        region_name: Region, over the session's.
        endpoint_url: Another address than AWS's, such as a rekvid endpoint on this machine.
        staging: Where local files are uploaded for the service: ``s3://bucket/prefix/``, or a `rekvid.aws.Staging` with
            settings of its own. Without it a local file is refused.
        start_timeout: Seconds for which a start waits while too many jobs run (AWS runs 20 in an account); None
            and 0 raise `LimitExceededError` at once.
        on_wait: Called with a `StartWait` before each of those waits.
        sqs: An SQS client to read queues with, instead of one made from the session.
        clock: What tells the time while a start waits.

    Raises:
        ConfigurationError: No region is known, the profile doesn't exist, or settings contradict each other.
        ValidationError: `staging` or `start_timeout` has another form.
    """

    def __init__(
        self,
        *,
        session: boto3.session.Session | None = None,
        client: BaseClient | None = None,
        config: Config | None = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        staging: str | Staging | None = None,
        start_timeout: float | None = None,
        on_wait: OnWait | None = None,
        sqs: SQSClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._staging = Staging(staging) if isinstance(staging, str) else staging
        self._owns_staging = isinstance(staging, str)
        self._clients = Clients(
            session=session,
            client=client,
            config=config,
            region_name=region_name,
            endpoint_url=endpoint_url,
            sqs=sqs,
        )
        decoding.install(self._clients.rekognition)
        self._start_timeout = start_timeout
        self._on_wait = on_wait
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._staged: dict[str, S3Object] = {}  # by the job that reads it
        self._signals: dict[str, QueueSignal] = {}  # by the URL of the queue

    def start(self, request: StartRequest) -> str:
        """See `Backend.start`. A local file is uploaded first.

        Raises:
            LimitExceededError: Too many jobs ran until `start_timeout` was over.
            ValidationError: The video is a local file and there is no `staging`, or the service would not take it.
            ServiceError: The service, or S3, refuses.
            TransportError: No answer came.
        """
        if not isinstance(request.video, Path) or self._staging is None:
            return self._start(request)
        staged = self._staging.stage(request.video, region=self._clients.region, make_client=self._clients.make_s3)
        try:
            job_id = self._start(dataclasses.replace(request, video=Video(s3_object=staged)))
        except BaseException:
            self._staging.remove(staged)
            raise
        with self._lock:
            replayed = self._staged.get(job_id)
            self._staged[job_id] = staged
        if replayed is not None:  # one job, so one reader of the object
            self._staging.remove(replayed)
        return job_id

    def get(self, request: GetRequest[PageT]) -> PageT:
        """See `Backend.get`."""
        token = decoding.asking_for_page.set(True)
        try:
            answer = self._call(request)
        finally:
            decoding.asking_for_page.reset(token)
        if "Error" in answer:
            raise TransportError(answer["Error"]["Message"], operation=request.operation_name())
        if decoding.PAGE_KEY in answer:
            page: PageT = answer[decoding.PAGE_KEY]
        else:  # nothing came over the wire, as with botocore's Stubber
            page = operation_of_get(request).page.from_aws(answer)
        if page.job_status != VideoJobStatus.IN_PROGRESS:
            self._note_end(request.job_id)
        return page

    def signal(self, channel: NotificationChannel | None = None) -> Signal | None:
        """Wakes by the channel's queue; None where there is none, so that the service is asked."""
        if channel is None or channel.queue_url is None:
            return None
        with self._lock:
            if channel.queue_url not in self._signals:
                self._signals[channel.queue_url] = signal_of(self._clients.sqs(), channel.queue_url)
            return self._signals[channel.queue_url]

    def close(self) -> None:
        """Close the connections, but for those of clients that were handed in. Jobs go on."""
        with self._lock:
            signals = list(self._signals.values())
            self._signals.clear()
        for signal in signals:
            signal.release(self._clients.sqs())
        if self._staging is not None and self._owns_staging:
            self._staging.close()
        self._clients.close()

    def _start(self, request: StartRequest) -> str:
        if isinstance(request.video, Path):
            rule = "AWS reads videos from S3: give s3://bucket/key, AwsBackend(staging=...), or use the local backend"
            raise ValidationError("video", str(request.video), rule)

        def call() -> str:
            job_id = self._call(request).get("JobId")
            if not isinstance(job_id, str):
                raise ResponseError(f"{request.operation_name()} gave no JobId", path="job_id")
            return job_id

        return start_within_quota(call, start_timeout=self._start_timeout, clock=self._clock, on_wait=self._on_wait)

    def _note_end(self, job_id: str) -> None:
        with self._lock:
            staged = self._staged.pop(job_id, None)
        if staged is not None and self._staging is not None:
            self._staging.remove(staged)

    def _call(self, request: Request) -> dict[str, Any]:
        operation = request.operation_name()
        parameters = request.to_aws()
        try:
            # botocore adds the methods at run time, named after the operations in snake_case.
            answer: dict[str, Any] = getattr(self._clients.rekognition, _snake_case(operation))(**parameters)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            job_id = request.job_id if isinstance(request, GetRequest) else None
            raise translate(error, operation, job_id=job_id) from error
        return answer

    def __repr__(self) -> str:
        return f"AwsBackend({self._clients.rekognition.meta.endpoint_url})"


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
