"""Calls that go to Redis together, until each has its answer, on as many replicas as it must be.

Every call may be repeated: after a lost answer all are sent again; where Redis does not know a
script, or replicas have not confirmed a write in time, those calls alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from redis.exceptions import NoScriptError

from producer.journal.redis import keys
from producer.journal.redis.calls import Call
from producer.journal.redis.scripts import Script, script, script_of_many
from producer.redis import RedisConfig
from producer.redis.faults import NotReplicated

Command: TypeAlias = tuple[str | int | bytes, ...]

# Shorter than a client waits for an answer; then it is asked again.
_CONFIRM_MS = 2000
# So many calls of a script are run as one: nobody waits long for another's.
_TOGETHER = 25


class RoundTrip:
    """Used by both kinds of journal, in turns: send `commands`, and tell what was `answered`.

    Neighbours that run the same script are run as one: a script's start and its transaction in the
    append-only file cost as much as a third of what it does for a command.
    """

    def __init__(self, calls: Sequence[Call[Any]], config: RedisConfig) -> None:
        self.answers: list[Any] = [_NONE] * len(calls)
        self.unconfirmed: NotReplicated | None = None
        self._calls = calls
        self._config = config
        self._asked: list[list[int]] = []
        self._to_load: set[Script] = set()

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
        left = [place for place, one in enumerate(self.answers) if one is _NONE]
        self._asked = self._together(left)
        sent: list[Command] = [("SCRIPT LOAD", script.text) for script in self._to_load]
        for places in self._asked:
            sent += self._commands(places)
        if self._confirms:
            sent += self._confirming()
        return sent

    def answered(self, flat: Sequence[Any]) -> None:
        """Take the answers to `commands`, errors among them."""
        loaded = dict(zip(self._to_load, flat, strict=False))
        answers = iter(flat[len(loaded) :])
        found = [(places, self._grouped(places, answers)) for places in self._asked]
        self.unconfirmed = None
        if self._confirms:
            self.unconfirmed = self._confirmation([*answers])
        self._to_load = set()
        for places, answer in found:
            together = answer
            if isinstance(answer, NoScriptError):
                script = self._script(places)
                if script not in loaded:
                    self._to_load.add(script)
                    continue
                # Loaded and unknown still: why is what loading it was answered.
                refused = loaded[script]
                together = refused if isinstance(refused, Exception) else answer
            if len(places) == 1 or isinstance(together, Exception):
                together = [together] * len(places)
            for place, one in zip(places, together, strict=True):
                if self.unconfirmed is None or not self._calls[place].durable:
                    self.answers[place] = one

    def given_up(self, failure: BaseException) -> list[Any]:
        """The answers there are, and the failure for each call without one."""
        return [failure if answer is _NONE else answer for answer in self.answers]

    @property
    def _confirms(self) -> bool:
        asked = [place for places in self._asked for place in places]
        durable = any(self._calls[place].durable for place in asked)
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

    def _together(self, left: Sequence[int]) -> list[list[int]]:
        """The calls by what is sent as one command, or as the commands of one call."""
        groups: list[list[int]] = []
        for place in left:
            name, last = self._calls[place].script, groups[-1] if groups else []
            same = name is not None and last and self._calls[last[0]].script == name
            if same and len(last) < _TOGETHER:
                last.append(place)
            else:
                groups.append([place])
        return groups

    def _commands(self, places: Sequence[int]) -> Sequence[Command]:
        call = self._calls[places[0]]
        if call.script is None:
            if self._config.namespace:
                return [tuple(map(self._named, command)) for command in call.commands]
            return call.commands
        args: list[str | int | bytes] = []
        for place in places:
            one = self._calls[place].args
            args += one if len(places) == 1 else [len(one), *one]
        return [("EVALSHA", self._script(places).sha, 0, *args)]

    def _named(self, argument: str | int) -> str | int:
        return self._config.namespace + argument if isinstance(argument, keys.Key) else argument

    def _script(self, places: Sequence[int]) -> Script:
        made = script if len(places) == 1 else script_of_many
        return made(str(self._calls[places[0]].script), self._config.namespace)

    def _grouped(self, places: Sequence[int], answers: Iterator[Any]) -> Any:
        call = self._calls[places[0]]
        if call.script is not None:
            return next(answers)
        return [next(answers) for _ in call.commands]


class _None:
    """No answer yet."""


_NONE = _None()
