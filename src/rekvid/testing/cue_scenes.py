"""Scenes that are technical cues, and scenes that only look like them, for reels (`rekvid.testing.reels`).

They need the extra ``testing``. Each scene is drawn once, then moved and mixed by numpy, which is quick.
"""

from __future__ import annotations

from rekvid.testing.bars import BarPattern, BarsScene, bar_levels, paint_bars
from rekvid.testing.colours import Colour
from rekvid.testing.credits import CreditsLayout, CreditsScene
from rekvid.testing.drawing import fonts_here
from rekvid.testing.grounds import Gradient, Ground
from rekvid.testing.logos import Emblem, LogoScene
from rekvid.testing.slates import ClapperScene, SlateLayout, SlateScene

__all__ = [
    "BarPattern",
    "BarsScene",
    "ClapperScene",
    "Colour",
    "CreditsLayout",
    "CreditsScene",
    "Emblem",
    "Gradient",
    "Ground",
    "LogoScene",
    "SlateLayout",
    "SlateScene",
    "bar_levels",
    "fonts_here",
    "paint_bars",
]
