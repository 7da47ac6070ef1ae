"""What a notification channel needs at AWS: make it, remove it, find out what is wrong with it.

::

    import rekvid.aws

    made = rekvid.aws.provision("Films", region_name="eu-west-1")
    job = client.start_label_detection("s3://media/film.mp4", notification_channel=made.channel)

    for finding in rekvid.aws.check(made.channel):
        print(finding)
"""

from __future__ import annotations

from rekvid.backends.aws.checking import check
from rekvid.backends.aws.findings import Finding, Problem
from rekvid.backends.aws.provisioning import Policy, Provisioned, provision
from rekvid.backends.aws.teardown import TornDown, teardown

__all__ = ["Finding", "Policy", "Problem", "Provisioned", "TornDown", "check", "provision", "teardown"]
