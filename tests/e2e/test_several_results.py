"""Several results of one request: one album, each picture an edit of its own; what fails costs nothing."""

from __future__ import annotations

from tests.e2e.world import Message, Person, World


def _labels(message: Message) -> list[list[str]]:
    return [[button["text"] for button in row] for row in message["reply_markup"]["inline_keyboard"]]


async def _wants(person: Person, count: int) -> None:
    """Choose in the settings how many results each request makes."""
    await person.says("/settings")
    menu = await person.sees_text("Your settings")
    await person.presses(menu, "Results")
    menu = await person.sees_text("Each request makes")
    await person.presses(menu, f"{count} · ")
    await person.sees_text(f"Each request makes {count} pictures, for {count} × $0.06 = $")


async def test_two_of_three_come_out(shared: World) -> None:
    """The album has two, and says why; three were held, two are charged, one is given back."""
    ada = await shared.person("Ada")
    await ada.starts()
    await _wants(ada, 3)
    await shared.quiet()
    await shared.wavespeed_settings(hold=True)
    [request] = await ada.sends("cat.jpg", caption=f"a comic for {ada.tag}")

    async def bought() -> list[str]:
        found = [p["id"] for p in await shared.predictions() if ada.tag in p["inputs"]["prompt"]]
        return found if len(found) == 3 else []

    _, failing, _ = await shared.until(bought)
    status = await ada.sees_text("0 of 3 done")
    assert status["reply_to_message"]["message_id"] == request["message_id"]
    await shared.finish(failing, status="failed", code=1200, error="flagged")
    await ada.sees_text("0 of 2 done")
    await shared.wavespeed_settings(hold=False)

    numbers = await ada.sees_text("Choose a picture")
    album = sorted(
        (m for m in ada.messages.values() if "media_group_id" in m and m["from"]["is_bot"]),
        key=lambda m: int(m["message_id"]),
    )
    assert len(album) == 2
    assert {m["reply_to_message"]["message_id"] for m in album} == {request["message_id"]}
    [caption] = [m["caption"] for m in album if "caption" in m]
    assert " · 2 × $0.06 = $0.12\n2 of 3 came out.\nThe content check refused this edit." in caption
    await ada.sees_nothing_of("done")
    assert not [m for m in ada.messages.values() if m.get("text", "").startswith("The content check")]
    rows = shared.rows("SELECT kind, micros FROM ledger WHERE user_id = ? ORDER BY kind, id", ada.id)
    assert [tuple(row) for row in rows] == [
        ("charge", 60_000),
        ("charge", 60_000),
        *[("hold", 60_000)] * 3,
        ("release", 60_000),
    ]
    await _goes_on(ada, shared, numbers, album)


async def _goes_on(ada: Person, shared: World, numbers: Message, album: list[Message]) -> None:
    """A number has the buttons of its picture, whose price is for one; a reply edits that one."""
    assert _labels(numbers) == [["1", "2"]]
    await ada.presses(numbers, "2")
    below = await ada.sees(lambda m: m["message_id"] == numbers["message_id"] and "✓ 2" in str(m))
    assert _labels(below) == [
        ["Again", "Other model…"],
        ["Better quality · $0.22"],
        ["Original file", "Before/after"],
        ["1", "✓ 2"],
    ]
    await ada.presses(below, "Again")
    again = await ada.sees(
        lambda m: "photo" in m and m.get("reply_to_message", {}).get("message_id") == album[1]["message_id"]
    )
    assert "media_group_id" not in again
    await ada.says(f"now at night, {ada.tag}", reply_to=str(album[1]["message_id"]))

    async def asked() -> list[str]:
        found = shared.rows("SELECT pictures FROM edits WHERE prompt = ?", f"now at night, {ada.tag}")
        return [row["pictures"] for row in found]

    pictures = await shared.until(asked)
    query = "SELECT id FROM edits WHERE user_id = ? AND result_message_id = ?"
    [second] = shared.rows(query, ada.id, album[1]["message_id"])
    assert ["result_of" in one and second["id"] in one for one in pictures] == [True] * 3
    await shared.quiet()
