"""Label a folder of videos into one Parquet file: a row for each detection, with the name of the video.

Run: python examples/label_a_folder.py videos/ labels.parquet
It needs `pip install "rekvid[onnx,tables]"`; `rekvid models pull` fetches the model.
"""

from __future__ import annotations

import sys
from pathlib import Path

import rekvid

VIDEOS = {".avi", ".mkv", ".mov", ".mp4", ".webm"}


def label(client: rekvid.Client, folder: Path, table: Path) -> int:
    """Write the labels of all videos in `folder` to `table`, one video after another; gives the number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    videos = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEOS)
    rows = 0
    writer = None
    try:
        for video in videos:
            try:
                found = client.start_label_detection(video, min_confidence=60).result().to_arrow()
            except (rekvid.JobFailedError, rekvid.InvalidS3ObjectError) as error:
                print(f"{video} is left out: {error}", file=sys.stderr)
                continue
            found = found.append_column("video", pa.array([video.name] * found.num_rows, pa.string()))
            writer = writer or pq.ParquetWriter(table, found.schema)
            writer.write_table(found)
            rows += found.num_rows
    finally:
        if writer is not None:
            writer.close()
    return rows


def main(folder: str, table: str) -> None:
    """Print how many rows were written."""
    with rekvid.Client("local") as client:
        print(label(client, Path(folder), Path(table)), "rows in", table)


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case [folder, table]:
                main(folder, table)
            case _:
                sys.exit(__doc__)
    except rekvid.RekvidError as error:
        sys.exit(str(error))
