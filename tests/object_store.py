"""An S3-compatible object store on this machine: moto's, over HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.request import Request, urlopen

from moto.s3.models import FakeBucket, s3_backends
from moto.server import ThreadedMotoServer

KEY_ID = "CANARYKEYIDTHATMUSTNOTBELOGGED"
SECRET = "canary-secret-of-the-store-that-must-never-be-logged"
_KEPT = s3_backends["123456789012"]["aws"]  # moto's own account
_numbers = itertools.count(1)


@dataclass(frozen=True)
class ObjectStore:
    """Where it listens. It runs in a thread, so what it keeps can be looked at from here."""

    url: str

    def make_bucket(self) -> str:
        """Make a new one; its name."""
        name = f"bucket-{next(_numbers)}"
        with urlopen(Request(f"{self.url}/{name}", method="PUT")):
            return name

    def keys(self, bucket: str) -> list[str]:
        """What is in a bucket."""
        return sorted(str(key) for key in _bucket(bucket).keys)

    def fill(self, bucket: str, keys: Iterable[str]) -> None:
        """Put many objects at once."""
        for key in keys:
            _KEPT.put_object(bucket, key, b"x")

    def age(self, bucket: str, key: str, put_at: datetime) -> None:
        """Make an object look as if it had been put then."""
        _bucket(bucket).keys[key].last_modified = put_at.replace(tzinfo=None)  # moto's are in UTC, without

    def settings(self, bucket: str) -> dict[str, str]:
        """What makes the bot keep its results here."""
        return {
            "RESULTS_URL": f"s3://{bucket}/results",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }


def _bucket(name: str) -> FakeBucket:
    return _KEPT.buckets[name]


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Run one on any free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield ObjectStore(f"http://{host}:{port}")
    finally:
        server.stop()
