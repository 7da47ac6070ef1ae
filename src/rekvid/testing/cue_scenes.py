"""Scenes that are technical cues, and scenes that only look like them, for reels (`rekvid.testing.reels`).

They need the extra ``testing``. Each scene is drawn once, then moved and mixed by numpy, which is quick.
"""

from __future__ import annotations

from rekvid.testing.bars import BarPattern, BarsScene, bar_levels, paint_bars
from rekvid.testing.captions import (
    CaptionedScene,
    DocumentScene,
    LowerThirdScene,
    SignsScene,
    SubtitledScene,
    TickerScene,
    TitleScene,
)
from rekvid.testing.colours import Colour
from rekvid.testing.credits import CreditsLayout, CreditsScene
from rekvid.testing.drawing import fonts_here
from rekvid.testing.grounds import Gradient, Ground
from rekvid.testing.logos import Emblem, LogoScene
from rekvid.testing.lookalikes import NightScene, ProductScene, Stripes, StripesScene
from rekvid.testing.programmes import random_cue_reel_scenes
from rekvid.testing.slates import ClapperScene, SlateLayout, SlateScene

__all__ = [
    "BarPattern",
    "BarsScene",
    "CaptionedScene",
    "ClapperScene",
    "Colour",
    "CreditsLayout",
    "CreditsScene",
    "DocumentScene",
    "Emblem",
    "Gradient",
    "Ground",
    "LogoScene",
    "LowerThirdScene",
    "NightScene",
    "ProductScene",
    "SignsScene",
    "SlateLayout",
    "SlateScene",
    "Stripes",
    "StripesScene",
    "SubtitledScene",
    "TickerScene",
    "TitleScene",
    "bar_levels",
    "fonts_here",
    "paint_bars",
    "random_cue_reel_scenes",
]
