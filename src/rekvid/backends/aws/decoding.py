"""Pages straight from the bytes of the answer.

botocore emits ``before-parse`` (from 1.35.16 on) with the raw body before its own parser runs, and takes what a
handler puts into `customized_response_dict` over into the answer. The handler decodes the body into our page and
leaves an empty one to botocore, which signs, retries and maps errors as ever.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from rekvid.models import JobPage
from rekvid.operations import OPERATIONS
from rekvid.wire import decode_page

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

PAGE_KEY: Final = "rekvid.page"
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
    customized_response_dict[PAGE_KEY] = decode_page(_PAGES[operation_model.name], body)
    response_dict["body"] = b"{}"
