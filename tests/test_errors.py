"""The error tree: as drawn, whole after a process boundary, and with a class for every code of the service."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable, Iterator

import botocore.session
import pytest

from rekvid import errors
from rekvid.errors import RekvidError, ServiceError
from rekvid.operations import OPERATIONS


def subclasses(cls: type[RekvidError]) -> Iterator[type[RekvidError]]:
    """`cls` and all that derive from it, drawn as in the docstring: each class is followed by its subclasses."""
    yield cls
    for sub in cls.__subclasses__():
        yield from subclasses(sub)


ALL = list(subclasses(RekvidError))
SERVICE = [cls for cls in ALL if issubclass(cls, ServiceError) and cls is not ServiceError]


def drawn_tree(text: str) -> dict[str, tuple[str | None, str | None]]:
    """Each class in the drawing: its parent in the tree, and the built-in error in brackets."""
    tree: dict[str, tuple[str | None, str | None]] = {}
    above: list[str] = []
    for line in text.splitlines():
        if match := re.match(r" {4}([│ ]*)([├└]── )?(\w+Error)(?: \((\w+)\))?", line):
            depth = len(match[1]) // 4 + bool(match[2])
            del above[depth:]
            tree[match[3]] = (above[-1] if above else None, match[4])
            above.append(match[3])
    return tree


def made() -> list[RekvidError]:
    """One error of every class, with all that can be set."""
    special: dict[type[RekvidError], RekvidError] = {
        errors.ValidationError: errors.ValidationError("include_labels[3]", "x" * 90, "at most 50 characters"),
        errors.MissingExtraError: errors.MissingExtraError("local", needed_for="the local backend"),
        errors.TransportError: errors.TransportError("connection refused", operation="GetLabelDetection"),
        errors.ResponseError: errors.ResponseError("no number", path="labels[3].label.confidence"),
        errors.JobFailedError: errors.JobFailedError("4f", "Unsupported codec/format."),
        errors.WaitTimeoutError: errors.WaitTimeoutError("4f", 2.5),
        ServiceError: ServiceError(
            "no", operation="GetLabelDetection", code="NewException", request_id="r", job_id="4f", hint="look there"
        ),
    }

    def make(cls: type[RekvidError]) -> RekvidError:
        if cls in special:
            return special[cls]
        if issubclass(cls, ServiceError):
            return cls("no", operation="StartLabelDetection", request_id="r-1")
        return cls("no region", 7)

    return [make(cls) for cls in ALL]


def roundtrips() -> dict[str, Callable[[RekvidError], RekvidError]]:
    """The ways an error is carried over."""

    def pickled(protocol: int) -> Callable[[RekvidError], RekvidError]:
        def there_and_back(error: RekvidError) -> RekvidError:
            back = pickle.loads(pickle.dumps(error, protocol))
            assert isinstance(back, RekvidError)
            return back

        return there_and_back

    ways: dict[str, Callable[[RekvidError], RekvidError]] = {"copy": copy.copy, "deepcopy": copy.deepcopy}
    return ways | {f"pickle {protocol}": pickled(protocol) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)}


def test_the_drawing_is_the_tree() -> None:
    """The tree drawn in the docstring has every class under its parent, with the built-in error it also is."""
    drawn = drawn_tree(errors.__doc__ or "")
    actual = {}
    for cls in ALL:
        parent = next((base for base in cls.__bases__ if issubclass(base, RekvidError)), None)
        builtin = next(
            (base for base in cls.__bases__ if base.__module__ == "builtins" and base is not Exception), None
        )
        actual[cls.__name__] = (parent and parent.__name__, builtin and builtin.__name__)

    assert drawn == actual
    assert len(SERVICE) == 11


def test_the_parser_of_the_drawing_sees_depth() -> None:
    """The reader of the drawing tells a child from a sibling, so that the comparison can fail."""
    drawing = "    AError\n    ├── BError (KeyError)   why\n    │   └── CError\n    └── DError\n"

    assert drawn_tree(drawing) == {
        "AError": (None, None),
        "BError": ("AError", "KeyError"),
        "CError": ("BError", None),
        "DError": ("AError", None),
    }


@pytest.mark.parametrize("way", roundtrips(), ids=str)
@pytest.mark.parametrize("error", made(), ids=lambda error: type(error).__name__)
def test_errors_survive_being_carried_over(error: RekvidError, way: str) -> None:
    """Every error keeps class, text, arguments, attributes, token and notes through pickle and copy."""
    error.next_token = "page-3"
    error.add_note("while reading")

    back = roundtrips()[way](error)

    assert back is not error
    assert type(back) is type(error)
    assert str(back) == str(error) != ""
    assert back.args == error.args
    assert vars(back) == vars(error)
    assert back.next_token == "page-3"
    assert getattr(back, "msg", None) == getattr(error, "msg", None)


def test_every_class_is_among_those_made() -> None:
    """The round trips cover every class of the tree."""
    assert [type(error) for error in made()] == ALL


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (errors.MissingExtraError, ImportError),
        (errors.WaitTimeoutError, TimeoutError),
        (errors.ValidationError, ValueError),
    ],
)
def test_errors_are_the_built_in_ones_too(cls: type[RekvidError], builtin: type[Exception]) -> None:
    """Whoever catches the built-in error of that meaning catches ours."""
    assert issubclass(cls, builtin)


def test_messages_tell_what_happened() -> None:
    """The text of an error has its parts: field, value, rule; extra; path; job and reason; operation and code."""
    texts = {type(error): str(error) for error in made()}

    assert texts[errors.ValidationError] == f"include_labels[3]='{'x' * 76}...: at most 50 characters"
    assert 'pip install "rekvid[local]"' in texts[errors.MissingExtraError]
    assert texts[errors.ResponseError] == "labels[3].label.confidence: no number"
    assert texts[errors.JobFailedError].startswith("job 4f failed: Unsupported codec/format. (")
    assert "2.5 s" in texts[errors.WaitTimeoutError]
    assert texts[errors.InternalServerError] == "StartLabelDetection: InternalServerError: no"
    assert texts[ServiceError] == "GetLabelDetection: NewException: no (look there)"
    assert str(errors.JobFailedError("4f", None)) == "job 4f failed: the service gave no reason"
    assert str(errors.ResponseError("no JSON")) == "no JSON"


def test_a_value_that_cannot_be_shown_is_still_refused() -> None:
    """A value whose repr fails, such as lists too deep, makes a ValidationError like any other."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    error = errors.ValidationError("job_id", deep, "must be a string")

    assert str(error) == "job_id=<list>: must be a string"
    assert error.value is deep


