"""Opens the providers that there is a key for (see `bot.app`)."""

from __future__ import annotations

from contextlib import AsyncExitStack

from bot.domain.stores import Blobs
from bot.jobs.providers import Providers
from bot.providers.metered import Metered
from bot.providers.openai_images import OpenAIImages
from bot.providers.wavespeed import WaveSpeed
from bot.settings import Settings

# Of the providers that a bot does without, how to get them.
NOT_SET_UP = {"openai": "OpenAI: not set up (OPENAI_API_KEY)"}


def wavespeed(settings: Settings, stack: AsyncExitStack) -> WaveSpeed:
    """The first provider; ``stack`` closes it."""
    provider = WaveSpeed(
        settings.wavespeed_api_key.get_secret_value(),
        base_url=settings.wavespeed_api_url,
        timing=settings.timing,
        sync_mode=settings.wavespeed_sync,
        base64_output=settings.wavespeed_base64,
    )
    stack.push_async_callback(provider.aclose)
    return provider


def providers(settings: Settings, stack: AsyncExitStack, first: WaveSpeed, blobs: Blobs) -> Providers:
    """All of them, by the names in the catalogue."""
    if settings.openai_api_key is None:
        return Providers(wavespeed=Metered("wavespeed", first))
    key, url = settings.openai_api_key.get_secret_value(), settings.openai_api_url
    openai = OpenAIImages(key, blobs, base_url=url, timing=settings.timing)
    stack.push_async_callback(openai.aclose)
    return Providers(wavespeed=Metered("wavespeed", first), openai=Metered("openai", openai))
