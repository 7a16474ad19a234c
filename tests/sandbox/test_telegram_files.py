"""Photos and documents in the Telegram stand-in: what becomes of them, and how they are fetched."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.sandbox.telegram.files import FileStore
from tests.sandbox.telegram_bench import ADA, TOKEN, Bench, opened, picture, standin


async def download(bench: Bench, file_id: str) -> bytes:
    path = (await bench.ok("getFile", file_id=file_id))["file_path"]
    answer = await bench.http.get(f"/file/bot{TOKEN}/{path}")
    assert answer.status_code == 200
    return answer.content


@pytest.mark.parametrize(
    ("size", "sides"),
    [((3000, 1500), [90, 320, 800, 1280]), ((500, 400), [90, 320, 500]), ((60, 40), [60])],
)
async def test_a_photo_comes_in_sizes_that_never_enlarge(size: tuple[int, int], sides: list[int]) -> None:
    """The longest sides are 90, 320, 800 and 1280, up to the picture's own."""
    store = FileStore(lambda: 0.0)
    sizes = store.photo(picture(*size))
    assert [max(entry["width"], entry["height"]) for entry in sizes] == sides
    assert len({entry["file_id"] for entry in sizes} | {entry["file_unique_id"] for entry in sizes}) == (
        2 * len(sizes)
    )


async def test_a_persons_photo_is_recompressed_upright_and_clean() -> None:
    """A phone's photo arrives as JPEG, turned as EXIF says, without EXIF or comment."""
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    exif[0x010F] = "A camera"
    data = picture(400, 200, "JPEG", exif=exif, comment=b"secret")
    async with standin() as bench:
        [message] = await bench.write(ADA, ADA, {"photo": ("a.jpg", data)})
        got = opened(await download(bench, message["photo"][-1]["file_id"]))
        assert (got.format, got.size) == ("JPEG", (200, 400))
        assert not got.getexif()
        assert "comment" not in got.info


async def test_a_document_keeps_its_bytes_and_name() -> None:
    """A picture sent as a file is untouched and has a thumbnail; its type is what the sender says."""
    data = picture(400, 200)
    async with standin() as bench:
        [message] = await bench.write(ADA, ADA, {"document": ("mask.png", data, "image/png")}, caption="mask")
        document = message["document"]
        assert (document["file_name"], document["mime_type"], document["file_size"]) == (
            "mask.png",
            "image/png",
            len(data),
        )
        assert document["thumbnail"]["width"] == 320
        assert await download(bench, document["file_id"]) == data
        answer = await bench.http.get(message["sandbox_files"][document["file_id"]])
        assert (answer.content, answer.headers["content-type"]) == (data, "image/png")


async def test_an_album_is_one_message_for_each_picture() -> None:
    """Two photos give two updates with one media_group_id, the caption on the first."""
    async with standin() as bench:
        photos = [("photo", ("a.png", picture())), ("photo", ("b.png", picture()))]
        await bench.write(ADA, ADA, photos, caption="both")
        one, two = [update["message"] for update in await bench.updates()]
        assert one["media_group_id"] == two["media_group_id"]
        assert (one["caption"], "caption" in two) == ("both", False)


async def test_an_expired_link_is_404_until_get_file_is_asked_again() -> None:
    """Old links stop working; a new `getFile` gives another that works."""
    async with standin() as bench:
        [message] = await bench.write(ADA, ADA, {"document": ("a.png", picture(), "image/png")})
        file_id = message["document"]["file_id"]
        old = (await bench.ok("getFile", file_id=file_id))["file_path"]
        await bench.sandbox(f"files/{file_id}/expire", {})
        answer = await bench.http.get(f"/file/bot{TOKEN}/{old}")
        assert (answer.status_code, answer.json()["description"]) == (404, "Not Found")
        assert await download(bench, file_id) == picture()


async def test_a_forgotten_file_is_gone_for_good() -> None:
    """`getFile` no longer knows it."""
    async with standin() as bench:
        [message] = await bench.write(ADA, ADA, {"document": ("a.png", picture(), "image/png")})
        file_id = message["document"]["file_id"]
        await bench.sandbox(f"files/{file_id}/forget", {})
        assert (await bench.refused("getFile", file_id=file_id)).startswith("400")


def test_a_link_ends_after_an_hour() -> None:
    """A link works for an hour, the file stays."""
    times = [0.0]
    store = FileStore(lambda: times[0])
    file_id = store.photo(picture())[-1]["file_id"]
    path = store.get_file(file_id)["file_path"]
    times[0] = 3599.0
    assert store.download(path) is not None
    times[0] = 3601.0
    assert store.download(path) is None
    assert store.download(store.get_file(file_id)["file_path"]) is not None


async def test_get_file_stops_at_20_mib() -> None:
    """A document may be larger than a bot can download."""
    async with standin() as bench:
        big = ("big.bin", b"x" * (20 * 1024 * 1024 + 1), "application/octet-stream")
        [message] = await bench.write(ADA, ADA, {"document": big})
        refusal = await bench.refused("getFile", file_id=message["document"]["file_id"])
        assert refusal == "400 Bad Request: file is too big"


async def test_a_file_is_sent_again_by_its_id() -> None:
    """A file_id needs no upload and keeps its file; it can't change its kind."""
    async with standin() as bench:
        [message] = await bench.write(ADA, ADA, {"photo": ("a.png", picture())})
        file_id = message["photo"][-1]["file_id"]
        again = await bench.ok("sendPhoto", chat_id=ADA, photo=file_id)
        assert again["photo"] == message["photo"]
        refusal = await bench.refused("sendDocument", chat_id=ADA, document=file_id)
        assert refusal == "400 Bad Request: can't use file of type Photo as Document"


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (picture(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (picture(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (b"", "file must be non-empty"),
        (
            picture() + b"x" * 10_485_760,
            (
                f"file of size {10_485_760 + len(picture())} bytes is too big for a photo; "
                "the maximum size is 10485760 bytes"
            ),
        ),
    ],
    ids=["longer than 20:1", "w+h over 10000", "not a picture", "empty", "over 10 MB"],
)
async def test_what_is_no_photo_for_a_bot(data: bytes, refusal: str) -> None:
    """sendPhoto's own limits; the same bytes go as a document."""
    async with standin() as bench:
        await bench.started()
        got = await bench.refused("sendPhoto", {"photo": ("a.png", io.BytesIO(data))}, chat_id=ADA)
        assert got == f"400 Bad Request: {refusal}"


async def test_uploads_over_50_mb_are_413() -> None:
    """The real server's status and words for a body that is too large."""
    async with standin() as bench:
        await bench.started()
        huge = {"document": ("a.bin", b"x" * (50 * 1024 * 1024 + 1))}
        assert await bench.refused("sendDocument", huge, chat_id=ADA) == "413 Request Entity Too Large"


async def test_a_url_is_not_fetched() -> None:
    """The stand-in reaches no other machine; to the bot it looks like a URL that can't be read."""
    async with standin() as bench:
        await bench.started()
        refusal = await bench.refused("sendPhoto", chat_id=ADA, photo="http://127.0.0.1:9/cat.jpg")
        assert refusal == "400 Bad Request: failed to get HTTP URL content"