@pytest.mark.parametrize("cls", SERVICE, ids=lambda cls: cls.__name__)
def test_of_picks_the_class_of_a_code(cls: type[ServiceError]) -> None:
    """A declared code becomes its class, with code, message, operation and request id as data."""
    error = ServiceError.of(cls.declared_code, "why", operation="GetLabelDetection", request_id="r-2")

    assert type(error) is cls
    assert (error.code, error.message) == (cls.declared_code, "why")
    assert (error.operation, error.request_id) == ("GetLabelDetection", "r-2")


@pytest.mark.parametrize("code", ["HumanLoopQuotaExceededException", "", "throttlingexception", "ThrottlingError"])
def test_of_keeps_an_unknown_code(code: str) -> None:
    """A code without a class becomes the base, and stays readable."""
    error = ServiceError.of(code, "why", operation="GetLabelDetection")

    assert type(error) is ServiceError
    assert error.code == code
    assert not error.retryable


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (errors.AccessDeniedError, ["rekognition:StartLabelDetection", "iam:PassRole"]),
        (errors.IdempotentParameterMismatchError, ["client_request_token", "7 days"]),
        (errors.InvalidPaginationTokenError, ["24 hours", "first page"]),
        (errors.LimitExceededError, ["20 jobs", "start_timeout"]),
        (errors.ProvisionedThroughputExceededError, ["notification channel"]),
        (errors.ResourceNotFoundError, ["7 days", "region", "account"]),
        (errors.ThrottlingError, ["notification channel"]),
        (errors.VideoTooLargeError, ["10 GB", "6 hours"]),
    ],
)
def test_hint_says_what_to_check(cls: type[ServiceError], words: list[str]) -> None:
    """An error whose usual cause is known ends with what to check, and keeps the service's message as it came."""
    error = cls("the service's words", operation="StartLabelDetection")

    assert error.hint is not None
    assert [word for word in words if word not in error.hint] == []
    assert str(error) == f"StartLabelDetection: {error.code}: the service's words ({error.hint})"
    assert error.message == "the service's words"


