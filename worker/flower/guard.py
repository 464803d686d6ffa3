"""Flower as it is run here: whom it answers, what it may do, and what it shows of tasks.

Flower leaves `/metrics` open whatever its settings, steers for everybody who may look, and shows
what others put into their messages as it came.
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

_LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
# What tells nothing of tasks or workers: probes ask `/healthcheck`, which answers OK.
_OPEN = (Healthcheck, LoginHandler, LogoutHandler, NotFoundErrorHandler)


class GuardedFlower(Flower):  # type: ignore[misc]  # Flower is untyped
    """Asks on every route who it is, refuses to steer unless that is asked for, and masks secrets.

    Ends the process, with one line, where its settings would let everybody in.
    """

    def __init__(self, options: Any, capp: Celery, **settings: Any) -> None:
        try:
            check_access(options, os.environ)
            self.control = control_wanted(os.environ)
        except SettingsError as wrong:
            sys.exit(f"flower: {wrong}")
        if not self.control and hasattr(options, "read_only"):  # since Flower 2.1: no buttons
            options.read_only = True
        self._guarded: dict[Any, type[RequestHandler]] = {}
        super().__init__(options=options, capp=capp, **settings)
        heard = self.events.on_event
        self.events.on_event = lambda event: heard(shown_event(event))
        if not self.control:
            log.info("remote control is off: %s=on turns it on", CONTROL)

    def get_handler_delegate(
        self, request: Any, target_class: type[RequestHandler], *args: Any, **kwargs: Any
    ) -> Any:
        """As Tornado's, which calls it for each request."""
        if issubclass(target_class, BaseHandler) and not issubclass(target_class, _OPEN):
            if target_class not in self._guarded:
                guarded = type(target_class.__name__, (_Guard, target_class), {})
                self._guarded[target_class] = guarded
            target_class = self._guarded[target_class]
        return super().get_handler_delegate(request, target_class, *args, **kwargs)


class _Guard(RequestHandler):
    """What comes before a handler of Flower's."""

    application: GuardedFlower

    def set_default_headers(self) -> None:
        super().set_default_headers()
        # Where the API is open, Flower lets the pages of every other site read it, too.
        for name in ("Origin", "Headers", "Methods"):
            self.clear_header(f"Access-Control-Allow-{name}")

    @authenticated
    def prepare(self) -> Any:
        """Who it is first; then whether it may."""
        if not authenticates(self.application.options) and not self._local():
            raise HTTPError(403, "Host must be localhost where Flower asks for no password")
        if self.request.method not in _LOOKING and not isinstance(self, TasksDataTable):
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
        """A result is what a task returned, which need not be ours."""
        super().write(masked_data(chunk) if isinstance(self, TaskResult) else chunk)

    def _local(self) -> bool:
        """No name of another site that was made to lead here (DNS rebinding)."""
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
    """Have `celery flower` run this Flower: its command offers no other way to say so."""
    flower.command.Flower = GuardedFlower
