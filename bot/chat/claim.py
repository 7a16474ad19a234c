"""The first admin of a bot without `ADMINS`: who sends the code that the start printed."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

import structlog
from telegram import Message, User

from bot.chat.access import AccessRequests
from bot.chat.profile import Profile
from bot.chat.replies import Bot, place_of, reply
from bot.chat.texts import say
from bot.clock import Clock
from bot.domain.access import Access, Rules
from bot.domain.stores import Notes, People

log = structlog.get_logger(__name__)

_START = re.compile(r"/start(?:@\w+)?\s+(\S{1,64})\s*")
_USED = "claim-used"  # the note that holds the hash of the code that was used


class Claims:
    """Offers the code and takes it. Only its hash is ever kept."""

    def __init__(
        self,
        bot: Bot,
        people: People,
        access: Access,
        notes: Notes,
        rules: Rules,
        profile: Profile,
        requests: AccessRequests,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._people = people
        self._access = access
        self._notes = notes
        self._rules = rules
        self._profile = profile
        self._requests = requests
        self._clock = clock

    async def offer(self) -> str | None:
        """A new code in place of an earlier one, also of another process's; None if there is an admin."""
        if self._rules.admins:
            return None
        code = secrets.token_urlsafe(16)
        return code if await self._access.offer_claim(_hash(code)) else None

    async def take(self, message: Message, user: User) -> bool:
        """Whether a message was the code, and has its answer. A wrong one is an ordinary /start."""
        found = _START.fullmatch(message.text or "")
        if found is None or message.chat.type != "private" or self._rules.admins:
            return False
        hashed = _hash(found.group(1))
        await self._people.seen(user.id, user.full_name, user.username, user.language_code)
        if await self._access.claim(user.id, hashed, self._clock.now()):
            await self._notes.put(_USED, hashed, self._clock.now())
            log.info("admin_claimed", user=user.id)
            await self._profile.show_admin(user.id)
            key = "claim-done"
        elif hmac.compare_digest(await self._notes.get(_USED) or "", hashed):
            key = "claim-done" if (await self._access.member(user.id)).admin else "claim-used"
        else:
            log.warning("claim_refused", user=user.id)
            return False
        await reply(self._bot, place_of(message), say(key, user.language_code), quote=False)
        if key == "claim-done":
            await self._requests.bring(user)
        return True


def _hash(code: str) -> str:
    """The code is long and random, so a plain hash is enough; hashes are compared, never codes."""
    return hashlib.sha256(code.encode()).hexdigest()
