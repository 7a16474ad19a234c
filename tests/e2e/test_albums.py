"""Albums arrive as separate updates with no end mark: in any order, late, twice, over a restart."""

from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from PIL import Image

from tests.e2e.world import Person, World


class Album:
    """An album whose parts are delivered by hand, as raw updates, in any order."""

    def __init__(self, person: Person, number: int, names: list[str], caption: str) -> None:
        self.person = person
        self.number = number
        self.names = names
        self.caption = caption
        self.parts: list[dict[str, Any]] = []

    async def upload(self) -> None:
        """Have the stand-in keep the photos: sent where the bot gets to see none."""
        elsewhere = self.person.within(await self.person.world.group(self.person))
        for place, name in enumerate(self.names):
            [message] = await elsewhere.sends(name)
            message_id = self.number * 1000 + place
            part = {
                **{key: message[key] for key in ("date", "photo")},
                "message_id": message_id,
                "chat": {"id": self.person.id, "type": "private", "first_name": self.person.name},
                "from": {"id": self.person.id, "is_bot": False, "first_name": self.person.name},
                "media_group_id": f"album-{self.number}",
            }
            if place == 0:
                part["caption"] = self.caption
            self.parts.append(part)

    async def deliver(self, place: int) -> None:
        """One part reaches the bot."""
        world = self.person.world
        update = {"message": self.parts[place]}
        (await world.http.post(f"{world.telegram}/sandbox/updates", json=update)).raise_for_status()


NAMES = ["cat.jpg", "coffee.jpg", "astronaut.jpg"]
SHAPES = [1.5, 1.5, 1.0]
_NUMBERS = itertools.count(10)


async def _album(person: Person, caption: str) -> Album:
    album = Album(person, next(_NUMBERS), NAMES, caption)
    await album.upload()
    return album


async def _bought(world: World, words: str) -> list[dict[str, Any]]:
    return [item["inputs"] for item in await world.predictions() if words in item["inputs"]["prompt"]]


async def _shapes(world: World, urls: list[str]) -> list[float]:
    shapes = []
    for url in urls:
        image = Image.open(io.BytesIO((await world.http.get(url)).content))
        shapes.append(round(image.width / image.height, 1))
    return shapes


ORDERS = [
    pytest.param(order, marks=() if order in {(0, 1, 2), (2, 0, 1)} else pytest.mark.long, id=str(order))
    for order in itertools.permutations(range(3))
]


@pytest.mark.parametrize("order", ORDERS)
async def test_parts_in_every_order(shared: World, order: tuple[int, ...]) -> None:
    """However they arrive, they are one request, in the order of the messages."""
    ada = await shared.person("Ada")
    await ada.starts()
    words = f"combine both, order {order}"
    album = await _album(ada, words)
    for place in order:
        await album.deliver(place)
    await ada.sees_picture()
    [inputs] = await _bought(shared, words)
    assert await _shapes(shared, inputs["images"]) == SHAPES


async def test_two_albums_of_two_people_at_once(shared: World) -> None:
    """Interleaved parts stay with their people."""
    dora, eve = await shared.person("Dora"), await shared.person("Eve")
    await dora.starts()
    await eve.starts()
    first = await _album(dora, f"combine these pictures of {dora.tag}")
    second = await _album(eve, f"combine these pictures of {eve.tag}")
    for place in (1, 0, 2):
        await first.deliver(place)
        await second.deliver(place)
    await dora.sees_picture()
    await eve.sees_picture()
    for name in (f"of {dora.tag}", f"of {eve.tag}"):
        [inputs] = await _bought(shared, name)
        assert await _shapes(shared, inputs["images"]) == SHAPES


@pytest.mark.long
async def test_a_restart_in_the_middle(own: World) -> None:
    """Parts received before a crash and after it make one request."""
    bot = await own.start(SPEED="1")  # slow enough for the crash to fall between the parts
    finn = await own.person("Finn")
    await finn.starts()
    album = await _album(finn, f"combine both for {finn.tag}")
    await album.deliver(1)

    async def noted() -> bool:
        return bool(own.rows("SELECT 1 FROM requests"))

    await own.until(noted)
    await bot.kill()
    await album.deliver(0)
    await own.start(SPEED="1")  # and slow enough for the other part to come in time
    await finn.sees_picture()
    bought = await _bought(own, f"for {finn.tag}")
    assert [await _shapes(own, inputs["images"]) for inputs in bought] == [SHAPES[:2]]


async def test_words_that_follow_an_album_without_a_caption(shared: World) -> None:
    """Sent right after it, before the bot could ask, they are its prompt."""
    gus = await shared.person("Gus")
    await gus.starts()
    await gus.sends("cat.jpg", "coffee.jpg")
    await gus.says(f"combine both for {gus.tag}")
    await gus.sees_picture()
    [inputs] = await _bought(shared, f"for {gus.tag}")
    assert len(inputs["images"]) == 2
