"""Stands in for web, worker, flower or sandbox: `dummy_program.py PORT [hung]`.

Prints its process id, has one child, and answers every GET with 200. When hung, neither it nor its
child reacts to SIGTERM.
"""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys

_SLEEP = "import signal, sys; {}; print('asleep', flush=True); signal.pause()"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    hung = "hung" in sys.argv
    if hung:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ignoring = "signal.signal(signal.SIGTERM, signal.SIG_IGN)" if hung else "None"
    grandchild = subprocess.Popen(
        [sys.executable, "-c", _SLEEP.format(ignoring)], stdout=subprocess.PIPE, close_fds=False
    )
    assert grandchild.stdout is not None
    grandchild.stdout.readline()
    print(f"pid {os.getpid()}", flush=True)
    # Threads, so that a stray client that connects and sends nothing does not block others.
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
