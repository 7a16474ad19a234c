"""Whether who asked for something is served by now: an admin may have decided since."""

from __future__ import annotations

from bot.domain.access import Access, Admission, Rules


class Admitting:
    """Decides as the gate does, which stands before what people send but not before what is under way."""

    def __init__(self, rules: Rules, access: Access) -> None:
        self._rules = rules
        self._access = access

    async def __call__(self, user_id: int, chat_id: int) -> Admission:
        """What the rules say of a person in a chat now. Raises StorageBusy."""
        member = await self._access.member(user_id)
        group = await self._access.group(chat_id) if chat_id < 0 else None  # only groups' ids are negative
        return self._rules.admit(member, group)
