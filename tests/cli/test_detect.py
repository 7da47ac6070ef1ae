from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from commands import LABELS
from rekvid import LabelDetectionPage, LabelDetectionResult, SegmentDetectionPage, read_jsonl
from rekvid.errors import AccessDeniedError
from rekvid.operations import StartLabelDetectionRequest, StartSegmentDetectionRequest

pytest.importorskip("typer")

if TYPE_CHECKING:
    from commands import Rekvid
    from rekvid.testing.local_aws import LocalAws


@pytest.fixture
def aws(rekvid_aws: LocalAws) -> LocalAws:
    """AWS on this machine, found by its environment variables."""
    return rekvid_aws


def test_parameters_of_labels_reach_the_service(rekvid_command: Rekvid, aws: LocalAws) -> None:
    """Each option of `rekvid labels` is a parameter of StartLabelDetection."""
    answer = rekvid_command(
        *("labels", "s3://media/street.mp4", "--backend", "aws", "--min-confidence", "70", "--job-tag", "evening"),
        *("--include", "Car", "--include", "Dog", "--exclude", "Bus"),
        *("--include-category", "Vehicles", "--exclude-category", "Text", "--no-wait"),
    )
    assert answer.exit_code == 0, answer.stderr
    request = aws.fake.requests[-1]
    assert isinstance(request, StartLabelDetectionRequest)
    assert request.min_confidence == 70
    assert (request.include_labels, request.exclude_labels) == (("Car", "Dog"), ("Bus",))
    assert (request.include_categories, request.exclude_categories) == (("Vehicles",), ("Text",))
    assert request.job_tag == "evening"
    job = aws.client().label_detection_job(answer.stdout.strip())
    assert job.done(), "what was printed is the id of the job"


def test_parameters_of_segments_reach_the_service(rekvid_command: Rekvid, aws: LocalAws) -> None:
    """Each option of `rekvid segments` is a parameter of StartSegmentDetection."""
    answer = rekvid_command(
        *("segments", "s3://media/film.mp4", "--backend", "aws", "--type", "TECHNICAL_CUE", "--no-wait"),
        *("--min-shot-confidence", "60", "--min-technical-cue-confidence", "75"),
        *("--max-pixel-threshold", "0.1", "--min-coverage-percentage", "98"),
    )
    assert answer.exit_code == 0, answer.stderr
    request = aws.fake.requests[-1]
    assert isinstance(request, StartSegmentDetectionRequest)
    assert request.segment_types == ("TECHNICAL_CUE",)
    assert (request.min_shot_confidence, request.min_technical_cue_confidence) == (60, 75)
    assert request.black_frame is not None
    assert (request.black_frame.max_pixel_threshold, request.black_frame.min_coverage_percentage) == (0.1, 98)


def test_each_format_holds_the_labels(rekvid_command: Rekvid, aws: LocalAws, tmp_path: Path) -> None:
    """JSON is the service's answer, JSON Lines reads back, CSV has a row for each detection, a table for each label."""
    command = ("labels", "s3://media/street.mp4", "--backend", "aws")
    aws.fake.will_return(LABELS)
    answer = rekvid_command(*command, "--json")
    assert LabelDetectionPage.from_aws(json.loads(answer.stdout)).labels == LABELS.labels
    job_id = answer.stderr.removeprefix("rekvid: job ").strip()

    lines = rekvid_command("job", job_id, "--backend", "aws", "--jsonl")
    (tmp_path / "piped.jsonl").write_text(lines.stdout)
    assert rekvid_command("job", job_id, "--backend", "aws", "-o", "written.jsonl").stdout == ""
    for name in ("piped.jsonl", "written.jsonl"):
        read = read_jsonl(tmp_path / name)
        assert isinstance(read, LabelDetectionResult)
        assert read.labels == LABELS.labels

    rows = list(csv.DictReader(io.StringIO(rekvid_command("job", job_id, "--backend", "aws", "--csv").stdout)))
    assert [(row["timestamp"], row["name"], row["instances"]) for row in rows[:2]] == [
        ("0", "Car [old]", "0"),
        ("500", "Dog", "2"),
    ]

    table = rekvid_command("job", job_id, "--backend", "aws", "--table").stdout
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if "│" in line]
    assert cells == [
        ["Car [old]", "3", "00:00:00.000", "00:00:02.000", "", "84.0"],
        ["Dog", "2", "00:00:00.500", "00:00:01.500", "2", "83.0"],
    ]


