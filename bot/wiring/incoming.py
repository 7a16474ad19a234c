"""Opens the ways in: the page, updates by polling or webhook, and the provider's webhooks (see `bot.app`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from bot.chat.polling import Polling
from bot.chat.receiving import Receives
from bot.chat.replies import Bot
from bot.chat.webhook import Webhook
from bot.clock import Clock
from bot.domain.stores import Edits
from bot.jobs.keyring import Keyring
from bot.jobs.watch import Watch
from bot.jobs.webhooks import Webhooks
from bot.process import Loop
from bot.providers.wavespeed import WaveSpeed
from bot.providers.wavespeed_webhooks import WaveSpeedWebhooks
from bot.settings import Settings
from bot.web import server
from bot.web.metrics import Metrics


@asynccontextmanager
async def page(settings: Settings, clock: Clock, host: str) -> AsyncIterator[tuple[server.Site, int]]:
    """Serve while the context lasts, at that port. Until the bot is ready it is starting, for a while.

    Raises:
        StartRefused: the port is taken.
    """
    began, patience = clock.monotonic(), settings.timing.poll_watchdog

    async def started() -> str | None:
        waited = clock.monotonic() - began
        return f"not ready after {waited:.0f} s" if waited > patience else None

    site = server.Site({"start": started}, starting=True, patience=settings.timing.health)
    names = ["wavespeed"] if settings.public_url else []
    if settings.telegram_mode == "webhook":
        names.append("telegram")
    base = urlsplit(settings.public_url or "").path
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    app = server.build(site, tuple(names), base, settings.timing.read, token)
    async with server.serving(app, settings.port, host) as port:
        yield site, port


class Ways:
    """How updates and the ends of predictions come to us."""

    def __init__(self, settings: Settings, keyring: Keyring, clock: Clock) -> None:
        self._settings = settings
        self._keyring = keyring
        self._clock = clock
        self._hooks: dict[str, Webhook | Webhooks] = {}

    @property
    def told(self) -> bool:
        """Whether WaveSpeed is asked for webhooks: it sends none of pictures inside its answers."""
        return self._settings.public_url is not None and not self._settings.wavespeed_base64

    def predictions(self, provider: WaveSpeed, edits: Edits, watch: Watch) -> Webhooks | None:
        """WaveSpeed's webhooks, if there are any."""
        if self._settings.public_url is None or not self.told:
            return None
        reader = WaveSpeedWebhooks(provider.webhook_secret, self._settings.timing, self._clock)
        hook = Webhooks(self._settings.public_url, self._keyring, reader, provider, edits, watch)
        self._hooks["wavespeed"] = hook
        return hook

    @property
    def polls(self) -> bool:
        """Whether updates are asked for, by one process at a time, and not brought."""
        return self._settings.telegram_mode == "polling" or self._settings.public_url is None

    def updates(
        self, bot: Bot, inbox: Receives, arrived: Callable[[], None]
    ) -> tuple[server.Check, list[Loop]]:
        """Telegram's updates: the check of their health, and what must run."""
        timing, public_url = self._settings.timing, self._settings.public_url
        if self._settings.telegram_mode == "polling" or public_url is None:
            polling = Polling(bot, inbox, timing, self._clock, arrived)
            return polling.problem, [polling.run, polling.watchdog]
        path, secret = self._keyring.word("telegram path"), self._keyring.word("telegram secret")
        hook = Webhook(
            bot, inbox, timing, self._clock, arrived, public_url=public_url, path=path, secret=secret
        )
        self._hooks["telegram"] = hook
        return hook.problem, [hook.run]

    @asynccontextmanager
    async def open(
        self, site: server.Site, checks: Mapping[str, server.Check], metrics: Metrics | None = None
    ) -> AsyncIterator[None]:
        """Take in what comes while the context lasts; before and after, who posts is told to come again."""
        site.checks, site.open, site.metrics, site.starting = checks, self._hooks, metrics, False
        try:
            yield
        finally:
            site.open, site.metrics = {}, None