def test_hint_on_s3_is_for_what_lies_in_s3() -> None:
    """An object that can't be read tells what to check in S3; a file that can't be read tells nothing of the kind."""
    in_s3 = errors.InvalidS3ObjectError("Unable to get object metadata from S3.", operation="StartLabelDetection")
    on_disk = errors.InvalidS3ObjectError("film.mp4 can't be read", operation="StartLabelDetection")

    assert "region" in str(in_s3.hint)
    assert "s3:GetObject" in str(in_s3.hint)
    assert on_disk.hint is None


def test_lost_connection_tells_whether_a_job_may_run() -> None:
    """Where no answer came to a start, the error says how to find out, without a second job, what became of it."""
    start = errors.TransportError("reset", operation="StartLabelDetection")
    get = errors.TransportError("reset", operation="GetLabelDetection")

    assert "client_request_token" in str(start)
    assert "network" in str(get)


def test_failed_job_tells_what_the_service_takes() -> None:
    """The service's bare words on the codec are explained; a backend's own, longer ones stand for themselves."""
    assert "H.264 in MP4 or MOV" in str(errors.JobFailedError("4f", "Unsupported codec/format."))
    assert errors.JobFailedError("4f", "Unsupported codec/format. There is no decoder here for vvc.").hint is None


def test_hint_of_an_error_goes_over_that_of_its_class() -> None:
    """Who knows better than the class says so, when the error is made or later."""
    error = ServiceError.of(
        "ThrottlingException", "slow", operation="GetLabelDetection", job_id="4f", hint="look at the proxy"
    )

    assert (type(error), error.job_id) == (errors.ThrottlingError, "4f")
    assert str(error).endswith("ThrottlingException: slow (look at the proxy)")
    error.hint = None
    assert str(error).endswith("ThrottlingException: slow")


def test_an_error_made_by_class_knows_its_code() -> None:
    """An error that is made by its class alone has the class's code."""
    assert errors.ThrottlingError("slow", operation="GetLabelDetection").code == "ThrottlingException"


def declared_codes() -> set[str]:
    """The codes that botocore's model declares for our operations."""
    model = botocore.session.get_session().get_service_model("rekognition")
    names = [request.operation_name() for operation in OPERATIONS for request in (operation.start, operation.get)]
    shapes = [shape for name in names for shape in model.operation_model(name).error_shapes]
    # The JSON protocol sends a shape's name, unless the model gives it another code.
    return {str(shape.metadata.get("error", {}).get("code", shape.name)) for shape in shapes}


def test_every_declared_code_has_a_class_and_no_class_a_code_of_its_own() -> None:
    """The codes that the operations declare and the codes of our classes are the same."""
    codes = [cls.declared_code for cls in SERVICE]

    assert sorted(codes) == sorted(declared_codes())
    assert len(set(codes)) == len(codes)


def test_retryable_codes() -> None:
    """What may succeed later is a fault of the service, a throttle or a quota; nothing else."""
    assert {cls.declared_code for cls in SERVICE if cls.retryable} == {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
    }
    assert errors.TransportError.retryable
