"""Restricts Flower: requires sign-in on every route, blocks remote control, masks secrets.

By itself Flower leaves `/metrics` open whatever its settings, lets everybody who may look control
workers, and shows the content of messages unmasked.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any
from urllib.parse import urlsplit

import flower.command
from celery import Celery
from flower.api.tasks import TaskResult
from flower.app import Flower
from flower.views import BaseHandler
from flower.views.auth import LoginHandler, LogoutHandler
from flower.views.error import NotFoundErrorHandler
from flower.views.monitor import Healthcheck
from flower.views.tasks import TasksDataTable
from tornado.web import HTTPError, RequestHandler, authenticated

from producer.contract.card_data.masking import masked_data
from producer.settings import SettingsError, is_loopback
from worker.flower.settings import CONTROL, authenticates, check_access, control_wanted
from worker.messages.redaction import shown_event

log = logging.getLogger(__name__)

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Handlers that reveal nothing of tasks or workers: probes use `/healthcheck`, which answers OK.
_OPEN = (Healthcheck, LoginHandler, LogoutHandler, NotFoundErrorHandler)


class GuardedFlower(Flower):  # type: ignore[misc]  # Flower is untyped
    """Authenticates on every route, blocks remote control unless it is on, and masks secrets.

    Ends the process, with one line, if its settings would let everybody in.
    """

    def __init__(self, options: Any, capp: Celery, **settings: Any) -> None:
        try:
            check_access(options, os.environ)
            self.control = control_wanted(os.environ)
        except SettingsError as error:
            sys.exit(f"flower: {error}")
        if not self.control and hasattr(options, "read_only"):  # since Flower 2.1: no buttons
            options.read_only = True
        self._guarded: dict[Any, type[RequestHandler]] = {}
        super().__init__(options=options, capp=capp, **settings)
        on_event = self.events.on_event
        self.events.on_event = lambda event: on_event(shown_event(event))
        if not self.control:
            log.info("remote control is off: %s=on turns it on", CONTROL)

    def get_handler_delegate(
        self, request: Any, target_class: type[RequestHandler], *args: Any, **kwargs: Any
    ) -> Any:
        """Tornado calls this for each request."""
        if issubclass(target_class, BaseHandler) and not issubclass(target_class, _OPEN):
            if target_class not in self._guarded:
                guarded = type(target_class.__name__, (_Guard, target_class), {})
                self._guarded[target_class] = guarded
            target_class = self._guarded[target_class]
        return super().get_handler_delegate(request, target_class, *args, **kwargs)


class _Guard(RequestHandler):
    """Runs before a handler of Flower's."""

    application: GuardedFlower

    def set_default_headers(self) -> None:
        super().set_default_headers()
        # If its API is open, Flower lets pages of every other site read it, too.
        for name in ("Origin", "Headers", "Methods"):
            self.clear_header(f"Access-Control-Allow-{name}")

    @authenticated
    def prepare(self) -> Any:
        """Authenticate first, then authorise."""
        if not authenticates(self.application.options) and not self._is_local():
            raise HTTPError(403, "Host must be localhost where Flower asks for no password")
        if self.request.method not in _SAFE_METHODS and not isinstance(self, TasksDataTable):
            if not self.application.control:
                raise HTTPError(403, f"remote control is off: {CONTROL}=on turns it on")
            self._refuse_other_sites()
        return super().prepare()

    def get_current_user(self) -> Any:
        try:
            return super().get_current_user()
        except TypeError:  # a name or password beyond ASCII
            raise HTTPError(401) from None

    def write(self, chunk: Any) -> None:
        """Mask results, which may be those of tasks that are not ours."""
        super().write(masked_data(chunk) if isinstance(self, TaskResult) else chunk)

    def _is_local(self) -> bool:
        """Whether Host is loopback, not another site's name that resolves here (DNS rebinding)."""
        unix = bool(self.application.options.unix_socket)
        return unix or is_loopback(urlsplit(f"//{self.request.host}").hostname or "")

    def _refuse_other_sites(self) -> None:
        site = self.request.headers.get("Sec-Fetch-Site", "none")
        origin = self.request.headers.get("Origin", "")
        if site not in ("none", "same-origin") or (
            origin and urlsplit(origin).netloc != self.request.host
        ):
            raise HTTPError(403, "asked for by the page of another site")


def guard() -> None:
    """Make `celery flower` run this Flower; its command has no setting for that."""
    flower.command.Flower = GuardedFlower
