"""A server that plays Telegram: the Bot API towards the bot, and phones towards people and tests.

The bot's base URL is ``http://127.0.0.1:PORT`` with ``/bot<token>/<method>`` and
``/file/bot<token>/<file_path>``. The people's side is described in `bot.sandbox.telegram.people`.
"""

from __future__ import annotations

from bot.sandbox.telegram.server import TelegramStandIn

__all__ = ["TelegramStandIn"]
