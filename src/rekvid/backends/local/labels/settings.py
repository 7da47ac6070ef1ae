"""How the local backend detects labels, where the service leaves it open."""

from __future__ import annotations

from typing import Annotated

from rekvid.models._rules import Checked, Number, Whole
from rekvid.models._shape import Value, value


@value
class LabelSettings(Checked, Value):
    """How labels are detected on this machine.

    Attributes:
        cadence_millis: Milliseconds from one sample to the next, at least 1. The service takes about 200 or 500.
        missed_samples: How many samples in a row may lack a label within one stretch of ``aggregate_by=SEGMENTS``, at
            least 0.
        unchanged_below: Levels, 0-255. A frame in which no part differs that much from the frame that was looked at
            last is taken to show the same. 0 looks at each, however alike.

    Raises:
        ValidationError: A field breaks its rule.
    """

    cadence_millis: Annotated[int, Whole(1)] = 200
    missed_samples: Annotated[int, Whole(0)] = 2
    unchanged_below: Annotated[float, Number(0, 255)] = 2.0
