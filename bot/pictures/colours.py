"""Colours that can be told apart, also by people who see no red or no green, on one dark ground.

The ground is opaque, so that a picture looks the same in Discord's dark and light themes.
"""

import math

RGB = tuple[int, int, int]

GROUND: RGB = (24, 26, 37)
NIGHT: RGB = (14, 15, 23)  # where dots and curves are drawn
PANEL: RGB = (36, 39, 54)
LINE: RGB = (62, 67, 86)
INK: RGB = (244, 241, 234)
MUTED: RGB = (176, 181, 198)
FAINT: RGB = (112, 118, 138)  # dots that belong to no vibe

# Okabe and Ito, "Color Universal Design" (2008), each moved a little for a dark ground, white in place of their black:
# the two most alike, as seen with full, red-blind or green-blind eyes, are .129 apart in OKLab instead of .076.
PALETTE: tuple[RGB, ...] = (
    (247, 166, 0),
    (89, 215, 238),
    (1, 159, 120),
    (255, 230, 97),
    (77, 82, 251),
    (244, 80, 25),
    (177, 128, 215),
    (255, 255, 255),
)


def contrast(one: RGB, other: RGB) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def blend(one: RGB, other: RGB, share: float) -> RGB:
    """`share` (0 to 1) of the other colour laid over the one."""
    mixed = (round(a + share * (b - a)) for a, b in zip(one, other, strict=True))
    red, green, blue = mixed
    return red, green, blue


def oklch(lightness: float, chroma: float, hue: float) -> RGB:
    """A colour by how it is seen: lightness 0 to 1, chroma 0 to about .3, hue in degrees.

    Ottosson, "A perceptual color space for image processing" (2020); what sRGB can't show loses chroma until it can.
    """
    while True:
        linear = _linear(lightness, chroma, math.radians(hue))
        if chroma < 0.005 or all(-0.001 <= part <= 1.001 for part in linear):
            red, green, blue = (round(255 * _encoded(min(1.0, max(0.0, part)))) for part in linear)
            return red, green, blue
        chroma *= 0.95


def _linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _luminance(colour: RGB) -> float:
    red, green, blue = (_decoded(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _decoded(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _encoded(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else float(1.055 * part ** (1 / 2.4) - 0.055)
