"""The same bot on Postgres."""

from __future__ import annotations

import psycopg

from tests.e2e.world import World
from tests.storage.conftest import fresh_postgres, postgres

__all__ = ["postgres"]  # the fixture


async def test_an_edit_over_a_crash_on_postgres(own: World, postgres: str) -> None:
    """One database for the bot and its engine; killed in the middle, it delivers after the restart."""
    url = fresh_postgres(postgres, template="template0")
    await own.wavespeed_settings(hold=True)
    bot = await own.start(DATABASE_URL=url)
    ada = await own.person("Ada")
    await ada.starts()
    await ada.sends("cat.jpg", caption="anime on postgres")

    async def named() -> bool:
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT 1 FROM attempts WHERE prediction_id IS NOT NULL").fetchall()
        return bool(found)

    await own.until(named)
    await bot.kill()
    await own.wavespeed_settings(hold=False)
    await own.start(DATABASE_URL=url)
    await ada.sees_picture()
    assert len(await own.predictions()) == 1
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT kind, micros FROM ledger ORDER BY id").fetchall()
    assert rows[0] == ("hold", 60_000)
