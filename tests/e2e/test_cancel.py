"""Taking an edit back: free before the provider has it, charged and delivered after."""

from __future__ import annotations

import pytest

from tests.e2e.world import Person, World


@pytest.fixture
async def busy(shared: World) -> World:
    """The provider takes nothing for now."""
    await shared.fault(
        shared.wavespeed, path="submit", kind="status", status=429, retry_after=1, count=10_000
    )
    return shared


def _money(world: World, person: Person) -> list[tuple[str, int]]:
    query = "SELECT kind, micros FROM ledger WHERE user_id = ? ORDER BY id"
    return [(row["kind"], row["micros"]) for row in world.rows(query, person.id)]


async def _under_way(world: World, person: Person, state: str, count: int = 1) -> None:
    async def there() -> bool:
        query = "SELECT 1 FROM edits WHERE user_id = ? AND state = ?"
        return len(world.rows(query, person.id, state)) == count

    await world.until(there)


async def test_before_the_provider_has_it_it_is_free(busy: World) -> None:
    """`/cancel` releases the hold, the status goes, and nothing is bought later."""
    ada = await busy.person("Ada")
    await ada.starts()
    await ada.sends("cat.jpg", caption="nothing of this for Ada")
    await ada.sees_text("…")
    await ada.says("/cancel")
    await ada.sees_text("Cancelled. Nothing was charged.")
    assert _money(busy, ada) == [("hold", 60_000), ("release", 60_000)]
    await ada.sees_nothing_of("…")
    await busy.http.delete(f"{busy.wavespeed}/sandbox/faults")
    await ada.sends("cat.jpg", caption="pencil that Ada wants")
    await ada.sees_picture()
    assert not [item for item in await busy.predictions() if "nothing of this" in item["inputs"]["prompt"]]
    assert len([m for m in ada.messages.values() if m["from"]["is_bot"] and "photo" in m]) == 1


async def test_after_that_it_is_charged_and_comes(shared: World) -> None:
    """The person is told so, and gets the picture."""
    ben = await shared.person("Ben")
    await ben.starts()
    await shared.wavespeed_settings(hold=True)
    await ben.sends("cat.jpg", caption="anime too late for Ben")
    await _under_way(shared, ben, "running")
    await ben.says("/cancel")
    await ben.sees_text("It is with the provider already, so it is charged ($0.06).")
    await shared.wavespeed_settings(hold=False)
    await ben.sees_picture()
    await ben.sees_nothing_of("…")
    assert _money(shared, ben) == [("hold", 60_000), ("charge", 60_000)]
    await ben.says("/cancel")
    await ben.sees_text("There is nothing to cancel")


async def test_the_button_under_the_status(busy: World) -> None:
    """One tap in a private chat; the status goes, and the request has its answer."""
    hana = await busy.person("Hana")
    await hana.starts()
    [request] = await hana.sends("cat.jpg", caption="vintage unwanted by Hana")
    status = await hana.sees(lambda m: "…" in m.get("text", "") and "reply_markup" in m)
    assert await hana.hears(status, "Cancel") == "Cancelled. Nothing was charged."
    answer = await hana.sees_text("Cancelled. Nothing was charged.")
    assert answer["reply_to_message"]["message_id"] == request["message_id"]
    await hana.sees_nothing_of("…")
    assert _money(busy, hana) == [("hold", 60_000), ("release", 60_000)]


async def test_of_several_one_is_chosen(busy: World) -> None:
    """Each has a button with its words and its price; pressed once more it is over."""
    chloe = await busy.person("Chloe")
    await chloe.starts()
    await chloe.sends("cat.jpg", caption="comic for Chloe")
    await chloe.sends("cat.jpg", caption="sepia for Chloe, with a text that is much longer than a button is")
    await _under_way(busy, chloe, "submitting", 2)
    await chloe.says("/cancel")
    choice = await chloe.sees_text("Which one shall I cancel?")
    labels = [row[0]["text"] for row in choice["reply_markup"]["inline_keyboard"]]
    assert labels == ["sepia for Chloe, with a text that is mu… · $0.06", "comic for Chloe · $0.06"]
    assert await chloe.hears(choice, "comic") == "Cancelled. Nothing was charged."
    await chloe.sees(lambda m: m["message_id"] == choice["message_id"] and "reply_markup" not in m)
    await chloe.says("/cancel")
    await chloe.sees_text("Cancelled. Nothing was charged.")
    states = busy.rows("SELECT state FROM edits WHERE user_id = ?", chloe.id)
    assert [row["state"] for row in states] == ["cancelled", "cancelled"]


async def test_a_question_is_taken_back_too(shared: World) -> None:
    """A photo that waits for its words costs nothing yet."""
    dora = await shared.person("Dora")
    await dora.starts()
    await dora.sends("cat.jpg")
    await dora.sees_text("What should I change?")
    await dora.says("/cancel")
    await dora.sees_text("Cancelled. Nothing was charged.")
    [request] = shared.rows("SELECT state FROM requests WHERE user_id = ?", dora.id)
    assert request["state"] == "refused"


async def test_in_a_group_the_owner_or_an_admin(busy: World) -> None:
    """Another member can't; an admin can, as a reply to the request."""
    eve, finn, gus = await busy.person("Eve"), await busy.person("Finn"), await busy.person("Gus")
    group = await busy.group(eve, finn, gus)
    members = f"{busy.telegram}/sandbox/groups/{group}/members"
    (await busy.http.post(members, json={"admins": [gus.id]})).raise_for_status()
    at_eves, at_finns, at_guss = eve.within(group), finn.within(group), gus.within(group)
    [request] = await at_eves.sends("cat.jpg", caption="/edit@wavebrush_bot neon for Eve's group")
    await _under_way(busy, eve, "submitting")
    reply = {"reply_to": str(request["message_id"])}
    await at_finns.says("/cancel@wavebrush_bot", **reply)
    await at_finns.sees_text("Only who asked for an edit can cancel it")
    assert _money(busy, eve) == [("hold", 60_000)]
    await at_finns.says("/cancel@wavebrush_bot")
    await at_finns.sees_text("There is nothing to cancel")
    await at_guss.says("/cancel@wavebrush_bot", **reply)
    await at_guss.sees_text("Cancelled. Nothing was charged.")
    assert _money(busy, eve) == [("hold", 60_000), ("release", 60_000)]
