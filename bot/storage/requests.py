"""What people asked for: the rows of `bot.domain.stores.Requests`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, case, false, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.edits import OPEN_REQUESTS, Edit, Joined, Place, Request, RequestState
from bot.domain.roles import Decision
from bot.storage.books import Books
from bot.storage.database import Database
from bot.storage.inbox import mark_done
from bot.storage.ledger import hold
from bot.storage.tables import EDITS, REQUESTS
from bot.storage.values import edit_columns, request_columns, request_of

# Those with a lease: due only when it has run out. What was shown as a question has none.
_IN_HAND = and_(
    REQUESTS.c.state.in_((RequestState.PREPARING, RequestState.ASKING)), REQUESTS.c.due_at.is_not(None)
)


class SqlRequests:
    """The requests in the database."""

    def __init__(self, database: Database, books: Books | None = None, owner: str = "") -> None:
        """``owner`` is this process among those that prepare requests."""
        self._database = database
        self._books = books or Books()
        self._owner = owner

    async def open(self, request: Request, due_at: datetime, update_id: int | None = None) -> Request:
        """Insert a request and mark its update done, in one transaction.

        A message opens one request, however often it comes: then the one it opened is returned.
        """
        insert = (
            self._database.insert(REQUESTS)
            .values(**request_columns(request), due_at=due_at)
            .on_conflict_do_nothing(index_elements=["chat_id", "message_id"])
        )
        same_message = and_(
            REQUESTS.c.chat_id == request.place.chat_id, REQUESTS.c.message_id == request.place.message_id
        )
        async with self._database.writing() as connection:
            await connection.execute(insert)
            if update_id is not None:
                await mark_done(connection, update_id)
            return request_of((await connection.execute(select(REQUESTS).where(same_message))).one())

    async def join(
        self, part: Request, due_at: datetime, longest: timedelta, update_id: int | None = None
    ) -> Joined:
        """Open a request for an album or add a part to it, and mark the part's update done.

        Several processes may each receive some of the parts: the row's lock puts them in turn.
        """
        insert = (
            self._database.insert(REQUESTS)
            .values(**request_columns(part), due_at=due_at)
            .on_conflict_do_nothing()  # the same part again is in the way with its message, too
            .returning(REQUESTS.c.id)
        )
        async with self._database.writing() as connection:
            if update_id is not None:
                await mark_done(connection, update_id)
            if (await connection.execute(insert)).one_or_none() is not None:
                return Joined.OPENED
            return await _add(connection, part, due_at, longest)

    async def get(self, request_id: str) -> Request | None:
        """The request, if there is one."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(REQUESTS).where(REQUESTS.c.id == request_id))
            row = found.one_or_none()
        return None if row is None else request_of(row)

    async def claim_due(self, now: datetime, lease_until: datetime, limit: int) -> list[Request]:
        """Take requests whose time has come, oldest first; ``due_at`` becomes the end of the lease.

        They are collecting ones that are complete, preparing ones whose process gave no answer, and
        asking ones whose question was never shown.
        """
        due = and_(REQUESTS.c.state.in_(OPEN_REQUESTS), REQUESTS.c.due_at <= now)
        oldest = select(REQUESTS.c.id).where(due).order_by(REQUESTS.c.due_at, REQUESTS.c.id).limit(limit)
        if self._database.on_postgres:
            oldest = oldest.with_for_update(skip_locked=True)
        # As a CTE it is evaluated once; Postgres may run a subquery anew for each row, and pass the limit.
        chosen = oldest.cte("oldest")
        claim = (
            update(REQUESTS)
            .where(due, REQUESTS.c.id.in_(select(chosen.c.id)))
            .values(state=RequestState.PREPARING, due_at=lease_until, owner=self._owner)
            .returning(REQUESTS)
        )
        async with self._database.writing() as connection:
            rows = (await connection.execute(claim)).all()
        return sorted(map(request_of, rows), key=lambda request: request.created_at)

    async def next_due(self) -> datetime | None:
        """When the next request is due, if any."""
        earliest = (
            select(REQUESTS.c.due_at)
            .where(REQUESTS.c.state.in_(OPEN_REQUESTS), REQUESTS.c.due_at.is_not(None))
            .order_by(REQUESTS.c.due_at)
            .limit(1)
        )
        async with self._database.reading() as connection:
            due_at: datetime | None = (await connection.execute(earliest)).scalar_one_or_none()
        return due_at

    async def wanting_words(self, chat_id: int, user_id: int) -> Request | None:
        """The newest open request of this person in this chat that has no prompt.

        An album in a group that has not turned to the bot wants nothing of it.
        """
        return await self._newest_open(chat_id, user_id, REQUESTS.c.prompt.is_(None))

    async def newest_open(self, chat_id: int, user_id: int) -> Request | None:
        """The newest request of this person in this chat that is not closed."""
        return await self._newest_open(chat_id, user_id)

    async def asked_for(
        self, chat_id: int, user_id: int, message_id: int, album_id: str | None
    ) -> Request | None:
        """The request of this person that came with that message, or with that album, if it is not closed."""
        album = REQUESTS.c.album_id == album_id if album_id is not None else false()
        return await self._newest_open(chat_id, user_id, or_(REQUESTS.c.message_id == message_id, album))

    async def ask(self, request_id: str, *, for_words: bool) -> bool:
        """Move from preparing to asking; False if it is elsewhere, or if words came meanwhile."""
        conditions = (REQUESTS.c.prompt.is_(None),) if for_words else ()
        return await self._move(request_id, (RequestState.PREPARING,), *conditions, state=RequestState.ASKING)

    async def asked(self, request_id: str, question_message_id: int) -> None:
        """Remember which message asks: until then its lease goes on, so that a lost question comes again."""
        await self._move(
            request_id, (RequestState.ASKING,), question_message_id=question_message_id, due_at=None
        )

    async def give_words(
        self, request_id: str, prompt: str, now: datetime, update_id: int | None = None
    ) -> bool:
        """Give an open request its prompt, once, and mark the words' update done in the same transaction.

        One that asks for words is due now. False if it has some.
        """
        asking = REQUESTS.c.state == RequestState.ASKING
        async with self._database.writing() as connection:
            if update_id is not None:
                await mark_done(connection, update_id)
            # One statement: between two, the request could begin to ask, and both would miss it.
            return await _move(
                connection,
                request_id,
                OPEN_REQUESTS,
                REQUESTS.c.prompt.is_(None),
                prompt=prompt,
                state=case((asking, RequestState.PREPARING), else_=REQUESTS.c.state),
                due_at=case((asking, now), else_=REQUESTS.c.due_at),
            )

    async def change_words(self, request_id: str, prompt: str) -> bool:
        """Give an open request another prompt; False if it has none, or if it may be read at this moment."""
        waits = (RequestState.COLLECTING, RequestState.ASKING)
        return await self._move(request_id, waits, REQUESTS.c.prompt.is_not(None), prompt=prompt)

    async def decide(self, request_id: str, decision: Decision, now: datetime) -> bool:
        """Move from asking to preparing, due now, with a decision; False if it no longer asks."""
        return await self._move(
            request_id,
            (RequestState.ASKING,),
            state=RequestState.PREPARING,
            decision=decision.as_json(),
            due_at=now,
        )

    async def close(self, request_id: str, state: RequestState) -> bool:
        """Move an open request to refused or expired; False if it was closed already."""
        return await self._move(request_id, OPEN_REQUESTS, state=state, due_at=None)

    async def accept(self, request_id: str, edits: Sequence[Edit]) -> bool:
        """Hold the money, insert the edits and mark the request accepted, all or nothing.

        False if the request is not being prepared any more, or if an edit of one of these origins
        exists, so that its work was done before: then no edit is inserted and no money held. If its
        group became a supergroup meanwhile (`Chats.move`), the edits are of that one.

        Raises:
            OverBudget, TooManyWaiting: nothing was held or written.
        """
        async with self._database.writing() as connection:
            accept = _moving(
                request_id, (RequestState.PREPARING,), state=RequestState.ACCEPTED, due_at=None
            ).returning(REQUESTS.c.chat_id)
            chat_id = (await connection.execute(accept)).scalar_one_or_none()
            if chat_id is None:
                return False
            edits = [_in_chat(edit, chat_id) for edit in edits]
            async with connection.begin_nested() as inserting:
                if await self._insert(connection, edits) < len(edits):
                    await inserting.rollback()
                    return False
            await hold(self._database, connection, edits, self._books)
            return True

    async def expire(self, before: datetime) -> int:
        """Expire the open requests that were created before a time; how many there were."""
        expire = (
            update(REQUESTS)
            .where(REQUESTS.c.state.in_(OPEN_REQUESTS), REQUESTS.c.created_at < before)
            .values(state=RequestState.EXPIRED, due_at=None)
        )
        async with self._database.writing() as connection:
            return (await connection.execute(expire)).rowcount

    async def blank(self, before: datetime) -> int:
        """Forget the words of closed requests that were created before a time; of how many."""
        closed = (REQUESTS.c.state.not_in(OPEN_REQUESTS), REQUESTS.c.created_at < before)
        blank = update(REQUESTS).where(*closed, REQUESTS.c.prompt.is_not(None)).values(prompt=None)
        async with self._database.writing() as connection:
            return (await connection.execute(blank)).rowcount

    async def owners(self) -> frozenset[str]:
        """The processes that prepare requests, or were to show a question."""
        held = select(REQUESTS.c.owner).distinct().where(_IN_HAND, REQUESTS.c.owner.is_not(None))
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(held)).scalars())

    async def release(self, owners: Collection[str]) -> int:
        """What these processes had in hand is due at once; how many requests."""
        left = update(REQUESTS).where(_IN_HAND, REQUESTS.c.owner.in_(owners))
        async with self._database.writing() as connection:
            return (await connection.execute(left.values(due_at=REQUESTS.c.created_at, owner=None))).rowcount

    async def wait_for_parts(self, until: datetime) -> None:
        """Updates are taken in again: parts of the albums that are collected may have come meanwhile."""
        collecting = update(REQUESTS).where(
            REQUESTS.c.state == RequestState.COLLECTING, REQUESTS.c.album_id.is_not(None)
        )
        async with self._database.writing() as connection:
            await connection.execute(collecting.values(due_at=until))

    async def _insert(self, connection: AsyncConnection, edits: Sequence[Edit]) -> int:
        insert = (
            self._database.insert(EDITS)
            .values([edit_columns(edit) for edit in edits])
            .on_conflict_do_nothing(index_elements=["origin"])
            .returning(EDITS.c.id)
        )
        return len((await connection.execute(insert)).all())

    async def _newest_open(
        self, chat_id: int, user_id: int, *conditions: ColumnElement[bool]
    ) -> Request | None:
        newest = (
            select(REQUESTS)
            .where(
                REQUESTS.c.chat_id == chat_id,
                REQUESTS.c.user_id == user_id,
                REQUESTS.c.state.in_(OPEN_REQUESTS),
                REQUESTS.c.addressed,
                *conditions,
            )
            .order_by(REQUESTS.c.created_at.desc(), REQUESTS.c.message_id.desc())
            .limit(1)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(newest)).one_or_none()
        return None if row is None else request_of(row)

    async def _move(
        self, request_id: str, states: Iterable[RequestState], *conditions: ColumnElement[bool], **values: Any
    ) -> bool:
        async with self._database.writing() as connection:
            return await _move(connection, request_id, states, *conditions, **values)


