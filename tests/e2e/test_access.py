"""From the first start without ADMINS to strangers who are served: who may use the bot, in one process."""

from __future__ import annotations

from tests.e2e.world import Bot, Person, World

OFFER = "Send this to your bot to become its admin: /start "


async def _started(world: World) -> tuple[Bot, str]:
    """A start without ADMINS, and the code that it prints."""
    bot = await world.start(ADMINS="", ACCESS="approve")
    line = await bot.prints()
    assert line.startswith(OFFER)
    return bot, line.removeprefix(OFFER).strip()


def _charged(world: World, person: Person) -> int:
    [row] = world.rows(
        "SELECT COALESCE(SUM(micros), 0) AS charged FROM ledger WHERE kind = 'charge' AND user_id = ?",
        person.id,
    )
    return int(row["charged"])


async def test_from_the_first_start_to_strangers_who_are_served(own: World) -> None:
    """A restart replaces the code; who claims the bot decides about a person and a group, and only then
    is anything of theirs taken up. No code is ever logged."""
    first, old = await _started(own)
    assert await first.stop() == 0
    bot, code = await _started(own)
    assert code != old
    ada, ben, chloe = [await own.person(name) for name in ("Ada", "Ben", "Chloe")]

    await ada.says(f"/start {old}")
    await ada.sees_text("could not reach any of them yet")
    await ada.says(f"/start {code}")
    await ada.sees_text("You are my admin now.")
    await ben.says(f"/start {code}")
    await ben.sees_text("That code was used already")

    await ben.sends("cat.jpg", caption="before he may")
    await ben.sees_text("so I asked them about you")
    await ben.sends("cat.jpg", "cat.jpg", caption="still before he may")
    await ben.sees_text("have not decided yet")
    here = chloe.within(await own.group(chloe, ben))
    await here.sees_text("I only work in groups that my admins approve")
    await here.sends("cat.jpg", caption="/edit@wavebrush_bot before they may")
    await here.sees_text("not approved this group yet")
    assert own.rows("SELECT 1 FROM requests") == []
    assert await own.calls(own.telegram, method="getFile") == []

    await ada.presses(await ada.sees_text(f"Ben · {ben.id}"), "Approve with $1 a day")
    await ben.sees_text("Welcome, Ben! My admins let you use this bot, for up to $1 a day.")
    await ada.sees_text("Approved with $1 a day by Ada.")
    await ben.sends("cat.jpg", caption="now he may")
    await ben.sees_picture()
    await ada.presses(await ada.sees_text("Friends · "), "Approve for all members")
    await here.sees_text("everybody here can ask me now")
    await here.sends("cat.jpg", caption="/edit@wavebrush_bot now they may")
    await here.sees_picture()

    async def charged() -> bool:
        return _charged(own, ben) > 0 and _charged(own, chloe) > 0

    await own.until(charged)
    assert old not in first.log
    assert code not in bot.log
