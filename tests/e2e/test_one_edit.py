"""One photo, one caption, one edited picture: over HTTP, with the real process."""

from __future__ import annotations

import io
import json

from PIL import Image, ImageChops

from tests.e2e.world import PHOTOS, World


async def test_a_photo_with_a_caption_comes_back_edited(shared: World) -> None:
    """The picture is another, of the source's shape; it is a reply; the ledger is right."""
    ada = await shared.person("Ada")
    await ada.starts()
    [request] = await ada.sends("cat.jpg", caption="make it a comic, Ada")
    status = await ada.sees_text("…")
    assert status["reply_to_message"]["message_id"] == request["message_id"]
    answer = await ada.sees_picture()

    assert answer["reply_to_message"]["message_id"] == request["message_id"]
    assert answer["caption"].startswith("GPT Image 2 · medium · ")
    assert answer["caption"].endswith(" s · $0.06")
    source = Image.open(PHOTOS / "cat.jpg")
    result = Image.open(io.BytesIO(await ada.picture(answer)))
    assert abs(result.width / result.height - source.width / source.height) < 0.01
    difference = ImageChops.difference(result.convert("L"), source.convert("L").resize(result.size))
    assert difference.histogram()[60:] != [0] * 196

    await ada.sees_nothing_of("…")
    rows = shared.rows("SELECT kind, micros FROM ledger WHERE user_id = ? ORDER BY id", ada.id)
    assert [tuple(row) for row in rows] == [("hold", 60_000), ("charge", 60_000)]
    [edit] = shared.rows("SELECT id, state, quote FROM edits WHERE user_id = ?", ada.id)
    assert (edit["state"], edit["quote"]) == ("done", 60_000)
    billed = [p for p in await shared.predictions() if "comic, Ada" in p["inputs"]["prompt"]]
    assert [(p["billed"], p["inputs"]["quality"], p["inputs"]["aspect_ratio"]) for p in billed] == [
        (60_000, "medium", "3:2")
    ]
    await ada.says("/spend")
    spent = await ada.sees(lambda message: message.get("caption", "").startswith("Today"))
    assert "photo" in spent
    assert spent["caption"] == ("Today $0.06, this month $0.06, ever $0.06.\n\nGPT Image 2: $0.06 for 1 edit")


async def test_a_photo_without_a_caption_is_asked_about(shared: World) -> None:
    """The next text is the prompt, and the result answers the photo."""
    ben = await shared.person("Ben")
    await ben.starts()
    [photo] = await ben.sends("coffee.jpg")
    await ben.sees_text("What should I change?")
    await ben.says("pencil sketch please")
    answer = await ben.sees_picture()
    assert answer["reply_to_message"]["message_id"] == photo["message_id"]


async def test_settings_are_kept_and_used(shared: World) -> None:
    """What /model, /quality and /size say is what the provider gets and the person pays."""
    chloe = await shared.person("Chloe")
    await chloe.starts()
    await chloe.says("/model gpt-image-1")
    await chloe.sees_text("Done: GPT Image 1 from now on")
    await chloe.says("/quality hi")
    await chloe.sees_text("Done: quality high")
    await chloe.says("/size 1024x1536")
    await chloe.sees_text("Done: size 2:3 from now on, $0.25 an edit.")
    await chloe.sends("astronaut.jpg", caption="watercolour of Chloe's friend")
    answer = await chloe.sees_picture()
    assert "GPT Image 1 · high · 1024×1536" in answer["caption"]
    assert answer["caption"].endswith("$0.25")
    [bought] = [p for p in await shared.predictions() if "Chloe's" in p["inputs"]["prompt"]]
    assert (bought["inputs"]["quality"], bought["inputs"]["size"]) == ("high", "1024*1536")
    assert isinstance(bought["inputs"]["image"], str)


async def test_a_picture_sent_as_a_file_leaves_without_its_metadata(shared: World) -> None:
    """EXIF with a place stays here; the orientation in it is applied."""
    dora = await shared.person("Dora")
    await dora.starts()
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by a quarter
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)
    buffer = io.BytesIO()
    Image.open(PHOTOS / "rocket.jpg").save(buffer, "JPEG", exif=exif)
    await dora.sends(buffer.getvalue(), caption="vintage for Dora", as_file=True)
    answer = await dora.sees_picture()
    assert answer["photo"][-1]["height"] > answer["photo"][-1]["width"]
    uploads = (await shared.http.get(f"{shared.wavespeed}/sandbox/uploads")).json()["uploads"]
    assert uploads
    assert not [upload for upload in uploads if upload["exif"] or upload["metadata"]]


async def test_others_are_answered_while_ten_edits_run(shared: World) -> None:
    """Ten edits of one person run and can't end; another's /start is answered before any of them."""
    await shared.wavespeed_settings(hold=True)
    eve, finn = await shared.person("Eve"), await shared.person("Finn")
    await eve.starts()
    for number in range(10):
        await eve.sends("cat.jpg", caption=f"busy {number}")

    async def ten() -> bool:
        return len([p for p in await shared.predictions() if "busy" in p["inputs"]["prompt"]]) == 10

    await shared.until(ten)
    await finn.starts()
    assert not [m for m in eve.messages.values() if "photo" in m and m["from"]["is_bot"]]
    await shared.wavespeed_settings(hold=False)

    async def all_there() -> bool:
        await eve.look()
        return len([m for m in eve.messages.values() if "photo" in m and m["from"]["is_bot"]]) == 10

    await shared.until(all_there)


async def test_waiting_costs_one_listing_for_all(shared: World) -> None:
    """While three predictions run they are found by listings, and each result is read once."""
    gus = await shared.person("Gus")
    await gus.starts()
    await shared.quiet()
    before = len(await shared.calls(shared.wavespeed))
    for number in range(3):
        await gus.sends("cat.jpg", caption=f"{gus.tag} waits {number}")

    async def all_there() -> bool:
        await gus.look()
        return len([m for m in gus.messages.values() if "photo" in m and m["from"]["is_bot"]]) == 3

    await shared.until(all_there)
    calls = (await shared.calls(shared.wavespeed))[before:]
    predictions = [p["id"] for p in await shared.predictions() if gus.tag in p["inputs"]["prompt"]]
    read = [call["path"] for call in calls if call["path"].endswith("/result")]
    assert sorted(read) == sorted(f"/api/v3/predictions/{prediction}/result" for prediction in predictions)
    listings = [call for call in calls if call["path"] == "/api/v3/predictions"]
    assert listings
    assert all("include_inputs" not in json.dumps(call["json"]) for call in listings)
