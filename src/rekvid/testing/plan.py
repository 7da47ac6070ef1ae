"""From a list of scenes to its pictures and its truth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from rekvid.models import TechnicalCueType
from rekvid.testing.camera import CameraMove
from rekvid.testing.pictures import Painter, Picture, Stage
from rekvid.testing.scenes import BlackScene, Scene
from rekvid.testing.transitions import HOLD_LIMIT
from rekvid.testing.truth import BlackStretch, CueStretch, DisturbedStretch, GradualStretch, TransitionKind, Truth

_BLACK_CEILING = 59  # the highest luma of a black sample by the API's default: 16 + 0.2 * 219
_BLACK_SHARE = 0.99  # of a black frame's samples, by the API's default
_SHORTEST_BLACK = Fraction(1, 4)  # second; the service's is not published


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A scene with its place in the reel, in frames.

    Attributes:
        scene: The scene.
        number: Counts the scenes from 0.
        start: Its first frame.
        length: Number of its frames, those of the transition into it included.
        mixed: Number of frames of the transition into it.
    """

    scene: Scene
    number: int
    start: int
    length: int
    mixed: int

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.start + self.length


def plan_of(scenes: Sequence[Scene], rate: Fraction) -> list[Entry]:
    """Give each scene its place.

    Raises:
        ValueError: There is no scene, or one without a camera has a disturbance that moves it.
    """
    if not scenes:
        raise ValueError("scenes is empty; a reel needs at least one")
    plan: list[Entry] = []
    start = 0
    for number, scene in enumerate(scenes):
        moves = [each for each in scene.disturbances if isinstance(each, CameraMove)]
        if moves and not scene.has_camera:
            raise ValueError(f"scenes[{number}] has no camera for {moves[0]}; take a PlaceScene")
        length = max(1, round(Fraction(scene.seconds) * rate))
        entry = scene.entry if number else None
        mixed = min(length, max(1, round(Fraction(entry.seconds) * rate))) if entry else 0
        plan.append(Entry(scene=scene, number=number, start=start, length=length, mixed=mixed))
        start += length
    return plan


def pictures_of(
    plan: Sequence[Entry], width: int, height: int, rate: Fraction, seed: int
) -> Iterator[tuple[Entry, Picture]]:
    """Every picture of the reel, with the scene that it is counted to."""
    before: Painter | None = None
    length_before = 0
    for entry in plan:
        stage = Stage(width=width, height=height, rate=rate, generator=np.random.default_rng((seed, entry.number)))
        painter = _disturbed(entry.scene, stage)
        mixer = entry.scene.entry.mixer(stage) if entry.scene.entry else None
        for number in range(entry.length):
            picture = painter(number)
            if mixer and before and number < entry.mixed:
                picture = mixer(number, entry.mixed, before(length_before + number), picture)
            yield entry, picture
        before, length_before = painter, entry.length


def is_black(picture: Picture) -> bool:
    """Whether a picture is a black frame by the default of the API (API reference, BlackFrame)."""
    return int(np.count_nonzero(picture[0] <= _BLACK_CEILING)) >= _BLACK_SHARE * picture[0].size


def truth_of(plan: Sequence[Entry], rate: Fraction, black: Sequence[bool], *, audio: bool) -> Truth:
    """What is in a reel.

    Args:
        plan: Its scenes.
        rate: Frames a second.
        black: Of each frame, whether it is black, see `is_black`.
        audio: Whether the reel has sound at all; where not, all black is silent.
    """
    cuts, gradual = _boundaries(plan, rate)
    return Truth(
        rate=rate,
        frame_count=plan[-1].end,
        cuts=cuts,
        gradual=gradual,
        black=tuple(
            BlackStretch(first=each.start + each.mixed, last=each.end - 1, sound=each.scene.sound and audio)
            for each in plan
            if isinstance(each.scene, BlackScene)
        ),
        disturbances=tuple(_disturbances(plan, rate)),
        cues=tuple(_cues(plan, rate, black, audio=audio)),
    )


def _disturbed(scene: Scene, stage: Stage) -> Painter:
    """The painter of a scene with all that changes its pictures."""
    painter = scene.painter(stage)
    effects = [(round(each.start * stage.rate), each.effect(stage)) for each in scene.disturbances]
    if not effects:
        return painter

    def paint(number: int) -> Picture:
        picture = painter(number)
        for start, effect in effects:
            if number >= start:
                picture = effect(number - start, picture)
        return picture

    return paint


