"""The port: every method answers from a worker process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.domain import ports
from bot.domain.geometry import lay_out
from bot.domain.pictures import MaskForm, Size, WireMask
from bot.errors import NotAPicture
from bot.imaging.service import Imaging
from tests.imaging.samples import drawn, ellipse, encoded, photo, pixels, plane_of, region_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
async def imaging() -> AsyncIterator[Imaging]:
    """The service with one worker."""
    imaging = Imaging(workers=1)
    await imaging.start()
    yield imaging
    await imaging.stop()


async def test_an_edit_with_a_mask(imaging: Imaging) -> None:
    """From what a person sends to what they get: recognised, shown, sent, finished, delivered."""
    image = photo("coffee", 300)
    source, region = encoded(image, "JPEG"), drawn(image.size, ellipse)
    found = await imaging.recognise(source, plane_of(region))
    assert found is not None
    assert found.form is MaskForm.BLACK_AND_WHITE
    await imaging.check(found)
    assert (region_of(await imaging.invert(found.plane)) == ~region).all()
    assert (await imaging.overlay(source, found.plane)).media_type == "image/jpeg"

    fit = lay_out((await imaging.inspect(source)).size, "1:1")
    sent = await imaging.clean(source, fit)
    assert (await imaging.for_wire(found.plane, fit, WireMask.ALPHA)).size == sent.size == fit.canvas

    result = encoded(photo("astronaut").resize((700, 700)))
    assert (await imaging.verify(result)).size == Size(700, 700)
    done = await imaging.finish(source, found.plane, result, fit)
    assert (pixels(done.lossless.data)[~region] == pixels(source)[~region]).all()
    shown = await imaging.as_photo(done.lossless.data)
    assert shown is not None
    assert shown.size == Size(image.width, image.height)
    assert (await imaging.as_file(done.lossless.data)).data == done.lossless.data
    assert (await imaging.before_after(source, done.lossless.data)).size.width > image.width


async def test_an_edit_without_a_mask(imaging: Imaging) -> None:
    """A result is kept without the padding that was sent."""
    fit = lay_out(Size(300, 200), "1:1")
    sent = await imaging.clean(encoded(photo("cat").resize((300, 200))), fit)
    kept = await imaging.keep(sent.data, fit)
    assert kept.lossless.size.ratio == pytest.approx(1.5, abs=0.01)
    assert np.ptp(pixels(kept.lossless.data)) > 100


async def test_refusals_come_through(imaging: Imaging) -> None:
    """What is no picture is refused as such, from the worker too."""
    port: ports.Imaging = imaging  # what the layers above ask for: the type checker compares them
    with pytest.raises(NotAPicture) as refusal:
        await port.inspect(b"%PDF-1.4")
    assert refusal.value.params == {"found": "PDF"}


def test_the_bots_own_process_decodes_nothing() -> None:
    """What it imports to name the workers' tasks brings neither numpy nor Pillow along."""
    code = "import sys, bot.imaging.service; sys.exit(not {'numpy', 'PIL', 'scipy'}.isdisjoint(sys.modules))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
