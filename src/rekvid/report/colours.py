"""A colour for each name, the same in every picture, page and plot, today and in ten years."""

from __future__ import annotations

import math
import zlib
from functools import cache

_LIGHTNESS = (0.70, 0.78, 0.86)
_CHROMA = 0.16


@cache
def colour_of(name: str) -> str:
    """The colour of `name` as ``#rrggbb``.

    Hue and lightness come from a checksum of the name, in OKLCH, where equal lightness looks equally light. All are
    light enough for black letters: their contrast is 7:1 or more (WCAG 2.2, 1.4.6).
    """
    checksum = zlib.crc32(name.encode("utf-8", "surrogatepass"))
    hue = (checksum % 360) * math.pi / 180
    lightness = _LIGHTNESS[checksum // 360 % len(_LIGHTNESS)]
    chroma = _CHROMA
    rgb = _linear_rgb(lightness, chroma, hue)
    while min(rgb) < 0 or max(rgb) > 1:  # screens don't show this hue as vividly
        chroma *= 0.9
        rgb = _linear_rgb(lightness, chroma, hue)
    return "#" + "".join(f"{round(255 * _encoded(each)):02x}" for each in rgb)


def _linear_rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """OKLCH to linear sRGB (CSS Color Module Level 4, section 18, the matrices of OKLab)."""
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _encoded(linear: float) -> float:
    """The transfer function of sRGB (IEC 61966-2-1)."""
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
