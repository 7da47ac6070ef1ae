"""Save the labels of a job line by line, and read on where an error or Ctrl-C ended the last run.

Run: python examples/read_on_later.py JOB_ID labels.jsonl
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import rekvid


def save(job: rekvid.LabelDetectionJob, file: Path) -> int:
    """Append the labels that `file` lacks; give the number of pages that were read.

    A page is written whole, with the token of the next one behind it, so that the next run begins there.
    """
    bookmark = file.with_suffix(".next")
    token = bookmark.read_text() if bookmark.exists() else None
    if token == "":
        return 0
    pages = 0
    for page in job.labels(next_token=token).pages():
        with file.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(label.to_aws()) + "\n" for label in page.labels)
        bookmark.write_text(page.next_token or "")
        pages += 1
    return pages


def main(job_id: str, file: str) -> None:
    """Save the labels of `job_id` to `file`."""
    with rekvid.Client() as client:
        print(save(client.label_detection_job(job_id), Path(file)), "pages read")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except TypeError:
        sys.exit(__doc__)
    except rekvid.RekvidError as error:
        sys.exit(str(error))
