"""The account's endpoints: balance, billing, usage and the webhook secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import json_object, keyed, moment, page_of, success
from .checks import Refusal
from .world import Prediction, World, rfc3339

LONGEST_USAGE = 31 * 24 * 3600.0
KEY_NAME = "sandbox"
KEY_UUID = "00000000-0000-4000-8000-000000000001"


class Account:
    """What the account has, paid and used, over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return the routes, all of which need the key."""
        endpoints = (
            ("/api/v3/balance", self._balance, "GET"),
            ("/api/v3/billings/search", self._billings, "POST"),
            ("/api/v3/user/usage_stats", self._usage, "POST"),
            ("/api/v3/webhook/secret", self._secret, "GET"),
        )
        return [Route(path, keyed(self._world, end), methods=[method]) for path, end, method in endpoints]

    async def _balance(self, request: Request) -> Response:
        return success({"balance": self._world.balance / 1e6})

    async def _secret(self, request: Request) -> Response:
        return success({"secret": self._world.webhook_secret})

    async def _billings(self, request: Request) -> Response:
        """List what is billed now, newest first; what was paid back is not in it."""
        body = await json_object(request)
        if body.get("billing_type") not in (None, "", "deduct"):
            return success({"page": 1, "has_more": False, "items": []})
        billed = [one for one in self._between(body) if one.micros > 0]
        page, shown, more = page_of(billed[::-1], body)
        return success({"page": page, "has_more": more, "items": [_billing(one) for one in shown]})

    async def _usage(self, request: Request) -> Response:
        body = await json_object(request)
        start, end = moment(body, "start_time"), moment(body, "end_time")
        if start is None or end is None:
            raise Refusal(400, 'fields "start_time" and "end_time" are required')
        if not 0 <= end - start <= LONGEST_USAGE:
            raise Refusal(400, "the time range must be at most 31 days")
        used = self._between(body)
        told = {
            "per_model_usage": _grouped(used, "model_uuid", lambda one: one.model.id),
            "daily_usage": _grouped(used, "date", lambda one: rfc3339(one.created_at)[:10]),
            "summary": _totals(used),
        }
        return success(told)

    def _between(self, body: dict[str, Any]) -> list[Prediction]:
        start, end = moment(body, "start_time"), moment(body, "end_time")
        return [
            one
            for one in self._world.predictions.values()
            if (start is None or one.created_at >= start)
            and (end is None or one.created_at <= end)
            and body.get("model_uuid") in (None, "", one.model.id)
            and body.get("access_key_uuid") in (None, "", KEY_UUID)
        ]


def _billing(prediction: Prediction) -> dict[str, Any]:
    return {
        "uuid": f"bill_{prediction.id}",
        "billing_type": "deduct",
        "price": prediction.micros / 1e6,
        "created_at": rfc3339(prediction.created_at),
        "access_key_name": KEY_NAME,
        "access_key_uuid": KEY_UUID,
        "order": None,
        "prediction": {
            "uuid": prediction.id,
            "model_uuid": prediction.model.id,
            "status": prediction.status,
        },
        "consumption": None,
    }


def _grouped(used: Iterable[Prediction], name: str, key: Callable[[Prediction], str]) -> list[dict[str, Any]]:
    groups: dict[str, list[Prediction]] = {}
    for prediction in used:
        groups.setdefault(key(prediction), []).append(prediction)
    return [{name: value} | _totals(members) for value, members in groups.items()]


def _totals(used: list[Prediction]) -> dict[str, Any]:
    return {
        "total_cost": sum(one.micros for one in used) / 1e6,
        "total_requests": len(used),
        "success_requests": sum(one.status == "completed" for one in used),
    }
