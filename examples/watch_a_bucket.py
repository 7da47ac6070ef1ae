"""Watch a bucket: detect the shots of each video that appears in it, and save them as JSON Lines.

Run: python examples/watch_a_bucket.py my-bucket incoming/ results/
The work is done on this machine; with rekvid.Client() it is done at AWS. A later run goes on where one was ended.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

import rekvid


def new_videos(bucket: str, prefix: str, folder: Path) -> Iterator[tuple[rekvid.S3Object, Path]]:
    """The videos of which `folder` has no results yet, and where these go."""
    for found in boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=prefix):
        digest = found.e_tag.strip('"')  # a video that is replaced is another one
        target = folder / f"{found.key.replace('/', '_')}-{digest}.jsonl"
        is_new = not target.exists() and not target.with_suffix(".failed").exists()
        if is_new and found.key.lower().endswith((".mp4", ".mov")):
            yield rekvid.S3Object(bucket=bucket, name=found.key), target


def look(client: rekvid.Client, bucket: str, prefix: str, folder: Path) -> None:
    """Save what is found in each new video; one that can't be read is noted, other errors leave it for next time."""
    for video, target in new_videos(bucket, prefix, folder):
        try:
            client.start_segment_detection(video, segment_types=["SHOT"]).result().to_jsonl(target)
            print(video.uri, "->", target)
        except rekvid.RekvidError as error:
            print(video.uri, error, file=sys.stderr)
            if isinstance(error, rekvid.JobFailedError | rekvid.InvalidS3ObjectError):
                target.with_suffix(".failed").write_text(str(error), encoding="utf-8")


def main(bucket: str, prefix: str, folder: str) -> None:
    """Look every minute."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with rekvid.Client("local") as client:
        while True:
            look(client, bucket, prefix, Path(folder))
            time.sleep(60)


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case [bucket, prefix, folder]:
                main(bucket, prefix, folder)
            case _:
                sys.exit(__doc__)
    except (ClientError, BotoCoreError) as error:
        sys.exit(str(error))
