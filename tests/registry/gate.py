"""A relay in front of a server that is shut after so many bytes were let in.

``python gate.py PORT`` prints its own port; a line on its input says how many bytes it lets in
from then on, -1 for any number. A process of its own, since storage libraries wait for the
network with Python's lock held.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading


class Gate:
    """Relays connections until the bytes let in are used up."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.left = float("inf")

    def serve(self, server: socket.socket) -> None:
        while True:
            client, _ = server.accept()
            if self.left <= 0:
                client.close()
                continue
            upstream = socket.create_connection(("127.0.0.1", self.target))
            for source, sink, inward in ((client, upstream, True), (upstream, client, False)):
                threading.Thread(
                    target=self.relay, args=(source, sink, inward), daemon=True
                ).start()

    def relay(self, source: socket.socket, sink: socket.socket, inward: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.left -= len(data) if inward else 0
                if self.left <= 0:
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    gate = Gate(int(sys.argv[1]))
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=gate.serve, args=(listening,), daemon=True).start()
    print(listening.getsockname()[1], flush=True)  # noqa: T201
    for line in sys.stdin:
        gate.left = float("inf") if int(line) < 0 else int(line)
        print("set", flush=True)  # noqa: T201
