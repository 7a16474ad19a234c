"""Faults of the WaveSpeed stand-in: each spoils the asked calls, and only those, as it says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.wavespeed_bench import KEY, TEXT, Bench, standin

HOUSE = {"prompt": "a house"}


async def outcome(bench: Bench) -> tuple[int | str, int]:
    """Submit, and return what the client saw and how many predictions there are then."""
    try:
        answer = await bench.post(TEXT, HOUSE)
        seen: int | str = answer.status_code
    except httpx.TransportError as error:
        seen = type(error).__name__
    return seen, len(await bench.predictions())


@pytest.mark.parametrize(
    ("fault", "seen", "predictions"),
    [
        ({"kind": "drop"}, "RemoteProtocolError", 1),
        ({"kind": "refuse"}, "RemoteProtocolError", 0),
        ({"kind": "truncate"}, "RemoteProtocolError", 1),
        ({"kind": "garbage"}, 200, 1),
        ({"kind": "empty"}, 200, 1),
        ({"kind": "slow", "seconds": 0.01}, 200, 1),
        ({"kind": "html"}, 502, 0),
        ({"kind": "html", "status": 504, "effect": True}, 504, 1),
        ({"kind": "status"}, 500, 0),
        ({"kind": "status", "status": 503, "effect": True}, 503, 1),
        ({"kind": "drop", "effect": False}, "RemoteProtocolError", 0),
    ],
)
async def test_fault_spoils_the_answer_and_maybe_the_effect(
    fault: dict[str, Any], seen: int | str, predictions: int
) -> None:
    """The client sees the fault, the prediction exists where the call has its effect, then all is well."""
    async with standin() as bench:
        await bench.fault("submit", **fault)
        assert await outcome(bench) == (seen, predictions)
        assert await outcome(bench) == (200, predictions + 1)


async def test_status_carries_body_and_retry_after() -> None:
    """A refusing fault can bring any envelope and a Retry-After; by default it has an envelope."""
    async with standin() as bench:
        await bench.fault("submit", "status", status=429, retry_after=7)
        answer = await bench.post(TEXT, HOUSE)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
        assert answer.json() == {"code": 429, "message": "Too Many Requests"}
        await bench.fault("submit", "status", status=200, body={"code": 5003, "message": "x", "data": None})
        answer = await bench.post(TEXT, HOUSE)
        assert (answer.status_code, answer.json()["code"]) == (200, 5003)


async def test_garbage_is_no_json_and_empty_is_nothing() -> None:
    """Spoilt answers can't be read as JSON."""
    async with standin() as bench:
        for kind in ("garbage", "empty", "html"):
            await bench.fault("account", kind)
            answer = await bench.http.get("/api/v3/balance")
            with pytest.raises(ValueError, match=r"JSON|Expecting|Unterminated"):
                answer.json()
        assert (await bench.data("balance"))["balance"] == 100


async def test_fault_meets_only_its_path_and_count() -> None:
    """Named paths and prefixes choose the call; after the count it is over."""
    async with standin() as bench:
        prediction_id = await bench.submit()
        result = f"/api/v3/predictions/{prediction_id}/result"
        calls = {
            "submit": ("POST", f"/api/v3/{TEXT}"),
            "result": ("GET", result),
            "list": ("POST", "/api/v3/predictions"),
            "upload": ("POST", "/api/v3/media/uploads"),
            "output": ("GET", "/outputs/none.png"),
            "price": ("POST", "/api/v3/model/price"),
            "models": ("GET", "/api/v3/models"),
            "delete": ("POST", "/api/v3/predictions/delete"),
            "account": ("GET", "/api/v3/balance"),
        }
        for path, (method, url) in [*calls.items(), (result, ("GET", result))]:
            await bench.fault(path, "status", status=418, count=2)
            assert (await bench.http.request(method, url, json={})).status_code == 418
            for other_method, other_url in calls.values():
                answer = await bench.http.request(other_method, other_url, json={})
                assert (answer.status_code == 418) is (other_url == url), (path, other_url)
            assert (await bench.http.request(method, url, json={})).status_code != 418


async def test_cleared_faults_are_gone() -> None:
    """After a DELETE no fault is left."""
    async with standin() as bench:
        await bench.fault("*", "status", count=100)
        assert (await bench.http.get("/api/v3/balance")).status_code == 500
        await bench.http.delete("/sandbox/faults")
        assert (await bench.http.get("/api/v3/balance")).status_code == 200


async def test_truncated_output_breaks_off() -> None:
    """Half of an output comes, then the connection closes."""
    async with standin() as bench:
        told = await bench.run(TEXT, "a house")
        await bench.fault("output", "truncate")
        with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
            await bench.http.get(told["outputs"][0])
        assert (await bench.http.get(told["outputs"][0])).status_code == 200


@pytest.mark.parametrize(
    "body", [{"path": "submit", "kind": "fire"}, {"path": "submit"}, {"path": "*", "kind": "drop", "by": 1}]
)
async def test_unknown_faults_are_refused(body: dict[str, Any]) -> None:
    """A fault that the stand-in does not know is answered 400 with a sentence."""
    async with standin() as bench:
        answer = await bench.http.post("/sandbox/faults", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]


@pytest.mark.parametrize(
    "settings", [{"drift": 1, "colour": "red"}, {"hold": False, "models": ["dall-e-2"]}, {"seconds": 3}]
)
async def test_unknown_settings_are_refused(settings: dict[str, Any]) -> None:
    """A setting that is not there, or does not fit, is answered 400 and changes nothing."""
    async with standin() as bench:
        before = (await bench.http.get("/sandbox/settings")).json()
        answer = await bench.http.post("/sandbox/settings", json=settings)
        assert answer.status_code == 400
        assert (await bench.http.get("/sandbox/settings")).json() == before


async def test_calls_are_noted_without_the_key() -> None:
    """Each call is noted with its JSON, its status (None when cut off) and whether a key came along."""
    async with standin() as bench, httpx.AsyncClient(verify=False) as anonymous:
        await bench.post(TEXT, HOUSE, webhook="http://127.0.0.1:9/")
        await bench.fault("account", "drop")
        with pytest.raises(httpx.RemoteProtocolError):
            await bench.http.get("/api/v3/balance")
        await anonymous.get(f"{bench.url}/outputs/none.png")
        submit, balance, output = await bench.calls()
        assert (submit["method"], submit["path"], submit["json"]) == ("POST", f"/api/v3/{TEXT}", HOUSE)
        assert submit["query"] == {"webhook": "http://127.0.0.1:9/"}
        assert [one["status"] for one in (submit, balance, output)] == [200, None, 404]
        assert [one["authorized"] for one in (submit, balance, output)] == [True, True, False]
        assert KEY not in str(await bench.calls())
        assert [one["path"] for one in await bench.calls("/api/v3/balance")] == ["/api/v3/balance"]
        await bench.http.delete("/sandbox/calls")
        assert await bench.calls() == []
