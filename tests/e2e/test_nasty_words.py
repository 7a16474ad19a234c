"""The nastiest names, titles, words and file names on the whole way: they are text, and nothing is lost."""

from __future__ import annotations

import asyncio
import json

from tests.e2e.world import PHOTOS, World
from tests.nasty import NASTY

NAME = "".join(
    NASTY[word] for word in ("a tag that closes ours", "turned around", "a placeable", "a log line")
)
WORDS = " ".join(word for word in NASTY.values() if not word.startswith("@"))
TURNING = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"


async def test_an_edit_of_somebody_called_so_in_a_group_called_so(shared: World) -> None:
    """Status, result, history, spending, refusals: all are sent, none is read as markup."""
    eve = await shared.person(NAME)
    group = await shared.group(eve, title=NAME)
    here = eve.within(group)
    await here.sends("cat.jpg", caption=f"/edit@wavebrush_bot {WORDS}")
    status = await here.sees(lambda message: "in the works" in message.get("text", ""))
    assert not set(TURNING) & set(status["text"])
    result = await here.sees_picture()
    await here.presses(result, "Original file")
    await here.sees(lambda message: "document" in message)
    await here.says("/history@wavebrush_bot")
    listed = await here.sees(lambda message: message.get("text", "").startswith("Your last edit"))
    assert not set(TURNING) & set(listed["text"])
    await here.says("/spend@wavebrush_bot")
    await here.sees(lambda message: "This group: " in (message.get("caption") or message.get("text") or ""))
    for command in ("model", "size", "quality"):
        await here.says(f"/{command}@wavebrush_bot {NASTY['a tag that closes ours']}")
    await here.sees_text("is no size I know")

    bought = [made for made in await shared.predictions() if NASTY["SQL"] in json.dumps(made)]
    assert len(bought) == 1
    calls = [call for call in await shared.calls(shared.telegram) if str(group) in str(call["params"])]
    assert not any("parse_mode" in str(call["params"]) for call in calls)
    assert [call for call in calls if call["status"] == 400 and call["method"].startswith("send")] == []
    bot = await shared.running()
    for line in bot.lines:  # nobody's words begin a line of the log
        assert isinstance(json.loads(line)["event"], str)


async def test_an_address_in_the_words(shared: World) -> None:
    """In a caption or a text it is a word like any other: it is passed on, and nobody looks what is there."""
    visits: list[str] = []

    def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(str(writer.get_extra_info("peername")))
        writer.close()

    async with await asyncio.start_server(visited, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        url = f"http://{host}:{port}/uma.jpg"
        uma = await shared.person("Uma")
        await uma.starts()
        await uma.sends("cat.jpg", caption=f"paint it like {url}")
        await uma.sends("cat.jpg")
        await uma.sees_text("What should I change?")
        await uma.says(url)
        first = await uma.sees_picture()
        await uma.sees(lambda message: "photo" in message and message["message_id"] != first["message_id"])
        await shared.quiet()
        prompts = [made["inputs"]["prompt"] for made in await shared.predictions()]
        assert {prompt for prompt in prompts if url in prompt} == {f"paint it like {url}", url}
        assert visits == []
        reader, writer = await asyncio.open_connection(host, port)
        await reader.read()
        writer.close()
        assert len(visits) == 1, "who comes is seen"


async def test_a_file_that_is_called_so(shared: World) -> None:
    """What it is called decides nothing: neither what it is taken for nor where it is kept."""
    dora = await shared.person("Dora")
    await dora.starts()
    for name in ("../../../etc/passwd", "a.jpg\x00.png", "CON", "x" * 250 + ".jpg"):
        files = [("document", (name, (PHOTOS / "cat.jpg").read_bytes()))]
        await dora._send({"caption": "a comic"}, files)

    async def all_came() -> bool:
        await dora.look()
        return sum("photo" in message for message in dora.messages.values()) >= 4

    await shared.until(all_came)
    assert not (shared.data.parent / "etc").exists()
    odd = [path.name for path in shared.data.rglob("*") if not path.name.isascii() or "passwd" in path.name]
    assert odd == []
