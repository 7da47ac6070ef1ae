"""Label detection on this machine: detectors look at samples of the video, and what they see becomes labels.

A label stands at the time of its sample, a multiple of the cadence, and each of its ancestors stands beside it, without
instances.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from rekvid.backends.local.labels.detectors.base import Detector
from rekvid.backends.local.labels.inference import Look, looks
from rekvid.backends.local.labels.labelling import LabelFilter, labels_of
from rekvid.backends.local.labels.orders import Orders
from rekvid.backends.local.labels.settings import LabelSettings
from rekvid.backends.local.labels.stretches import Stretches
from rekvid.backends.local.video.media import open_media, video_metadata
from rekvid.backends.local.video.sampling import Sampler
from rekvid.models import LabelDetection, VideoMetadata

_PROGRESS_EVERY = 8  # samples


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAnalysis:
    """What a label job has found, besides its items.

    Attributes:
        video_metadata: The video stream.
        label_model_version: Which detectors, and the digests of their weights.
        orders: The items' positions in each order that can be asked for, by `order_name`.
    """

    video_metadata: VideoMetadata
    label_model_version: str
    orders: Iterable[tuple[str, list[int]]]


def analyse_labels(
    path: Path,
    detectors: Sequence[Detector],
    *,
    settings: LabelSettings,
    asked: LabelFilter,
    on_items: Callable[[Sequence[LabelDetection]], None],
    on_progress: Callable[[float], None] = lambda _: None,
) -> LabelAnalysis:
    """Find the labels of the video at `path`.

    Args:
        path: The video file.
        detectors: What looks at it, at least one.
        settings: How it is sampled.
        asked: Which labels are wanted.
        on_items: Given the items as they are found, those of timestamps and those of stretches mixed, so that none of
            them has to be held; `LabelAnalysis.orders` counts them from 0 as they came.
        on_progress: Called now and then with the share of the work that is done, 0-1, and at the end with 1.
            What it raises ends the analysis.

    Raises:
        UnreadableVideoError: The file can't be read, or not to its end.
        DetectorError: A detector failed.
    """
    orders = Orders()
    with open_media(path) as media:
        video = video_metadata(media)
        sampler = Sampler(media, Fraction(settings.cadence_millis, 1000), [each.fit for each in detectors])
        seen = looks(sampler, detectors, unchanged_below=settings.unchanged_below)
        for items in _items(_told(seen, settings, video.duration_millis, on_progress), sampler, settings, asked):
            for item in items:
                orders.note(item)
            on_items(items)
    on_progress(1.0)
    if video.duration_millis is None:
        video = dataclasses.replace(video, duration_millis=int(sampler.end * 1000))
    return LabelAnalysis(
        video_metadata=video,
        label_model_version="+".join(each.version for each in detectors),
        orders=orders.all(),
    )


def _items(
    seen: Iterable[Look], sampler: Sampler, settings: LabelSettings, asked: LabelFilter
) -> Iterator[list[LabelDetection]]:
    """The items of each sample, with the stretches that ended before it, and at last those of the end."""
    stretches = Stretches(settings.cadence_millis, settings.missed_samples)
    for look in seen:
        labels = labels_of(look.seen, asked)
        timestamp = look.index * settings.cadence_millis
        rows = [LabelDetection(timestamp=timestamp, label=label) for label in labels]
        yield stretches.add(look.index, labels) + rows
    yield stretches.finish(int(sampler.end * 1000))


def _told(
    seen: Iterable[Look], settings: LabelSettings, duration: int | None, on_progress: Callable[[float], None]
) -> Iterator[Look]:
    """`seen`, telling about how much of it is done."""
    for look in seen:
        if duration and look.index % _PROGRESS_EVERY == 0:
            # Not all of it before the end: the duration is what the container says.
            on_progress(min(look.index * settings.cadence_millis / duration, 0.99))
        yield look
