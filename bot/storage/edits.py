"""The edits, their attempts and results: the rows of `bot.domain.stores.Edits`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import meters
from bot.domain.catalogue import QUALITY
from bot.domain.edits import UNFINISHED, Attempt, AttemptState, Edit, EditState, KeptResult
from bot.domain.stores import EditEnded, OpenedElsewhere
from bot.storage import ledger
from bot.storage.books import Books
from bot.storage.database import Database
from bot.storage.tables import ATTEMPTS, EDITS, RESULTS
from bot.storage.untold import to_be_told
from bot.storage.values import attempt_of, edit_columns, edit_of, result_of

_FINAL = tuple(state for state in EditState if state.final)
# What of an attempt may still change. A prediction that was given up may be found after all.
_UNDECIDED = (AttemptState.OPEN, AttemptState.RUNNING, AttemptState.UNKNOWN)
_UNNAMED = (AttemptState.OPEN, AttemptState.UNKNOWN)
# After these the provider has nothing of ours to bill, so that another attempt may open.
_NOT_BOUGHT = (AttemptState.REFUSED, AttemptState.FAILED)
_RUNS = 50


class SqlEdits:
    """The edits in the database. Every change says what it expects, so repeating it changes nothing."""

    def __init__(self, database: Database, books: Books | None = None) -> None:
        self._database = database
        self._books = books or Books()

    async def get(self, edit_id: str) -> Edit:
        """The edit.

        Raises:
            KeyError: there is none.
        """
        row = await self._one(select(EDITS).where(EDITS.c.id == edit_id))
        if row is None:
            raise KeyError(edit_id)
        return edit_of(row)

    async def of_result(self, chat_id: int, message_id: int) -> Edit | None:
        """The edit whose result is that message."""
        row = await self._one(
            select(EDITS).where(EDITS.c.chat_id == chat_id, EDITS.c.result_message_id == message_id)
        )
        return None if row is None else edit_of(row)

    async def advance(self, edit_id: str, state: EditState) -> bool:
        """Move on to a state that is not final (`settle` is for those), never back; False if it is past it.

        Raises:
            ValueError: ``state`` is final, so money would be forgotten.
        """
        if state.final:
            raise ValueError(f"{state} is final: settle the edit")
        order = list(EditState)
        earlier = [before for before in UNFINISHED if order.index(before) <= order.index(state)]
        change = update(EDITS).where(EDITS.c.id == edit_id, EDITS.c.state.in_(earlier)).values(state=state)
        async with self._database.writing() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def unfinished(self, created_before: datetime) -> list[Edit]:
        """All that are not final and were created before a time, oldest first."""
        query = (
            select(EDITS)
            .where(EDITS.c.state.in_(UNFINISHED), EDITS.c.created_at < created_before)
            .order_by(EDITS.c.created_at, EDITS.c.id)
        )
        async with self._database.reading() as connection:
            return [edit_of(row) for row in await connection.execute(query)]

    async def open_attempt(self, edit_id: str, source_url: str, opener: str, now: datetime) -> Attempt:
        """Write an open attempt with the next number, before the paid POST.

        ``opener`` is a word that nobody else has: who asks again with it, since it never heard that the
        row was written, gets the same attempt while that is open. Nobody else may post it.

        Raises:
            EditEnded: the edit is final, or there is none.
            OpenedElsewhere: an earlier attempt may have been bought, or had the same uploads.
        """
        async with self._database.writing() as connection:
            # The update comes first: on Postgres it makes other openers of this edit wait.
            if not await _change(connection, edit_id, submitted_at=now):
                raise EditEnded(f"edit {edit_id} is final, or there is none")
            last = (await connection.execute(_newest_attempt(edit_id))).one_or_none()
            if last is not None and (last.opener, last.state) == (opener, AttemptState.OPEN):
                return attempt_of(last)
            if last is not None and last.state not in _NOT_BOUGHT:
                raise OpenedElsewhere(f"attempt {last.number} of edit {edit_id} is {last.state}")
            same_uploads = select(ATTEMPTS.c.id).where(ATTEMPTS.c.source_url == source_url)
            if (await connection.execute(same_uploads)).one_or_none() is not None:
                raise OpenedElsewhere(f"an attempt of edit {edit_id} had the same uploads")
            attempt = {
                "edit_id": edit_id,
                "number": 1 if last is None else last.number + 1,
                "state": AttemptState.OPEN,
                "source_url": source_url,
                "opener": opener,
                "error": "",
                "opened_at": now,
            }
            inserted = await connection.execute(insert(ATTEMPTS).values(**attempt).returning(ATTEMPTS))
            return attempt_of(inserted.one())

    async def current_attempt(self, edit_id: str) -> Attempt | None:
        """The newest attempt, if there is one."""
        row = await self._one(_newest_attempt(edit_id))
        return None if row is None else attempt_of(row)

    async def named(self, attempt_id: int, prediction_id: str, cost: int | None = None) -> bool:
        """Note the provider's name for an attempt: it runs now, and so does its edit if it is not final.

        False, with nothing changed, if it has a name, or another attempt has this one.
        """
        name = (
            update(ATTEMPTS)
            .where(ATTEMPTS.c.id == attempt_id, ATTEMPTS.c.state.in_(_UNNAMED))
            .values(state=AttemptState.RUNNING, prediction_id=prediction_id, cost=cost)
            .returning(ATTEMPTS.c.edit_id)
        )
        try:
            async with self._database.writing() as connection:
                edit_id = (await connection.execute(name)).scalar_one_or_none()
                if edit_id is None:
                    return False
                await _change(connection, edit_id, state=EditState.RUNNING)
                return True
        except IntegrityError:  # a prediction is bought once, so it is of one attempt
            return False

    async def found(self, edit_id: str) -> bool:
        """unknown → running: its prediction was found after all. False if it is not unknown (any more).

        Its reason stays: its person was told that nobody knows what became of it.
        """
        revive = (
            update(EDITS)
            .where(EDITS.c.id == edit_id, EDITS.c.state == EditState.UNKNOWN)
            .values(state=EditState.RUNNING, ended_at=None)
        )
        async with self._database.writing() as connection:
            return (await connection.execute(revive)).rowcount == 1

    async def close_attempt(self, attempt_id: int, state: AttemptState, error: str = "") -> None:
        """End an attempt; one that has ended stays as it ended, and one with a name was not refused."""
        may_change = _UNNAMED if state is AttemptState.REFUSED else _UNDECIDED
        close = (
            update(ATTEMPTS)
            .where(ATTEMPTS.c.id == attempt_id, ATTEMPTS.c.state.in_(may_change))
            .values(state=state, error=error)
        )
        async with self._database.writing() as connection:
            await connection.execute(close)

    async def kept(self, result: KeptResult, now: datetime) -> None:
        """Note that a result is in our keeping. The same edit again replaces."""
        columns = {
            "key": result.key,
            "media_type": result.media_type,
            "width": result.width,
            "height": result.height,
            "drift": result.drift,
            "kept_at": now,
        }
        upsert = (
            self._database.insert(RESULTS)
            .values(edit_id=result.edit_id, **columns)
            .on_conflict_do_update(index_elements=["edit_id"], set_=columns)
        )
        async with self._database.writing() as connection:
            await connection.execute(upsert)
            await connection.execute(
                update(EDITS).where(EDITS.c.id == result.edit_id).values(drift=result.drift)
            )

    async def result(self, edit_id: str) -> KeptResult | None:
        """The edit's kept result, if there is one."""
        row = await self._one(select(RESULTS).where(RESULTS.c.edit_id == edit_id))
        return None if row is None else result_of(row)

    async def kept_since(self, edit_ids: Sequence[str]) -> dict[str, datetime]:
        """Since when the results of these edits are kept; those without one are left out."""
        query = select(RESULTS.c.edit_id, RESULTS.c.kept_at).where(RESULTS.c.edit_id.in_(edit_ids))
        async with self._database.reading() as connection:
            return {row.edit_id: row.kept_at for row in await connection.execute(query)}

    async def set_status_message(self, edit_id: str, message_id: int | None) -> None:
        """Remember the message that shows the edit's progress; None when it is gone."""
        await self._note(edit_id, status_message_id=message_id)

    async def delivered(self, edit_id: str, message_id: int, file_id: str | None = None) -> None:
        """Remember the message that brought the picture, and Telegram's name for its photo."""
        await self._note(edit_id, result_message_id=message_id, result_file_id=file_id)

    async def settle(
        self,
        edit_id: str,
        state: EditState,
        *,
        charge: int,
        reason: str | None,
        now: datetime,
        only: EditState | None = None,
        unbought: bool = False,
        tell: bool = True,
    ) -> bool:
        """End an edit: its final state, the charge, and the rest of the hold released, all or nothing.

        ``unknown`` writes no ledger row: its hold stays, and it may be settled once more, when it is
        known. If ``tell``, a reason is noted as untold. False, with nothing changed, if the edit was
        final already, or is not in the state ``only``, or is to be ``unbought`` and its newest attempt may
        be with the provider.

        Raises:
            ValueError: ``state`` is not final, or ``charge`` is negative.
        """
        if not state.final or charge < 0:
            raise ValueError(f"an edit can't be settled as {state} for {charge}")
        unknown = state is EditState.UNKNOWN
        # Of what is unknown more may become known; that nothing may be bought for it comes too late.
        again = state not in (EditState.UNKNOWN, EditState.CANCELLED)
        open_ = (*UNFINISHED, EditState.UNKNOWN) if again else UNFINISHED
        expected = [one for one in open_ if only in {None, one}]
        end = (
            update(EDITS)
            .where(EDITS.c.id == edit_id, EDITS.c.state.in_(expected))
            .values(state=state, reason=reason, charged=None if unknown else charge, ended_at=now)
            .returning(EDITS.c.model)
        )
        async with self._database.writing() as connection:
            if unbought and await _may_be_bought(connection, edit_id):
                return False
            model = (await connection.execute(end)).scalar_one_or_none()
            if model is None:
                return False
            if not unknown:
                await ledger.settle(connection, edit_id, charge, now)
            kept = state in (EditState.DONE, EditState.UNDELIVERABLE)
            if tell or kept:  # what can't be delivered is paid for and kept, and nobody can be told
                says = tell and state is not EditState.UNDELIVERABLE and reason
                await to_be_told(connection, edit_id, says, now)
        meters.EDITS_ENDED.labels(state, model).inc()
        return True

    async def accept(self, edit: Edit) -> bool:
        """Hold the money and insert an edit that no request asked for, all or nothing.

        False, with nothing changed, if there is an edit of its origin: what asked for it asks twice.

        Raises:
            OverBudget, TooManyWaiting: nothing was held or written.
        """
        add = (
            self._database.insert(EDITS)
            .values(**edit_columns(edit))
            .on_conflict_do_nothing(index_elements=["origin"])
            .returning(EDITS.c.id)
        )
        async with self._database.writing() as connection:
            if (await connection.execute(add)).one_or_none() is None:
                return False
            await ledger.hold(self._database, connection, [edit], self._books)
            return True

    async def of_origin(self, origin: str) -> Edit | None:
        """The edit of that origin, if there is one."""
        row = await self._one(select(EDITS).where(EDITS.c.origin == origin))
        return None if row is None else edit_of(row)

    async def of_batch(self, batch: str) -> list[Edit]:
        """The edits that were asked for together, in their order."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(EDITS).where(EDITS.c.batch == batch))
            return sorted(map(edit_of, rows), key=lambda edit: edit.number)

    async def cancel(self, edit_id: str, now: datetime) -> bool:
        """End an edit as cancelled and release its hold, unless something may have been bought for it.

        False, with nothing changed, if it is final or its newest attempt may be with the provider.
        """
        return await self.settle(edit_id, EditState.CANCELLED, charge=0, reason=None, now=now, unbought=True)

    async def unfinished_of(self, user_id: int, chat_id: int | None = None) -> list[Edit]:
        """What of a person's edits (in one chat) is not final, newest first."""
        return await self._newest(user_id, chat_id, EDITS.c.state.in_(UNFINISHED))

    async def unfinished_at(self, chat_id: int, message_id: int) -> list[Edit]:
        """What is not final and was asked for by that message, or shows its progress in it."""
        here = or_(EDITS.c.message_id == message_id, EDITS.c.status_message_id == message_id)
        query = select(EDITS).where(EDITS.c.chat_id == chat_id, EDITS.c.state.in_(UNFINISHED), here)
        async with self._database.reading() as connection:
            return [edit_of(row) for row in await connection.execute(query)]

    async def done_of(self, user_id: int, limit: int, chat_id: int | None = None) -> list[Edit]:
        """A person's last edits with a picture (in one chat), the undeliverable too, newest first."""
        made = EDITS.c.state.in_((EditState.DONE, EditState.UNDELIVERABLE))
        return await self._newest(user_id, chat_id, made, limit=limit)

    async def recent_prompts(self, user_id: int, limit: int, chat_id: int | None = None) -> list[str]:
        """What a person last wanted changed in pictures (in one chat), each once, newest first."""
        last = func.max(EDITS.c.created_at)
        of_pictures = EDITS.c.fit.is_not(None)  # a picture from words alone had none to lay out
        query = select(EDITS.c.prompt).where(*_of(user_id, chat_id), of_pictures).group_by(EDITS.c.prompt)
        async with self._database.reading() as connection:
            found = await connection.execute(query.order_by(last.desc(), EDITS.c.prompt).limit(limit))
            return list(found.scalars())

    async def typical_seconds(self, model: str, choices: Mapping[str, str]) -> float | None:
        """The median time from the POST to the kept result of the last 50 runs of a model and quality."""
        quality = EDITS.c.choices[QUALITY].as_string()
        wanted = choices.get(QUALITY) or None
        query = (
            select(EDITS.c.submitted_at, RESULTS.c.kept_at)
            .join(RESULTS, RESULTS.c.edit_id == EDITS.c.id)
            .where(
                EDITS.c.model == model,
                EDITS.c.submitted_at.is_not(None),
                quality.is_(None) if wanted is None else quality == wanted,
            )
            .order_by(EDITS.c.submitted_at.desc())
            .limit(_RUNS)
        )
        async with self._database.reading() as connection:
            runs = (await connection.execute(query)).all()
        return median((run.kept_at - run.submitted_at).total_seconds() for run in runs) if runs else None

    async def _newest(
        self, user_id: int, chat_id: int | None, condition: ColumnElement[bool], limit: int | None = None
    ) -> list[Edit]:
        query = (
            select(EDITS)
            .where(*_of(user_id, chat_id), condition)
            .order_by(EDITS.c.created_at.desc(), EDITS.c.id)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [edit_of(row) for row in await connection.execute(query)]

    async def _one(self, query: Select[Any]) -> Any:
        async with self._database.reading() as connection:
            return (await connection.execute(query)).one_or_none()

    async def _change(self, edit_id: str, **values: Any) -> bool:
        async with self._database.writing() as connection:
            return await _change(connection, edit_id, **values)

    async def _note(self, edit_id: str, **values: Any) -> None:
        """Set what has no order and no money, also on final edits."""
        async with self._database.writing() as connection:
            await connection.execute(update(EDITS).where(EDITS.c.id == edit_id).values(**values))


async def _change(connection: AsyncConnection, edit_id: str, **values: Any) -> bool:
    """Compare and set: change the edit if it is not final."""
    change = update(EDITS).where(EDITS.c.id == edit_id, EDITS.c.state.in_(UNFINISHED)).values(**values)
    return (await connection.execute(change)).rowcount == 1


async def _may_be_bought(connection: AsyncConnection, edit_id: str) -> bool:
    """Whether an edit's newest attempt may be with the provider, now and until the transaction ends.

    The edit's row is locked before the attempts are read, as `SqlEdits.open_attempt` does it: who comes
    second sees what the first one did.
    """
    await connection.execute(select(EDITS.c.id).where(EDITS.c.id == edit_id).with_for_update())
    last = (await connection.execute(_newest_attempt(edit_id))).one_or_none()
    return last is not None and last.state not in _NOT_BOUGHT


def _of(user_id: int, chat_id: int | None) -> list[ColumnElement[bool]]:
    """The edits of a person, in one chat if one is given."""
    here = [] if chat_id is None else [EDITS.c.chat_id == chat_id]
    return [EDITS.c.user_id == user_id, *here]


def _newest_attempt(edit_id: str) -> Select[Any]:
    return select(ATTEMPTS).where(ATTEMPTS.c.edit_id == edit_id).order_by(ATTEMPTS.c.number.desc()).limit(1)
