"""Whether a prediction in the provider's list is the one of an attempt whose submit was never answered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.domain.catalogue import Model
from bot.domain.edits import Attempt, Edit
from bot.domain.ports import Prediction
from bot.domain.timing import Timing

_SKEW = timedelta(minutes=1)  # the provider's clock and ours


@dataclass(frozen=True, slots=True)
class Lost:
    """An attempt without a name, of an edit that is bought from a catalogue's row.

    With pictures it is known by the URL of its upload, which is ours alone. Words alone are known by all
    that was sent, and by when: predictions of the very same inputs are interchangeable, and the store
    gives each to one attempt only.
    """

    edit: Edit
    attempt: Attempt
    row: Model | None
    timing: Timing

    def may_be(self, prediction: Prediction, now: datetime) -> bool:
        """Whether the attempt may take a prediction as its own."""
        if not self.edit.from_words:
            # The name and shape of the listed inputs are not documented; the URL is unique wherever it is.
            return self.attempt.source_url in json.dumps(prediction.inputs)
        return self._in_time(prediction.created_at, now) and self._same(prediction)

    def _in_time(self, created_at: datetime | None, now: datetime) -> bool:
        """Made while our POST was under way, and so long ago that no answer names it to somebody else."""
        if created_at is None:
            return False
        under_way = timedelta(seconds=self.timing.submit_whole)
        opened_at = self.attempt.opened_at
        return opened_at - _SKEW <= created_at <= opened_at + under_way + _SKEW and (
            created_at + under_way <= now
        )

    def _same(self, prediction: Prediction) -> bool:
        """Whether it has our words and choices, and leaves to the model what we left to it."""
        row = self.row
        if row is None or prediction.endpoint != row.endpoint:
            return False
        sent = {"prompt": self.edit.prompt, **row.parameters(self.edit.choices)}
        known = ("prompt", *row.fields)
        return any(
            all(inputs.get(name) == sent.get(name) for name in known)
            for inputs in _objects(prediction.inputs)
        )


def _objects(inputs: Any) -> Iterator[Mapping[str, Any]]:
    """The JSON objects in the inputs: it is not documented how deep in them they are."""
    if isinstance(inputs, Mapping):
        yield inputs
        for value in inputs.values():
            yield from _objects(value)
