"""Count the labels of a video in S3, with AWS doing the work.

Run: python examples/labels_on_aws.py s3://bucket/street.mp4
Credentials and region are found as boto3 finds them.
"""

from __future__ import annotations

import collections
import sys

import rekvid


def main(video: str) -> None:
    """Print how often each label was seen in `video`, most frequent first."""
    with rekvid.Client() as client:
        job = client.start_label_detection(video, min_confidence=70)
        print(f"job {job.id}: come back to it with client.label_detection_job() for 7 days")
        job.wait(timeout=3600, on_progress=lambda now: print(f"{now.elapsed:.0f} s {now.status}", end="\r"))
        seen = collections.Counter(found.label.name for found in job.labels())
    for name, times in seen.most_common(20):
        print(f"{times:6} {name}")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except IndexError:
        sys.exit(__doc__)
    except rekvid.RekvidError as error:
        sys.exit(str(error))
