"""The thin half of WaveSpeed's REST API v3: it sends, and repeats nothing.

Source: WaveSpeed's documentation, "REST API", and its official Python client for the two-step upload.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import structlog

from bot.domain.live import LiveModels
from bot.domain.pictures import Encoded
from bot.domain.ports import Billing, Prediction, Submission
from bot.domain.timing import Timing
from bot.errors import (
    InputRejected,
    ModelGone,
    NoSuchPrediction,
    ProviderDown,
    ProviderError,
)
from bot.providers import wavespeed_billing as billing
from bot.providers import wavespeed_files as files
from bot.providers import wavespeed_models as models
from bot.providers import wavespeed_wire as wire
from bot.providers.api import Api, buying
from bot.providers.transfer import Answer, CheckedTransport, Transfers

log = structlog.get_logger(__name__)

API_ORIGIN = "https://api.wavespeed.ai"
_LARGEST_ANSWER = 8 * 1024 * 1024
_LARGEST_CATALOGUE = 32 * 1024 * 1024
_LARGEST_BASE64 = files.LARGEST_PICTURE // 3 * 4 + _LARGEST_ANSWER
_PAGE_SIZE = 100
_PAGE_SIZE_BASE64 = 10  # a listing then holds the pictures themselves
_MOST_PAGES = 20
_MOST_BILLING_PAGES = 200


class WaveSpeed:
    """WaveSpeed as a `bot.domain.ports.Provider`.

    Args:
        api_key: sent to ``base_url`` in a header, and nowhere else.
        base_url: the API's origin; it is used exactly as given, and trusted.
        timing: deadlines.
        extra_origins: further origins whose files are fetched wherever they are (the demo's).
        sync_mode: ask that the answer to a submit be the finished prediction, where the model can.
        base64_output: ask for pictures in the answer instead of URLs. Listings grow by them.
        transport: moves the pictures; tests bring one that resolves hosts in their own way.

    Raises:
        StartRefused: the key or the URL can't be one.
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = API_ORIGIN,
        timing: Timing | None = None,
        extra_origins: Collection[str] = (),
        sync_mode: bool = False,
        base64_output: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._timing = timing or Timing()
        self._sync_mode = sync_mode
        self._base64_output = base64_output
        self._largest = _LARGEST_BASE64 if base64_output else _LARGEST_ANSWER
        self._tickets = True
        self._transfers = Transfers(
            self._timing, transport or CheckedTransport([self._base_url, *extra_origins])
        )
        self._api = Api("WaveSpeed", api_key, self._base_url, "/api/v3/", self._timing)

    def __repr__(self) -> str:
        return f"WaveSpeed({self._base_url!r})"

    @property
    def searchable(self) -> bool:
        """It lists its predictions."""
        return True

    async def aclose(self) -> None:
        """Close all connections."""
        await self._api.aclose()
        await self._transfers.aclose()

    # --- pictures ---------------------------------------------------------------------------------------

    async def upload(self, picture: Encoded) -> str:
        """Store a picture under a name of its own; its URL. Source: official client, ``upload()``.

        A server that has no tickets is uploaded to directly (docs, "Upload files"), and once that worked,
        from then on.

        Raises:
            ProviderDown, Throttled: worth repeating. ProviderRefused: not.
        """
        name = f"{uuid.uuid4().hex}.{picture.extension}"
        if self._tickets:
            ticket = {"filename": name, "size": len(picture.data), "content_type": picture.media_type}
            answer = await self._call("POST", "media/uploads", json_body=ticket)
            if not wire.unknown_endpoint(answer.status):
                return await self._store(files.ticket(_data(answer)), picture)
        parts = {"file": (name, picture.data, picture.media_type)}
        request = self._api.request("POST", "media/upload/binary", files=parts)
        answer = await self._api.ask(request, self._timing.transfer, _LARGEST_ANSWER)
        url = files.stored_at(_data(answer, missing=ProviderDown))
        if self._tickets:
            self._tickets = False
            log.info("upload_without_tickets")
        return url

    async def _store(self, ticket: files.Ticket, picture: Encoded) -> str:
        answer = await self._transfers.put(ticket.url, ticket.headers, picture.data)
        files.stored(answer.status, answer.headers)
        return ticket.download_url

    async def download(self, output: str) -> bytes:
        """The bytes of one output: of its URL, without the key, or decoded from base64.

        Raises:
            ProviderDown: worth repeating. OutputUnusable: not.
        """
        if not files.is_url(output):
            return files.decoded(output)
        answer = await self._transfers.get(output, files.LARGEST_PICTURE)
        return files.fetched(answer.status, answer.headers, answer.body)

    # --- predictions ------------------------------------------------------------------------------------

    async def submit(self, submission: Submission) -> Prediction:
        """Buy one prediction with exactly one POST. Source: docs, "Submit task", "Webhooks".

        Raises:
            NotSent: no connection was made, so nothing was bought.
            Throttled, ProviderRefused: refused, so nothing was bought.
            AnswerLost: whatever else; it may have been bought.
        """
        body = wire.inputs(submission, sync_mode=self._sync_mode, base64_output=self._base64_output)
        request = self._request("POST", submission.model.endpoint, body)
        if submission.webhook is not None and not self._base64_output:  # it refuses both together
            request.url = request.url.copy_merge_params({"webhook": submission.webhook})
        seconds = self._timing.submit_whole if self._sync_mode else self._timing.submit
        with buying():
            answer = await self._api.send(request, seconds, self._largest)
            return wire.prediction(_data(answer, missing=ModelGone))

    async def result(self, prediction_id: str) -> Prediction:
        """Read one prediction. Source: docs, "Get result".

        Raises:
            NoSuchPrediction: the server does not know it. ProviderDown, Throttled, ProviderRefused.
        """
        path = f"predictions/{quote(prediction_id, safe='')}/result"
        answer = await self._call("GET", path, most=self._largest)
        return wire.prediction(_data(answer, missing=NoSuchPrediction), prediction_id)

    async def predictions(
        self, since: datetime, until: datetime | None = None, *, inputs: bool = False
    ) -> list[Prediction]:
        """All predictions created in a window of the last seven days, each once, over at most 20 pages.

        Source: docs, "List predictions". Raises ProviderDown, Throttled, ProviderRefused.
        """
        found: dict[str, Prediction] = {}
        seen, size = 0, _PAGE_SIZE_BASE64 if self._base64_output else _PAGE_SIZE
        for page in range(1, _MOST_PAGES + 1):
            query = wire.list_query(page, size, since, until, include_inputs=inputs)
            answer = await self._call("POST", "predictions", json_body=query, most=self._largest)
            listed, count, total = wire.listing(_data(answer), include_inputs=inputs)
            for prediction in listed:  # what is new shifts the pages, so one may come twice
                found.setdefault(prediction.id, prediction)
            seen += count
            if not count or (count < size if total is None else seen >= total):
                return list(found.values())
        log.warning("predictions_cut", pages=_MOST_PAGES)
        return list(found.values())

    async def webhook_secret(self) -> str:
        """What webhooks are signed with. Source: docs, "Verifying webhooks".

        Raises:
            ProviderDown, Throttled, ProviderRefused.
        """
        data = _data(await self._call("GET", "webhook/secret"))
        secret = data.get("secret") if isinstance(data, dict) else None
        if not isinstance(secret, str) or not secret:
            raise ProviderDown("the answer has no secret")
        return secret

    # --- account and catalogue --------------------------------------------------------------------------

    async def live_models(self) -> LiveModels:
        """All models that there are now. Source: ``GET /models``, as the official CLI uses it.

        Raises:
            ProviderDown, Throttled, ProviderRefused.
        """
        data = _data(await self._call("GET", "models", most=_LARGEST_CATALOGUE))
        return await asyncio.to_thread(models.models, data)  # there may be a thousand

    async def balance(self) -> int:
        """What is left on the account, in micro-dollars. Source: docs, "Balance".

        Raises:
            ProviderDown, Throttled, ProviderRefused.
        """
        return wire.amount(_data(await self._call("GET", "balance")), "balance")

    async def quote(self, submission: Submission) -> int:
        """What a submission will cost this account, in micro-dollars, rounded up. It is free to ask.

        Pictures need not be uploaded yet: the server does not fetch them, and what is left out is priced
        as the model's base. Source: ``POST /model/price``, as the official CLI uses it.

        Raises:
            ModelGone: there is no such model. ProviderDown, Throttled, ProviderRefused.
        """
        query = {"model_id": submission.model.endpoint, "inputs": wire.inputs(submission)}
        answer = await self._call("POST", "model/price", json_body=query)
        return wire.amount(_data(answer, missing=ModelGone), "discounted_price", "price")

    async def billings(self, since: datetime, until: datetime) -> list[Billing]:
        """The account's entries of a window, newest first. Source: ``POST /billings/search``, as in the CLI.

        Raises:
            ProviderDown, Throttled, ProviderRefused. ProviderDown also where there are too many to read:
            a part of an account would tell lies.
        """
        found: dict[str, Billing] = {}
        for page in range(1, _MOST_BILLING_PAGES + 1):
            query = billing.query(page, _PAGE_SIZE, since, until)
            answer = await self._call("POST", "billings/search", json_body=query)
            entries, more = billing.page(_data(answer))
            for number, entry in enumerate(entries):  # what is new shifts the pages, so one may come twice
                found.setdefault(entry.id or f"{page}:{number}", entry)
            if not more:
                return list(found.values())
        raise ProviderDown(f"the account has more than {_MOST_BILLING_PAGES} pages of entries")

    # --- sending ----------------------------------------------------------------------------------------

    def _request(self, method: str, path: str, json_body: Any = None) -> httpx.Request:
        if json_body is None:
            return self._api.request(method, path)
        # As ASCII, so that no odd character in a prompt can make it fail.
        headers = {"Content-Type": "application/json"}
        return self._api.request(method, path, content=json.dumps(json_body), headers=headers)

    async def _call(
        self, method: str, path: str, *, json_body: Any = None, most: int = _LARGEST_ANSWER
    ) -> Answer:
        return await self._api.ask(self._request(method, path, json_body), self._timing.read, most)


def _data(answer: Answer, missing: type[ProviderError] = InputRejected) -> Any:
    return wire.decipher(answer.status, answer.headers, answer.body, missing=missing)
