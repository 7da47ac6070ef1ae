"""Reels that chance composes, for tuning and for benchmarks.

Seeds 0-999 are for tuning; from 1000 on they are for benchmarks alone, so that no detector has been tuned on what it
is measured on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from rekvid.testing.camera import Pan, Shake, Zoom
from rekvid.testing.disturbances import Crossing, Disturbance, Flash, Flicker, Lamp, LowerThird, Strobe
from rekvid.testing.places import Framing, PlaceScene
from rekvid.testing.scenes import BlackScene, Scene
from rekvid.testing.transitions import Dissolve, FadeThrough, Transition, Wipe, WipeShape
from rekvid.testing.truth import DisturbanceKind

BENCHMARK_SEEDS = 1000
"""The first seed that nothing may be tuned on."""

_MARGIN = 0.5  # seconds between a disturbance and the edges of its shot, lest one hide the other


def random_reel(seed: int, *, shots: int = 20) -> tuple[Scene, ...]:
    """Compose a reel; give the same seed to `make_reel`.

    - Shots last 0.4-9 s, by a log-normal distribution with a median of 2.2 s; those that a gradual transition or a
      disturbance touches are longer, by just as much.
    - A quarter of the shots show the place of the shot before the last one, or of the last one, in another framing,
      and one in ten another place in the last one's colours. One in eight is dark, one in eight of low contrast, one
      in twelve a mere gradient.
    - The camera stands still in a third of them, is held by hand in a third, and pans or zooms slowly in a third. Up to
      three things move; a quarter have one or two heads.
    - 70 % of the joins are cuts; the others are dissolves of 0.3-2 s (15 %, half of them eased), fades of 0.5-2 s
      through black or white (7 %) and wipes of 0.3-1.2 s (8 %).
    - One shot in five has a disturbance, at least half a second away from its edges.
    - One reel in three starts with silent black of 0.4-2 s, one in three ends with it, each half of them with a fade.

    Args:
        seed: Chooses everything.
        shots: How many shots there are, without black.
    """
    generator = np.random.default_rng((seed, 0x5EED))
    scenes: list[Scene] = []
    filmed: list[PlaceScene] = []
    for number in range(shots):
        entry = random_transition(generator) if number else None
        filmed.append(_shot(generator, filmed, entry))
    # The scene before goes on while the next one comes in, so that every shot keeps its own length.
    scenes += filmed
    if generator.uniform() < 1 / 3:
        fade = Dissolve(seconds=float(generator.uniform(0.3, 1.5))) if generator.uniform() < 0.5 else None
        scenes[0] = _entered(scenes[0], fade)
        scenes.insert(0, BlackScene(seconds=float(generator.uniform(0.4, 2))))
    if generator.uniform() < 1 / 3:
        fade = Dissolve(seconds=float(generator.uniform(0.3, 1.5))) if generator.uniform() < 0.5 else None
        scenes.append(_entered(BlackScene(seconds=float(generator.uniform(0.4, 2))), fade))
    return tuple(scenes)


def random_disturbance(
    generator: np.random.Generator, start: float, kinds: Sequence[DisturbanceKind] = tuple(DisturbanceKind)
) -> Disturbance:
    """One disturbance of one of `kinds`, each as likely as the others, `start` seconds after its scene."""
    return _DISTURBANCES[kinds[int(generator.integers(len(kinds)))]](generator, start)


_Maker: TypeAlias = Callable[[np.random.Generator, float], Disturbance]


def _flash(generator: np.random.Generator, start: float) -> Disturbance:
    count = int(generator.integers(1, 5))
    return Flash(
        start=start,
        seconds=count * float(generator.uniform(0.08, 0.35)),
        count=count,
        strength=float(generator.uniform(0.3, 0.95)),
    )


def _strobe(generator: np.random.Generator, start: float) -> Disturbance:
    return Strobe(
        start=start,
        seconds=float(generator.uniform(0.5, 2)),
        hertz=float(generator.uniform(3, 12)),
        strength=float(generator.choice((-0.8, -0.5, 0.4, 0.8))),
    )


def _flicker(generator: np.random.Generator, start: float) -> Disturbance:
    return Flicker(start=start, seconds=float(generator.uniform(0.5, 2)), depth=float(generator.uniform(0.05, 0.3)))


def _lamp(generator: np.random.Generator, start: float) -> Disturbance:
    seconds = 0.0 if generator.uniform() < 0.5 else float(generator.uniform(0.1, 1.5))
    return Lamp(start=start, seconds=seconds, gain=float(generator.uniform(0.35, 0.75) ** generator.choice((-1, 1))))


def _pan(generator: np.random.Generator, start: float) -> Disturbance:
    return Pan(
        start=start,
        seconds=float(generator.uniform(0.15, 0.8)),
        x=float(generator.uniform(0.6, 2.4) * generator.choice((-1, 1))),
        y=float(generator.uniform(-0.2, 0.2)),
    )


def _stop(generator: np.random.Generator, start: float) -> Disturbance:
    return Pan(
        start=start,
        seconds=float(generator.uniform(0.5, 1.5)),
        x=float(generator.uniform(0.4, 1.2) * generator.choice((-1, 1))),
        abrupt=True,
    )


def _shake(generator: np.random.Generator, start: float) -> Disturbance:
    return Shake(
        start=start,
        seconds=float(generator.uniform(0.4, 1.5)),
        reach=float(generator.uniform(0.02, 0.08)),
        hertz=float(generator.uniform(3, 8)),
    )


def _zoom(generator: np.random.Generator, start: float) -> Disturbance:
    return Zoom(
        start=start,
        seconds=float(generator.uniform(0.25, 1.5)),
        factor=float(generator.uniform(1.3, 2.2) ** generator.choice((-1, 1))),
    )


def _lower_third(generator: np.random.Generator, start: float) -> Disturbance:
    slide = float(generator.uniform(0.1, 0.5))
    return LowerThird(start=start, seconds=2 * slide + float(generator.uniform(0.5, 2)), slide=slide)


def _crossing(generator: np.random.Generator, start: float) -> Disturbance:
    return Crossing(
        start=start,
        seconds=float(generator.uniform(0.4, 1.5)),
        width=float(generator.uniform(0.3, 0.8)),
        height=float(generator.uniform(0.5, 0.95)),
    )


_DISTURBANCES: dict[DisturbanceKind, _Maker] = {
    DisturbanceKind.FLASH: _flash,
    DisturbanceKind.STROBE: _strobe,
    DisturbanceKind.FLICKER: _flicker,
    DisturbanceKind.LAMP: _lamp,
    DisturbanceKind.PAN: _pan,
    DisturbanceKind.STOP: _stop,
    DisturbanceKind.SHAKE: _shake,
    DisturbanceKind.ZOOM: _zoom,
    DisturbanceKind.LOWER_THIRD: _lower_third,
    DisturbanceKind.CROSSING: _crossing,
}


def random_transition(generator: np.random.Generator) -> Transition | None:
    """A way from one shot to the next, as `random_reel` has them; None for a cut."""
    draw = generator.uniform()
    if draw < 0.7:
        return None
    if draw < 0.85:
        seconds = float(generator.uniform(0.3, 2))
        return Dissolve(seconds=seconds, eased=bool(generator.uniform() < 0.5))
    if draw < 0.92:
        hold = float(generator.uniform(0, 0.6))
        luma = 16 if generator.uniform() < 0.7 else 235
        return FadeThrough(seconds=hold + float(generator.uniform(0.5, 2)), hold=hold, luma=luma)
    return Wipe(
        seconds=float(generator.uniform(0.3, 1.2)),
        shape=list(WipeShape)[int(generator.integers(len(WipeShape)))],
        softness=float(generator.choice((0.0, 0.05, 0.2))),
    )


def _shot(generator: np.random.Generator, before: list[PlaceScene], entry: Transition | None) -> PlaceScene:
    """A shot of 0.4-9 seconds, besides the time that its transition and its disturbance take."""
    seconds = float(np.clip(generator.lognormal(np.log(2.2), 0.7), 0.4, 9))
    start = entry.seconds if entry else 0.0
    disturbances: tuple[Disturbance, ...] = ()
    if generator.uniform() < 0.2:
        disturbance = random_disturbance(generator, start + _MARGIN + float(generator.uniform(0, seconds)))
        disturbances = (disturbance,)
        seconds += disturbance.seconds + 2 * _MARGIN
    scene = random_place(generator)
    similar = generator.uniform()
    if before and similar < 0.35:
        scene = _like(generator, scene, before[-2 if similar < 0.15 and len(before) > 1 else -1], same=similar < 0.25)
    return dataclasses.replace(scene, seconds=start + seconds, transition=entry, disturbances=disturbances)


def random_place(generator: np.random.Generator) -> PlaceScene:
    """A scene of any look, as `random_reel` has them, without disturbances."""
    kind, camera = generator.uniform(0, 1, 2)
    brightness, contrast = float(generator.uniform(80, 150)), float(generator.uniform(45, 85))
    things = int(generator.integers(40, 300))
    if kind < 1 / 8:
        brightness, contrast = float(generator.uniform(30, 50)), float(generator.uniform(18, 35))
    elif kind < 2 / 8:
        contrast = float(generator.uniform(12, 25))
    elif kind < 2 / 8 + 1 / 12:
        things = 0
    pan = (float(generator.uniform(-0.25, 0.25)), float(generator.uniform(-0.06, 0.06)))
    zoom_rate = float(generator.uniform(0.88, 1.12))
    return PlaceScene(
        place=int(generator.integers(1 << 31)),
        palette=int(generator.integers(1 << 31)),
        framing=_framing(generator),
        pan=pan if 1 / 3 < camera < 0.6 else (0.0, 0.0),
        zoom_rate=zoom_rate if 0.5 < camera < 2 / 3 else 1.0,
        handheld=float(generator.uniform(0.005, 0.03)) if camera > 2 / 3 else 0.0,
        movers=int(generator.integers(0, 4)),
        faces=int(generator.integers(1, 3)) if generator.uniform() < 0.25 else 0,
        things=things,
        roughness=float(generator.uniform(0.2, 1)),
        brightness=brightness,
        contrast=contrast,
        noise=float(generator.choice((0.5, 1.0, 2.0, 3.5))),
    )


def _framing(generator: np.random.Generator) -> Framing:
    x, y, zoom = generator.uniform((0, 0, 0.9), (2, 2, 1.7))
    return Framing(x=float(x), y=float(y), zoom=float(zoom))


def _like(generator: np.random.Generator, scene: PlaceScene, model: PlaceScene, *, same: bool) -> PlaceScene:
    """`scene` in the light and colours of `model`, and where `same` in its place too."""
    alike = dataclasses.replace(
        scene, palette=model.palette, brightness=model.brightness, contrast=model.contrast, noise=model.noise
    )
    if not same:
        return alike
    assert model.framing is not None
    # At least a third of a picture away from where the model's camera ends, lest there be no cut to see.
    shift = float(generator.uniform(0.35, 1) * generator.choice((-1, 1)))
    way = model.pan[0] * model.seconds + sum(each.x for each in model.disturbances if isinstance(each, Pan))
    framing = dataclasses.replace(
        _framing(generator),
        x=model.framing.x + way / model.framing.zoom + shift,
        y=model.framing.y + float(generator.uniform(-0.2, 0.2)),
    )
    return dataclasses.replace(
        alike, place=model.place, things=model.things, roughness=model.roughness, framing=framing
    )


def _entered(scene: Scene, transition: Transition | None) -> Scene:
    """`scene` with this way in, for which it becomes longer."""
    return dataclasses.replace(
        scene, transition=transition, seconds=scene.seconds + (transition.seconds if transition else 0)
    )
