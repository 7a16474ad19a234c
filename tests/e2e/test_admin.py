"""An admin and a person, with the real process: limits, pause, edits of unknown fate."""

from __future__ import annotations

from tests.e2e.world import Message, Person, World

ANN = 5001


async def _goes(admin: Person, panel: Message, *labels: str) -> Message:
    """Press one button after the other; each answers with another page in the same message."""
    for label in labels:
        await admin.presses(panel, label)
        panel = await _other_page(admin, panel)
    return panel


async def _other_page(admin: Person, panel: Message) -> Message:
    """Wait until a message has another text."""
    id_, text = panel["message_id"], panel["text"]
    return await admin.sees(lambda message: message["message_id"] == id_ and message["text"] != text)


async def _panel(admin: Person) -> Message:
    before = {message["message_id"] for message in admin.messages.values()}
    await admin.says("/admin")
    return await admin.sees(
        lambda message: message["message_id"] not in before and message.get("text", "").startswith("Today:")
    )


async def test_an_admin_and_a_person(own: World) -> None:
    """Ann runs the bot, Ben uses it: what he may spend, sees and is told is what she says.

    Two submits that never arrive are unknown and not bought again: their money stays held until she settles.
    """
    # Faster than the others, since a lost submit is looked for during a quarter of an hour.
    await own.start(SPEED="60", ADMINS=str(ANN), USER_DAILY_BUDGET="1.00", TIMEZONE="Asia/Tokyo")
    ann, ben = await own.person("Ann"), await own.person("Ben")
    assert ann.id == ANN
    await ann.starts()
    await ben.starts()
    await ben.says("/model gpt-image-2")  # who chose none is given a cheaper one when money runs out
    await ben.sees_text("Done: GPT Image 2 from now on")
    await _loses_two(own, ben)
    await _spends(own, ben)
    await _is_limited(ann, ben)
    await _is_paused(own, ann, ben)
    await _is_settled(own, ann, ben)
    await ben.says("/admin")
    await ben.sees_text("That is for my admins only.")
    refused = await own.bots[0].says("admin_refused")
    assert (refused["user"], refused["what"]) == (ben.id, "/admin")


async def _loses_two(own: World, ben: Person) -> None:
    """Two submits are lost without a trace: nobody can tell whether they arrived."""
    await own.fault(own.wavespeed, path="submit", kind="refuse", count=2)
    for words in ("into the void", "into another void"):
        await ben.sends("cat.jpg", caption=words)

    await own.until(lambda: _count(own, "SELECT 1 FROM attempts", 2))


async def _spends(own: World, ben: Person) -> None:
    await ben.sends("cat.jpg", caption="an edit of Ben")
    await ben.sees_picture()
    await own.until(lambda: _count(own, "SELECT 1 FROM edits WHERE state = 'done'", 1))
    await ben.says("/spend")
    spent = await ben.sees(lambda message: _words(message).startswith("Today $0.06, this month $0.06"))
    assert "$0.12 is set aside" in _words(spent)
    assert "Today: $0.82 of $1.00 left, renews in" in _words(spent)
    assert "Days and months start at midnight, Asia/Tokyo." in _words(spent)


async def _is_limited(ann: Person, ben: Person) -> None:
    await ben.says("/model gpt-image-2")  # who chose none would get one that the rest still pays
    await ben.sees_text("Done: GPT Image 2")
    await ann.says(f"/admin limit {ben.id} 0.20 day")
    page = await ann.sees_text("A day: $0.02 of $0.20 left, set by an admin")
    await ben.sends("cat.jpg", caption="one too many")
    told = await ben.sees_text("This would cost $0.06, but your limit of $0.20 a day leaves $0.02. It renews")
    assert "Nothing was charged." in told["text"]
    page = await _goes(ann, page, "Day limit", "$5.00")
    assert "A day: $4.82 of $5.00 left" in page["text"]


async def _is_paused(own: World, ann: Person, ben: Person) -> None:
    panel = await _goes(ann, await _panel(ann), "⏸")
    await ben.sends("cat.jpg", caption="in the break")
    await ben.sees_text("I am paused and take no new edits for now.")
    panel = await _goes(ann, panel, "▶️")
    assert "Paused" not in panel["text"]
    await ben.sends("coffee.jpg", caption="after the break")
    await own.until(lambda: _count(own, "SELECT 1 FROM edits WHERE state = 'done'", 2))


async def _is_settled(own: World, ann: Person, ben: Person) -> None:
    """One each way; the person is told of each, and nothing is held any more."""
    told = await ben.sees_text("I can't find out whether the provider took your edit")
    assert "$0.06 stays set aside" in told["text"]
    await ben.sees(lambda _: _said(ben, "I can't find out whether the provider took your edit") == 2)
    assert not [one for one in await own.predictions() if "into" in one["inputs"]["prompt"]]
    panel = await _goes(ann, await _panel(ann), "Unknown")
    shown = [row[0] for row in panel["reply_markup"]["inline_keyboard"][:2]]
    assert all(button["text"].startswith("Ben · $0.06 · unknown") for button in shown)
    shown[1]["text"] = "the other"  # so that there is one to press
    page = await _goes(ann, panel, "Ben", "Charged", "Yes, charged")
    assert "Held $0.06, charged $0.06." in page["text"]
    page = await _goes(ann, page, "‹ Back", "Unknown", "Ben", "Not charged")
    assert "Held $0.06, charged $0.00." in page["text"]
    await ben.sees_text("the provider billed your edit, but its picture is lost. You were charged $0.06.")
    await ben.sees_text("the provider never made your edit. You were not charged.")
    lost = own.rows("SELECT state, charged FROM edits WHERE prompt LIKE 'into%' ORDER BY charged")
    assert [tuple(row) for row in lost] == [("failed", 0), ("failed", 60_000)]
    counted = own.rows("SELECT held, spent FROM counters WHERE scope = 'user' AND period = 'day'")
    assert [tuple(row) for row in counted] == [(0, 180_000)]


async def _count(own: World, query: str, count: int) -> bool:
    return len(own.rows(query)) == count


def _said(person: Person, part: str) -> int:
    return sum(part in message.get("text", "") for message in person.messages.values())


def _words(message: Message) -> str:
    return str(message.get("caption") or message.get("text", ""))
