"""Wavebrush: a self-hosted Telegram bot that edits pictures."""

__version__ = "0.1.0"
