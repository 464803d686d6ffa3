"""Calls that share a round trip, until each is answered and confirmed by enough replicas.

Every call may be repeated: after a lost answer all are sent again; where Redis does not know a
script, or replicas did not confirm a write in time, only the calls concerned.
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

# Shorter than a client waits for an answer; then the call is sent again.
_CONFIRM_MS = 2000
# How many calls of a script run as one: few enough that none waits long for the others.
_MOST_AT_ONCE = 25


class RoundTrip:
    """Both kinds of journal repeat: send `commands()`, pass the answers to `answered()`.

    Adjacent calls of the same script run as one: starting a script, and its transaction in the
    append-only file, cost up to a third of its work for a command.
    """

    def __init__(self, calls: Sequence[Call[Any]], config: RedisConfig) -> None:
        self.answers: list[Any] = [_NONE] * len(calls)
        self.unconfirmed: NotReplicated | None = None
        self._calls = calls
        self._config = config
        self._sent: list[list[int]] = []
        self._to_load: set[Script] = set()

    @property
    def complete(self) -> bool:
        """Whether every call has its answer."""
        return not any(answer is _NONE for answer in self.answers)

    @property
    def atomic(self) -> bool:
        """Whether this is one call of several plain commands, which need a transaction.

        Not where replicas must confirm: within a transaction WAIT does not wait.
        """
        (call, *others) = self._calls
        confirmed = call.durable and self._config.replicas > 0
        return not others and len(call.commands) > 1 and not confirmed

    def commands(self) -> list[Command]:
        """What to send next, for all calls that have no answer yet."""
        left = [place for place, answer in enumerate(self.answers) if answer is _NONE]
        self._sent = self._grouped_by_script(left)
        commands: list[Command] = [("SCRIPT LOAD", script.text) for script in self._to_load]
        for places in self._sent:
            commands += self._commands(places)
        if self._needs_confirmation:
            commands += self._confirmation_commands()
        return commands

    def answered(self, flat: Sequence[Any]) -> None:
        """Record the answers to `commands`, including errors."""
        loaded = dict(zip(self._to_load, flat, strict=False))
        answers = iter(flat[len(loaded) :])
        by_group = [(places, self._answer_of_group(places, answers)) for places in self._sent]
        self.unconfirmed = None
        if self._needs_confirmation:
            self.unconfirmed = self._confirmation([*answers])
        self._to_load = set()
        for places, answer in by_group:
            of_group = answer
            if isinstance(answer, NoScriptError):
                script = self._script(places)
                if script not in loaded:
                    self._to_load.add(script)
                    continue
                # Loaded and still unknown: the answer to SCRIPT LOAD says why.
                refused = loaded[script]
                of_group = refused if isinstance(refused, Exception) else answer
            if len(places) == 1 or isinstance(of_group, Exception):
                of_group = [of_group] * len(places)
            for place, own in zip(places, of_group, strict=True):
                if self.unconfirmed is None or not self._calls[place].durable:
                    self.answers[place] = own

    def given_up(self, failure: BaseException) -> list[Any]:
        """The answers, with the failure for each call that has none."""
        return [failure if answer is _NONE else answer for answer in self.answers]

    @property
    def _needs_confirmation(self) -> bool:
        sent = [place for places in self._sent for place in places]
        durable = any(self._calls[place].durable for place in sent)
        return durable and self._config.replicas > 0

    def _confirmation_commands(self) -> list[Command]:
        replicas = self._config.replicas
        # A repeated call writes nothing, and WAIT waits only for this connection's last write.
        commands: list[Command] = [("SET", self._config.namespace + keys.BARRIER, 1)]
        commands.append(("WAIT", replicas, _CONFIRM_MS))
        if self._config.replicas_fsync:
            # A replica reports its fsynced offset when asked, before it fsyncs what it has just
            # received, and otherwise once a second. After WAIT it has fsynced these writes.
            commands.append(("WAITAOF", 1, replicas, _CONFIRM_MS))
        return commands

    def _confirmation(self, answers: Sequence[Any]) -> NotReplicated | None:
        """Why the writes are not confirmed; None if they are. Raises errors that Redis answered."""
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        confirmed, wanted = answers[-1], self._config.replicas
        if isinstance(confirmed, list | tuple):  # WAITAOF: the primary's own disk, and replicas
            local, count = map(int, confirmed)
            return NotReplicated(count, wanted) if local < 1 or count < wanted else None
        return NotReplicated(int(confirmed), wanted) if int(confirmed) < wanted else None

    def _grouped_by_script(self, left: Sequence[int]) -> list[list[int]]:
        """The calls in groups, each sent as one script, or as the commands of one call."""
        groups: list[list[int]] = []
        for place in left:
            name, last = self._calls[place].script, groups[-1] if groups else []
            same = name is not None and last and self._calls[last[0]].script == name
            if same and len(last) < _MOST_AT_ONCE:
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
            own = self._calls[place].args
            args += own if len(places) == 1 else [len(own), *own]
        return [("EVALSHA", self._script(places).sha, 0, *args)]

    def _named(self, argument: str | int) -> str | int:
        return self._config.namespace + argument if isinstance(argument, keys.Key) else argument

    def _script(self, places: Sequence[int]) -> Script:
        load = script if len(places) == 1 else script_of_many
        return load(str(self._calls[places[0]].script), self._config.namespace)

    def _answer_of_group(self, places: Sequence[int], answers: Iterator[Any]) -> Any:
        call = self._calls[places[0]]
        if call.script is not None:
            return next(answers)
        return [next(answers) for _ in call.commands]


class _None:
    """No answer yet."""


_NONE = _None()
