"""Faults that a test asks for: the next calls of a method fail in a named way."""

from __future__ import annotations

from dataclasses import dataclass, field

KINDS = frozenset({"status", "drop", "refuse", "slow", "garbage"})


@dataclass(slots=True)
class Fault:
    """One kind of failure for the next ``count`` calls of ``method``.

    ``*`` is any method, ``download`` a file link.
    """

    method: str
    kind: str
    count: int = 1
    status: int = 500
    description: str = "Internal Server Error"
    retry_after: int | None = None
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a fault's kind is one of {', '.join(sorted(KINDS))}")
        self.method = self.method.lower()

    def fits(self, method: str) -> bool:
        """Whether a call of ``method`` meets this fault."""
        return self.count > 0 and self.method in {"*", method.lower()}


@dataclass(slots=True)
class Faults:
    """The faults still to come, oldest first."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Queue a fault behind the others."""
        self.waiting.append(fault)

    def clear(self) -> None:
        """Forget them all."""
        self.waiting.clear()

    def take(self, method: str) -> Fault | None:
        """Give the fault that this call meets, if any, and count it off."""
        for fault in self.waiting:
            if fault.fits(method):
                fault.count -= 1
                if fault.count == 0:
                    self.waiting.remove(fault)
                return fault
        return None
