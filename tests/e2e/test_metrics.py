"""What Prometheus and the log tell of an edit, and what they keep to themselves."""

from __future__ import annotations

import json

from prometheus_client.parser import text_string_to_metric_families as families

from tests.e2e.world import KEY, METRICS, TOKEN, World


async def page(world: World) -> str:
    """The metrics of the bot that runs."""
    port = (await world.bots[-1].says("listening"))["port"]
    shown = {"authorization": f"Bearer {METRICS}"}
    answer = await world.http.get(f"http://127.0.0.1:{port}/metrics", headers=shown)
    assert answer.status_code == 200
    return answer.text


async def test_an_edit_in_numbers(shared: World) -> None:
    """Its end, its steps, the failed calls on its way; but nobody's name, id, words or keys."""
    ada = await shared.person("Adalbert")
    await ada.starts()
    await shared.fault(shared.wavespeed, path="/api/v3/media/uploads", kind="status", status=500)
    await shared.fault(shared.telegram, method="sendPhoto", kind="status", status=502)
    await ada.sends("cat.jpg", caption="numbers of a comic")
    await ada.sees_picture()
    await ada.sees_nothing_of("…")
    text = await page(shared)
    found = {(s.name, *s.labels.values()): s.value for family in families(text) for s in family.samples}
    for check in ("telegram", "database", "engine"):
        assert found["wavebrush_healthy", check] == 1
    assert found["wavebrush_edits_ended_total", "gpt-image-2", "done"] >= 1
    for step in ("upload", "submit", "wait", "collect", "deliver"):
        assert found["wavebrush_step_seconds_count", step] >= 1
    assert found["wavebrush_provider_errors_total", "upload", "ProviderDown", "wavespeed"] >= 1
    assert found["wavebrush_provider_call_seconds_count", "predictions", "wavespeed"] >= 1
    assert found["wavebrush_telegram_errors_total", "502"] >= 1
    assert found["wavebrush_spent_today_microdollars",] >= 60_000
    assert found["wavebrush_balance_microdollars",] > 0
    assert found["wavebrush_loop_lateness_seconds_count",] >= 1
    [edit] = shared.rows("SELECT id FROM edits WHERE user_id = ?", ada.id)
    for secret in (TOKEN, KEY, METRICS, "Adalbert", "numbers of", edit["id"], f'"{ada.id}"'):
        assert secret not in text
    assert METRICS not in shared.bots[-1].log

    lines = [json.loads(line) for line in shared.bots[-1].lines if edit["id"] in line]
    assert {line["edit"] for line in lines} == {edit["id"]}
