"""``python -m bot check``: whether everything is in order, in plain lines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from telegram import Bot
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from bot import own_models, reports
from bot.clock import SystemClock
from bot.domain.access import Policy
from bot.domain.live import checked
from bot.domain.money import dollars
from bot.errors import KeyRejected, ProviderError, StartRefused, StorageBusy
from bot.jobs.providers import Providers
from bot.process import check_sqlite
from bot.providers.wavespeed import WaveSpeed
from bot.settings import Settings
from bot.storage.migrations import pending
from bot.wiring import outgoing, results
from bot.wiring.money import WAVESPEED


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    fine: bool
    text: str

    def __str__(self) -> str:
        return f"{'✓' if self.fine else '✗'} {self.text}"


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything the bot needs; leaves nothing behind, costs nothing."""
    checks: list[Callable[[Settings], Awaitable[list[Finding]]]] = [
        _telegram,
        _provider,
        _database,
        _directories,
        _results,
        _people,
    ]
    return [finding for check in checks for finding in await check(settings)]


async def _telegram(settings: Settings) -> list[Finding]:
    request = HTTPXRequest(connect_timeout=10, read_timeout=10, httpx_kwargs={"trust_env": False})
    token = settings.telegram_bot_token.get_secret_value()
    try:
        async with Bot(token, base_url=f"{settings.telegram_api_url}/bot", request=request) as bot:
            me = await bot.get_me()
    except InvalidToken:
        return [Finding(False, "TELEGRAM_BOT_TOKEN is refused: copy it again from @BotFather (/mybots)")]
    except TelegramError as error:
        where = f"Telegram can't be reached at {settings.telegram_api_url} ({error.message})"
        return [Finding(False, f"{where}: look at this machine's network, and at TELEGRAM_API_URL")]
    privacy = (
        "off: in groups it sees every message"
        if me.can_read_all_group_messages
        else "on: in groups it sees commands and replies to it (@BotFather, /setprivacy)"
    )
    return [
        Finding(True, f"Telegram: the bot is @{me.username}"),
        Finding(True, f"Group privacy mode is {privacy}"),
    ]


async def _provider(settings: Settings) -> list[Finding]:
    async with AsyncExitStack() as stack:
        first = outgoing.wavespeed(settings, stack)
        providers = outgoing.providers(settings, stack, first, results.blobs(settings))
        return await _models(settings, first, providers)


async def _models(settings: Settings, provider: WaveSpeed, providers: Providers) -> list[Finding]:
    try:
        balance = await provider.balance()
        # What the others have is not asked here: their rows count as offered.
        lists = {**dict.fromkeys(providers), WAVESPEED: await provider.live_models()}
        found = checked(own_models.rows(settings.data_dir), lists)
    except KeyRejected:
        return [Finding(False, "WAVESPEED_API_KEY is refused: make one at https://wavespeed.ai/accesskey")]
    except StartRefused as error:
        return [Finding(False, str(error))]
    except ProviderError as error:
        where = f"WaveSpeed does not answer at {settings.wavespeed_api_url} ({type(error).__name__})"
        return [Finding(False, f"{where}: look at this machine's network, and at WAVESPEED_API_URL")]
    known = found.catalogue
    gone = {name: why for name, why in found.withdrawn.items() if known.models[name].provider in lists}
    names = ", ".join(model.name for model in known.usable) or "—"  # those without a table: the bot asks
    return [
        Finding(True, f"WaveSpeed: reached, the key is good, {dollars(balance)} left"),
        Finding(bool(known.usable), f"Models offered: {names}"),
        *(Finding(True, f"Withdrawn: {known.models[name].endpoint}: {why}") for name, why in gone.items()),
        *(
            Finding(True, f"Narrowed: {known.models[name].endpoint}: {why}")
            for name, why in found.narrowed.items()
        ),
    ]


async def _database(settings: Settings) -> list[Finding]:
    url = settings.app_database_url
    try:
        check_sqlite(url)
        if await asyncio.to_thread(reports.missing, url):
            return [Finding(True, "Database: none yet; the start (or make migrate) makes it")]
        waiting = await asyncio.to_thread(pending, url)
    except StartRefused as error:
        return [Finding(False, f"Database: {error}")]
    except StorageBusy as error:
        reason = " ".join(str(error).split())
        return [Finding(False, f"Database: {reason}: look at DATABASE_URL, and at the server it names")]
    if waiting:
        return [Finding(True, f"Database: {waiting} migration(s) to apply; the start (or make migrate) does")]
    return [Finding(True, "Database: reached, its tables are up to date")]


async def _directories(settings: Settings) -> list[Finding]:
    directory = settings.data_dir
    existing = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    probe = existing / ".wavebrush-check"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        return [Finding(False, f"DATA_DIR ({directory}) can't be written: {error.strerror}")]
    return [Finding(True, f"DATA_DIR ({directory}) can be written")]


async def _results(settings: Settings) -> list[Finding]:
    if settings.results_url is None:  # they are in DATA_DIR
        return []
    try:
        await results.attempt(results.blobs(settings))
    except StorageBusy as error:
        reason = f"Results: {settings.results_url} can't be used ({str(error).partition(':')[0]})"
        return [Finding(False, f"{reason}: look at RESULTS_URL, the AWS_ settings, and the server they name")]
    return [Finding(True, f"Results: {settings.results_url} can be written and read")]


async def _people(settings: Settings) -> list[Finding]:
    others = {
        Policy.APPROVE: "others ask, and an admin decides",
        Policy.OPEN: "everybody may use the bot",
        Policy.CLOSED: "nobody else may use the bot",
    }
    claimed = await _claimed(settings)
    if claimed:
        admins = f"Admins: {len(settings.admins)} of ADMINS, {claimed} by the claim code"
    elif settings.admins:
        admins = f"ADMINS: {len(settings.admins)}"
    else:
        admins = "ADMINS is empty: the start prints what makes the bot's first admin, if it has none yet"
    return [Finding(True, f"{admins}; ACCESS={settings.access}: {others[settings.access]}")]


async def _claimed(settings: Settings) -> int:
    """How many admins by the claim code there are, as far as the database can tell (see `_database`)."""
    try:
        async with reports.opened(settings, SystemClock()) as opened:
            return await reports.claimed(opened)
    except (StartRefused, StorageBusy):
        return 0
