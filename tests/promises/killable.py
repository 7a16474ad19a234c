"""``python -m tests.promises.killable ORDER AHEAD <command>``: the bot, which can be killed at failpoints.

ORDER is the file that names the failpoint, AHEAD the one that says by how many seconds its clock is ahead,
at any time. All else is as with ``python -m bot``.
"""

from __future__ import annotations

if __name__ == "__main__":  # picture workers load this module again under another name, and need none of it
    import sys
    from datetime import timedelta
    from pathlib import Path

    from bot import failpoints
    from bot.clock import SystemClock
    from bot.command_line import cli

    class Read:
        """What a file says now."""

        def __init__(self, file: Path) -> None:
            self._file = file

        def __get__(self, clock: object, kind: type) -> timedelta:
            return timedelta(seconds=float(self._file.read_text() or 0))

    order, ahead = sys.argv[1:3]
    del sys.argv[1:3]
    failpoints.listen(Path(order))
    SystemClock.ahead = Read(Path(ahead))  # type: ignore[assignment] # read anew at each look
    cli()
