"""Settings with buttons: what is offered, what it costs, what is chosen, changed in place."""

from __future__ import annotations

import pytest

from tests.e2e.drawing import black_and_white, changed, decoded, encoded, inside, photo
from tests.e2e.world import Message, Person, World

BOX = (180, 110, 420, 300)


def _labels(message: Message) -> list[list[str]]:
    return [[button["text"] for button in row] for row in message["reply_markup"]["inline_keyboard"]]


def _flat(message: Message) -> list[str]:
    return [label for row in _labels(message) for label in row]


async def _shows(person: Person, message: Message, label: str) -> Message:
    """Wait until a menu has a button of that label; the menu."""
    return await person.sees(
        lambda seen: (
            seen["message_id"] == message["message_id"] and "reply_markup" in seen and label in _flat(seen)
        )
    )


async def _chooses(person: Person, message: Message, label: str, shown: str | None = None) -> Message:
    """Press a button and see the same message change."""
    await person.presses(message, label)
    return await _shows(person, message, shown or f"✓ {label}")


async def test_quality_by_button(shared: World) -> None:
    """What each costs is on its button; the chosen one is what the provider gets and the person pays."""
    ada = await shared.person("Ada")
    await ada.starts()
    await ada.says("/quality")
    menu = await ada.sees_text("Quality: Medium, $0.06 an edit with GPT Image 2.")
    assert _flat(menu) == ["Low · $0.03", "✓ Medium · $0.06", "High · $0.22"]
    assert "reply_to_message" not in menu
    menu = await _chooses(ada, menu, "High · $0.22")
    assert _flat(menu) == ["Low · $0.03", "Medium · $0.06", "✓ High · $0.22"]
    assert menu["text"].startswith("Quality: High, $0.22 an edit")
    await ada.sends("cat.jpg", caption="menu quality of Ada")
    assert (await ada.sees_picture())["caption"].endswith("$0.22")


@pytest.mark.long  # in short in tests/chat
async def test_size_by_buttons(shared: World) -> None:
    """Shapes and resolutions in one menu; prices where they differ; both are bought as chosen."""
    ben = await shared.person("Ben")
    await ben.starts()
    await ben.says("/size")
    menu = await ben.sees_text("Size: Auto, 1K, $0.06 an edit")
    assert _labels(menu)[0] == ["✓ Auto", "Model decides"]
    assert _flat(menu)[-3:] == ["✓ 1K · $0.06", "2K · $0.12", "4K · $0.18"]
    menu = await _chooses(ben, menu, "16:9")
    menu = await _chooses(ben, menu, "2K · $0.12")
    assert menu["text"].startswith("Size: 16:9, 2K, $0.12 an edit")
    await ben.sends("cat.jpg", caption="menu size of Ben")
    await ben.sees_picture()
    [bought] = [p["inputs"] for p in await shared.predictions() if "size of Ben" in p["inputs"]["prompt"]]
    assert (bought["aspect_ratio"], bought["resolution"]) == ("16:9", "2k")


async def test_another_model_keeps_what_it_can(shared: World) -> None:
    """And says what it could not; going back, everything is as it was."""
    chloe = await shared.person("Chloe")
    await chloe.starts()
    await chloe.says("/quality high")
    await chloe.sees_text("Done: quality high")
    await chloe.says("/size 16:9 4k")
    await chloe.sees_text("Done: size 16:9 4k")
    await chloe.says("/model")
    menu = await chloe.sees_text("Model: GPT Image 2, $0.66 an edit with your settings.")
    assert _flat(menu)[0] == "✓ GPT Image 2 · $0.66"
    assert {"GPT Image 1 · $0.25", "GPT Image 1 Mini · $0.02"} < set(_flat(menu))
    menu = await _chooses(chloe, menu, "GPT Image 1 · $0.25")
    assert "GPT Image 1 has no 16:9, so I use the nearest, 3:2." in menu["text"]
    assert "GPT Image 1 has no resolution to choose; your “4k” stays for other models." in menu["text"]
    menu = await _chooses(chloe, menu, "GPT Image 1 Mini · $0.02")
    assert "no quality to choose; your “high” stays" in menu["text"]
    menu = await _chooses(chloe, menu, "GPT Image 2 · $0.66")
    assert "stays" not in menu["text"]


@pytest.mark.long  # in short in tests/chat
async def test_a_menu_of_before_the_model_changed(shared: World) -> None:
    """Its buttons are checked against the model of now; the menu is set right."""
    dora = await shared.person("Dora")
    await dora.starts()
    await dora.says("/quality")
    menu = await dora.sees_text("Quality: Medium")
    await dora.says("/model gpt-image-1-mini")
    await dora.sees_text("Done: GPT Image 1 Mini from now on")
    await dora.presses(menu, "High")
    await dora.sees_text("GPT Image 1 Mini has no quality to choose.")
    assert shared.rows("SELECT quality FROM preferences WHERE user_id = ?", dora.id)[0]["quality"] is None


