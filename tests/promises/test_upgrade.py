"""The version changes while edits are being made."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic import command
from bot.storage import migrations
from tests.e2e.world import world
from tests.promises import invariants
from tests.promises.conftest import Record
from tests.storage.conftest import fresh_postgres


@pytest.mark.parametrize("kind", ["SQLite", pytest.param("Postgres", marks=pytest.mark.long)])
async def test_an_edit_of_the_first_version_is_finished_by_this_one(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, promise: Record
) -> None:
    """It was bought over the tables of the first release; the next start changes them and goes on with it."""
    database = None
    if kind == "Postgres":
        database = fresh_postgres(request.getfixturevalue("postgres"), template="template0")
    async with world(tmp_path / "data", database=database) as opened:
        await opened.wavespeed_settings(hold=True)
        bot = await opened.start()
        ada = await opened.person("Ada")
        await ada.starts()
        await ada.sends("cat.jpg", caption="over an upgrade")

        async def bought() -> bool:
            return bool(opened.rows("SELECT 1 FROM attempts WHERE prediction_id IS NOT NULL"))

        await opened.until(bought)
        assert await bot.stop() == 0
        url = database or f"sqlite:///{opened.data / 'wavebrush.sqlite'}"
        with migrations.connect(url) as connection:
            command.downgrade(migrations.config(connection), "0001")
        await opened.wavespeed_settings(hold=False)
        (prediction,) = await opened.predictions()
        await opened.finish(prediction["id"])
        await opened.start()
        await ada.sees_picture()
        checked = await invariants.check(opened)
    assert (checked.edits, checked.submits, checked.charges) == (1, 1, 1)
    promise("the version and its tables change while an edit is made", "the new version finishes it", checked)
