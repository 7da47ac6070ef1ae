"""Pages straight from the bytes of the answer.

botocore emits ``before-parse`` (from 1.35.16 on) with the raw body before its own parser runs, and takes what a
handler puts into `customized_response_dict` over into the answer. The handler decodes the body into our page and
leaves an empty one to botocore, which signs, retries and maps errors as ever.

A body that is shorter than its Content-Length says, as when a proxy closes the connection, goes unnoticed by botocore
(its parser then gives a page without items). Here it becomes an error code that botocore's retries know.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from rekvid.models import JobPage
from rekvid.operations import OPERATIONS
from rekvid.wire import decode_page

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

PAGE_KEY: Final = "rekvid.page"
CUT_OFF: Final = "RequestTimeout"  # one of the codes that botocore's standard retries take for transient
_PAGES: dict[str, type[JobPage]] = {operation.get.operation_name(): operation.page for operation in OPERATIONS}

asking_for_page: ContextVar[bool] = ContextVar("asking_for_page", default=False)
"""Set while the backend itself calls: a client that was handed in keeps behaving as ever for its owner."""


def install(client: BaseClient) -> None:
    """Let `client` decode pages while `asking_for_page` is set. Installing twice changes nothing."""
    for name in _PAGES:
        client.meta.events.register(f"before-parse.rekognition.{name}", _decode, unique_id=f"rekvid-{name}")


def _decode(
    *,
    operation_model: OperationModel,
    response_dict: dict[str, object],
    customized_response_dict: dict[str, object],
    **_: object,
) -> None:
    status, body = response_dict["status_code"], response_dict["body"]
    if not asking_for_page.get() or not isinstance(status, int) or status >= 300:
        return
    assert isinstance(body, bytes)
    if _is_cut_off(body, response_dict["headers"]):
        customized_response_dict["Error"] = {"Code": CUT_OFF, "Message": "the answer broke off in the middle"}
        response_dict["body"] = b"{}"
        return
    customized_response_dict[PAGE_KEY] = decode_page(_PAGES[operation_model.name], body)
    response_dict["body"] = b"{}"


def _is_cut_off(body: bytes, headers: object) -> bool:
    assert isinstance(headers, Mapping)
    length = headers.get("Content-Length", "")
    # An encoded body has another length than the one that was sent.
    return length.isdecimal() and "Content-Encoding" not in headers and len(body) < int(length)
