"""The API itself: submit, result, list, delete, models and prices."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .answers import base_url, json_object, keyed, moment, page_of, success
from .checks import Refusal, catalogue_entry, check_given, check_inputs
from .models import MODELS
from .worker import Worker, told_outputs
from .world import Prediction, World, described

NO_BASE64 = "webhook callback does not support base64 output, please use the normal API to use base64 output"


class Api:
    """The endpoints that run models, over one world."""

    def __init__(self, world: World, worker: Worker) -> None:
        self._world = world
        self._worker = worker

    def routes(self) -> list[Route]:
        """Return the routes; the submit comes last because it takes every path that is left."""
        endpoints = (
            ("/api/v3/predictions/{id}/result", self._result, "GET"),
            ("/api/v3/predictions", self._list, "POST"),
            ("/api/v3/predictions/delete", self._delete, "POST"),
            ("/api/v3/model/price", self._price, "POST"),
            ("/api/v3/model/pricing", self._pricing, "POST"),
            ("/api/v3/models", self._models, "GET"),
            ("/api/v3/{model_id:path}", self._submit, "POST"),
        )
        return [Route(path, keyed(self._world, end), methods=[method]) for path, end, method in endpoints]

    async def _submit(self, request: Request) -> Response:
        model = self._world.live_model(request.path_params["model_id"])
        inputs = await json_object(request)
        check_inputs(model, inputs, self._world.settings.withheld.get(model.id, {}))
        webhook = request.query_params.get("webhook") or None
        if webhook is not None and inputs.get("enable_base64_output"):
            return JSONResponse({"error": NO_BASE64}, status_code=400)
        prediction = self._worker.submit(model, inputs, base_url=base_url(request), webhook=webhook)
        if inputs.get("enable_sync_mode"):
            return success(await self._synchronous(request, prediction))
        return success(self._told(request, prediction))

    async def _synchronous(self, request: Request, prediction: Prediction) -> dict[str, Any]:
        """Wait for the end; after 90 s (by default) say that it goes on without us (page "Sync mode")."""
        settings = self._world.settings
        try:
            async with asyncio.timeout(settings.sync_seconds / settings.speed):
                await prediction.done.wait()
        except TimeoutError:
            text = f"Sync mode timed out after {settings.sync_seconds:g} seconds. "
            text += "The prediction is still processing asynchronously."
            return {"id": prediction.id, "status": "processing", "code": 5004, "error": text}
        return self._told(request, prediction)

    def _told(self, request: Request, prediction: Prediction) -> dict[str, Any]:
        base = base_url(request)
        return described(prediction, base, told_outputs(self._world, prediction, base))

    async def _result(self, request: Request) -> Response:
        return success(self._told(request, self._world.prediction(request.path_params["id"])))

    async def _list(self, request: Request) -> Response:
        body = await json_object(request)
        settings = self._world.settings
        if body.get("include_inputs") and settings.reject_list_inputs:
            raise Refusal(400, 'field "include_inputs" is not allowed')
        after, before = moment(body, "created_after"), moment(body, "created_before")
        found = [
            one
            for one in self._world.visible()
            if body.get("model") in (None, "", one.model.id)
            and body.get("status") in (None, "", one.status)
            and (after is None or one.created_at >= after)
            and (before is None or one.created_at <= before)
        ]
        page, shown, _ = page_of(found, body)
        items = []
        for prediction in shown:
            item = self._told(request, prediction)
            if body.get("include_inputs"):
                item[settings.list_inputs_name] = prediction.inputs
            items.append(item)
        return success({"page": page, "total": len(found), "items": items})

    async def _delete(self, request: Request) -> Response:
        ids = (await json_object(request)).get("ids")
        if not isinstance(ids, list) or not ids:
            raise Refusal(400, 'field "ids" is required')
        found = [one for one in self._world.visible() if one.id in ids]
        for prediction in found:
            prediction.deleted = True
            self._worker.end(prediction, "deleted")
            self._world.outputs.pop(prediction.output or "", None)
        return success({"deleted_count": len(found)})

    async def _price(self, request: Request) -> Response:
        body = await json_object(request)
        model = self._world.live_model(body.get("model_id"))
        inputs = body.get("inputs") or {}
        if not isinstance(inputs, dict):
            raise Refusal(400, 'field "inputs" must be an object')
        check_given(model, inputs, self._world.settings.withheld.get(model.id, {}))
        price = model.price(inputs)
        told = {
            "model_id": model.id,
            "price": price / 1e6,
            "discounted_price": self._world.charged(price) / 1e6,
            "discount_rate": self._world.settings.discount_rate,
            "currency": "USD",
        }
        return success(told)

    async def _pricing(self, request: Request) -> Response:
        model = self._world.live_model((await json_object(request)).get("model_id"))
        return success({"model_id": model.id, "unit_price": model.base_price() / 1e6, "currency": "USD"})

    async def _models(self, request: Request) -> Response:
        settings, server = self._world.settings, base_url(request)
        entries = [
            catalogue_entry(MODELS[model_id], order, server, settings.withheld.get(model_id, {}))
            for order, model_id in enumerate(settings.models, 1)
        ]
        return success(entries)
