"""Who may use the bot, and where: values, the one decision, and what it needs of storage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Policy(StrEnum):
    """The setting `ACCESS`: what becomes of those whom no admin decided about."""

    APPROVE = "approve"  # they ask, and an admin decides
    OPEN = "open"  # they are served
    CLOSED = "closed"  # they are turned away


class Standing(StrEnum):
    """Where a person or a group stands."""

    UNKNOWN = "unknown"
    WAITING = "waiting"  # an admin was asked
    APPROVED = "approved"
    DENIED = "denied"
    BLOCKED = "blocked"  # one sentence, then silence

    @property
    def open(self) -> bool:
        """Whether an admin has yet to decide."""
        return self in {Standing.UNKNOWN, Standing.WAITING}


class Admission(StrEnum):
    """What the gate does with an update."""

    SERVE = "serve"
    ASK = "ask"  # ask the admins about the person, and say so
    ASK_GROUP = "ask-group"  # ask the admins about the group, and say so
    WAIT = "wait"  # asked already; say so
    WAIT_GROUP = "wait-group"
    TURN_AWAY = "turn-away"  # closed or denied; say so
    SILENCE = "silence"  # blocked and told, or a denied group


@dataclass(frozen=True, slots=True)
class Member:
    """A person and where they stand. ``told``: the one sentence of a blocked person was said."""

    id: int
    name: str
    username: str | None = None
    standing: Standing = Standing.UNKNOWN
    admin: bool = False  # by the claim code; those of `ADMINS` are admins besides
    told: bool = False
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group and where it stands. ``per_member``: approved, but each member needs approval as well."""

    id: int
    title: str
    standing: Standing = Standing.UNKNOWN
    per_member: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about access."""

    policy: Policy = Policy.APPROVE
    admins: Collection[int] = ()

    def is_admin(self, member: Member) -> bool:
        """Whether a person is an admin, by the settings or by the claim code."""
        return member.id in self.admins or member.admin

    def admit(self, member: Member, group: Group | None) -> Admission:
        """Decide about one update of a person, in a group or (None) in private."""
        if self.is_admin(member):
            return Admission.SERVE
        if member.standing is Standing.BLOCKED:
            return Admission.SILENCE if member.told or group else Admission.TURN_AWAY
        if group is not None:
            refused = self._admit_group(group)
            if refused is not None:
                return refused
            if not group.per_member and member.standing is not Standing.DENIED:
                return Admission.SERVE
        return self._admit_member(member)

    def join(self, member: Member, group: Group) -> Admission:
        """Decide about a group that a person has just added the bot to."""
        if self.is_admin(member):
            return Admission.SERVE
        refused = self._admit_group(group)
        if refused is Admission.ASK_GROUP and member.standing in {Standing.DENIED, Standing.BLOCKED}:
            return Admission.TURN_AWAY  # else they could have the admins asked as often as they like
        return refused or Admission.SERVE

    def _admit_group(self, group: Group) -> Admission | None:
        if group.standing is Standing.APPROVED:
            return None
        if group.standing in {Standing.DENIED, Standing.BLOCKED}:
            return Admission.SILENCE
        if self.policy is Policy.OPEN:
            return None
        if self.policy is Policy.CLOSED:
            return Admission.TURN_AWAY
        return Admission.WAIT_GROUP if group.standing is Standing.WAITING else Admission.ASK_GROUP

    def _admit_member(self, member: Member) -> Admission:
        if member.standing is Standing.APPROVED:
            return Admission.SERVE
        if member.standing is Standing.DENIED:
            return Admission.TURN_AWAY
        if self.policy is Policy.OPEN:
            return Admission.SERVE
        if self.policy is Policy.CLOSED:
            return Admission.TURN_AWAY
        return Admission.WAIT if member.standing is Standing.WAITING else Admission.ASK


class Access(Protocol):
    """Who stands where. Every method raises StorageBusy."""

    async def member(self, user_id: int) -> Member:
        """A person as known; a nameless one of standing unknown if never seen."""
        ...

    async def group(self, chat_id: int) -> Group:
        """A group as known; an untitled one of standing unknown if never seen."""
        ...

    async def met_group(self, chat_id: int, title: str) -> Group:
        """Remember what a group is called; the group as known."""
        ...

    async def ask(self, user_id: int, now: datetime) -> bool:
        """unknown → waiting; False if it was not unknown, so that admins are asked once."""
        ...

    async def ask_group(self, chat_id: int, now: datetime) -> bool:
        """The same for a group."""
        ...

    async def decide(self, user_id: int, standing: Standing, by: int, now: datetime) -> Member:
        """Put a person to a standing, whatever it was; as they stand now. Also for ids never seen."""
        ...

    async def decide_group(
        self, chat_id: int, standing: Standing, by: int, now: datetime, *, per_member: bool = False
    ) -> Group:
        """The same for a group."""
        ...

    async def told(self, user_id: int) -> bool:
        """Note that a blocked person was told; False if they were before."""
        ...

    async def offer_claim(self, code_hash: str) -> bool:
        """Keep the hash of the one claim code, in place of an earlier one; False once an admin exists."""
        ...

    async def claim(self, user_id: int, code_hash: str, now: datetime) -> bool:
        """Make who knows the code an admin, once and only one person; False if it is not (any more) right."""
        ...

    async def admins(self) -> list[Member]:
        """The admins by claim."""
        ...

    async def revoke(self, user_id: int) -> bool:
        """Take back that a person is an admin by the claim code; False if they are not."""
        ...

    async def members(self, wanted: str = "", offset: int = 0, limit: int = 8) -> Sequence[Member]:
        """People whose name, username or id contains ``wanted``, waiting ones first, then the latest seen."""
        ...

    async def groups(self, wanted: str = "", offset: int = 0, limit: int = 8) -> Sequence[Group]:
        """Groups whose title or id contains ``wanted``, waiting ones first."""
        ...
