"""Runs predictions: queue, duration, the edit itself, its money and its webhook."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

import httpx

from .fetch import Fetcher
from .painter import Failure, paint
from .schema import Model
from .webhooks import deliver
from .world import Prediction, World, described, new_id

log = logging.getLogger(__name__)

TASK_ERRORS = {
    1200: "Content Moderation – The content contains sensitive information.",
    1400: "Missing Parameter – A required parameter is missing.",
    1401: "Invalid Parameter – A parameter is not valid.",
    1402: "Media Access Failed – Failed to download image from the provided URL.",
    1403: "Task Execution Failed – The task could not be executed.",
    1405: "Task Failed – The task failed.",
    5000: "Internal Error – An internal error occurred.",
    5003: "Service Unavailable – The service is temporarily unavailable.",
    5004: "Timeout – The task timed out.",
}


class Worker:
    """Carries predictions from created to their end, each in a task of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: list[Prediction] = []
        self._running = 0
        self._closing = False
        self._client: httpx.AsyncClient | None = None

    def resume(self) -> None:
        """Take up what was under way when the server last stopped."""
        self._waiting = [one for one in self._world.predictions.values() if not one.ended]
        self._closing = False
        self.pump()

    async def close(self) -> None:
        """Stop everything that still runs."""
        self._closing = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def submit(
        self, model: Model, inputs: dict[str, Any], *, base_url: str, webhook: str | None
    ) -> Prediction:
        """Pay for a new prediction and queue it. Raises `Refusal` (429, or 400 with code 1407)."""
        world = self._world
        price = world.charged(model.price(inputs))
        world.count_submit()
        world.pay(price)
        prediction = Prediction(new_id(), model, inputs, price, world.now(), base_url, webhook)
        world.predictions[prediction.id] = prediction
        world.bell.ring()
        self._waiting.append(prediction)
        asyncio.get_running_loop().call_soon(self.pump)
        return prediction

    def pump(self) -> None:
        """Start as many waiting predictions as the account may run at once."""
        limit = self._world.settings.concurrency
        while self._waiting and not self._closing and (limit is None or self._running < limit):
            prediction = self._waiting.pop(0)
            if not prediction.ended:
                self._start(prediction)

    def finish(self, prediction: Prediction) -> None:
        """Let a prediction end now, even if it still waits for its turn."""
        prediction.release.set()
        if prediction in self._waiting:
            self._waiting.remove(prediction)
            self._start(prediction)

    def _start(self, prediction: Prediction) -> None:
        self._running += 1
        prediction.status = "processing"
        self._world.bell.ring()
        self._spawn(self._run(prediction)).add_done_callback(partial(self._check, prediction))

    def release_all(self) -> None:
        """Let every held prediction end now."""
        for prediction in self._world.predictions.values():
            prediction.release.set()

    def end(self, prediction: Prediction, status: str, code: int | None = None, error: str = "") -> None:
        """End a prediction without a picture; a failed or timed out one is paid back."""
        if prediction.ended:
            return
        if status in ("failed", "timeout"):
            self._world.bill(prediction, 0)
        prediction.status, prediction.code = status, code
        prediction.error = error or TASK_ERRORS.get(code or 0, "")
        self._ended(prediction)

    async def _run(self, prediction: Prediction) -> None:
        try:
            seconds = await self._wait(prediction)
            prediction.inference = round(seconds * 1000)
            if not prediction.ended:
                await self._finish(prediction)
        finally:
            self._running -= 1
            self.pump()

    def _check(self, prediction: Prediction, task: asyncio.Task[None]) -> None:
        """End a prediction whose run broke by a mistake of the stand-in's own."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the WaveSpeed stand-in broke", exc_info=error)
            self.end(prediction, "failed", 5000)

    async def _wait(self, prediction: Prediction) -> float:
        """Wait until the prediction is due or released, and return its nominal seconds.

        One that began before the server's last stop went on meanwhile.
        """
        settings = self._world.settings
        if not prediction.seconds:
            prediction.seconds = asked_seconds(prediction.inputs) or self._world.duration()
            prediction.started_at = self._world.now()
        past = self._world.now() - prediction.started_at
        left = max(0.0, prediction.seconds / settings.speed - past)
        try:
            async with asyncio.timeout(None if settings.hold else left):
                await prediction.release.wait()
        except TimeoutError:
            pass
        return prediction.seconds

    async def _finish(self, prediction: Prediction) -> None:
        try:
            code = asked_failure(prediction.inputs)
            if code is not None:
                raise Failure(code, TASK_ERRORS.get(code, "Task failed."))
            material = await Fetcher(self._world, self._http()).material(prediction)
            painted = await asyncio.to_thread(
                paint, prediction.model, prediction.inputs, material, self._world.settings.drift
            )
        except Failure as failure:
            self.end(prediction, "failed", failure.code, failure.message)
            return
        if prediction.ended:
            return
        prediction.output = f"{prediction.id}_0.{painted.format}"
        self._world.outputs[prediction.output] = (painted.data, self._world.now())
        settled = prediction.model.settled_price(prediction.inputs, painted.width, painted.height)
        self._world.bill(prediction, self._world.charged(settled))
        prediction.status = "completed"
        self._ended(prediction)

    def _ended(self, prediction: Prediction) -> None:
        prediction.release.set()
        prediction.done.set()
        self._world.bell.ring()
        if prediction.webhook is not None and not prediction.deleted:
            outputs = told_outputs(self._world, prediction, prediction.base_url)
            body = described(prediction, prediction.base_url, outputs) | {"input": prediction.inputs}
            self._spawn(deliver(self._world, self._http(), prediction.webhook, body))

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            # Plain HTTP on this machine only, so neither certificates nor proxies are needed.
            self._client = httpx.AsyncClient(verify=False, trust_env=False, timeout=20)  # noqa: S501 (no TLS)
        return self._client

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def told_outputs(world: World, prediction: Prediction, base_url: str) -> list[Any]:
    """Return the outputs as URLs (in objects, as some models tell them), or as naked base64 if asked for."""
    if prediction.status != "completed" or prediction.output is None:
        return []
    if prediction.inputs.get("enable_base64_output"):
        return [base64.b64encode(world.outputs[prediction.output][0]).decode()]
    url = f"{base_url}/outputs/{prediction.output}"
    return [{"url": url}] if world.settings.object_outputs else [url]


def asked_failure(inputs: Mapping[str, Any]) -> int | None:
    """Return the task code that the prompt asks to fail with (``[moderated]``, ``[fail 5000]``)."""
    if "[moderated]" in inputs["prompt"]:
        return 1200
    found = re.search(r"\[fail (\d{4})\]", inputs["prompt"])
    return int(found[1]) if found else None


def asked_seconds(inputs: Mapping[str, Any]) -> float | None:
    """Return the seconds that the prompt asks to take (``[slow 30]``)."""
    found = re.search(r"\[slow (\d{1,4}(?:\.\d+)?)\]", inputs["prompt"])
    return float(found[1]) if found else None