async def test_all_settings_in_one_message(shared: World) -> None:
    """Each opens in the same message and leads back; what is chosen is listed and kept."""
    eve = await shared.person("Eve")
    await eve.starts()
    await eve.says("/settings")
    menu = await eve.sees_text("Your settings, $0.06 an edit:")
    assert _flat(menu) == ["Model", "Quality", "Size", "Delivery", "Results", "Ask first", "Mask finishing"]
    for name, value in (
        ("Quality", "Low · $0.03"),
        ("Delivery", "Both"),
        ("Ask first", "$0.25"),
        ("Mask finishing", "Off"),
    ):
        menu = await _chooses(eve, menu, name, "‹ Settings")
        menu = await _chooses(eve, menu, value)
        menu = await _chooses(eve, menu, "‹ Settings", "Model")
    assert menu["text"] == (
        "Your settings, $0.03 an edit:\n• Model: GPT Image 2\n• Quality: Low\n• Size: Auto, 1K\n"
        "• Delivery: Both\n• Results: 1\n• Ask first: Above $0.25\n• Mask finishing: Off"
    )
    [kept] = shared.rows("SELECT * FROM preferences WHERE user_id = ?", eve.id)
    assert (kept["quality"], kept["delivery"], kept["confirm_above"], kept["finishing"]) == (
        "low",
        "both",
        250_000,
        0,
    )


@pytest.mark.long  # in short in tests/chat
async def test_rows_do_not_pile_up(shared: World) -> None:
    """However often somebody plays with a menu, a button is one row."""
    finn = await shared.person("Finn")
    await finn.starts()
    for _ in range(2):
        await finn.says("/quality")
    menu = await finn.sees_text("Quality: Medium")
    for label in ("High · $0.22", "Low · $0.03", "High · $0.22"):
        menu = await _chooses(finn, menu, label)
    rows = shared.rows("SELECT value FROM buttons WHERE user_id = ? AND subject LIKE 'setting:%'", finn.id)
    assert sorted(row["value"] for row in rows) == ["quality:high", "quality:low", "quality:medium"]


async def test_in_a_group_a_menu_belongs_to_who_asked(shared: World) -> None:
    """It answers the command; another's press changes nothing of either."""
    gus, hana = await shared.person("Gus"), await shared.person("Hana")
    await gus.starts()
    group = await shared.group(gus, hana)
    here, there = gus.within(group), hana.within(group)
    sent = await here.says("/quality@wavebrush_bot")
    menu = await here.sees_text("Quality: Medium")
    assert menu["reply_to_message"]["message_id"] == sent["message_id"]
    assert await here.hears(menu, "Low", hana) == "That button belongs to somebody else."
    menu = await _chooses(here, menu, "High · $0.22")
    rows = shared.rows("SELECT user_id, quality FROM preferences WHERE user_id IN (?, ?)", gus.id, hana.id)
    assert [tuple(row) for row in rows] == [(gus.id, "high")]
    await there.says("/size@wavebrush_bot portrait")
    await there.sees_text("Done: size 2:3 from now on")


async def test_a_result_as_a_file(shared: World) -> None:
    """One message: the lossless file, with the buttons under it."""
    ida = await shared.person("Ida")
    await ida.starts()
    await _deliver_as(ida, "File")
    [request] = await ida.sends("cat.jpg", caption="Ida's delivery as a file")
    answer = await ida.sees(lambda message: "document" in message)
    assert answer["reply_to_message"]["message_id"] == request["message_id"]
    assert answer["caption"].endswith("$0.06")
    assert answer["reply_markup"]["inline_keyboard"]
    assert not [m for m in ida.messages.values() if "photo" in m and m["from"]["is_bot"]]


async def test_a_result_as_both(shared: World) -> None:
    """The photo answers the request, the file answers the photo."""
    jo = await shared.person("Jo")
    await jo.starts()
    await _deliver_as(jo, "Both")
    await jo.sends("cat.jpg", caption="Jo's delivery as both")
    result = await jo.sees_picture()
    file = await jo.sees(lambda message: "document" in message)
    assert file["reply_to_message"]["message_id"] == result["message_id"]
    assert decoded(await jo.picture(file)).size == decoded(await jo.picture(result)).size


async def _deliver_as(person: Person, how: str) -> None:
    await person.says("/settings")
    menu = await person.sees_text("Your settings")
    menu = await _chooses(person, menu, "Delivery", "‹ Settings")
    await _chooses(person, menu, how)


@pytest.mark.parametrize("model", [pytest.param("gpt-image-1", marks=pytest.mark.long), "gpt-image-2"])
async def test_a_mask_without_finishing(shared: World, model: str) -> None:
    """The provider gets the mask all the same; its picture comes as it is, and the answer says so."""
    await shared.wavespeed_settings(drift=1)
    kim = await shared.person("Kim")
    await kim.starts()
    await kim.says(f"/model {model}")
    await kim.sees_text("Done")
    await kim.says("/settings")
    menu = await kim.sees_text("Your settings")
    menu = await _chooses(kim, menu, "Mask finishing", "‹ Settings")
    await _chooses(kim, menu, "Off")
    source = photo("coffee.jpg")
    mask = encoded(black_and_white(source.size, BOX))
    await kim.sends(encoded(source), mask, caption=f"comic without finishing {model}", as_file=True)
    result = await kim.sees(
        lambda message: "photo" in message and "Mask finishing is off" in message["caption"]
    )
    after = decoded(await kim.original(result))
    before = source.convert("RGB").resize(after.size)
    assert changed(before, after)[~inside(after.size, BOX)].any()
    [bought] = [
        p["inputs"] for p in await shared.predictions() if f"finishing {model}" in p["inputs"]["prompt"]
    ]
    assert bought.get("mask_image") or len(bought["images"]) == 2
