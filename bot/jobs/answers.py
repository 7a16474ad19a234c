"""What the answer to a submit itself brought, kept until the picture is: no provider must give it twice."""

from __future__ import annotations

import json

from bot.domain.ports import Prediction, PredictionStatus
from bot.domain.stores import Blobs


class Answers:
    """Finished predictions that came with the answer to their submit, one an edit."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def keep(self, edit_id: str, prediction: Prediction) -> None:
        """Keep a completed prediction. Raises StorageBusy."""
        kept = {"id": prediction.id, "outputs": prediction.outputs, "cost": prediction.cost}
        await self._blobs.put(_key(edit_id), json.dumps(kept).encode())

    async def get(self, edit_id: str) -> Prediction | None:
        """What was kept. Raises StorageBusy."""
        data = await self._blobs.get(_key(edit_id))
        if data is None:
            return None
        kept = json.loads(data)
        return Prediction(kept["id"], PredictionStatus.COMPLETED, tuple(kept["outputs"]), cost=kept["cost"])

    async def drop(self, edit_id: str) -> None:
        """Forget it: its picture is in our keeping. Raises StorageBusy."""
        await self._blobs.drop(_key(edit_id))


def _key(edit_id: str) -> str:
    return f"{edit_id}.answer"
