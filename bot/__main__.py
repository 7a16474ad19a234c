"""``python -m bot``: see `bot.command_line`."""

from __future__ import annotations

if __name__ == "__main__":  # picture workers load this module again under another name, and need none of it
    from bot.command_line import cli

    cli()
