from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("typer")
pytest.importorskip("moto.server")

if TYPE_CHECKING:
    from commands import Rekvid
    from rekvid.testing.local_aws import LocalAws


@pytest.fixture(autouse=True)
def _account(rekvid_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty account, in which commands find all services at one address."""
    for service in ("IAM", "STS", "KMS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", rekvid_aws.sqs.meta.endpoint_url)


def test_a_channel_is_made_checked_and_removed(rekvid_command: Rekvid, rekvid_aws: LocalAws) -> None:
    """`provision` writes a channel that `check` finds good; `teardown` leaves nothing."""
    made = rekvid_command("provision", "Films", "-o", "films.json")
    assert made.exit_code == 0, made.stderr
    assert "make the topic" in made.stdout
    channel = json.loads(Path("films.json").read_text())
    assert channel["sns_topic_arn"].endswith(":AmazonRekognitionFilms")
    checked = rekvid_command("check", "--channel", "films.json")
    assert (checked.exit_code, checked.stdout) == (0, f"all is well with {channel['sns_topic_arn']}\n")
    removed = rekvid_command("teardown", "Films", "--yes")
    assert removed.exit_code == 0
    assert channel["sns_topic_arn"] in removed.stdout
    assert rekvid_aws.sns.list_topics()["Topics"] == []


def test_a_dry_run_changes_nothing(rekvid_command: Rekvid, rekvid_aws: LocalAws) -> None:
    """--dry-run shows what would be done, and writes no file."""
    answer = rekvid_command("provision", "Films", "--dry-run", "-o", "films.json")
    assert "would change:" in answer.stdout
    assert rekvid_aws.sns.list_topics()["Topics"] == []
    assert not Path("films.json").exists()
    rekvid_command("provision", "Films")
    assert "would remove:" in rekvid_command("teardown", "Films", "--dry-run").stdout
    assert len(rekvid_aws.sns.list_topics()["Topics"]) == 1


def test_errors_among_the_findings_are_an_exit_code(rekvid_command: Rekvid) -> None:
    """A channel whose parts are missing is exit code 1, with a finding on each line."""
    answer = rekvid_command("check", "Films")
    assert answer.exit_code == 1
    assert "There is no such topic." in answer.stdout


def test_removal_is_asked_for(rekvid_command: Rekvid) -> None:
    """Where nobody can be asked, --yes has to be given."""
    answer = rekvid_command("teardown", "Films")
    assert answer.exit_code == 2
    assert "there is no terminal to ask at" in answer.stderr


def test_check_takes_a_name_or_a_file(rekvid_command: Rekvid) -> None:
    """Neither and both are wrong words."""
    for arguments in ((), ("Films", "--channel", "films.json")):
        answer = rekvid_command("check", *arguments)
        assert answer.exit_code == 2
        assert "give either a name or --channel FILE" in answer.stderr
