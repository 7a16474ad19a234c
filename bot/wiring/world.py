"""What is open and what runs, for those who wire it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.chat import application, styles
from bot.chat.files import Pictures
from bot.chat.messenger import Messages
from bot.chat.progress import Progress
from bot.chat.relay import SharedProgress
from bot.clock import Clock
from bot.domain.shared import Leases
from bot.domain.stores import Blobs
from bot.imaging.service import Imaging
from bot.jobs import preparing
from bot.jobs.balance import Balance
from bot.jobs.catalogue import LiveCatalogue
from bot.jobs.engine import Engine
from bot.jobs.leases import OnlyOne, Presence
from bot.jobs.posting import Posting
from bot.jobs.providers import Providers
from bot.jobs.reconcile import Reconcile
from bot.jobs.watch import Watch
from bot.jobs.webhooks import Webhooks
from bot.process import Role
from bot.providers.wavespeed import WaveSpeed
from bot.settings import Settings
from bot.storage.access import SqlAccess
from bot.storage.accounts import SqlAccounts
from bot.storage.books import Books
from bot.storage.buttons import SqlButtons
from bot.storage.calls import SqlCalls
from bot.storage.chats import SqlChats
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.figures import SqlFigures
from bot.storage.hints import SqlHints
from bot.storage.inbox import SqlInbox
from bot.storage.leases import AllLeases, SqlLeases
from bot.storage.ledger import SqlLedger
from bot.storage.lists import SqlEditLists
from bot.storage.notes import SqlNotes
from bot.storage.people import SqlPeople
from bot.storage.requests import SqlRequests
from bot.storage.stages import SqlStages
from bot.storage.turns import SqlTurns
from bot.storage.untold import SqlUntold
from bot.web import server
from bot.wiring import incoming, results
from bot.wiring.money import Money


@dataclass(frozen=True, slots=True)
class Shared:
    """What several processes tell each other about chats and predictions."""

    calls: SqlCalls
    stages: SqlStages
    hints: SqlHints

    @classmethod
    def over(cls, database: Database) -> Shared | None:
        """On Postgres; a bot on SQLite is one process."""
        if not database.on_postgres:
            return None
        return cls(SqlCalls(database), SqlStages(database), SqlHints(database))


@dataclass(frozen=True, slots=True)
class Storage:
    """Everything that is kept."""

    chats: SqlChats
    edits: SqlEdits
    requests: SqlRequests
    people: SqlPeople
    ledger: SqlLedger
    inbox: SqlInbox
    buttons: SqlButtons
    blobs: Blobs
    access: SqlAccess
    accounts: SqlAccounts
    notes: SqlNotes
    turns: SqlTurns
    untold: SqlUntold
    lists: SqlEditLists
    figures: SqlFigures
    leases: Leases
    shared: Shared | None

    @classmethod
    def over(cls, settings: Settings, database: Database, clock: Clock, owner: str) -> Storage:
        """All of it over one database; ``owner`` is this process in what it holds there."""
        most_open = settings.max_edits_per_user + settings.max_queued_per_user
        books = Books(settings.timezone, settings.budgets, most_open)
        return cls(
            chats=SqlChats(database),
            edits=SqlEdits(database, books),
            requests=SqlRequests(database, books, owner),
            people=SqlPeople(database, clock),
            ledger=SqlLedger(database, books),
            inbox=SqlInbox(database),
            buttons=SqlButtons(database),
            blobs=results.blobs(settings),
            access=SqlAccess(database, clock),
            accounts=SqlAccounts(database, books),
            notes=SqlNotes(database),
            turns=SqlTurns(database),
            untold=SqlUntold(database),
            lists=SqlEditLists(database),
            figures=SqlFigures(database, books),
            leases=SqlLeases(database, owner) if database.on_postgres else AllLeases(owner),
            shared=Shared.over(database),
        )


@dataclass(frozen=True, slots=True)
class World:
    """What is open while the bot runs."""

    settings: Settings
    role: Role
    clock: Clock
    storage: Storage
    presence: Presence
    only: OnlyOne
    provider: WaveSpeed
    providers: Providers
    imaging: Imaging
    telegram: application.App
    live: LiveCatalogue
    money: Money
    styles: tuple[styles.Style, ...]
    site: server.Site
    ways: incoming.Ways


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs."""

    watch: Watch
    webhooks: Webhooks | None
    posting: Posting
    engine: Engine
    preparing: preparing.Preparing
    progress: Progress | SharedProgress
    messages: Messages
    pictures: Pictures
    balance: Balance
    bills: Reconcile
