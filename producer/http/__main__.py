"""`python -m producer.http`: the web process."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from types import FrameType

import uvicorn

from producer.http.app import create_app
from producer.http.server.client_limits import ClientLimits
from producer.http.server.connection_close import ServerContext
from producer.http.server.connections import Connections
from producer.http.server.file_descriptors import within_descriptors
from producer.http.server.protocol import protocol_class
from producer.http.services import Services
from producer.observability.log_format import LogFormat, formatter
from producer.observability.repeated_log import count_repeats
from producer.observability.tracing_setup import set_up
from producer.settings import SettingsError, WebSettings, admitted

# For answers still being written; waiting callers are answered at once.
_STOP_WITHIN_S = 8
_BACKLOG = 2048


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 2 where a setting is wrong."""
    try:
        settings = WebSettings.from_environ(environ)
        limits = ClientLimits.from_environ(environ)
        admitted(settings.shared.redis)
        listeners = [_listen(settings.host, settings.port, "PORT")]
        if settings.operations_port is not None:
            name = "CARDS_OPERATIONS_PORT"
            listeners.append(_listen(settings.host, settings.operations_port, name))
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    _log_to_stderr(settings.shared.log_format)
    limits = within_descriptors(limits)
    end_tracing = set_up(environ, "card-commands-web")
    app = create_app(settings, limits)
    services: Services = app.state.services
    context = ServerContext(limits, Connections(limits), services.responses, services.metrics)
    services.metrics.count_connections(context.connections.__len__)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_WITHIN_S,
        loop="auto",
        http=protocol_class(context),
        timeout_keep_alive=limits.idle_s,  # type: ignore[arg-type]  # goes to call_later alone
        # By default uvicorn trusts all of loopback, where any client could forge its address.
        proxy_headers=bool(limits.proxies),
        forwarded_allow_ips=[str(network) for network in limits.proxies],
        ws="none",
    )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    logging.getLogger("producer.http").info("listening on http://%s:%d", host, settings.port)
    _Server(config, services, settings.shutdown_delay_s).run(sockets=listeners)
    end_tracing()
    return 0


class _Server(uvicorn.Server):
    """On SIGTERM, answers waiting callers, then exits with code 0.

    Before it stops, it serves on for a delay in which each answer closes its connection and
    `/readyz` fails, so that balancers switch to other processes. Without the delay, requests sent
    at that moment would meet a closed connection.
    """

    def __init__(self, config: uvicorn.Config, services: Services, delay_s: float) -> None:
        super().__init__(config)
        self._services = services
        self._delay_s = delay_s
        self._stop_at: float | None = None  # by time.monotonic()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # The signal is not raised again for the default handler: a requested stop is no failure.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        if sig == signal.SIGTERM and self._delay_s and self._stop_at is None:
            self._stop_at = time.monotonic() + self._delay_s
            self._services.stopping.set()
            self.config.encoded_headers.append((b"connection", b"close"))
        else:
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop now; uvicorn calls it ten times a second."""
        if self._stop_at is not None and time.monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._services.waiters.release()
        await super().shutdown(sockets)


def _listen(host: str, port: int, name: str) -> socket.socket:
    """Open a listening socket.

    Raises:
        SettingsError: the address cannot be used; it names HOST, or `name`, the port's setting.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            why = "is taken" if error.errno == errno.EADDRINUSE else "is not permitted"
            raise SettingsError(name, f"{port} {why} on {host}: choose another") from None
        raise SettingsError("HOST", f"{host!r} is no address of this machine") from None


def _log_to_stderr(log_format: LogFormat) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(log_format))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    count_repeats(logging.getLogger())
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