def test_job_tells_its_state_by_word_and_exit_code(rekvid_command: Rekvid, aws: LocalAws) -> None:
    """`rekvid job` prints the state of a job of either kind; the exit code is 0, 1 if it failed, 3 if it goes on."""
    aws.fake.will_return(SegmentDetectionPage())
    aws.fake.will_fail("Unsupported codec/format.")
    aws.fake.will_return(LabelDetectionPage(), in_progress=100)
    client = aws.client()
    done = client.start_segment_detection("s3://media/a.mp4", segment_types=["SHOT"]).id
    failed = client.start_segment_detection("s3://media/b.mp4", segment_types=["SHOT"]).id
    going_on = client.start_label_detection("s3://media/c.mp4").id
    for job_id, state, code in ((done, "SUCCEEDED", 0), (failed, "FAILED", 1), (going_on, "IN_PROGRESS", 3)):
        answer = rekvid_command("job", job_id, "--backend", "aws")
        assert (answer.stdout.strip(), answer.exit_code) == (state, code), answer.stderr
    said = rekvid_command("job", failed, "--backend", "aws", "--wait").stderr
    assert "Unsupported codec/format." in said
    assert "hint: the service takes H.264" in said
    answer = rekvid_command("job", going_on, "--backend", "aws", "--wait", "--timeout", "0")
    assert answer.exit_code == 3
    assert "had not ended after 0 s" in answer.stderr
    assert rekvid_command("job", done, "--backend", "aws", "--kind", "segments", "--wait").stdout == "SUCCEEDED\n"
    unknown = rekvid_command("job", "f" * 64, "--backend", "aws")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "hint: check the job's id" in unknown.stderr


def test_refusals_of_the_service_are_a_sentence_and_a_hint(rekvid_command: Rekvid, aws: LocalAws) -> None:
    """What the service refuses is told in its own words, with what to check on a line of its own."""
    aws.fake.will_raise(AccessDeniedError("no", operation="StartLabelDetection"), on="start")
    answer = rekvid_command("labels", "s3://media/street.mp4", "--backend", "aws")
    assert answer.exit_code == 1
    sentence, hint = answer.stderr.splitlines()
    assert sentence == "rekvid: StartLabelDetection: AccessDeniedException: no"
    assert hint.startswith("hint: check that the policy")


def test_a_local_file_is_staged_and_the_channel_handed_on(rekvid_command: Rekvid, aws: LocalAws, film: Path) -> None:
    """With --staging a file goes to S3 first; with --channel the job is started with what the file names."""
    aws.put_video("unused")
    channel = aws.channel()
    Path("channel.json").write_text(
        json.dumps(
            {"sns_topic_arn": channel.sns_topic_arn, "role_arn": channel.role_arn, "queue_url": channel.queue_url}
        )
    )
    answer = rekvid_command(
        *(
            "segments",
            str(film),
            "--backend",
            "aws",
            "--staging",
            "s3://media/up/",
            "--channel",
            "channel.json",
            "--csv",
        ),
    )
    assert answer.exit_code == 0, answer.stderr
    request = next(each for each in aws.fake.requests if isinstance(each, StartSegmentDetectionRequest))
    assert request.notification_channel is not None
    assert request.notification_channel.sns_topic_arn == channel.sns_topic_arn
    (key,) = [each.get("Key", "") for each in aws.s3.list_objects_v2(Bucket="media", Prefix="up/").get("Contents", [])]
    assert aws.s3.get_object(Bucket="media", Key=key)["Body"].read() == film.read_bytes()


