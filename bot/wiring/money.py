"""Wires what watches money while the bot runs: prices, turns, the balance and the bills."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.ports import Messenger
from bot.domain.turns import Capacity
from bot.jobs import reconcile
from bot.jobs.balance import Balance
from bot.jobs.catalogue import LiveCatalogue
from bot.jobs.doors import Doors
from bot.jobs.leases import OnlyOne
from bot.jobs.providers import Providers
from bot.jobs.quoting import Quotes
from bot.jobs.turns import Line
from bot.process import Loop
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.lists import SqlEditLists
from bot.storage.notes import SqlNotes
from bot.storage.purchases import SqlPurchases
from bot.storage.turns import SqlTurns

WAVESPEED = "wavespeed"  # as the catalogue's rows name it


class Money:
    """Prices, doors and the line for everybody; the balance and the bills once there is a messenger."""

    def __init__(self, settings: Settings, database: Database, providers: Providers, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._database = database
        self._notes = SqlNotes(database)
        self._wavespeed = providers[WAVESPEED]
        timing = settings.timing
        capacity = Capacity(settings.wavespeed_images_per_minute, settings.wavespeed_concurrency)
        self.turns = SqlTurns(database)
        self.quotes = Quotes(providers.of, self._notes, timing, clock)
        self.line = Line(self.turns, {WAVESPEED: capacity}, timing, clock)
        self.doors = Doors(self._notes, clock, WAVESPEED)

    def balance(self, messenger: Messenger) -> Balance:
        """The watch over WaveSpeed's balance."""
        low, timing = self._settings.low_balance, self._settings.timing
        return Balance(self._wavespeed, self.doors, self._notes, messenger, low, timing, self._clock)

    def bills(self, edits: SqlEdits, live: LiveCatalogue, messenger: Messenger) -> reconcile.Reconcile:
        """The comparison with WaveSpeed's own account."""
        return reconcile.Reconcile(
            reconcile.Ports(
                provider=self._wavespeed,
                name=WAVESPEED,
                purchases=SqlPurchases(self._database),
                edits=edits,
                lists=SqlEditLists(self._database),
                notes=self._notes,
                messenger=messenger,
                catalogue=live.now,
                timing=self._settings.timing,
                clock=self._clock,
            )
        )

    def loops(self, live: LiveCatalogue, only: OnlyOne) -> tuple[Loop, ...]:
        """What runs until the end. One process asks for models and prices, and the others follow it."""

        async def quoting() -> None:
            await self.quotes.run(live.unpriced)

        asking = only.loop("prices", live.run, quoting)
        following = (live.follow, self.quotes.follow) if self._database.on_postgres else ()
        return asking, *following, self.line.run
