"""While one waits: a sign at once, a status that says what happens, and nothing of it left behind."""

from __future__ import annotations

from typing import Any

from tests.e2e.world import Message, Person, World


async def signs(person: Person, message: Message, wanted: list[str]) -> None:
    """Wait until a message carries these reactions."""

    async def there() -> bool:
        await person.look()
        reactions: Any = person.messages[message["message_id"]].get("sandbox_reactions", [])
        return list(reactions) == wanted

    await person.world.until(there)


async def gone(person: Person, message: Message) -> None:
    """Wait until a message was taken away."""

    async def so() -> bool:
        await person.look()
        return message["message_id"] not in person.messages

    await person.world.until(so)


async def test_in_private(shared: World) -> None:
    """👀 on the request, a status with a bar and a way out, then the picture alone, and 👍."""
    await shared.wavespeed_settings(hold=True)
    ada = await shared.person("Ada")
    await ada.starts()
    [request] = await ada.sends("cat.jpg", caption="comic with a status")
    await signs(ada, request, ["👀"])
    status = await ada.sees_text("🎨 Editing…")
    assert status["reply_to_message"]["message_id"] == request["message_id"]
    assert status["reply_markup"]["inline_keyboard"][0][0]["text"] == "Cancel"
    await shared.wavespeed_settings(hold=False)
    await ada.sees_picture()
    await gone(ada, status)
    await signs(ada, request, ["👍"])


async def test_a_refused_request_carries_no_sign(shared: World) -> None:
    """The refusal is a reply, and the 👀 is taken back."""
    ada = await shared.person("Ada")
    await ada.starts()
    [request] = await ada.sends(b"no picture at all", caption="of nothing", as_file=True)
    refusal = await ada.sees_text("Nothing was charged.")
    assert refusal["reply_to_message"]["message_id"] == request["message_id"]
    await signs(ada, request, [])


async def test_in_a_group_one_message_for_all(shared: World) -> None:
    """It lists who asked for what, and goes with the last."""
    ada, ben = await shared.person("Ada"), await shared.person("Ben")
    group = await shared.group(ada, ben)
    here, there = ada.within(group), ben.within(group)
    await shared.wavespeed_settings(hold=True)
    await here.sends("cat.jpg", caption="/edit@wavebrush_bot comic in a list")
    await there.sends("cat.jpg", caption="/edit@wavebrush_bot pencil in a list")
    status = await here.sees_text("2 pictures in the works")
    assert "Ada, “comic in a list”: " in status["text"]
    assert "Ben, “pencil in a list”: " in status["text"]
    assert "reply_markup" not in status
    await shared.wavespeed_settings(hold=False)
    await here.sees_picture()
    await gone(here, status)
    photos = [m for m in here.messages.values() if "photo" in m and m["from"]["is_bot"]]
    assert len(photos) == 2
