"""Wires everything; the only module that knows every layer. Starts in order, stops in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.chat import application, results, styles
from bot.chat.cancels import Cancels
from bot.chat.commands import Commands
from bot.chat.dispatch import Dispatch
from bot.chat.files import Pictures
from bot.chat.groups import Groups
from bot.chat.history import History
from bot.chat.intake import Intake
from bot.chat.messenger import Messages
from bot.chat.polling import Polling
from bot.chat.presses import Presses
from bot.chat.profile import Profile
from bot.chat.progress import Progress
from bot.chat.questions import REQUEST, Answers, Asking
from bot.chat.result_buttons import ResultButtons
from bot.chat.setting_commands import SettingCommands
from bot.chat.setting_menus import ALONE, NESTED, SettingMenus
from bot.clock import Clock, SystemClock
from bot.domain import catalogue
from bot.domain.pictures import Limits
from bot.imaging.service import Imaging
from bot.jobs import ending, preparing, steps, workflow
from bot.jobs.again import Again
from bot.jobs.cancelling import Cancelling
from bot.jobs.catalogue import LiveCatalogue
from bot.jobs.deciding import Deciding
from bot.jobs.engine import Engine
from bot.jobs.housekeeping import Housekeeping
from bot.jobs.posting import Posting
from bot.jobs.watch import Watch
from bot.process import check_sqlite, locked, running, until_told
from bot.providers.wavespeed import WaveSpeed
from bot.settings import Settings
from bot.storage.blobs import FileBlobs
from bot.storage.buttons import SqlButtons
from bot.storage.chats import SqlChats
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.inbox import SqlInbox
from bot.storage.ledger import SqlLedger
from bot.storage.migrations import upgrade
from bot.storage.people import SqlPeople
from bot.storage.requests import SqlRequests
from bot.web import server

log = structlog.get_logger(__name__)

# Pending workflows belong to the executor that started them: a fixed name lets a restart take its own up.
_EXECUTOR = "wavebrush"


@dataclass(frozen=True, slots=True)
class _Storage:
    chats: SqlChats
    edits: SqlEdits
    requests: SqlRequests
    people: SqlPeople
    ledger: SqlLedger
    inbox: SqlInbox
    buttons: SqlButtons
    blobs: FileBlobs


@dataclass(frozen=True, slots=True)
class _World:
    """What is open while the bot runs."""

    settings: Settings
    clock: Clock
    storage: _Storage
    provider: WaveSpeed
    imaging: Imaging
    telegram: application.App
    live: LiveCatalogue
    styles: tuple[styles.Style, ...]


async def run(
    settings: Settings, *, everybody: bool = False, ready: Callable[[str], None] | None = None
) -> None:
    """Run the bot until it is told to stop.

    Args:
        settings: all of them.
        everybody: serve all people and not only ``ADMINS`` (the demo).
        ready: called with the bot's username once everything works.

    Raises:
        StartRefused: it can't start as it is set up. PollingStopped: it hangs and must be restarted.
    """
    async with AsyncExitStack() as stack:
        world = await _open(settings, stack)
        await _work(world, (lambda _: True) if everybody else settings.admins.__contains__, ready)


async def _open(settings: Settings, stack: AsyncExitStack) -> _World:
    """Open everything in order; the stack closes it in the opposite one."""
    check_sqlite(settings.app_database_url)
    stack.enter_context(locked(settings.data_dir))
    await asyncio.to_thread(upgrade, settings.app_database_url)
    offered_styles = styles.load(settings.data_dir / "styles.toml")
    clock, timing = SystemClock(), settings.timing
    database = Database.open(settings.app_database_url)
    stack.push_async_callback(database.close)
    await stack.enter_async_context(database.alone())
    storage = _Storage(
        SqlChats(database),
        SqlEdits(database),
        SqlRequests(database),
        SqlPeople(database),
        SqlLedger(database),
        SqlInbox(database),
        SqlButtons(database),
        FileBlobs(settings.data_dir / "results"),
    )
    imaging = Imaging(Limits(), deadline=timing.imaging)
    await imaging.start()
    stack.push_async_callback(imaging.stop)
    provider = WaveSpeed(
        settings.wavespeed_api_key.get_secret_value(), base_url=settings.wavespeed_api_url, timing=timing
    )
    stack.push_async_callback(provider.aclose)
    live = LiveCatalogue(catalogue.load(), provider, timing)
    await live.refresh()
    telegram = application.build(
        settings.telegram_bot_token.get_secret_value(),
        settings.telegram_api_url,
        timing,
        clock,
        moved=storage.chats.move,
    )
    await application.connect(telegram, timing)
    stack.push_async_callback(telegram.shutdown)
    return _World(settings, clock, storage, provider, imaging, telegram, live, offered_styles)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What runs."""

    watch: Watch
    posting: Posting
    engine: Engine
    preparing: preparing.Preparing
    progress: Progress
    messages: Messages
    pictures: Pictures