_Group: TypeAlias = list[Entry]  # scenes that follow one another without anything to see where they meet


def _boundaries(plan: Sequence[Entry], rate: Fraction) -> tuple[tuple[int, ...], tuple[GradualStretch, ...]]:
    groups: list[_Group] = []
    for entry in plan:
        # Nobody can see a cut from black to black.
        if groups and entry.scene.colour is not None and entry.scene.colour == groups[-1][-1].scene.colour:
            groups[-1].append(entry)
        else:
            groups.append([entry])
    cuts: list[int] = []
    gradual: list[GradualStretch] = []
    held: int | None = None  # the first frame of a transition that is not over yet
    for number, group in enumerate(groups[1:], start=1):
        first = group[0]
        after = groups[number + 1][0] if number + 1 < len(groups) else None
        begins = first.start if held is None else held
        if after is not None and _is_hold(group, after, rate):
            held = begins
        elif held is not None or first.mixed:
            kind = _kind(groups[number - 1][-1], first)
            gradual.append(GradualStretch(first=begins, last=first.start + first.mixed - 1, kind=kind))
            held = None
        else:
            cuts.append(first.start)
    return tuple(cuts), tuple(gradual)


def _is_hold(group: _Group, after: Entry, rate: Fraction) -> bool:
    """Whether a uniform stretch is so short that it is part of the transitions at its sides."""
    first = group[0]
    short = after.start - first.start - first.mixed < HOLD_LIMIT * rate
    return first.scene.colour is not None and short and bool(first.mixed or after.mixed)


def _kind(before: Entry, entry: Entry) -> TransitionKind:
    transition = entry.scene.entry
    if before.scene.colour is None and entry.scene.colour is None and transition is not None:
        return transition.kind
    wipe = transition is not None and transition.kind is TransitionKind.WIPE
    return TransitionKind.WIPE if wipe else TransitionKind.FADE


def _disturbances(plan: Sequence[Entry], rate: Fraction) -> Iterator[DisturbedStretch]:
    for entry in plan:
        for each in entry.scene.disturbances:
            first = entry.start + round(each.start * rate)
            last = first + max(1, round(each.seconds * rate)) - 1
            yield DisturbedStretch(first=first, last=min(last, entry.end - 1), kind=each.kind)


def _cues(plan: Sequence[Entry], rate: Fraction, black: Sequence[bool], *, audio: bool) -> Iterator[CueStretch]:
    types: list[TechnicalCueType] = []
    dark: list[bool] = []
    for before, entry in itertools.pairwise([plan[0], *plan]):
        types += [_type_in(before, entry, number) for number in range(entry.length)]
        silent = not (audio and entry.scene.sound)
        dark += [silent and each for each in _outer_black(entry, black[entry.start : entry.end])]
    needed = math.ceil(_SHORTEST_BLACK * rate)
    start = 0
    for is_dark, run in itertools.groupby(dark):
        length = len(list(run))
        if is_dark and length >= needed:
            types[start : start + length] = [TechnicalCueType.BLACK_FRAMES] * length
        start += length
    start = 0
    for cue, frames in itertools.groupby(types):
        length = len(list(frames))
        yield CueStretch(first=start, last=start + length - 1, type=cue)
        start += length


def _type_in(before: Entry, entry: Entry, number: int) -> TechnicalCueType:
    """What the frame `number` of `entry` counts for, unless it is black."""
    source = entry
    if number < entry.mixed:
        into_uniform = entry.scene.colour is not None and before.scene.colour is None
        out_of_uniform = before.scene.colour is not None and entry.scene.colour is None
        first_half = 2 * number < entry.mixed
        source = before if into_uniform or (first_half and not out_of_uniform) else entry
    return source.scene.cue or TechnicalCueType.CONTENT


def _outer_black(entry: Entry, black: Sequence[bool]) -> list[bool]:
    """`black`, but within a scene with a cue, such as credits over black, only at its ends."""
    if entry.scene.cue is None or all(black):
        return list(black)
    first = black.index(False)
    last = len(black) - 1 - list(reversed(black)).index(False)
    return [each and not first < number < last for number, each in enumerate(black)]
