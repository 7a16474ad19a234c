"""A process that has loaded the bot's program and forks it, since to load it takes longer than to start it.

``python -m tests.e2e.nursery SOCKET`` listens there until its standard input ends. Whoever connects
sends, as JSON, a module, its arguments, environment and folder, and its standard output and error; the
answer is a line with the process's id, and one with its exit code when it has ended.
"""

from __future__ import annotations

import json
import os
import runpy
import select
import signal
import socket
import sys
from typing import Any, NoReturn

_LONGEST = 1_000_000


def serve(path: str) -> None:
    """Fork a keeper for each order; it forks the program, waits for it and tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are waited for by nobody
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            ready, _, _ = select.select([listening, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            order, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _keep(order)
            order.close()


def _keep(order: socket.socket) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, files, _, _ = socket.recv_fds(order, _LONGEST, 2)
    child = os.fork()
    if child == 0:
        order.close()
        _become(json.loads(text), *files)
    for file in files:
        os.close(file)
    order.sendall(f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    order.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(order: dict[str, Any], *outputs: int) -> NoReturn:
    """Run a module as ``python -m`` does, with an environment and outputs of its own, to its end."""
    for number, file in enumerate([os.open(os.devnull, os.O_RDONLY), *outputs]):
        os.dup2(file, number)
        os.close(file)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv[1:] = order["arguments"]
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    import bot.app
    import bot.command_line  # noqa: F401 - all that is loaded by a start
    from bot import certificates
    from bot.chat import texts

    certificates.trusted()
    texts.bundle(texts.FALLBACK)
    serve(sys.argv[1])
