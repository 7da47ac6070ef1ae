"""How an endpoint is set up."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from rekvid.clock import Clock, SystemClock
from rekvid.endpoint.limits import Limits
from rekvid.endpoint.notices import Publish
from rekvid.endpoint.signing import Keys


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How an endpoint is set up. Nothing has to be given.

    Attributes:
        keys: Who may call; None for anybody who can reach the endpoint, so keep that on loopback.
        limits: How much callers may ask for.
        allowed_hosts: Names that may stand in a Host header, besides those of loopback and the address that the server
            listens on; ``*`` allows all.
        publish: What sends the notice of a job's end to an SNS topic, such as `rekvid.endpoint.Topics`; None sends
            none. Only for backends that tell when a job ends, as the local one and the fake do; AWS sends its own.
        journal: File in which the endpoint remembers the jobs that it has started, so that a restart loses no notice;
            None keeps that in memory.
        clock: What tells the time.
    """

    keys: Keys | None = None
    limits: Limits = dataclasses.field(default_factory=Limits)
    allowed_hosts: tuple[str, ...] = ()
    publish: Publish | None = None
    journal: Path | None = None
    clock: Clock = dataclasses.field(default_factory=SystemClock)
