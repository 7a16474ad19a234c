"""In a group with privacy mode on, one part of an album is all that arrives: the mask comes as a reply."""

from __future__ import annotations

from tests.e2e.drawing import black_and_white, changed, decoded, encoded, inside, photo
from tests.e2e.world import World

BOX = (180, 110, 420, 300)
SOURCE = photo("coffee.jpg")


async def test_a_mask_as_a_reply_to_an_album_in_a_group(shared: World) -> None:
    """The bot says that it sees one picture and how to add the mask, before anything is bought."""
    await shared.wavespeed_settings(drift=1)
    ada, ben = await shared.person("Ada"), await shared.person("Ben")
    await ada.starts()
    group = await shared.group(ada, ben)
    here = ada.within(group)
    mask = encoded(black_and_white(SOURCE.size, BOX))
    caption = "/edit@wavebrush_bot comic in the group"
    [first, _] = await here.sends(encoded(SOURCE), mask, caption=caption, as_file=True)
    await here.sees_text("In a group I only see one picture of an album.")
    assert shared.rows("SELECT 1 FROM edits WHERE chat_id = ?", group) == []
    await here.sends(
        mask, as_file=True, caption="/edit@wavebrush_bot comic part", reply_to=str(first["message_id"])
    )
    result = await here.sees(lambda message: "Only the marked part" in message.get("caption", ""))
    after = decoded(await here.original(result))
    assert after.size == SOURCE.size
    assert not changed(SOURCE, after)[~inside(SOURCE.size, BOX)].any()
    states = shared.rows("SELECT state FROM requests WHERE chat_id = ? ORDER BY message_id", group)
    assert [row["state"] for row in states] == ["expired", "accepted"]


async def test_the_whole_of_an_albums_one_picture(shared: World) -> None:
    """Who wants the whole picture edited says so with a button that names the price."""
    kim, lou = await shared.person("Kim"), await shared.person("Lou")
    group = await shared.group(kim, lou)
    here = kim.within(group)
    await here.sends("cat.jpg", "coffee.jpg", caption="/edit@wavebrush_bot sepia")
    asked = await here.sees_text("In a group I only see one picture of an album.")
    await here.presses(asked, "Edit the whole picture · $0.06")
    await here.sees_picture()


async def test_a_mask_as_a_reply_to_a_result(shared: World) -> None:
    """A picture sent as a reply to the bot's result is a mask of that result."""
    mia, nick = await shared.person("Mia"), await shared.person("Nick")
    group = await shared.group(mia, nick)
    here = mia.within(group)
    await here.sends(encoded(SOURCE), caption="/edit@wavebrush_bot comic", as_file=True)
    first = await here.sees_picture()
    before = decoded(await here.original(first))
    mask = encoded(black_and_white(before.size, BOX))
    await here.sends(mask, as_file=True, reply_to=str(first["message_id"]))
    second = await here.sees(lambda message: "Only the marked part" in message.get("caption", ""))
    after = decoded(await here.original(second))
    assert not changed(before, after)[~inside(before.size, BOX)].any()


async def test_a_reply_to_anybodys_photo(shared: World) -> None:
    """`/edit@name …` as a reply edits the photo of another; who asks pays."""
    chloe, dora = await shared.person("Chloe"), await shared.person("Dora")
    group = await shared.group(chloe, dora)
    [picture] = await chloe.within(group).sends("cat.jpg")
    here = dora.within(group)
    await here.says("/edit@wavebrush_bot neon of the group", reply_to=str(picture["message_id"]))
    await here.sees_picture()

    async def paid() -> list[int]:
        charges = shared.rows("SELECT user_id FROM ledger WHERE chat_id = ? AND kind = 'charge'", group)
        return [row["user_id"] for row in charges]

    assert await shared.until(paid) == [dora.id]


async def test_what_is_not_addressed_is_not_touched(shared: World) -> None:
    """With privacy mode off the bot gets every photo; it downloads and answers none that is not for it."""
    eve, finn = await shared.person("Eve"), await shared.person("Finn")
    group = await shared.group(eve, finn, privacy_mode=False)
    here = eve.within(group)
    await here.sends("rocket.jpg", caption="look at this rocket")
    await here.sends("cat.jpg", "coffee.jpg", caption="an album of mine")
    await here.says("nice, isn't it?")
    await here.sends("astronaut.jpg", caption="@wavebrush_bot pencil of the group")
    await here.sees_picture()
    await here.sees_nothing_of("…")
    answers = [message for message in here.messages.values() if message["from"]["is_bot"]]
    assert ["photo" in message for message in answers] == [False, True], here.transcript
    assert answers[0]["text"].startswith("Hello!")
    edits = shared.rows("SELECT prompt FROM edits WHERE chat_id = ?", group)
    assert [edit["prompt"] for edit in edits] == ["pencil of the group"]
