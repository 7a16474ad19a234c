"""The promises as a page: which fault, on which database, ends how, and what held all the while."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

from tests.promises.invariants import INVARIANTS

NONE = "–"
_ALL = tuple(invariant.__name__ for invariant in INVARIANTS)
_PAGE = """\
# What is promised

What goes wrong, and what becomes of the edits that it meets: each row is a test that plays the fault
against the real process, with stand-ins for Telegram and WaveSpeed, and then looks at everything from
outside. This page is written by those tests and by nothing else:

```
.venv/bin/python -m pytest tests/promises --promises docs/promises.md
```

It takes long. What held all the while:

{invariants}

| fault | database | outcome | held |
|---|---|---|---|
{rows}
"""


@dataclass(frozen=True, slots=True, order=True)
class Promise:
    """A row of the table."""

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
    rows = [
        f"| {_cell(row.fault)} | {row.database} | {_cell(row.outcome)} | {_held(row.held)} |"
        for row in sorted(set(promises))
    ]
    return _PAGE.format(invariants="\n".join(lines), rows="\n".join(rows))


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str) -> str:
    return _sentence(text).replace("|", r"\|")


def _held(names: tuple[str, ...]) -> str:
    """The invariants by their numbers; all of them in a word."""
    numbers = [number for number, name in enumerate(_ALL, 1) if name in names]
    if len(numbers) == len(_ALL):
        return "all"
    return ", ".join(map(str, numbers)) or NONE
