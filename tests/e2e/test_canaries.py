"""The bot's token and its keys, looked for in all that it writes, sends and keeps, however spelled."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from bot.logs import spellings
from tests.e2e.world import ADMIN, KEY, METRICS, TOKEN, Person, World
from tests.test_command_line import Shell

CANARIES = {secret: {text.encode() for text in spellings(secret)} for secret in (TOKEN, KEY, METRICS)}


def leaks(found: bytes, *allowed: str) -> list[str]:
    """The secrets that are somewhere, but for those that may be."""
    return [
        secret
        for secret, spelled in CANARIES.items()
        if secret not in allowed and any(text in found for text in spelled)
    ]


def test_a_leak_is_seen() -> None:
    """However it is spelled."""
    for text in (
        f"x{TOKEN}x",
        TOKEN.partition(":")[2],
        json.dumps({"key": TOKEN}),
        TOKEN.replace(":", "%3A"),
    ):
        assert leaks(text.encode()) == [TOKEN]
    assert leaks(b"nothing") == []


async def _lives(world: World, person: Person) -> None:
    """What may bring a secret near an output: edits, failures at both ends, a file."""
    await person.starts()
    await world.fault(world.telegram, method="getFile", kind="status", status=404, description="Not Found")
    await world.fault(
        world.telegram, method="sendPhoto", kind="status", status=401, description="Unauthorized"
    )
    await world.fault(world.telegram, method="getUpdates", kind="status", status=401, description="x")
    await world.fault(world.wavespeed, path="/api/v3/media/uploads", kind="status", status=401)
    await person.sends("cat.jpg", caption="canaries sing")
    await world.quiet()
    await world.fault(world.wavespeed, path="/api/v3/predictions", kind="garbage")
    await person.sends("cat.jpg", caption="canaries sing again")
    await person.sees_picture()
    await world.quiet()
    await person.says("/spend csv")
    await person.sees(lambda message: "document" in message)


async def _administers(boss: Person) -> None:
    await boss.starts()
    await boss.says("/admin")
    panel = await boss.sees_text("Today:")
    for label in ("People", "‹ Back", "Running", "‹ Back", "Unknown", "‹ Back", "Groups"):
        before = boss.messages[panel["message_id"]]["text"]
        await boss.presses(boss.messages[panel["message_id"]], label)

        async def changed(before: str = before) -> bool:
            await boss.look()
            return bool(boss.messages[panel["message_id"]]["text"] != before)

        await boss.world.until(changed)
    await boss.says("/admin csv")
    await boss.sees(lambda message: "document" in message)


async def _sent(*people: Person) -> list[bytes]:
    """Every file and every word that people got."""
    found = []
    for person in people:
        await person.look()
        for message in person.messages.values():
            found.append(json.dumps(message).encode())
            if "document" in message:
                found.append(await person.picture(message))
    return found


async def test_nowhere(shared: World, tmp_path: Path) -> None:
    """Not in logs, on pages, in messages, files or tables, in a backup; nor told to the other provider."""
    bot = await shared.running()
    person = await shared.person("Vera")
    boss = Person(shared, ADMIN, "Boss")
    await shared.post(shared.telegram, "people", id=ADMIN, first_name="Boss", language_code="en")
    await _lives(shared, person)
    await _administers(boss)

    port = (await bot.says("listening"))["port"]
    for path in ("/healthz", "/metrics"):
        answer = await shared.http.get(
            f"http://127.0.0.1:{port}{path}", headers={"authorization": f"Bearer {METRICS}"}
        )
        assert leaks(answer.content + str(answer.headers).encode()) == [], path
        answer = await shared.http.get(f"http://127.0.0.1:{port}{path}?token={METRICS}")
        assert leaks(answer.content) == []
    for found in await _sent(person, boss):
        assert leaks(found) == []
    assert leaks("".join([*bot.lines, *bot.printed]).encode()) == []
    assert leaks(json.dumps(await shared.calls(shared.wavespeed)).encode()) == []
    assert leaks(json.dumps(await shared.calls(shared.telegram)).encode()) == []

    shell = Shell(tmp_path, {"TELEGRAM_BOT_TOKEN": TOKEN, "WAVESPEED_API_KEY": KEY})
    backup = tmp_path / "backup.tar"
    made = await shell.bot("backup", str(backup), DATA_DIR=str(shared.data))
    assert (made.code, made.err) == (0, "")
    with tarfile.open(backup) as archive:
        kept = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        assert len(kept) > 2
        for name, file in kept.items():
            assert file is not None
            assert leaks(file.read()) == [], name
    for entry in shared.data.rglob("*"):
        assert not entry.is_file() or leaks(entry.read_bytes()) == [], entry.name
