"""What is AWS's alone: notification channels (make, remove, diagnose), staging of files, waiting for the quota.

::

    import rekvid.aws

    made = rekvid.aws.provision("Films", region_name="eu-west-1")
    job = client.start_label_detection("s3://media/film.mp4", notification_channel=made.channel)

    for finding in rekvid.aws.check(made.channel):
        print(finding)
"""

from __future__ import annotations

from rekvid.backends.aws import Staging, StartWait, UploadProgress
from rekvid.backends.aws.checking import check
from rekvid.backends.aws.findings import Finding, Problem
from rekvid.backends.aws.provisioning import Policy, Provisioned, provision
from rekvid.backends.aws.teardown import TornDown, teardown

__all__ = [
    "Finding",
    "Policy",
    "Problem",
    "Provisioned",
    "Staging",
    "StartWait",
    "TornDown",
    "UploadProgress",
    "check",
    "provision",
    "teardown",
]
