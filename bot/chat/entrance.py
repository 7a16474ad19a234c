"""All that decides who comes in, put together."""

from __future__ import annotations

from dataclasses import dataclass

from bot.chat import access, gate
from bot.chat.access import AccessRequests, SetLimit
from bot.chat.claim import Claims
from bot.chat.gate import Gate
from bot.chat.groups import Groups
from bot.chat.profile import Profile
from bot.chat.progress import Shows
from bot.chat.replies import Bot
from bot.clock import Clock
from bot.domain.access import Access, Rules
from bot.domain.stores import Buttons, Chats, Edits, Notes, People


@dataclass(frozen=True, slots=True)
class Ports:
    """What the entrance needs of others."""

    bot: Bot
    rules: Rules
    access: Access
    set_limit: SetLimit
    people: People
    buttons: Buttons
    notes: Notes
    chats: Chats
    edits: Edits
    progress: Shows
    clock: Clock


@dataclass(frozen=True, slots=True)
class Entrance:
    """The parts, as far as others use them."""

    requests: AccessRequests
    profile: Profile
    claims: Claims
    gate: Gate
    groups: Groups
    rules: Rules


async def build(ports: Ports) -> Entrance:
    """Put it together for the admins that there are."""
    bot, rules, store, notes, clock = ports.bot, ports.rules, ports.access, ports.notes, ports.clock
    requests = AccessRequests(access.Ports(bot, store, ports.set_limit, ports.buttons, notes, rules, clock))
    profile = Profile(bot, await requests.admins())
    claims = Claims(bot, ports.people, store, notes, rules, profile, requests, clock)
    keeper = Gate(gate.Ports(bot, ports.people, store, ports.buttons, rules, requests, claims, notes, clock))
    groups = Groups(bot, ports.chats, ports.edits, store, rules, requests, ports.progress, clock)
    return Entrance(requests, profile, claims, keeper, groups, rules)
