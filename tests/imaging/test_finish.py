"""Outside the mask the picture is the original, pixel for pixel."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from bot.domain.geometry import lay_out
from bot.domain.pictures import Fit, Size
from bot.errors import PictureRefused
from bot.imaging import decode, encode, finish
from tests.imaging.samples import LIMITS, SHAPES, drawn, encoded, photo, pixels, plane_of, region_of
from tests.imaging.test_decode import swapped_profile


def changed(fit: Fit | None, image: Image.Image, scale: float = 1.0) -> bytes:
    """A provider's result that changes every pixel, of the canvas's shape."""
    canvas = fit.canvas if fit else encode.size_of(image)
    size = (round(canvas.width * scale), round(canvas.height * scale))
    return encoded(ImageOps.invert(photo("astronaut", 200)).resize(size), compress_level=1)


SOURCES = {
    "photo": lambda image: encoded(image, "JPEG", quality=90),
    "turned": lambda image: encoded(image, "JPEG", quality=90, orientation=6),
    "grey": lambda image: encoded(image.convert("L"), "JPEG"),
    "profile": lambda image: encoded(image, icc_profile=swapped_profile()),
    "palette": lambda image: encoded(image.quantize(32), "GIF"),
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("aspect", "scale"), [(None, 1.0), ("1:1", 0.7), ("16:9", 1.0)])
def test_outside_is_the_original(kind: str, shape: str, aspect: str | None, scale: float) -> None:
    """Every pixel outside is the upright sRGB original's; deep inside it is the result's."""
    image = photo("coffee", 160)
    source = SOURCES[kind](image)
    region = drawn(image.size, SHAPES[shape])
    laid = lay_out(encode.size_of(image), aspect)
    done = finish.finish(source, plane_of(region), changed(laid, image, scale), laid, LIMITS)
    assert done.lossless.size == encode.size_of(image)
    assert done.lossless.media_type == "image/png"
    before, after = pixels(source), pixels(done.lossless.data)
    assert (after[~region] == before[~region]).all()
    assert (after[region] != before[region]).any(axis=1).mean() > 0.9
    assert done.drift is not None
    assert done.drift > 20


def test_transparent_source_stays_transparent_outside() -> None:
    """A source with holes keeps them."""
    image = photo("cat", 120)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    region = drawn(image.size, SHAPES["ellipse"])
    result = encoded(Image.new("RGB", image.size, "red"))
    after = pixels(finish.finish(encoded(image), plane_of(region), result, None, LIMITS).lossless.data)
    assert (after[~region] == np.asarray(image)[~region]).all()


def test_drift_of_an_honest_provider() -> None:
    """A result that is the source has no drift, and gives the source back."""
    image = photo("cat", 200)
    region = drawn(image.size, SHAPES["ellipse"])
    done = finish.finish(encoded(image), plane_of(region), encoded(image), None, LIMITS)
    assert done.drift == 0
    assert (pixels(done.lossless.data) == np.asarray(image)).all()


def test_result_of_another_shape_is_kept_whole() -> None:
    """What can't be put in place is not stretched over the picture: it is given as it is, without a drift."""
    image, result = photo("cat", 200), photo("astronaut", 150)
    region = drawn(image.size, SHAPES["ellipse"])
    done = finish.finish(encoded(image), plane_of(region), encoded(result), None, LIMITS)
    assert done.drift is None
    assert (pixels(done.lossless.data) == np.asarray(result)).all()


@pytest.mark.parametrize("width", [0, 1, 5, 40])
def test_feather_grows_inwards(width: int) -> None:
    """It is 0 wherever the mask is, 255 in the middle of the region, and never a hole in a thin one."""
    region = drawn((300, 200), lambda draw, w, h: draw.rectangle((40, 50, 180, 150), fill=255))
    region[160:166, 20:280] = True
    soft = np.asarray(finish.feathered(decode.open_plane(plane_of(region)), width))
    assert not soft[~region].any()
    assert soft[100, 110] == 255
    assert soft[163, 150] > 0


def test_feather_of_a_large_region_is_still_exact() -> None:
    """Where distances are measured on a smaller copy, the region's outside stays 0 all the same."""
    region = drawn((3000, 2000), SHAPES["two-spots"])
    region[:, 2990:] = True
    soft = np.asarray(finish.feathered(decode.open_plane(plane_of(region))))
    assert not soft[~region].any()
    assert (soft[region] == 255).mean() > 0.8


def test_keep_takes_the_padding_off() -> None:
    """Without a mask the result stays at its own resolution, without what was added."""
    laid = Fit(Size(90, 60), Size(120, 120), (15, 30, 90, 60))
    done = finish.keep(encoded(photo("cat").resize((240, 240)), "WEBP"), laid, LIMITS)
    assert done.lossless.size == Size(180, 120)
    assert done.lossless.media_type == "image/png"
    assert done.drift is None


@pytest.mark.parametrize("data", [b"", b"<html>busy</html>", encoded(photo("cat", 99))[:-4000]])
def test_unusable_results(data: bytes) -> None:
    """Nothing, an error page or half a picture is refused, whether verified or kept."""
    with pytest.raises(PictureRefused):
        finish.verify(data, LIMITS)
    with pytest.raises(PictureRefused):
        finish.keep(data, None, LIMITS)


def test_verify_takes_what_a_person_could_not_send() -> None:
    """A provider's lossless file may be heavier than a person's upload."""
    data = encoded(photo("cat", 120))
    limits = type(LIMITS)(bytes=100)
    assert finish.verify(data, limits).size.width == 120


def test_plane_of_our_own_survives() -> None:
    """A plane read back is the region that was written."""
    region = drawn((64, 48), SHAPES["ring"])
    assert (region_of(plane_of(region)) == region).all()
