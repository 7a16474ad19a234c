"""What a restored backup could not know: written down with it, told at the next start."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

NOTE = "restored"
"""The name of the note that holds a `Restored` until everybody is told."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The ids of edits whose fate nobody knows, and of open requests that were given up."""

    made_at: datetime  # of the backup
    edits: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()

    def as_json(self) -> str:
        """As text, for `of_json`."""
        return json.dumps(asdict(self), default=datetime.isoformat)

    @staticmethod
    def of_json(text: str) -> Restored:
        """What `as_json` wrote."""
        read = json.loads(text)
        made_at = datetime.fromisoformat(read["made_at"])
        return Restored(made_at, tuple(read["edits"]), tuple(read["requests"]))
