"""What the Telegram stand-in takes from a bot, and the words in which it refuses the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sandbox.telegram_bench import ADA, BEN, CAT, GROUP, Bench, picture, standin

LAUGH = "\N{FACE WITH TEARS OF JOY}"  # two UTF-16 units


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[Bench]:
    """One stand-in for all calls that leave nothing behind; Ada has started the bot."""
    async with standin() as bench:
        await bench.started()
        yield bench


def keyboard(data: str = "yes") -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "a button", "callback_data": data}]]}


@pytest.mark.parametrize(
    ("method", "params", "answer"),
    [
        ("sendMessage", {"text": "x"}, "400 Bad Request: chat_id is empty"),
        ("sendMessage", {"chat_id": 5, "text": "x"}, "400 Bad Request: chat not found"),
        ("sendMessage", {"chat_id": "@ada", "text": "x"}, "400 Bad Request: chat not found"),
        ("sendMessage", {"chat_id": ADA, "text": "  "}, "400 Bad Request: message text is empty"),
        ("sendMessage", {"chat_id": ADA, "text": "x" * 4097}, "400 Bad Request: message is too long"),
        ("sendMessage", {"chat_id": ADA, "text": LAUGH * 2049}, "400 Bad Request: message is too long"),
        (
            "sendMessage",
            {"chat_id": ADA, "text": "x", "reply_parameters": {"message_id": 99}},
            "400 Bad Request: message to be replied not found",
        ),
        (
            "sendMessage",
            {"chat_id": ADA, "text": "x", "message_thread_id": 7},
            "400 Bad Request: message thread not found",
        ),
        (
            "sendMessage",
            {"chat_id": ADA, "text": "x", "reply_markup": keyboard("x" * 65)},
            "400 Bad Request: BUTTON_DATA_INVALID",
        ),
        (
            "sendMessage",
            {"chat_id": ADA, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "dead"}]]}},
            (
                "400 Bad Request: can't parse inline keyboard button: "
                "Text buttons are unallowed in the inline keyboard"
            ),
        ),
        (
            "sendMessage",
            {"chat_id": BEN, "text": "x"},
            "403 Forbidden: bot can't initiate conversation with a user",
        ),
        ("sendPhoto", {"chat_id": ADA}, "400 Bad Request: there is no photo in the request"),
        (
            "sendPhoto",
            {"chat_id": ADA, "photo": "nonsense"},
            "400 Bad Request: wrong file identifier/HTTP URL specified",
        ),
        (
            "editMessageText",
            {"chat_id": ADA, "text": "x"},
            "400 Bad Request: message identifier is not specified",
        ),
        (
            "editMessageText",
            {"chat_id": ADA, "message_id": 99, "text": "x"},
            "400 Bad Request: message to edit not found",
        ),
        (
            "editMessageText",
            {"chat_id": ADA, "message_id": 1, "text": "x"},
            "400 Bad Request: message can't be edited",
        ),
        ("deleteMessage", {"chat_id": ADA, "message_id": 99}, "400 Bad Request: message to delete not found"),
        (
            "sendChatAction",
            {"chat_id": ADA, "action": "dance"},
            "400 Bad Request: wrong parameter action in request",
        ),
        (
            "setMessageReaction",
            {"chat_id": ADA, "message_id": 99, "reaction": []},
            "400 Bad Request: message to react not found",
        ),
        (
            "setMessageReaction",
            {"chat_id": ADA, "message_id": 1, "reaction": [{"type": "emoji", "emoji": "🎨"}]},
            "400 Bad Request: REACTION_INVALID",
        ),
        (
            "answerCallbackQuery",
            {"callback_query_id": "1"},
            "400 Bad Request: query is too old and response timeout expired or query ID is invalid",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "Edit", "description": "x"}]},
            "400 Bad Request: BOT_COMMAND_INVALID",
        ),
        (
            "getFile",
            {"file_id": "x"},
            "400 Bad Request: wrong file_id or the file is temporarily unavailable",
        ),
        ("getChatMember", {"chat_id": GROUP, "user_id": 5}, "400 Bad Request: PARTICIPANT_ID_INVALID"),
    ],
)
async def test_a_wrong_call_is_refused_in_telegrams_words(
    shared: Bench, method: str, params: dict[str, Any], answer: str
) -> None:
    """Each refusal has the status and the description of the real server."""
    assert await shared.refused(method, **params) == answer


@pytest.mark.parametrize("text", ["x" * 4096, LAUGH * 2048, f"<b>{'x' * 4096}</b>"])
async def test_texts_up_to_the_limit_are_taken(shared: Bench, text: str) -> None:
    """4096 UTF-16 units after the formatting was parsed."""
    sent = await shared.ok("sendMessage", chat_id=ADA, text=text, parse_mode="HTML")
    assert len(sent["text"]) in {2048, 4096}


async def test_a_caption_has_1024_units() -> None:
    """1024 go, 1025 are refused, whatever carries them."""
    async with standin() as bench:
        await bench.started()
        photo = {"photo": ("a.png", picture())}
        sent = await bench.ok("sendPhoto", photo, chat_id=ADA, caption="x" * 1024)
        too_long = "400 Bad Request: message caption is too long"
        assert await bench.refused("sendPhoto", photo, chat_id=ADA, caption="x" * 1025) == too_long
        assert (
            await bench.refused(
                "editMessageCaption", chat_id=ADA, message_id=sent["message_id"], caption="x" * 1025
            )
            == too_long
        )


async def test_an_edit_that_changes_nothing_is_refused() -> None:
    """The same text and buttons again are an error; other buttons alone are a change."""
    async with standin() as bench:
        await bench.started()
        sent = await bench.ok("sendMessage", chat_id=ADA, text="hi", reply_markup=keyboard())
        same = {"chat_id": ADA, "message_id": sent["message_id"], "text": "hi"}
        refusal = await bench.refused("editMessageText", **same, reply_markup=keyboard())
        assert refusal == (
            "400 Bad Request: message is not modified: specified new message content and reply markup are "
            "exactly the same as a current content and reply markup of the message"
        )
        edited = await bench.ok("editMessageText", **same)
        assert "reply_markup" not in edited
        assert edited["edit_date"] >= sent["date"]


async def test_text_and_caption_edits_keep_to_their_kind() -> None:
    """A photo has no text to edit and a text no caption; media replace media."""
    async with standin() as bench:
        await bench.started()
        text = await bench.ok("sendMessage", chat_id=ADA, text="hi")
        photo = await bench.ok("sendPhoto", {"photo": ("a.png", picture())}, chat_id=ADA, caption="c")
        of_text = {"chat_id": ADA, "message_id": text["message_id"]}
        of_photo = {"chat_id": ADA, "message_id": photo["message_id"]}
        assert (await bench.refused("editMessageText", **of_photo, text="x")).endswith(
            "there is no text in the message to edit"
        )
        assert (await bench.refused("editMessageCaption", **of_text, caption="x")).endswith(
            "there is no caption in the message to edit"
        )
        media = {"type": "document", "media": "attach://new", "caption": "d"}
        files = {"new": ("b.png", picture(), "image/png")}
        changed = await bench.ok("editMessageMedia", files, **of_photo, media=media)
        assert (changed["document"]["file_name"], changed["caption"]) == ("b.png", "d")
        assert "photo" not in changed


async def test_a_reply_carries_the_message_it_answers() -> None:
    """The whole answered message comes along, without the one it answered itself."""
    async with standin() as bench:
        await bench.started()
        one = await bench.ok("sendMessage", chat_id=ADA, text="one")
        [two] = await bench.write(ADA, ADA, text="two", reply_to=one["message_id"])
        three = await bench.ok(
            "sendMessage", chat_id=ADA, text="three", reply_to_message_id=two["message_id"]
        )
        assert three["reply_to_message"]["text"] == "two"
        assert "reply_to_message" not in three["reply_to_message"]


async def test_a_missing_reply_target_can_be_allowed() -> None:
    """`allow_sending_without_reply` sends the message as no reply."""
    async with standin() as bench:
        await bench.started()
        reply = {"message_id": 99, "allow_sending_without_reply": True}
        sent = await bench.ok("sendMessage", chat_id=ADA, text="x", reply_parameters=reply)
        assert "reply_to_message" not in sent


async def test_a_bot_that_was_blocked_can_not_write() -> None:
    """Blocking tells the bot and closes the chat to it; writing again opens it."""
    async with standin() as bench:
        await bench.started()
        await bench.sandbox(f"people/{ADA}/block", {"blocked": True})
        [told] = await bench.updates()
        assert told["my_chat_member"]["new_chat_member"]["status"] == "kicked"
        refusal = await bench.refused("sendMessage", chat_id=ADA, text="x")
        assert refusal == "403 Forbidden: bot was blocked by the user"
        await bench.write(ADA, ADA, text="/start")
        assert (await bench.ok("sendMessage", chat_id=ADA, text="x"))["text"] == "x"


async def test_a_pressed_button_is_answered_once() -> None:
    """The bot gets the data with the message, the person sees the answer, a second answer is too late."""
    async with standin() as bench:
        await bench.started()
        sent = await bench.ok("sendMessage", chat_id=ADA, text="?", reply_markup=keyboard("go:1"))
        path = f"chats/{ADA}/messages/{sent['message_id']}/press"
        query = (await bench.sandbox(path, {"from": ADA, "data": "go:1"}))["query"]
        [update] = await bench.updates()
        assert update["callback_query"]["data"] == "go:1"
        assert update["callback_query"]["message"]["message_id"] == sent["message_id"]
        answer = {"callback_query_id": query, "text": "on it", "show_alert": True}
        assert (await bench.refused("answerCallbackQuery", **{**answer, "text": "x" * 201})).startswith("400")
        await bench.ok("answerCallbackQuery", **answer)
        assert await bench.sandbox(f"queries/{query}") == {"answered": True, "text": "on it", "alert": True}
        assert "query is too old" in await bench.refused("answerCallbackQuery", **answer)


async def test_only_buttons_that_are_there_can_be_pressed() -> None:
    """A button that an edit took away is gone for the person too."""
    async with standin() as bench:
        await bench.started()
        sent = await bench.ok("sendMessage", chat_id=ADA, text="?", reply_markup=keyboard("go"))
        await bench.ok("editMessageReplyMarkup", chat_id=ADA, message_id=sent["message_id"])
        press = {"from": ADA, "data": "go"}
        answer = await bench.http.post(
            f"/sandbox/chats/{ADA}/messages/{sent['message_id']}/press", json=press
        )
        assert answer.json() == {"error": "the message has no such button"}


async def test_a_reaction_is_one_emoji_from_the_list() -> None:
    """The person sees it; a second one replaces it; two at once are refused."""
    async with standin() as bench:
        await bench.started()
        target = {"chat_id": ADA, "message_id": 1}
        eyes, heart = {"type": "emoji", "emoji": "👀"}, {"type": "emoji", "emoji": "\u2764\ufe0f"}
        assert await bench.refused("setMessageReaction", **target, reaction=[eyes, heart]) == (
            "400 Bad Request: REACTIONS_TOO_MANY"
        )
        await bench.ok("setMessageReaction", **target, reaction=[eyes])
        await bench.ok("setMessageReaction", **target, reaction=[heart])
        [message] = (await bench.sandbox(f"chats/{ADA}/messages"))["messages"]
        assert message["sandbox_reactions"] == ["\u2764"]


async def test_an_album_is_two_to_ten_of_a_kind() -> None:
    """Its messages share a media_group_id; mixed kinds, one or eleven are refused."""
    async with standin() as bench:
        await bench.started()
        files = {"a": ("a.png", picture())}
        photo = {"type": "photo", "media": "attach://a"}
        document = {"type": "document", "media": "attach://a"}

        async def refused(media: list[Any]) -> str:
            return await bench.refused("sendMediaGroup", files, chat_id=ADA, media=media)

        album = await bench.ok("sendMediaGroup", files, chat_id=ADA, media=[photo, photo])
        assert len({message["media_group_id"] for message in album}) == 1
        assert (await refused([photo] * 11)).endswith("too many messages to send as an album")
        assert (await refused([photo, document])).endswith("document can't be mixed with other media types")
        assert (await refused([photo])).startswith("400")
        assert (await refused([])).endswith("there are no messages to send")


async def test_deleting_many_skips_those_that_are_gone() -> None:
    """`deleteMessages` deletes what is there and does not mind the rest."""
    async with standin() as bench:
        await bench.started()
        sent = await bench.ok("sendMessage", chat_id=ADA, text="x")
        await bench.ok("deleteMessages", chat_id=ADA, message_ids=[sent["message_id"], 99])
        left = (await bench.sandbox(f"chats/{ADA}/messages"))["messages"]
        assert [message["text"] for message in left] == ["/start"]


async def test_copies_and_forwards() -> None:
    """A forward says where it is from, a copy does not."""
    async with standin() as bench:
        await bench.started()
        await bench.write(ADA, ADA, {"photo": ("a.jpg", CAT)}, caption="look")
        source = {"chat_id": ADA, "from_chat_id": ADA, "message_id": 2}
        forwarded = await bench.ok("forwardMessage", **source)
        assert forwarded["forward_origin"]["sender_user"]["id"] == ADA
        copied = await bench.ok("copyMessage", **source, caption="mine")
        messages = (await bench.sandbox(f"chats/{ADA}/messages"))["messages"]
        assert messages[-1]["message_id"] == copied["message_id"]
        assert messages[-1]["caption"] == "mine"
        assert "forward_origin" not in messages[-1]


async def test_commands_are_kept_for_each_scope_and_language() -> None:
    """What is set for one language and scope is not read from another."""
    async with standin() as bench:
        commands = [{"command": "edit", "description": "Change a picture"}]
        await bench.ok("setMyCommands", commands=commands, language_code="de")
        assert await bench.ok("getMyCommands", language_code="de") == commands
        assert await bench.ok("getMyCommands") == []
        await bench.ok("deleteMyCommands", language_code="de")
        assert await bench.ok("getMyCommands", language_code="de") == []


async def test_the_world_names_the_commands_of_the_default_scope() -> None:
    """The page offers what was set for everybody, and nothing that was set for a language."""
    async with standin() as bench:
        assert (await bench.sandbox("world"))["bot_commands"] == []
        commands = [{"command": "edit", "description": "Change a picture"}]
        await bench.ok("setMyCommands", commands=commands)
        await bench.ok("setMyCommands", commands=[], language_code="de")
        assert (await bench.sandbox("world"))["bot_commands"] == commands


async def test_a_chat_names_the_commands_of_its_narrowest_scope() -> None:
    """One chat's own before those of its kind, those before the default ones."""
    async with standin() as bench:
        for name, scope in (
            ("all", {"type": "default"}),
            ("private", {"type": "all_private_chats"}),
            ("own", {"type": "chat", "chat_id": ADA}),
        ):
            commands = [{"command": name, "description": "A command"}]
            await bench.ok("setMyCommands", commands=commands, scope=scope)
        chats = (await bench.sandbox("world"))["chats"]
        offered = {chat["id"]: chat["bot_commands"][0]["command"] for chat in chats}
        assert (offered[ADA], offered[BEN], offered[GROUP]) == ("own", "private", "all")


async def test_lines_of_a_browsers_form_end_as_on_a_phone() -> None:
    """CRLF becomes LF, and entities stand where they are in that text."""
    async with standin() as bench:
        [message] = await bench.write(ADA, ADA, text="one\r\ntwo\r\n/three")
        assert message["text"] == "one\ntwo\n/three"
        assert message["entities"] == [{"type": "bot_command", "offset": 8, "length": 6}]


async def test_the_bots_texts_fall_back_to_the_default_language() -> None:
    """A description for everyone is given where a language has none of its own."""
    async with standin() as bench:
        await bench.ok("setMyShortDescription", short_description="Edits pictures")
        got = await bench.ok("getMyShortDescription", language_code="de")
        assert got == {"short_description": "Edits pictures"}
        assert await bench.ok("getMyName") == {"name": "Wavebrush"}


async def test_chat_actions_are_seen_by_the_person() -> None:
    """The page reads which actions the bot showed."""
    async with standin() as bench:
        await bench.started()
        await bench.ok("sendChatAction", chat_id=ADA, action="upload_photo")
        [action] = (await bench.sandbox(f"chats/{ADA}/actions"))["actions"]
        assert action["action"] == "upload_photo"
