"""Presses that are not the owner's own: each is answered and none has an effect."""

from __future__ import annotations

from tests.e2e.world import Message, Person, World


async def _forged(world: World, presser: Person, message: Message, data: str) -> None:
    """A press as only a changed client sends it, and everything before the next answer."""
    update = {
        "callback_query": {
            "id": str(presser.id),
            "from": {"id": presser.id, "is_bot": False, "first_name": presser.name, "language_code": "en"},
            "chat_instance": "1",
            "message": message,
            "data": data,
        }
    }
    (await world.http.post(f"{world.telegram}/sandbox/updates", json=update)).raise_for_status()


def _data(message: Message, label: str) -> str:
    rows = message["reply_markup"]["inline_keyboard"]
    return next(
        str(button["callback_data"]) for row in rows for button in row if button["text"].startswith(label)
    )


def _edits(world: World, *people: Person) -> int:
    return sum(len(world.rows("SELECT 1 FROM edits WHERE user_id = ?", person.id)) for person in people)


async def _answers(world: World) -> list[str]:
    calls = await world.calls(world.telegram, method="answerCallbackQuery")
    return [str(call["params"].get("text", "")) for call in calls]


async def test_another_members_press(shared: World) -> None:
    """Everybody in a group sees the buttons; only who asked can use them."""
    ada, ben = await shared.person("Ada"), await shared.person("Ben")
    here = ada.within(await shared.group(ada, ben))
    await here.sends("cat.jpg", caption="/edit@wavebrush_bot comic hers not Ben's")
    result = await here.sees_picture()
    for row in result["reply_markup"]["inline_keyboard"]:
        for button in row:
            told = await here.hears(result, button["text"], presser=ben)
            assert told == "That button belongs to somebody else."
    assert _edits(shared, ada, ben) == 1
    await here.look()
    assert here.messages[result["message_id"]]["reply_markup"] == result["reply_markup"]


async def test_made_up_and_borrowed_ids(shared: World) -> None:
    """Ids that are none of ours, another's edit by its id, and what is too long to be one."""
    chloe, dora = await shared.person("Chloe"), await shared.person("Dora")
    await chloe.starts()
    await dora.starts()
    await chloe.sends("cat.jpg", caption="anime hers not Dora's")
    result = await chloe.sees_picture()
    [edit] = shared.rows("SELECT id FROM edits WHERE user_id = ?", chloe.id)
    before = len(await _answers(shared))
    forged = [
        "made-up",
        "",
        f"edit:{edit['id']}",
        f"cancel:{edit['id']}",
        "cancel:none",
        "x" * 64,
        "request:",
    ]
    for data in (*forged, _data(result, "Again"), _data(result, "Other model")):
        await _forged(shared, dora, result, data)

    async def answered() -> bool:
        return len(await _answers(shared)) == before + len(forged) + 2

    await shared.until(answered)
    told = set((await _answers(shared))[before:])
    assert told == {
        "That button no longer works. Please send the picture again.",
        "That button belongs to somebody else.",
    }
    assert _edits(shared, chloe, dora) == 1


async def test_a_used_button_and_a_question_that_is_over(shared: World) -> None:
    """They say so, and nothing more is bought or changed."""
    eve = await shared.person("Eve")
    await eve.starts()
    await eve.sends("cat.jpg", "coffee.jpg", caption="wait, says Eve")
    asked = await eve.sees_text("You sent 2 pictures")
    assert await eve.hears(asked, "Cancel") == "Cancelled. Nothing was charged."
    before = len(await _answers(shared))
    for label in ("Use together", "Only the first", "Cancel"):
        await _forged(shared, eve, asked, _data(asked, label))

    async def answered() -> bool:
        return (await _answers(shared))[before:] == ["That was answered already."] * 3

    await shared.until(answered)
    assert _edits(shared, eve) == 0
    [request] = shared.rows("SELECT state FROM requests WHERE user_id = ?", eve.id)
    assert request["state"] == "refused"
