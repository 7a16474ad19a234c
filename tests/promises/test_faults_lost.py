"""A paid call whose answer was lost: every way in which it is found, and none in which it is bought again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial

import pytest

from tests.e2e.test_webhooks import free_port
from tests.e2e.world import Message, Person
from tests.promises.conftest import Record
from tests.promises.faults import (
    DATABASES,
    LIST,
    PRICE_OF_ONE,
    RESULT,
    SUBMIT,
    Scene,
    database_of,
    delivered,
    scene,
)
from tests.promises.proxy import Act, Proxy, cut, proxied, said, unsent

HOUR, DAY = 3600.0, 86_400.0
ADMIN = 5001  # the first who comes
ALWAYS = 100_000
UNKNOWN = "I can't find out whether the provider took your edit"


class Hooked:
    """A scene with one admin, whose bot WaveSpeed's webhooks may reach, or not."""

    def __init__(self, opened: Scene, hooks: Proxy) -> None:
        self.scene = opened
        self.world = opened.world
        self.hooks = hooks
        self.boss: Person

    async def calm(self) -> None:
        await self.scene.calm()
        self.hooks.shut()

    async def unknown(self, person: Person) -> None:
        """Wait until the search has been given up, which the clock brings nearer."""
        await self.scene.becomes(person, "submitting")
        await self.scene.world.until(lambda: self._lost(person))
        self.scene.world.jump(7 * HOUR)
        await person.sees_text(UNKNOWN)
        await self.scene.becomes(person, "unknown")
        assert self.scene.money(person) == [("hold", PRICE_OF_ONE)]

    async def _lost(self, person: Person) -> bool:
        [edit] = self.scene.world.rows("SELECT id FROM edits WHERE user_id = ?", person.id)
        lost = (line for line in self.scene.bot.lines if '"submit_answer_lost"' in line)
        return any(edit["id"] in line for line in lost)

    async def panel(self, *labels: str) -> Message:
        """Go through the admin panel."""
        before = {message["message_id"] for message in self.boss.messages.values()}
        await self.boss.says("/admin")
        shown = await self.boss.sees(
            lambda one: one["message_id"] not in before and one.get("text", "").startswith("Today:")
        )
        for label in labels:
            await self.boss.presses(shown, label)
            shown = await self.boss.sees(partial(_another_page, shown))
        return shown


def _another_page(page: Message, message: Message) -> bool:
    """Whether a message is the same one, with another text."""
    return bool(message["message_id"] == page["message_id"] and message["text"] != page["text"])


@pytest.fixture(scope="module", params=DATABASES)
async def hooked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hooked]:
    """One bot for all branches. Its hooks are shut at first: nobody reaches them."""
    port, data = free_port(), tmp_path_factory.mktemp("lost")
    async with proxied(f"http://127.0.0.1:{port}") as hooks:
        given = {"PORT": str(port), "PUBLIC_URL": hooks.url, "ADMINS": str(ADMIN)}
        async with scene(data, database_of(request), **given) as opened:
            hooked = Hooked(opened, hooks)
            await hooked.calm()
            hooked.boss = await opened.person()
            assert hooked.boss.id == ADMIN
            await hooked.boss.starts()
            yield hooked


async def test_found_by_its_webhook(hooked: Hooked, promise: Record) -> None:
    """The list can't be read, but the webhook of the attempt's own address tells."""
    await hooked.calm()
    await hooked.hooks.open()
    scene = hooked.scene
    scene.paid.arm(SUBMIT, cut())
    scene.paid.arm(LIST, said("", 500), ALWAYS)
    person = await scene.person()
    await scene.asks(person)
    await delivered(scene, person)
    assert "submit_told" in scene.bot.log
    outcome = "found by its webhook: bought once, charged once, delivered"
    promise("the answer to the paid call is lost, and the list can't be read", outcome, await scene.held())


@pytest.mark.long
async def test_webhooks_that_are_forged_and_replayed(hooked: Hooked, promise: Record) -> None:
    """A post to an address that nobody gave out is refused; one that lies or comes again changes nothing."""
    await hooked.calm()
    await hooked.hooks.open()
    scene, http = hooked.scene, hooked.scene.world.http
    first, second = await scene.person(), await scene.person()
    for person in (first, second):
        await scene.asks(person)
        await delivered(scene, person)
    [own], [other] = await scene.bought(first), await scene.bought(second)
    lie = {
        "id": other["id"],
        "status": "completed",
        "outputs": [other["id"]],
        "input": {},
    }
    for _ in range(2):
        assert (await http.post(own["webhook"], content=json.dumps(lie))).status_code == 200
    assert (await http.post(own["webhook"] + "x", content=json.dumps(lie))).status_code == 404
    await delivered(scene, first)
    outcome = "refused, or looked up at the provider and found untrue: nothing changes"
    promise("webhooks are forged, repeated, or lie", outcome, await scene.held())


