"""What a status message says of the edits that run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.chat.texts import say, shortened
from bot.domain.edits import Edit
from bot.domain.ports import Stage

_CELLS = 8
_MOST_LINES = 12


@dataclass(slots=True)
class Running:
    """An edit that runs; ``since`` is when its stage began (monotonic seconds)."""

    edit: Edit
    stage: Stage
    since: float
    expected: float | None = None  # seconds that the stage will take
    place: int | None = None  # in the line of all processes, where it is known


@dataclass(frozen=True, slots=True)
class Line:
    """What is said of one edit: how long its stage has taken, and its place among those that wait."""

    running: Running
    seconds: int
    place: int
    name: str = ""
    done: int = 0  # of ``count`` that were asked for together and are still to be delivered
    count: int = 1


_STAGES = list(Stage)


def merged(lines: Sequence[Line]) -> list[Line]:
    """One line for those that were asked for together: that of the one which is furthest behind."""
    batches: dict[str, list[Line]] = {}
    for line in lines:
        edit = line.running.edit
        batches.setdefault(edit.batch or edit.id, []).append(line)
    shown = []
    for batch in batches.values():
        last = min(batch, key=lambda line: _STAGES.index(line.running.stage))
        done = sum(line.running.stage is Stage.SENDING for line in batch)
        shown.append(replace(last, done=done, count=len(batch)))
    return shown


def private_text(line: Line) -> str:
    """The status of one edit, for who asked for it."""
    language = line.running.edit.language
    return "\n".join(part for part in (_stage(line, language), bar(line), _ready(line, language)) if part)


def group_text(lines: Sequence[Line]) -> str:
    """The status of all edits of a group: who, what, and how it goes; in the language of the first."""
    language = lines[0].running.edit.language
    told = [
        say(
            "group-status-line",
            language,
            name=shortened(line.name, 64) or "?",
            prompt=shortened(line.running.edit.prompt),
            stage=" ".join(
                part for part in (_stage(line, language), bar(line), _ready(line, language)) if part
            ),
        )
        for line in lines[:_MOST_LINES]
    ]
    more = [say("group-status-more", language, count=len(lines) - _MOST_LINES)] if lines[_MOST_LINES:] else []
    pictures = sum(line.count for line in lines)
    return "\n".join([say("group-status", language, count=pictures), *told, *more])


def bar(line: Line) -> str:
    """How far an edit is, if that is expected to be known; never full before it is there."""
    running = line.running
    if running.stage is not Stage.EDITING or not running.expected or line.seconds > running.expected:
        return ""
    full = min(int(line.seconds / running.expected * _CELLS), _CELLS - 1)
    return "▰" * full + "▱" * (_CELLS - full)


def _ready(line: Line, language: str | None) -> str:
    return say("batch-ready", language, done=line.done, count=line.count) if line.count > 1 else ""


def _stage(line: Line, language: str | None) -> str:
    stage, expected, seconds = line.running.stage, line.running.expected, line.seconds
    if stage is Stage.EDITING:
        what = "words" if line.running.edit.from_words else "picture"
        if expected and seconds <= expected:
            about = max(1, round(expected))
            return say("stage-editing-expected", language, what=what, seconds=seconds, expected=about)
        return say("stage-editing", language, what=what, seconds=seconds)
    if stage is Stage.QUEUED and line.place > 1:
        return say("stage-queued-place", language, place=line.place)
    if stage is Stage.WAITING_TURN and line.running.place and expected:
        return say(
            "stage-waiting-turn-expected", language, place=line.place, expected=max(1, round(expected))
        )
    if stage is Stage.WAITING_TURN and line.place > 1:
        return say("stage-waiting-turn-place", language, place=line.place, seconds=line.seconds)
    return say(f"stage-{stage}", language, seconds=line.seconds)
