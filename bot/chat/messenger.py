"""What jobs tell people: questions, refusals, results, ends. Implements `bot.domain.ports.Messenger`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog

from bot.chat.delivery import Delivery
from bot.chat.limiter import Priority
from bot.chat.notices import Notices
from bot.chat.progress import Shows
from bot.chat.questions import Asking
from bot.chat.replies import Bot, reply, tell
from bot.chat.result_buttons import ResultButtons
from bot.chat.texts import explain, say
from bot.clock import Clock
from bot.domain.catalogue import Catalogue
from bot.domain.edits import Delivered, Edit, Ready, Request
from bot.domain.money import dollars
from bot.domain.pictures import Encoded
from bot.domain.ports import Imaging, Stage
from bot.domain.roles import Question
from bot.domain.stores import Buttons
from bot.domain.timing import Timing
from bot.domain.untold import Untold
from bot.errors import IntakePaused, MessengerError, ModelGone, StorageBusy, WavebrushError

log = structlog.get_logger(__name__)


class Messages:
    """Sends what is worth waiting for: results above all."""

    def __init__(
        self,
        bot: Bot,
        progress: Shows,
        asking: Asking,
        notices: Notices,
        buttons: Buttons,
        untold: Untold,
        imaging: Imaging,
        catalogue: Callable[[], Catalogue],
        timing: Timing,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._progress = progress
        self._asking = asking
        self._notices = notices
        self._untold = untold
        self._buttons = ResultButtons(buttons, catalogue, clock)
        self._delivery = Delivery(bot, self._buttons, imaging, catalogue, timing)

    async def ask_prompt(self, request: Request) -> int | None:
        """Ask what to change, with words to choose from; the question's message id."""
        return await self._asking.ask_words(request)

    async def ask(self, request: Request, question: Question, shown: Encoded | None = None) -> int | None:
        """Ask with buttons; the question's message id."""
        return await self._asking.ask(request, question, shown)

    async def refuse(self, request: Request, error: WavebrushError) -> None:
        """Say why nothing comes of a request, and what to do instead."""
        self._progress.signs.over(request.place)
        text = explain(error, request.language)
        if isinstance(error, IntakePaused) and await self._notices.tells(request.user_id):
            text = f"{text}\n{say('paused-admin', request.language)}"
        await reply(self._bot, request.place, text)

    async def moved(self, request: Request, gone: str, title: str, price: str) -> None:
        """Say that another model takes over from now on."""
        text = say("model-moved", request.language, name=gone, title=title, price=price)
        await reply(self._bot, request.place, text)

    async def spared(self, request: Request, title: str, left: int) -> None:
        """Say that a cheaper model than usual is used, since a limit leaves only so much."""
        text = say("model-spared", request.language, title=title, left=dollars(left))
        await reply(self._bot, request.place, text)

    def progress(
        self, edit: Edit, stage: Stage, expected_seconds: float | None = None, place: int | None = None
    ) -> None:
        """Show where an edit is."""
        self._progress.show(edit, stage, expected_seconds, place)

    async def tell_admins(self, key: str, **values: str | int) -> bool:
        """Send every admin a sentence; whether any was reached."""
        return await self._notices.tell_admins(key, **values)

    async def end(self, edit: Edit, error: WavebrushError | None = None) -> None:
        """Take the status away. A failure is a new reply, since an edited message notifies nobody.

        One that Telegram surely did not take stays noted as untold, and is said later.
        """
        await self._progress.end(edit)
        if error is None:
            return
        values = {"charged": dollars(edit.charged or 0), "held": dollars(edit.quote), "edit": edit.id[:8]}
        instead = await self._buttons.instead(edit) if isinstance(error, ModelGone) else None
        text = explain(error, edit.language, **values)
        try:
            await tell(self._bot, edit.place, text, Priority.RESULT, instead)
        except MessengerError as problem:
            log.warning("end_not_told", edit=edit.id, error=type(problem).__name__, detail=str(problem))
            if not (problem.permanent or problem.uncertain):
                return
        await self._told(edit)

    async def deliver(
        self, ready: Sequence[Ready], failed: Sequence[Edit], seconds: float
    ) -> Mapping[str, Delivered]:
        """Reply with one picture or with an album; see `Delivery.send`."""
        sent = await self._delivery.send(ready, failed, seconds)
        for edit in failed:
            await self._told(edit)
        return sent

    async def _told(self, edit: Edit) -> None:
        try:
            await self._untold.told(edit.id)
        except StorageBusy as error:  # it may be said twice
            log.warning("told_not_noted", edit=edit.id, detail=str(error))
