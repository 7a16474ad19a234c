"""The thin half of OpenAI's Images API: it sends, and repeats nothing.

Source: OpenAI's API reference, "Images", and the page "Edit Image by gpt-image-1" of a compatible server.
"""

from __future__ import annotations

from datetime import datetime

import httpx
import structlog

from bot.domain.live import LiveModels
from bot.domain.pictures import Encoded
from bot.domain.ports import Billing, Prediction, Submission
from bot.domain.stores import Blobs
from bot.domain.timing import Timing
from bot.errors import (
    InputRejected,
    NoSuchPrediction,
    NotSent,
    ProviderDown,
    StorageBusy,
)
from bot.providers import openai_images_wire as wire
from bot.providers import wavespeed_files as outputs
from bot.providers.api import Api, buying
from bot.providers.transfer import CheckedTransport, Transfers

log = structlog.get_logger(__name__)

API_ORIGIN = "https://api.openai.com"
_LARGEST_LIST = 8 * 1024 * 1024
_LARGEST_ANSWER = outputs.LARGEST_PICTURE // 3 * 4 + _LARGEST_LIST


class OpenAIImages:
    """A server that speaks OpenAI's Images API, as a `bot.domain.ports.Provider`.

    It answers a submit with the finished picture and knows nothing of it afterwards: there are no
    uploads, no predictions to read or list, no balance and no account to search. So pictures wait in
    our own ``blobs`` for their submit, and whoever gets the answer must keep what is in it.

    Args:
        api_key: sent to ``base_url`` in a header, and nowhere else.
        blobs: where pictures wait between `upload` and `submit`.
        base_url: the API's origin, with or without ``/v1``; it is trusted.
        timing: deadlines.
        transport: fetches outputs that are URLs; tests bring one that resolves hosts in their own way.

    Raises:
        StartRefused: the key or the URL can't be one.
    """

    def __init__(
        self,
        api_key: str,
        blobs: Blobs,
        *,
        base_url: str = API_ORIGIN,
        timing: Timing | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/").removesuffix("/v1")
        self._blobs = blobs
        self._timing = timing or Timing()
        self._transfers = Transfers(self._timing, transport or CheckedTransport([self._base_url]))
        self._api = Api("OpenAI", api_key, self._base_url, "/v1/", self._timing)

    def __repr__(self) -> str:
        return f"OpenAIImages({self._base_url!r})"

    @property
    def searchable(self) -> bool:
        """It lists nothing."""
        return False

    async def aclose(self) -> None:
        """Close all connections."""
        await self._api.aclose()
        await self._transfers.aclose()

    # --- pictures ---------------------------------------------------------------------------------------

    async def upload(self, picture: Encoded) -> str:
        """Keep a picture for one submit; ``blob:`` and its key, new for each call.

        Raises:
            ProviderDown: it can't be kept now; worth repeating. InputRejected: a format that is not taken.
        """
        key = wire.new_key(picture.extension)
        try:
            await self._blobs.put(key, picture.data)
        except StorageBusy as error:
            raise ProviderDown("the picture can't be kept for its submit") from error
        return wire.url_of(key)

    async def _taken(self, url: str) -> bytes:
        """The bytes of an upload, which is forgotten: every attempt has uploads of its own.

        Raises:
            NotSent: they can't be read now. InputRejected: they are not there.
        """
        key = wire.key_of(url)
        try:
            data = await self._blobs.get(key)
            await self._blobs.drop(key)
        except StorageBusy as error:
            raise NotSent("the picture can't be read back") from error
        if data is None:
            raise InputRejected("the picture is no longer kept")
        return data

    async def download(self, output: str) -> bytes:
        """The bytes of one output: decoded from base64, or of its URL, without the key.

        Raises:
            ProviderDown: worth repeating. OutputUnusable: not.
        """
        if not outputs.is_url(output):
            return outputs.decoded(output)
        answer = await self._transfers.get(output, outputs.LARGEST_PICTURE)
        return outputs.fetched(answer.status, answer.headers, answer.body)

    # --- the paid call ------------------------------------------------------------------------------------

    async def submit(self, submission: Submission) -> Prediction:
        """Buy one finished picture with exactly one POST of minutes.

        Without pictures it is made from words alone. Source: reference, "Create image edit" and "Create
        image". The prediction's id is made up; its ``cost`` is by the answer's usage, where the model is
        billed by tokens.

        Raises:
            NotSent: no connection was made, so nothing was bought.
            Throttled, ProviderRefused: refused, so nothing was bought.
            AnswerLost: whatever else; it may have been bought.
        """
        request = await self._paid_request(submission)
        with buying():
            answer = await self._api.send(request, self._timing.submit_whole, _LARGEST_ANSWER)
            told = wire.decipher(answer.status, answer.headers, answer.body)
            return wire.prediction(told, submission.model)

    async def _paid_request(self, submission: Submission) -> httpx.Request:
        fields = wire.fields(submission)
        if not submission.pictures:
            body = {**fields, "n": int(fields["n"])}
            return self._api.request("POST", "images/generations", json=body)
        pictures = [await self._taken(url) for url in submission.pictures]
        mask = await self._taken(submission.mask) if submission.mask is not None else None
        parts = wire.files(submission, pictures, mask)
        return self._api.request("POST", "images/edits", data=fields, files=parts)

    async def quote(self, submission: Submission) -> int | None:
        """The most that a submission can cost, in micro-dollars; it is reckoned here, not asked.

        Raises:
            PriceUnknown: the model's row has no price for these choices.
        """
        return wire.quote(submission)

    # --- what such a server does not have -------------------------------------------------------------------

    async def result(self, prediction_id: str) -> Prediction:
        """Raise NoSuchPrediction: the answer to the submit was all there is."""
        raise NoSuchPrediction("this provider keeps no predictions")

    async def predictions(
        self, since: datetime, until: datetime | None = None, *, inputs: bool = False
    ) -> list[Prediction]:
        """Nothing, ever: a submit whose answer was lost can't be found."""
        return []

    async def balance(self) -> int:
        """Raise ProviderDown: there is no way to ask."""
        raise ProviderDown("this provider tells no balance")

    async def billings(self, since: datetime, until: datetime) -> list[Billing]:
        """Nothing: there is no account to search with an API key."""
        return []

    # --- models ---------------------------------------------------------------------------------------------

    async def live_models(self) -> LiveModels | None:
        """All models that there are now, by their ids only. Source: reference, "List models".

        None for a server that has no such list: a model that it lacks costs nothing, its submit is refused.

        Raises:
            ProviderDown, Throttled, ProviderRefused.
        """
        request = self._api.request("GET", "models")
        answer = await self._api.ask(request, self._timing.read, _LARGEST_LIST)
        if answer.status in {404, 405}:
            log.info("no_list_of_models")
            return None
        return wire.models(wire.decipher(answer.status, answer.headers, answer.body))
