"""What the engine tells those who run the bot: lines with the edit's id, seconds of steps, its health."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import REGISTRY
from structlog.contextvars import get_contextvars

from bot.domain.edits import EditState
from tests.fakes import Turns, completed, running
from tests.jobs.engine_bench import an_engine, watching


def steps(name: str) -> float:
    """How many of a step were measured."""
    return REGISTRY.get_sample_value("wavebrush_step_seconds_count", {"step": name}) or 0.0


async def test_an_edit_and_what_is_told_of_it(tmp_path: Path) -> None:
    """Whatever is logged within a step names the edit; each step is measured once; all is well."""
    seen: list[dict[str, object]] = []
    names = ("turn", "upload", "submit", "wait", "collect", "deliver")
    before = [steps(name) for name in names]
    async with an_engine(tmp_path) as works, watching(works):
        provider = works.bench.provider
        provider.submits, provider.listings = Turns(running("p1")), Turns([completed("p1")])
        provider.before_submit = lambda: seen.append(get_contextvars())
        edit_id = await works.accepted()
        assert (await works.done(edit_id)).state is EditState.DONE
        assert await works.engine.problem() is None
    assert seen == [{"edit": edit_id}]
    assert [steps(name) for name in names] == [count + 1 for count in before]
    assert get_contextvars() == {}