@pytest.mark.parametrize(
    ("fault", "act"),
    [
        ("the paid call is reset before it arrives", unsent(20)),
        ("the paid call is answered 502, and was not done", said("", 502, effect=False)),
    ],
    ids=["reset", "answered 502"],
)
async def test_never_found(hooked: Hooked, fault: str, act: Act, promise: Record) -> None:
    """The person is told and the money stays held, until an admin settles it."""
    await hooked.calm()
    scene = hooked.scene
    scene.paid.arm(SUBMIT, act)
    person = await scene.person()
    await scene.asks(person)
    await hooked.unknown(person)
    assert await scene.bought(person) == []
    checked = await scene.held()
    await hooked.panel("Unknown", person.name, "Not charged")
    await person.sees_text("the provider never made your edit. You were not charged.")
    assert scene.money(person) == [("hold", PRICE_OF_ONE), ("release", PRICE_OF_ONE)]
    await scene.held()
    outcome = "not bought again; told, the money stays held until an admin settles it"
    promise(fault, outcome, checked)


async def test_found_late(hooked: Hooked, promise: Record) -> None:
    """Given up after hours without a list, found in it later: it goes on, and the picture comes."""
    await hooked.calm()
    scene = hooked.scene
    scene.paid.arm(SUBMIT, cut())
    scene.paid.arm(LIST, said("", 500), ALWAYS)
    person = await scene.person()
    await scene.asks(person)
    await hooked.unknown(person)
    scene.paid.disarm()
    await hooked.panel("Today", "Check billing now")
    await delivered(scene, person)
    assert "unknown_found" in scene.bot.log
    outcome = "told, the money held; found later: goes on, charged once, delivered"
    promise("the answer to the paid call is lost, and so is the list, for hours", outcome, await scene.held())


@pytest.mark.long
async def test_found_in_billing(hooked: Hooked, promise: Record) -> None:
    """The list never names inputs: the bill shows that something was bought, and an admin settles it."""
    await hooked.calm()
    scene = hooked.scene
    await scene.world.wavespeed_settings(reject_list_inputs=True)
    scene.paid.arm(SUBMIT, cut())
    person = await scene.person()
    await scene.asks(person)
    await hooked.unknown(person)
    [bought] = await scene.bought(person)
    await hooked.panel("Today", "Check billing now")
    await hooked.boss.sees_text("billed predictions are not ours")
    await hooked.panel("Unknown", person.name, "Charged", "Yes, charged")
    await person.sees_text("the provider billed your edit, but its picture is lost. You were charged $0.06.")
    assert scene.money(person) == [("hold", PRICE_OF_ONE), ("charge", bought["billed"])]
    outcome = "told, the money held; the bill shows it to an admin, who settles it: charged once"
    promise("the answer to the paid call is lost, and the list names no inputs", outcome, await scene.held())


async def test_forgotten_by_the_provider(hooked: Hooked, promise: Record) -> None:
    """What could not be read for a week, the provider no longer knows: it ends, free, and is told."""
    await hooked.calm()
    scene = hooked.scene
    await scene.world.wavespeed_settings(hold=True)
    person = await scene.person()
    await scene.asks(person)
    await scene.becomes(person, "running")
    scene.paid.arm(rf"{LIST}|{RESULT}", said("", 500), ALWAYS)
    [bought] = await scene.bought(person)
    await scene.world.finish(bought["id"], status="failed", code=5000)
    scene.world.jump(8 * DAY)
    await scene.world.wavespeed_settings(advance=8 * DAY)
    scene.paid.disarm()
    await person.sees_text("no longer knows your edit, so no picture will come. You were not charged")
    assert scene.money(person) == [("hold", PRICE_OF_ONE), ("release", PRICE_OF_ONE)]
    outcome = "told that no picture will come; nothing charged"
    promise("the provider has forgotten the prediction, after a week", outcome, await scene.held())
