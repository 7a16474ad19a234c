"""A bot whose results are in a bucket: any process finds them there, and none on its own disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.world import KEY, TOKEN, World
from tests.object_store import KEY_ID, SECRET, object_store
from tests.test_command_line import Shell


@pytest.mark.long  # two starts of the bot; that the settings choose the bucket is tested without one
async def test_results_are_in_the_bucket(own: World, tmp_path: Path) -> None:
    """Another process sends an older one as a file; a backup says that they are not in it.

    While the store is away, a button says so, and all else goes on.
    """
    ada = await own.person("Ada")
    with object_store() as store:
        bucket = store.make_bucket()
        there = store.settings(bucket)
        first = await own.start(**there)
        await ada.starts()
        await ada.sends("cat.jpg", caption=f"anime {ada.tag}")
        result = await ada.sees_picture()
        [edit] = own.rows("SELECT id FROM edits")
        assert [key for key in store.keys(bucket) if edit["id"] in key] != []
        await own.quiet()
        assert await first.stop() == 0

        shell = Shell(tmp_path, {"TELEGRAM_BOT_TOKEN": TOKEN, "WAVESPEED_API_KEY": KEY, **there})
        made = await shell.bot("backup", str(tmp_path / "backup.tar"), DATA_DIR=str(own.data))
        assert (made.code, made.err) == (0, "")
        assert f"s3://{bucket}/results" in made.out

        second = await own.start(**there)
        original = await ada.original(result)
        assert len(original) > 10_000
        assert not (own.data / "results").exists()

    assert "can't get that picture from my store right now" in await ada.hears(result, "Original file")
    ada.messages.clear()
    await ada.says("/help")
    await ada.sees_text("/model")
    for run in (first, second):
        assert KEY_ID not in run.log
        assert SECRET not in run.log
