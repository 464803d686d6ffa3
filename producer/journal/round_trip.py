"""Calls that go to Redis together, until each has its answer, on as many replicas as it must be.

Every call may be repeated: after a lost answer all are sent again; where Redis does not know a
script, or replicas have not confirmed a write in time, those calls alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from redis.exceptions import NoScriptError

from producer.journal import keys
from producer.journal.calls import Call
from producer.journal.scripts import Script, script
from producer.redis import RedisConfig
from producer.redis.faults import NotReplicated

Command: TypeAlias = tuple[str | int | bytes, ...]

# Shorter than a client waits for an answer; then it is asked again.
_CONFIRM_MS = 2000


class RoundTrip:
    """Used by both kinds of journal, in turns: send `commands`, and tell what was `answered`."""

    def __init__(self, calls: Sequence[Call[Any]], config: RedisConfig) -> None:
        self.answers: list[Any] = [_NONE] * len(calls)
        self.unconfirmed: NotReplicated | None = None
        self._calls = calls
        self._config = config
        self._asked: list[int] = []
        self._to_load: set[str] = set()

    @property
    def complete(self) -> bool:
        """Whether every call has its answer."""
        return not any(answer is _NONE for answer in self.answers)

    @property
    def atomic(self) -> bool:
        """Whether it is one call of several plain commands, which a transaction holds together.

        Not with a confirmation: in a transaction WAIT does not wait.
        """
        (call, *others) = self._calls
        confirmed = call.durable and self._config.replicas > 0
        return not others and len(call.commands) > 1 and not confirmed

    def commands(self) -> list[Command]:
        """What is to be sent next, at first or after an answer was lost."""
        self._asked = [place for place, one in enumerate(self.answers) if one is _NONE]
        sent: list[Command] = [("SCRIPT LOAD", self._script(name).text) for name in self._to_load]
        for place in self._asked:
            sent += self._commands(self._calls[place])
        if self._confirms:
            sent += self._confirming()
        return sent

    def answered(self, flat: Sequence[Any]) -> None:
        """Take the answers to `commands`, errors among them."""
        loaded = dict(zip(self._to_load, flat, strict=False))
        answers = iter(flat[len(loaded) :])
        found = [(place, self._grouped(self._calls[place], answers)) for place in self._asked]
        self.unconfirmed = None
        if self._confirms:
            self.unconfirmed = self._confirmation([*answers])
        self._to_load = set()
        for place, answer in found:
            call = self._calls[place]
            if isinstance(answer, NoScriptError) and call.script not in loaded:
                self._to_load.add(str(call.script))
            elif isinstance(answer, NoScriptError):
                # Loaded and unknown still: why is what loading it was answered.
                refused = loaded[str(call.script)]
                self.answers[place] = refused if isinstance(refused, Exception) else answer
            elif self.unconfirmed is None or not call.durable:
                self.answers[place] = answer

    def given_up(self, failure: BaseException) -> list[Any]:
        """The answers there are, and the failure for each call without one."""
        return [failure if answer is _NONE else answer for answer in self.answers]

    @property
    def _confirms(self) -> bool:
        durable = any(self._calls[place].durable for place in self._asked)
        return durable and self._config.replicas > 0

    def _confirming(self) -> list[Command]:
        replicas = self._config.replicas
        # A repeated call writes nothing, and WAIT would look no further than the last write.
        sent: list[Command] = [("SET", self._config.namespace + keys.BARRIER, 1)]
        sent.append(("WAIT", replicas, _CONFIRM_MS))
        if self._config.replicas_fsync:
            # A replica tells how far it has fsynced when it is asked, which is before it does so
            # for what came just then, and else once a second. Asked after WAIT, it has.
            sent.append(("WAITAOF", 1, replicas, _CONFIRM_MS))
        return sent

    def _confirmation(self, answers: Sequence[Any]) -> NotReplicated | None:
        """Raises the errors that Redis answered."""
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        confirmed, wanted = answers[-1], self._config.replicas
        if isinstance(confirmed, list | tuple):  # of WAITAOF: the primary's own disk, and replicas
            local, count = map(int, confirmed)
            return NotReplicated(count, wanted) if local < 1 or count < wanted else None
        return NotReplicated(int(confirmed), wanted) if int(confirmed) < wanted else None

    def _commands(self, call: Call[Any]) -> Sequence[Command]:
        if call.script is not None:
            return [("EVALSHA", self._script(call.script).sha, 0, *call.args)]
        commands = call.commands
        if self._config.namespace:
            commands = [tuple(map(self._named, command)) for command in commands]
        return commands

    def _named(self, argument: str | int) -> str | int:
        return self._config.namespace + argument if isinstance(argument, keys.Key) else argument

    def _script(self, name: str) -> Script:
        return script(name, self._config.namespace)

    def _grouped(self, call: Call[Any], answers: Iterator[Any]) -> Any:
        if call.script is not None:
            return next(answers)
        return [next(answers) for _ in call.commands]


class _None:
    """No answer yet."""


_NONE = _None()
