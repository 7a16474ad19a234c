"""Plugs the rooms together; `bot.app` starts and stops what is plugged here."""
