"""The promises as a page: which fault, on which database, ends how, and what held afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Self

from tests.promises.invariants import INVARIANTS

NONE = "–"
_ALL = tuple(invariant.__name__ for invariant in INVARIANTS)
_PAGE = """\
# What is promised

Whatever goes wrong, nothing that was asked for is lost, and nothing is paid for twice. Where nobody can tell
whether something was bought, its person is told, and the money stays set aside until that is settled.

Each row below is a fault that was played against the real bot: its own process, with local servers in the
place of Telegram and WaveSpeed, on SQLite and on Postgres. The outcome is what became of the edits that met
it. This plays them all again and writes this page anew, unless one of them fails:

```
make promises
```

After each fault everything is looked at from outside: the chats, what was bought, the database, the log. What
must be true then, whatever happened:

{invariants}

*Held* names the sentences that were looked at and true: a budget only where there was one. A dash says that
there was no edit to look at.
{sections}"""
_SECTION = """
## {title}

| fault | database | outcome | held |
|---|---|---|---|
{rows}
"""


@dataclass(frozen=True, slots=True, order=True)
class Promise:
    """A row of the tables. ``section``: which of them."""

    section: str
    fault: str
    database: str
    outcome: str
    held: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As plain values, which test workers can send."""
        return asdict(self)

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> Self:
        """The row of such values."""
        return cls(**{**values, "held": tuple(values["held"])})


def page(promises: Iterable[Promise]) -> str:
    """The whole page: sorted, and the same for the same promises."""
    numbered = enumerate(INVARIANTS, 1)
    lines = [f"{number}. {_sentence(invariant.__doc__)}" for number, invariant in numbered]
    by_section = groupby(sorted(set(promises)), attrgetter("section"))
    sections = [_SECTION.format(title=title, rows="\n".join(_rows(rows))) for title, rows in by_section]
    return _PAGE.format(invariants="\n".join(lines), sections="".join(sections))


def _rows(promises: Iterable[Promise]) -> list[str]:
    """A line for each; what holds alike on both databases is one."""
    databases: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in promises:
        databases[_cell(one.fault), _cell(one.outcome), _held(one.held)].append(one.database)
    return [
        f"| {fault} | {', '.join(sorted(names, reverse=True))} | {outcome} | {held} |"
        for (fault, outcome, held), names in databases.items()
    ]


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str) -> str:
    return _sentence(text).replace("|", r"\|")


def _held(names: tuple[str, ...]) -> str:
    """The invariants by their numbers; in short where all of them did, or all but one or two."""
    numbers = [number for number, name in enumerate(_ALL, 1) if name in names]
    others = [number for number in range(1, len(_ALL) + 1) if number not in numbers]
    if len(others) > 2:
        return ", ".join(map(str, numbers)) or NONE
    return f"all but {', '.join(map(str, others))}" if others else "all"
