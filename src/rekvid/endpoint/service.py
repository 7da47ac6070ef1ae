"""What answers a call, whatever brought it here: from the name of an operation and a body to a status and a body."""

from __future__ import annotations

import logging

from rekvid import wire
from rekvid.backends.base import Backend, JsonPages
from rekvid.endpoint import faults, validation
from rekvid.endpoint.jobs import Jobs
from rekvid.endpoint.journal import Journal
from rekvid.endpoint.limits import Rate
from rekvid.endpoint.notices import Notices
from rekvid.endpoint.settings import Settings
from rekvid.endpoint.signing import Signed
from rekvid.errors import RekvidError, ResponseError, ServiceError
from rekvid.operations import GetRequest, Request, StartRequest

_log = logging.getLogger("rekvid.endpoint")
_SHOWN = 128  # characters of an unknown operation that are told back


class Service:
    """The operations of `rekvid.operations` over `backend`, which stays the caller's to close.

    Args:
        backend: What does the work.
        settings: How the endpoint is set up.

    Raises:
        ConfigurationError: The journal can't be used.
    """

    def __init__(self, backend: Backend, settings: Settings) -> None:
        self._backend = backend
        self._json_pages = backend if isinstance(backend, JsonPages) else None
        self._keys = settings.keys
        self._rate = Rate(settings.limits.requests_per_second, settings.clock)
        self._journal = Journal(settings.journal, settings.clock)
        self._notices = Notices(settings.publish) if settings.publish is not None else None
        self.jobs = Jobs(
            backend,
            self._journal,
            most_open=settings.limits.open_jobs,
            notices=self._notices,
            clock=settings.clock,
        )

    def answer(self, signed: Signed, request_id: str) -> tuple[int, bytes]:
        """The HTTP status and the body of the answer. Whatever goes wrong is an answer too."""
        target = signed.headers.get("x-amz-target", "")
        operation = target.removeprefix(wire.TARGET_PREFIX)
        try:
            return 200, self._serve(target, operation, signed)
        except RekvidError as error:
            _log.info("%s refused: %s", operation, error, extra={"operation": operation, "request_id": request_id})
            return faults.encode(faults.translate(error, operation, request_id))
        except Exception:  # noqa: BLE001  # a fault of ours is the service's kind of fault, and never the end of the server
            _log.exception("%s failed", operation, extra={"operation": operation, "request_id": request_id})
            return faults.encode(faults.unforeseen(operation, request_id))

    def close(self) -> None:
        """Send the notices that are under way, and close the journal."""
        self.jobs.close()
        if self._notices is not None:
            self._notices.close()
        self._journal.close()

    def _serve(self, target: str, operation: str, signed: Signed) -> bytes:
        if operation == target or operation not in wire.REQUESTS:
            message = f"The operation {target[:_SHOWN]!r} is not known here"
            raise ServiceError.of("UnknownOperationException", message, operation=operation)
        if self._keys is not None:
            self._keys.check(signed, operation)
        self._rate.take(operation)
        request = _read(operation, signed.body)
        if isinstance(request, StartRequest):
            return wire.encode_job_id(self.jobs.start(request))
        assert isinstance(request, GetRequest)
        if self._json_pages is not None:
            return self._json_pages.get_json(request)
        return wire.encode_page(self._backend.get(request))


def _read(operation: str, body: bytes) -> Request:
    try:
        data = wire.decode_object(body)
    except ResponseError as error:
        raise ServiceError.of("SerializationException", str(error), operation=operation) from error
    validation.check(operation, data)
    return wire.REQUESTS[operation].from_aws(data)