def _jobs(world: _World) -> _Parts:
    """Plug the jobs into the world."""
    storage, timing, clock = world.storage, world.settings.timing, world.clock
    bot = world.telegram.bot
    progress = Progress(bot, storage.edits, storage.chats, storage.people, timing, clock)
    asking = Asking(bot, storage.buttons, storage.edits, world.styles, clock)
    messages = Messages(bot, progress, asking, storage.buttons, world.imaging, world.live.now, timing, clock)
    pictures = Pictures(bot, storage.edits, storage.blobs, Limits(), timing)
    watch, posting = Watch(world.provider, timing, clock), Posting()
    work = steps.Steps(
        ending.Ports(
            edits=storage.edits,
            provider=world.provider,
            imaging=world.imaging,
            pictures=pictures,
            blobs=storage.blobs,
            messenger=messages,
            catalogue=world.live.now,
            watch=watch,
            posting=posting,
            timing=timing,
            clock=clock,
        )
    )
    url = world.settings.engine_database_url
    running_edits: workflow.Running = {}
    edit = workflow.build(work, timing, running_edits)
    engine = Engine(url, _EXECUTOR, edit, running_edits, timing, clock)
    ports = preparing.Ports(
        requests=storage.requests,
        edits=storage.edits,
        imaging=world.imaging,
        pictures=pictures,
        messenger=messages,
        decide=Deciding(storage.people, world.imaging, pictures, storage.blobs, world.live.now),
        enqueue=engine.enqueue,
        timing=timing,
        clock=clock,
    )
    return _Parts(watch, posting, engine, preparing.Preparing(ports), progress, messages, pictures)


def _history(world: _World) -> History:
    storage, models = world.storage, world.live.now
    buttons = ResultButtons(storage.buttons, models, world.clock)
    return History(world.telegram.bot, storage.edits, storage.blobs, world.imaging, buttons, models)


def _result_ports(world: _World, parts: _Parts) -> results.Ports:
    storage, clock = world.storage, world.clock
    return results.Ports(
        bot=world.telegram.bot,
        edits=storage.edits,
        blobs=storage.blobs,
        imaging=world.imaging,
        pictures=parts.pictures,
        buttons=ResultButtons(storage.buttons, world.live.now, clock),
        again=Again(
            storage.people,
            storage.edits,
            storage.blobs,
            world.live.now,
            parts.messages,
            parts.engine.enqueue,
            clock,
        ),
        timing=world.settings.timing,
        result_days=world.settings.result_days,
    )


def _rooms(world: _World, parts: _Parts) -> list[application.Room]:
    """What people say and press, by who answers it: the first that listens takes it."""
    clock, storage, timing = world.clock, world.storage, world.settings.timing
    bot = world.telegram.bot
    answers = Answers(storage.requests, parts.preparing.nudge, clock)
    shown = results.Results(_result_ports(world, parts))
    cancelling = Cancelling(storage.edits, parts.messages, clock)
    menus = SettingMenus(bot, storage.people, storage.buttons, world.live.now, clock)
    return [
        Cancels(bot, storage.edits, storage.requests, cancelling).handlers(),
        _history(world).handlers(),
        Commands(bot, storage.people, storage.ledger, world.live.now, clock).handlers(),
        SettingCommands(bot, storage.people, menus, world.live.now).handlers(),
        Intake(
            bot,
            storage.requests,
            storage.edits,
            parts.preparing.nudge,
            parts.progress.signs.seen,
            timing,
            clock,
        ).handlers(),
        Presses(
            storage.buttons,
            {ALONE: menus.take, NESTED: menus.take, REQUEST: answers.take, results.EDIT: shown.take},
        ).handlers(),
    ]


async def _work(world: _World, served: Callable[[int], bool], ready: Callable[[str], None] | None) -> None:
    """Start all loops, wait for the signal, stop them: intake first, paid work with patience."""
    clock, storage, timing = world.clock, world.storage, world.settings.timing
    bot = world.telegram.bot
    parts = _jobs(world)
    groups = Groups(bot, storage.chats, storage.edits, parts.progress, clock)
    gate = application.Gate(bot, storage.people, served)
    application.route(world.telegram, gate, _rooms(world, parts), before=groups.handlers())
    dispatch = Dispatch(bot, storage.inbox, world.telegram.process_update, timing, clock)
    polling = Polling(bot, storage.inbox, timing, clock, dispatch.arrived)
    house = Housekeeping(
        edits=storage.edits,
        requests=storage.requests,
        inbox=storage.inbox,
        blobs=storage.blobs,
        result_days=world.settings.result_days,
        preparing=parts.preparing,
        engine=parts.engine,
        timing=timing,
        clock=clock,
    )
    async with server.serving(server.build({"telegram": polling.problem}), world.settings.port):
        await parts.engine.launch()
        # No other process works on these data, so what the last one held is free again.
        await storage.inbox.release()
        now = clock.now()
        await storage.requests.release(now, now + timedelta(seconds=timing.album_quiet))
        async with running(parts.watch.run, parts.progress.run, world.live.run) as working:
            intake = (polling.run, polling.watchdog, dispatch.run, parts.preparing.run, house.run)
            profile = Profile(bot, world.settings.admins)
            try:
                async with running(*intake) as taking_in, running(profile.register):
                    log.info("ready", bot=bot.username)
                    if ready:
                        ready(bot.username)
                    await until_told([*working, *taking_in])
            finally:  # also when a loop broke: no step may meet what is closed after this
                log.info("stopping")
                if not await parts.posting.close(timing.submit):
                    log.error("stopped_while_posting")
                await parts.engine.stop(timing.shutdown)
