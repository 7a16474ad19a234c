"""A backup of a bot that works, put back elsewhere: nothing is bought a second time, buttons work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.e2e.world import KEY, TOKEN, World
from tests.test_command_line import Shell


async def test_put_back_elsewhere_while_an_edit_was_at_the_provider(shared: World, tmp_path: Path) -> None:
    """It is unknown, its money held and its person told; an older result is still there as a file."""
    await shared.quiet()
    ada = await shared.person("Ada")
    await ada.starts()
    await ada.sends("cat.jpg", caption=f"anime before {ada.tag}")
    result = await ada.sees_picture()
    original = await ada.original(result)
    ada.messages = {result["message_id"]: result}  # the next file is another one
    await shared.quiet()
    await shared.wavespeed_settings(hold=True)
    await ada.sends("coffee.jpg", caption=f"neon meanwhile {ada.tag}")

    async def bought() -> list[str]:
        found = await shared.predictions()
        return [one["id"] for one in found if f"neon meanwhile {ada.tag}" in one["inputs"]["prompt"]]

    [prediction] = await shared.until(bought)
    new, file = tmp_path / "new", tmp_path / "backup.tar"
    shell = Shell(tmp_path, {"TELEGRAM_BOT_TOKEN": TOKEN, "WAVESPEED_API_KEY": KEY})
    made = await shell.bot("backup", str(file), DATA_DIR=str(shared.data))
    assert (made.code, made.err) == (0, "")
    assert made.out.startswith(f"{file}: ")
    assert await shared.bots[-1].stop() == 0
    put_back = await shell.bot("restore", str(file), DATA_DIR=str(new))
    assert (put_back.code, put_back.err) == (0, "")
    assert "Edits of unknown fate: 1; requests given up: 0." in put_back.out

    elsewhere = replace(shared, data=new)
    bot = await elsewhere.start(ADMINS=str(ada.id))
    try:
        told = await ada.sees_text("I can't find out whether the provider took your edit")
        assert "$0.06 stays set aside" in told["text"]
        await ada.sees_text("I was restored from a backup of")
        await ada.sees_nothing_of("…")
        assert await ada.original(result) == original
        [edit] = elsewhere.rows(
            "SELECT id, state FROM edits WHERE user_id = ? AND prompt LIKE 'neon%'", ada.id
        )
        assert edit["state"] == "unknown"
        money = elsewhere.rows("SELECT kind, micros FROM ledger WHERE edit_id = ?", edit["id"])
        assert [tuple(row) for row in money] == [("hold", 60_000)]
        assert await bought() == [prediction]
    finally:
        await bot.stop()
        await shared.wavespeed_settings(hold=False)
        await shared.finish(prediction)