async def _move(
    connection: AsyncConnection,
    request_id: str,
    states: Iterable[RequestState],
    *conditions: ColumnElement[bool],
    **values: Any,
) -> bool:
    """Compare and set: change the request if it is in one of ``states`` and ``conditions`` hold."""
    return (await connection.execute(_moving(request_id, states, *conditions, **values))).rowcount == 1


def _moving(
    request_id: str, states: Iterable[RequestState], *conditions: ColumnElement[bool], **values: Any
) -> Update:
    here = (REQUESTS.c.id == request_id, REQUESTS.c.state.in_(states), *conditions)
    return update(REQUESTS).where(*here).values(**values)


def _in_chat(edit: Edit, chat_id: int) -> Edit:
    """An edit in the chat that its own has become, where no message has the id that it answers."""
    if edit.place.chat_id == chat_id:
        return edit
    return replace(edit, place=Place(chat_id, -abs(edit.place.message_id)))


async def _add(connection: AsyncConnection, part: Request, due_at: datetime, longest: timedelta) -> Joined:
    same_album = and_(REQUESTS.c.chat_id == part.place.chat_id, REQUESTS.c.album_id == part.album_id)
    row = (await connection.execute(select(REQUESTS).where(same_album).with_for_update())).one()
    album = request_of(row)
    merged = _merged(album, part)
    if len(merged.pictures) == len(album.pictures):
        return Joined.KNOWN
    if album.state is not RequestState.COLLECTING:
        return Joined.LATE
    columns = request_columns(merged)
    changed = {name: columns[name] for name in ("pictures", "prompt", "addressed")}
    # The clocks of several processes differ: a part never brings it nearer.
    due_at = min(max(due_at, row.due_at), album.created_at + longest)
    await connection.execute(update(REQUESTS).where(same_album).values(**changed, due_at=due_at))
    return Joined.ADDED


def _merged(album: Request, part: Request) -> Request:
    """An album with one more part: in the order of the messages, with the first caption that came.

    Of an album that is a reply each part brings the picture it replies to, which is taken once.
    """
    known = {picture.message_id for picture in album.pictures}
    new = (picture for picture in part.pictures if picture.message_id not in known)
    pictures = sorted((*album.pictures, *new), key=lambda picture: picture.message_id)
    return replace(
        album,
        pictures=tuple(pictures),
        prompt=album.prompt or part.prompt,
        addressed=album.addressed or part.addressed,
    )
