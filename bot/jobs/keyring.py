"""What only this bot can know: unguessable words, all made from one secret that is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

from bot.domain.stores import Notes

_NOTE = "keyring"


class Keyring:
    """Makes words from a secret. A purpose has the same word in every process and after restarts."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def __repr__(self) -> str:
        return "Keyring()"

    @classmethod
    async def open(cls, notes: Notes, now: datetime) -> Keyring:
        """The bot's own, made at its first start.

        Raises:
            StorageBusy.
        """
        new = secrets.token_hex(32)
        if await notes.put_new(_NOTE, new, now):
            return cls(new)
        return cls(await notes.get(_NOTE) or new)

    def word(self, purpose: str) -> str:
        """The word for a purpose: 64 letters and digits."""
        return hmac.new(self._secret, purpose.encode(), hashlib.sha256).hexdigest()

    def fits(self, word: str, purpose: str) -> bool:
        """Whether it is the word for that purpose, compared in constant time."""
        return hmac.compare_digest(word.encode("utf-8", "replace"), self.word(purpose).encode())
