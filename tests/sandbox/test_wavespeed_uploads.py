"""Uploads to the WaveSpeed stand-in: by ticket, in one step, and what was noted of them."""

from __future__ import annotations

from typing import Any

import httpx
from PIL import Image

from tests.sandbox.wavespeed_bench import KEY, Bench, encoded, picture, standin


async def ticket(bench: Bench, data: bytes, **body: Any) -> Any:
    wanted = {"filename": "cat.png", "size": len(data), "content_type": "image/png"}
    return await bench.data("media/uploads", wanted | body)


async def put(told: Any, data: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    async with httpx.AsyncClient(verify=False) as anonymous:
        sent = told["upload"]["headers"] if headers is None else headers
        return await anonymous.put(told["upload"]["url"], content=data, headers=sent)


async def test_ticket_upload_ends_in_a_download_url() -> None:
    """A ticket's PUT needs no key; after it the download URL gives the same bytes, also without one."""
    data = picture()
    async with standin() as bench, httpx.AsyncClient(verify=False) as anonymous:
        told = await ticket(bench, data)
        assert (told["type"], told["filename"], told["size"]) == ("image", "cat.png", len(data))
        assert told["upload"]["method"] == "PUT"
        assert told["upload"]["headers"] == {"Content-Type": "image/png", "If-None-Match": "*"}
        assert (await anonymous.get(told["download_url"])).status_code == 404
        assert (await put(told, data)).is_success
        downloaded = await anonymous.get(told["download_url"])
        assert downloaded.content == data
        assert downloaded.headers["content-type"] == "image/png"


async def test_put_is_taken_only_as_it_was_signed() -> None:
    """Other headers, another size, a key, a wrong signature or a second time are refused."""
    data = picture()
    async with standin() as bench, httpx.AsyncClient(verify=False) as anonymous:
        told = await ticket(bench, data)
        signed = told["upload"]["headers"]
        refusals = [
            await put(told, data, {"Content-Type": "image/png"}),
            await put(told, data, {**signed, "Content-Type": "image/jpeg"}),
            await put(told, data, {**signed, "Authorization": f"Bearer {KEY}"}),
            await put(told, data + b"."),
            await anonymous.put(told["upload"]["url"] + "0", content=data, headers=signed),
        ]
        assert [answer.status_code for answer in refusals] == [403, 403, 400, 400, 403]
        assert (await put(told, data)).status_code == 200
        assert (await put(told, data)).status_code == 412


async def test_ticket_runs_out() -> None:
    """A PUT long after its ticket is refused."""
    data = picture()
    async with standin() as bench:
        told = await ticket(bench, data)
        await bench.set(advance=3600)
        assert (await put(told, data)).status_code == 403


async def test_ticket_for_nonsense_is_refused() -> None:
    """A ticket needs a name and a size of at most 200 MiB."""
    nonsense: list[dict[str, Any]] = [
        {"filename": ""},
        {"size": 0},
        {"size": "12"},
        {"size": 200 * 1024 * 1024 + 1},
    ]
    async with standin() as bench:
        for body in nonsense:
            answer = await bench.post("media/uploads", {"filename": "a.png", "size": 5, **body})
            assert (answer.status_code, answer.json()["code"]) == (400, 400)


async def test_older_server_has_no_tickets() -> None:
    """With ticket_uploads off, a ticket is answered 404, and the one-step upload works."""
    async with standin(ticket_uploads=False) as bench:
        answer = await bench.post("media/uploads", {"filename": "a.png", "size": 5})
        assert (answer.status_code, answer.json()["code"]) == (404, 404)
        assert (await bench.upload(picture())).startswith(f"{bench.url}/media/images/")


async def test_one_step_upload_says_what_came() -> None:
    """The older upload takes the multipart field "file" and answers without an upload instruction."""
    data = picture()
    async with standin() as bench:
        files = {"file": ("cat.png", data, "image/png")}
        answer = await bench.http.post("/api/v3/media/upload/binary", files=files)
        told = answer.json()["data"]
        url = told.pop("download_url")
        assert told == {"type": "image", "filename": "cat.png", "size": len(data)}
        assert (await bench.http.get(url)).content == data
        wrong = await bench.http.post("/api/v3/media/upload/binary", files={"picture": ("cat.png", data)})
        assert (wrong.status_code, wrong.json()["code"]) == (400, 400)


async def test_uploads_need_the_key() -> None:
    """Without the account's key nothing can be uploaded."""
    async with standin() as bench:
        for path in ("media/uploads", "media/upload/binary"):
            answer = await bench.http.post(f"/api/v3/{path}", headers={"Authorization": "Bearer other"})
            assert answer.json() == {"code": 401, "message": "invalid authentication"}
            assert answer.status_code == 401


async def test_control_side_tells_what_is_in_an_upload() -> None:
    """Tests can see a picture's size and whether anything besides pixels was uploaded."""
    exif = Image.Exif()
    exif[0x0112] = 6
    tattling = encoded(Image.new("RGB", (30, 20)), "JPEG", exif=exif, comment=b"at home")
    async with standin() as bench:
        await bench.upload(tattling, "tattling.jpg")
        await bench.upload(picture(40, 25, "JPEG"), "clean.jpg")
        await bench.upload(b"no picture", "note.txt")
        first, second, third = (await bench.http.get("/sandbox/uploads")).json()["uploads"]
        assert (first["name"], first["width"], first["height"]) == ("tattling.jpg", 30, 20)
        assert (first["exif"], first["metadata"]) == (True, ["comment", "exif"])
        assert (second["exif"], second["metadata"], second["format"]) == (False, [], "JPEG")
        assert (second["width"], second["height"]) == (40, 25)
        assert (third["format"], third["received"]) == (None, True)


async def test_uploads_are_gone_after_seven_days() -> None:
    """What was uploaded a week ago can neither be downloaded nor used."""
    async with standin() as bench:
        url = await bench.upload(picture())
        await bench.set(advance=7 * 24 * 3600 + 1)
        assert (await bench.http.get(url)).status_code == 404
        prediction = await bench.run("openai/gpt-image-2/edit", "comic", images=[url])
        assert (prediction["status"], prediction["code"]) == ("failed", 1402)
