"""Wires everything; the only module that knows every layer. Starts in order, stops in order."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import structlog

from bot import own_models
from bot.chat import application, entrance, styles
from bot.chat.dispatch import Dispatch
from bot.chat.entrance import Entrance
from bot.chat.files import Pictures
from bot.chat.flood import SharedCalls
from bot.chat.messenger import Messages
from bot.chat.notices import Notices
from bot.chat.progress import Progress
from bot.chat.questions import Asking
from bot.chat.receiving import Receiving
from bot.chat.relay import SharedProgress
from bot.clock import SystemClock
from bot.domain.access import Rules
from bot.domain.pictures import Limits
from bot.errors import StartRefused, StorageBusy
from bot.imaging.service import Imaging
from bot.jobs import ending, preparing, steps, workflow
from bot.jobs.admitting import Admitting
from bot.jobs.catalogue import LiveCatalogue
from bot.jobs.choosing import Choosing
from bot.jobs.deciding import Deciding
from bot.jobs.engine import Engine
from bot.jobs.housekeeping import Housekeeping
from bot.jobs.keyring import Keyring
from bot.jobs.leases import Freed, OnlyOne, Presence
from bot.jobs.patience import PatientPictures
from bot.jobs.posting import Posting
from bot.jobs.restored import AfterRestore
from bot.jobs.telling import Telling
from bot.jobs.watch import Watch
from bot.jobs.webhooks import Webhooks
from bot.process import Loop, Role, check_sqlite, locked, running, until_told
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.migrations import upgrade
from bot.web import metrics
from bot.web.metrics import Metrics
from bot.web.server import Check
from bot.wiring import incoming, outgoing, rooms
from bot.wiring.money import WAVESPEED, Money
from bot.wiring.world import Parts, Storage, World

log = structlog.get_logger(__name__)

# Pending workflows belong to the process that works on them. On SQLite there is one at a time, whose fixed
# name lets a restart take its own up; on Postgres each has a name of its own.
_LONE = "wavebrush"


async def run(
    settings: Settings,
    role: Role = Role.ALL,
    *,
    claim: Callable[[str], None] | None = None,
    ready: Callable[[str], None] | None = None,
    host: str = "0.0.0.0",  # noqa: S104 - a container's health check and webhooks come from outside it
) -> None:
    """Run the bot until it is told to stop.

    Args:
        settings: all of them.
        role: what this process does.
        claim: called with the code that makes who sends it the admin, if there is none.
        ready: called with the bot's username once everything works.
        host: the address to listen on.

    Raises:
        StartRefused: it can't start as it is set up. PollingStopped: it hangs and must be restarted.
    """
    async with AsyncExitStack() as stack:
        world = await _open(settings, role, stack, host)
        await _work(world, claim or (lambda _: None), _announced(ready))


def _announced(ready: Callable[[str], None] | None) -> Callable[[str], None]:
    def announce(username: str) -> None:
        log.info("ready", bot=username)
        if ready:
            ready(username)

    return announce


async def _open(settings: Settings, role: Role, stack: AsyncExitStack, host: str) -> World:
    """Open everything in order; the stack closes it in the opposite one."""
    check_sqlite(settings.app_database_url)
    if role is not Role.ALL and not settings.on_postgres:
        raise StartRefused(
            "front and worker share a Postgres database: set DATABASE_URL to postgresql://…, "
            "or start all in one process with: python -m bot run"
        )
    stack.enter_context(locked(settings.data_dir, shared=settings.on_postgres))
    await asyncio.to_thread(upgrade, settings.app_database_url)
    offered_styles = styles.load(settings.data_dir / "styles.toml")
    rows = own_models.rows(settings.data_dir)
    clock, timing = SystemClock(), settings.timing
    site, _ = await stack.enter_async_context(incoming.page(settings, clock, host))
    database = Database.open(settings.app_database_url)
    stack.push_async_callback(database.close)
    await stack.enter_async_context(database.held())
    owner = uuid.uuid4().hex if settings.on_postgres else _LONE
    storage = Storage.over(settings, database, clock, owner)
    presence = Presence(storage.leases, owner, timing, clock)
    stack.push_async_callback(presence.leave)
    imaging = Imaging(Limits(), deadline=timing.imaging)
    await imaging.start()
    stack.push_async_callback(imaging.stop)
    provider = outgoing.wavespeed(settings, stack)
    ways = incoming.Ways(settings, await Keyring.open(storage.notes, clock.now()), clock)
    providers = outgoing.providers(settings, stack, provider, storage.blobs)
    money = Money(settings, database, providers, clock)
    live = LiveCatalogue(rows, providers, storage.notes, timing, clock, money.quotes.over)
    await live.load()
    await live.refresh()
    telegram = application.build(
        settings.telegram_bot_token.get_secret_value(),
        settings.telegram_api_url,
        timing,
        clock,
        moved=storage.chats.move,
        calls=SharedCalls(storage.shared.calls, timing, clock) if storage.shared else None,
    )
    await application.connect(telegram, timing)
    stack.push_async_callback(telegram.shutdown)
    return World(
        settings,
        role,
        clock,
        storage,
        presence,
        OnlyOne(storage.leases, timing, clock),
        provider,
        providers,
        imaging,
        telegram,
        live,
        money,
        offered_styles,
        site,
        ways,
    )


def _jobs(world: World) -> Parts:
    """Plug the jobs into the world."""
    storage, timing, clock = world.storage, world.settings.timing, world.clock
    bot = world.telegram.bot
    progress = _progress(world)
    asking = Asking(bot, storage.buttons, storage.edits, storage.people, world.live.now, world.styles, clock)
    notices = Notices(bot, storage.access, world.settings.admins)
    buttons, untold = storage.buttons, storage.untold
    messages = Messages(
        bot, progress, asking, notices, buttons, untold, world.imaging, world.live.now, timing, clock
    )
    pictures = Pictures(bot, storage.edits, storage.blobs, Limits(), timing)
    patient = PatientPictures(pictures, timing, clock)
    hints = storage.shared.hints if storage.shared else None
    watch = Watch(world.providers[WAVESPEED], timing, clock, hooked=world.ways.told, hints=hints)
    posting = Posting()
    webhooks = world.ways.predictions(world.provider, storage.edits, watch)
    work = _steps(world, pictures, messages, watch, webhooks, posting)
    url = world.settings.engine_database_url
    running_edits: workflow.Running = {}
    edit = workflow.build(work, timing, running_edits)
    engine = Engine(
        url,
        world.presence.owner,
        edit,
        running_edits,
        timing,
        clock,
        at_once_per_person=world.settings.max_edits_per_user,
        works=world.role.works,
    )
    ports = preparing.Ports(
        requests=storage.requests,
        edits=storage.edits,
        imaging=world.imaging,
        pictures=patient,
        messenger=messages,
        choose=Choosing(storage.people, storage.accounts, world.live.now, world.money.doors, messages, clock),
        decide=Deciding(
            storage.people, world.imaging, patient, storage.blobs, world.live.now, world.money.quotes
        ),
        doors=world.money.doors,
        admit=Admitting(Rules(world.settings.access, world.settings.admins), storage.access),
        enqueue=engine.enqueue,
        timing=timing,
        clock=clock,
    )
    return Parts(
        watch,
        webhooks,
        posting,
        engine,
        preparing.Preparing(ports),
        progress,
        messages,
        pictures,
        world.money.balance(messages),
        world.money.bills(storage.edits, world.live, messages),
    )


def _progress(world: World) -> Progress | SharedProgress:
    """What shows where edits are: by itself, or one process for all."""
    storage, timing, clock = world.storage, world.settings.timing, world.clock
    bot, edits, chats, people = world.telegram.bot, storage.edits, storage.chats, storage.people
    if storage.shared is None:
        return Progress(bot, edits, chats, people, timing, clock)
    return SharedProgress(bot, edits, chats, people, storage.shared.stages, timing, clock)


def _steps(
    world: World,
    pictures: Pictures,
    messages: Messages,
    watch: Watch,
    webhooks: Webhooks | None,
    posting: Posting,
) -> steps.Steps:
    storage, timing, clock = world.storage, world.settings.timing, world.clock
    return steps.Steps(
        ending.Ports(
            edits=storage.edits,
            providers=world.providers,
            imaging=world.imaging,
            pictures=pictures,
            blobs=storage.blobs,
            messenger=messages,
            catalogue=world.live.now,
            still_live=world.live.verify,
            watch=watch,
            webhook=webhooks.url if webhooks else lambda _: None,
            posting=posting,
            quotes=world.money.quotes,
            untold=storage.untold,
            line=world.money.line,
            doors=world.money.doors,
            timing=timing,
            clock=clock,
        )
    )


def _metrics(world: World, parts: Parts) -> Metrics:
    """What Prometheus is told."""
    ports = metrics.Ports(
        figures=world.storage.figures.read,
        report=parts.bills.last,
        balance=lambda: parts.balance.last,
        timing=world.settings.timing,
        clock=world.clock,
    )
    return Metrics(ports)


async def _entrance(world: World, parts: Parts) -> Entrance:
    """Open the door for those who may use the bot."""
    storage, settings = world.storage, world.settings
    return await entrance.build(
        entrance.Ports(
            bot=world.telegram.bot,
            rules=Rules(settings.access, settings.admins),
            access=storage.access,
            set_limit=storage.accounts.set_limit,
            people=storage.people,
            buttons=storage.buttons,
            notes=storage.notes,
            chats=storage.chats,
            edits=storage.edits,
            progress=parts.progress,
            clock=world.clock,
        )
    )


def _chores(world: World, parts: Parts) -> Loop:
    """What one process at a time does for all."""
    storage, settings, timing, clock = world.storage, world.settings, world.settings.timing, world.clock
    house = Housekeeping(
        edits=storage.edits,
        requests=storage.requests,
        inbox=storage.inbox,
        buttons=storage.buttons,
        blobs=storage.blobs,
        result_days=settings.result_days,
        turns=storage.turns,
        preparing=parts.preparing,
        engine=parts.engine,
        timing=timing,
        clock=clock,
    )
    restored = AfterRestore(storage.notes, storage.edits, storage.requests, parts.messages, timing, clock)
    telling = Telling(storage.untold, parts.messages, timing, clock)
    return world.only.loop("chores", house.run, telling.run, parts.balance.run, parts.bills.run, restored.run)


def _dispatch(world: World) -> Dispatch:
    """What has updates handled that were taken in."""
    telegram, timing = world.telegram, world.settings.timing
    inbox, owner = world.storage.inbox, world.presence.owner
    return Dispatch(telegram.bot, inbox, telegram.process_update, timing, world.clock, owner)


def _intake(world: World, parts: Parts, door: Entrance, dispatch: Dispatch) -> tuple[Check, list[Loop]]:
    """How updates come in, and whether they do."""
    application.route(
        world.telegram, door.gate, rooms.build(world, parts, door), before=door.groups.handlers()
    )
    bot, storage, settings = world.telegram.bot, world.storage, world.settings
    inbox = Receiving(storage.inbox, bot, storage.access, Rules(settings.access, settings.admins))
    receives, receiving = world.ways.updates(bot, inbox, dispatch.arrived)

    async def prepare() -> None:
        await _wait_for_parts(world)
        await parts.preparing.run()

    loops = [*receiving, dispatch.run, prepare]
    # Who prepares an album has to see its parts come.
    return receives, [world.only.loop("polling", *loops)] if world.ways.polls else loops


async def _wait_for_parts(world: World) -> None:
    quiet = timedelta(seconds=world.settings.timing.album_quiet)
    try:
        await world.storage.requests.wait_for_parts(world.clock.now() + quiet)
    except StorageBusy as error:
        log.warning("albums_not_kept_waiting", detail=str(error))


async def _join(world: World, parts: Parts, dispatch: Dispatch) -> list[Loop]:
    """Be one of those that work on these data; what goes on being one of them.

    On SQLite, what the last process held is taken up here, and by the engine's own start.
    """
    storage, presence = world.storage, world.presence
    intake = [Freed(storage.inbox, dispatch.arrived), Freed(storage.requests, parts.preparing.nudge)]
    await presence.enter()
    for one in intake if world.role.takes_in else ():
        await presence.free(one, own=True)
    if not world.settings.on_postgres:
        return [parts.engine.run]
    freed = [*(intake if world.role.takes_in else ()), Freed(parts.engine)]
    return [*presence.loops(*freed), parts.engine.run]


async def _work(world: World, claim: Callable[[str], None], ready: Callable[[str], None]) -> None:
    """Start all loops, wait for the signal, stop them: intake first, paid work with patience."""
    timing, bot = world.settings.timing, world.telegram.bot
    parts, dispatch = _jobs(world), _dispatch(world)
    door = await _entrance(world, parts)
    checks: dict[str, Check] = {"database": world.storage.figures.problem, "engine": parts.engine.problem}
    intake: list[Loop] = [_chores(world, parts)]
    once: list[Loop] = []
    if world.role.takes_in:
        checks["telegram"], loops = _intake(world, parts, door, dispatch)
        intake += loops
        once.append(door.profile.register)
    measured = _metrics(world, parts)
    present = await _join(world, parts, dispatch)
    await parts.engine.launch()
    hooked = [parts.webhooks.run] if parts.webhooks else []
    always = [*present, parts.watch.run, parts.progress.run, measured.lateness]
    if isinstance(parts.progress, SharedProgress):
        always.append(world.only.loop("progress", parts.progress.keep))
    async with running(*always, *hooked, *world.money.loops(world.live, world.only)) as working:
        try:
            async with (
                running(*intake) as taking_in,
                running(*once),
                world.ways.open(world.site, checks, measured),
            ):
                if world.role.takes_in and (code := await door.claims.offer()):
                    claim(code)
                await until_told([*working, *taking_in], lambda: ready(bot.username))
        finally:  # also when a loop broke: no step may meet what is closed after this
            log.info("stopping")
            if not await parts.posting.close(timing.submit_whole):
                log.error("stopped_while_posting")
            await parts.engine.stop(timing.shutdown)
