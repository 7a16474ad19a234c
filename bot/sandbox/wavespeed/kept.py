"""Keeps the account between the stand-in's starts: predictions, uploads, outputs and what is left to spend.

Not kept: settings, faults, the call log, and webhooks that were not delivered yet.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from bot.sandbox.shelf import Shelf

from .models import MODELS
from .world import Prediction, Upload, World

_FORM = 1
_EVENTS = frozenset({"release", "done"})


class Kept:
    """The account of one stand-in in a directory."""

    def __init__(self, directory: Path, world: World) -> None:
        self._world = world
        self._shelf = Shelf(directory / "wavespeed.sqlite", _FORM)

    def load(self) -> None:
        """Put back what was kept, but for files past their seven days."""
        saved = self._shelf.take(_Saved)
        if saved is None or saved.balance is None:
            return
        world = self._world
        world.balance = saved.balance
        world.predictions = {one.id: one for one in saved.predictions}
        world.uploads = {one.path: one for one in saved.uploads if not world.expired(one.created_at)}
        world.outputs = {name: one for name, one in saved.outputs.items() if not world.expired(one[1])}

    def save(self) -> None:
        """Write what changed. Raises ``sqlite3.Error`` where it can't be written now."""
        shelf, world = self._shelf, self._world
        uploads, outputs, predictions = world.uploads, world.outputs, world.predictions
        received = {path: None for path, one in uploads.items() if one.data is not None}
        shelf.mirror("upload", dict.fromkeys(uploads), lambda path: _row(uploads[path], {"data"}))
        shelf.mirror("upload bytes", received, lambda path: uploads[path].data)
        shelf.mirror("output", dict.fromkeys(outputs), lambda name: outputs[name][1])
        shelf.mirror("output bytes", dict.fromkeys(outputs), lambda name: outputs[name][0])
        states = {name: _state(one) for name, one in predictions.items()}
        shelf.mirror("prediction", states, lambda name: _prediction_row(predictions[name]))
        shelf.mirror("balance", {"": world.balance}, lambda _: world.balance)
        shelf.commit()

    def close(self) -> None:
        """Save and close the file."""
        self.save()
        self._shelf.close()


def _row(thing: Prediction | Upload, without: frozenset[str] | set[str]) -> dict[str, Any]:
    return {one.name: getattr(thing, one.name) for one in fields(thing) if one.name not in without}


def _prediction_row(prediction: Prediction) -> dict[str, Any]:
    return _row(prediction, _EVENTS) | {"model": prediction.model.id}


def _state(one: Prediction) -> tuple[object, ...]:
    """All of a prediction that changes after its submit."""
    return one.status, one.code, one.error, one.output, one.micros, one.deleted, one.started_at, one.inference


class _Saved:
    """All that a shelf holds, read whole, so that an account is never half put back."""

    def __init__(self, shelf: Shelf) -> None:
        self.balance: int | None = shelf.read("balance").get("")
        self.predictions = [_prediction(row) for row in shelf.read("prediction").values()]
        received = shelf.read("upload bytes")
        self.uploads = [Upload(**row, data=received.get(path)) for path, row in shelf.read("upload").items()]
        data = shelf.read("output bytes")
        self.outputs: dict[str, tuple[bytes, float]] = {
            name: (data[name], float(created_at)) for name, created_at in shelf.read("output").items()
        }


def _prediction(row: dict[str, Any]) -> Prediction:
    prediction = Prediction(**row | {"model": MODELS[row["model"]]})
    if prediction.ended:
        prediction.release.set()
        prediction.done.set()
    return prediction
