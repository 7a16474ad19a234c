"""What the WaveSpeed stand-in keeps in its directory between starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.wavespeed_bench import IMAGE_2, TEXT, opened, picture, standin


async def test_a_prediction_that_runs_goes_on_after_the_restart(tmp_path: Path) -> None:
    """It has the same id, ends with a picture on the new address, and was paid once."""
    async with standin(directory=tmp_path, seconds=(1000, 1000)) as bench:
        source = await bench.upload(picture())
        prediction_id = await bench.submit(IMAGE_2, "anime", images=[source])
        balance = await bench.data("balance")
    async with standin(directory=tmp_path, seconds=(1000, 1000)) as bench:
        assert (await bench.result(prediction_id))["status"] == "processing"
        assert await bench.data("balance") == balance
        await bench.finish(prediction_id)
        told = await bench.result(prediction_id)
        assert told["status"] == "completed"
        assert told["outputs"][0].startswith(bench.url)
        assert opened((await bench.http.get(told["outputs"][0])).content).size == (1024, 1024)
        listed = (await bench.data("predictions", {"include_inputs": True}))["items"]
        assert [(one["id"], one["inputs"]["images"]) for one in listed] == [(prediction_id, [source])]


async def test_time_goes_on_while_the_server_is_down(tmp_path: Path) -> None:
    """A prediction that would have ended meanwhile has ended."""
    async with standin(directory=tmp_path, seconds=(1000, 1000)) as bench:
        await bench.set(advance=-5000)
        prediction_id = await bench.submit()
        assert (await bench.result(prediction_id))["status"] == "processing"
    async with standin(directory=tmp_path, seconds=(1000, 1000)) as bench:
        await bench.http.get("/sandbox/predictions", params={"status": "completed", "count": 1})
        assert (await bench.result(prediction_id))["status"] == "completed"


async def test_what_ended_stays_as_it_was(tmp_path: Path) -> None:
    """Completed, failed and deleted predictions, their order, the bill and the outputs are the same."""
    async with standin(directory=tmp_path) as bench:
        done = await bench.run(TEXT, "a house")
        await bench.run(TEXT, "[moderated]")
        gone = await bench.run(TEXT, "a secret")
        await bench.data("predictions/delete", {"ids": [gone["id"]]})
        output = (await bench.http.get(done["outputs"][0])).content
        before = [await bench.predictions(), (await bench.data("balance"))]
    async with standin(directory=tmp_path) as bench:
        assert [await bench.predictions(), (await bench.data("balance"))] == before
        again = (await bench.result(done["id"]))["outputs"][0]
        assert (await bench.http.get(again)).content == output
        assert (await bench.http.get(f"/api/v3/predictions/{gone['id']}/result")).status_code == 404


async def test_a_submit_that_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """Nothing has to be stopped properly: what one start answered, another one knows at once."""
    async with standin(directory=tmp_path) as killed:
        prediction_id = await killed.submit()
        async with standin(directory=tmp_path) as bench:
            assert [one["id"] for one in await bench.predictions()] == [prediction_id]


async def test_an_account_that_cannot_be_read_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The account begins anew, and says so; the old file is still there."""
    path = tmp_path / "wavespeed.sqlite"
    damaged = b"this was a database once" * 500
    path.write_bytes(damaged)
    async with standin(directory=tmp_path) as bench:
        assert await bench.predictions() == []
    assert "wavespeed.sqlite can't be read" in caplog.text
    assert path.read_bytes() != damaged
    assert [one.read_bytes() for one in _set_aside(tmp_path)] == [damaged]


def _set_aside(directory: Path) -> list[Path]:
    return list(directory.glob("wavespeed.sqlite.unreadable-*"))
