"""Everything that the admin panel needs of the world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import tzinfo

from bot.chat.access import AccessRequests
from bot.chat.replies import Bot
from bot.clock import Clock
from bot.domain.access import Access, Rules
from bot.domain.budgets import Accounts
from bot.domain.catalogue import Catalogue
from bot.domain.stores import Buttons, Chats, EditLists, Edits, Ledger
from bot.domain.timing import Timing
from bot.jobs.cancelling import Cancelling
from bot.jobs.doors import Doors
from bot.jobs.reconcile import Reconcile
from bot.jobs.settling import Settling


@dataclass(frozen=True, slots=True)
class Ports:
    """``requests`` tells people, and the other admins, of decisions; ``balance`` is the provider's account,
    in micro-dollars; ``zone`` is where days turn.
    """

    bot: Bot
    buttons: Buttons
    access: Access
    rules: Rules
    requests: AccessRequests
    accounts: Accounts
    ledger: Ledger
    edits: Edits
    lists: EditLists
    chats: Chats
    doors: Doors
    reconcile: Reconcile
    settling: Settling
    cancelling: Cancelling
    balance: Callable[[], Awaitable[int]]
    catalogue: Callable[[], Catalogue]
    timing: Timing
    zone: tzinfo
    clock: Clock
