"""Tells a page that looks different from one whose letters are drawn differently."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

_FIRST = 16
"""Pixels that become one before anything is compared, so that letters become greys."""

_BLOCK = 2
"""Of those, the side of a block; a block is about as high as a line of a card."""

LIMIT = 4.0
"""Of 255: what a block may differ by, on the average of its three channels.

As `test_screens` measures: letters that stand .4 px aside come to 3.3, the smallest
change that has to be seen, a glyph of 10 px gone, to 4.7, a moved block to 20 and more.
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two pictures differ most.

    Attributes:
        amount: By how much, 0 to 255.
        left, top: Where the block begins, in pixels of the pictures.
    """

    amount: float
    left: int
    top: int


def read(png: bytes | Path) -> Image.Image:
    """The picture in *png*."""
    source = io.BytesIO(png) if isinstance(png, bytes) else png
    with Image.open(source) as image:
        return image.convert("RGB")


def write(png: bytes, path: Path) -> None:
    """Keep a picture small: 256 colours are more than our pages have."""
    few = read(png).quantize(256, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def worst_difference(one: Image.Image, other: Image.Image) -> Difference:
    """The block in which *one* and *other* differ most."""
    if one.size != other.size:
        return Difference(255, *map(min, zip(one.size, other.size, strict=True)))
    apart = ImageChops.difference(one.reduce(_FIRST), other.reduce(_FIRST))
    # Whole blocks only: the rest of one at the edge would be a few pixels.
    right, bottom = (side - side % _BLOCK for side in apart.size)
    blocks = apart.crop((0, 0, right, bottom)).reduce(_BLOCK)
    worst = Difference(0, 0, 0)
    for top in range(blocks.height):
        for left in range(blocks.width):
            channels = blocks.getpixel((left, top))
            assert isinstance(channels, tuple)
            amount = sum(channels) / 3
            if amount > worst.amount:
                side = _FIRST * _BLOCK
                worst = Difference(amount, left * side, top * side)
    return worst