def test_labels_on_this_machine_with_a_detector_of_ones_own(rekvid_command: Rekvid, tmp_path: Path) -> None:
    """--detector takes what `LocalBackend` takes, and --cadence says how often it looks."""
    pytest.importorskip("av")
    from patches import paint_video

    paint_video(tmp_path / "street.mp4", [["dog"], ["car"], ["dog"], ["dog"]])
    answer = rekvid_command(
        *(
            "labels",
            "street.mp4",
            "--detector",
            "patches:PatchDetector",
            "--include",
            "Dog",
            "--csv",
            "--cadence",
            "400",
        )
    )
    assert answer.exit_code == 0, answer.stderr
    assert [row["timestamp"] for row in csv.DictReader(io.StringIO(answer.stdout))] == ["0", "400"]


def test_a_job_of_this_machine_is_found_in_its_store(rekvid_command: Rekvid, film: Path) -> None:
    """With --store a job outlives its command, and its id is told on standard error."""
    first = rekvid_command("segments", str(film), "--store", "state", "--csv")
    job_id = first.stderr.removeprefix("rekvid: job ").strip()
    assert rekvid_command("job", job_id, "--csv").stdout == first.stdout
    assert rekvid_command("job", job_id, "--store", "elsewhere").exit_code == 1


def test_a_job_of_this_machine_ends_when_its_time_is_up(rekvid_command: Rekvid, film: Path) -> None:
    """It can't go on without its command, so the exit code is that of a failure, and not 3 as at AWS."""
    answer = rekvid_command("segments", str(film), "--timeout", "0")
    assert answer.exit_code == 1
    assert "had not ended after 0 s" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--json", "--csv"), "doesn't go with --json"),
        (("-o", "."), "is a folder"),
        (("-o", "no/where.csv"), "there is no folder no"),
        (("-o", "film.xyz"), "names no format"),
        (("--region", "eu-west-1"), "is for --backend aws"),
        (("--no-wait",), "ends with the command"),
        (("--backend", "aws", "--store", "x"), "is for --backend local"),
        (("--backend", "aws", "--channel", "text.json"), "must hold a channel"),
        (("--min-shot-confidence", "10"), "min_shot_confidence=10"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_any_work(
    rekvid_command: Rekvid, arguments: tuple[str, ...], words: str
) -> None:
    """Exit code 2, a sentence that names the option, and the video is not looked at."""
    Path("text.json").write_text("{}")
    answer = rekvid_command("segments", "nowhere.mp4", *arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert words in answer.stderr


def test_failures_are_a_sentence_and_an_exit_code(rekvid_command: Rekvid, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong is said on standard error, with exit code 1; wrong words of the call have exit code 2."""
    pytest.importorskip("av")
    for name in ("AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
    Path("bad.mp4").write_text("no video")
    for arguments, code, words in (
        (("bad.mp4",), 1, "failed"),
        (("http://example.org/film.mp4",), 2, "a video is 's3://bucket/key'"),
        (("s3://media/film.mp4", "--backend", "aws"), 1, "region"),
        ((), 2, "Missing argument"),
    ):
        answer = rekvid_command("segments", *arguments)
        assert (answer.exit_code, answer.stdout) == (code, ""), (arguments, answer.stderr)
        assert words in answer.stderr


def test_an_unknown_profile_is_a_sentence(rekvid_command: Rekvid, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that no file of AWS settings has is named."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
    answer = rekvid_command("segments", "s3://media/film.mp4", "--backend", "aws", "--profile", "nobody")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("rekvid: --profile nobody: ")


def test_missing_credentials_are_a_sentence_and_a_hint(rekvid_command: Rekvid, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has set up nothing for AWS is told what to set, and no address is called to find some."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    answer = rekvid_command("labels", "s3://media/film.mp4", "--backend", "aws", "--region", "eu-west-1")
    assert (answer.exit_code, answer.stdout) == (1, "")
    sentence, hint = answer.stderr.splitlines()
    assert sentence == "rekvid: StartLabelDetection: Unable to locate credentials"
    assert hint.startswith("hint: set AWS_ACCESS_KEY_ID")
