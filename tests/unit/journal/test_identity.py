"""The check of the journal's identity: what it logs, refuses and allows."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest
import redis

from producer.journal import (
    BlockingJournal,
    JournalUnavailable,
    JournalWatch,
    first_use,
    identity,
    journal_id,
    journal_in_use,
)
from producer.redis import RedisConfig

ONE, OTHER, THIRD = "1" * 32, "2" * 32, "3" * 32


def _watch(**settings: str) -> JournalWatch:
    return JournalWatch(RedisConfig.from_environ({"REDIS_URL": "redis://x", **settings}))


def _refuses(watch: JournalWatch) -> bool:
    return watch.refuses is not None


def _told(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == level]


def test_the_first_journal_is_remembered(caplog: pytest.LogCaptureFixture) -> None:
    """The first journal found is remembered; if it is found again, nothing is logged."""
    watch = _watch()
    assert watch.due
    assert watch.look().script == "create_journal_id"
    watch.see(ONE)
    watch.see(ONE)
    assert (watch.lost, watch.refuses, watch.due) == (None, None, False)
    assert watch.look().script is None
    assert not caplog.records


@pytest.mark.parametrize("found", [None, OTHER])
def test_a_lost_journal_is_refused_and_logged_once(
    found: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A lost journal is critical once, however often it is seen, and even if it gets an id."""
    watch = _watch()
    watch.see(ONE)
    for seen in (found, found, OTHER, OTHER):
        watch.see(seen)
    assert watch.refuses is watch.lost
    assert watch.lost is not None
    assert (watch.lost.known, watch.lost.found) == (ONE, OTHER)
    assert watch.look().script is None, "an empty journal is given no id while it is refused"
    (told,) = _told(caplog, logging.CRITICAL)
    assert ONE in told
    assert "nothing is accepted" in told


def test_the_journal_returns(caplog: pytest.LogCaptureFixture) -> None:
    """When the remembered journal returns work continues; a second loss is logged too."""
    watch = _watch()
    for seen in (ONE, None, ONE):
        watch.see(seen)
    assert not _refuses(watch)
    assert len(_told(caplog, logging.WARNING)) == 1
    watch.see(OTHER)
    assert _refuses(watch)
    assert len(_told(caplog, logging.CRITICAL)) == 2


def test_the_setting_lets_work_continue(caplog: pytest.LogCaptureFixture) -> None:
    """A loss is logged and remembered, but nothing is refused; further losses are logged too."""
    watch = _watch(CARDS_ACCEPT_OTHER_DATA="yes")
    watch.see(ONE)
    assert watch.look().script == "create_journal_id", "an emptied journal is given an id at once"
    for seen in (OTHER, OTHER):
        watch.see(seen)
    assert watch.refuses is None
    assert watch.lost is not None
    (told,) = _told(caplog, logging.CRITICAL)
    assert "CARDS_ACCEPT_OTHER_DATA" in told
    watch.see(THIRD)
    assert len(_told(caplog, logging.CRITICAL)) == 2


def test_the_configured_journal_is_the_only_one(caplog: pytest.LogCaptureFixture) -> None:
    """With CARDS_JOURNAL_ID another journal is refused from the start; an empty one stays so."""
    watch = _watch(CARDS_JOURNAL_ID=ONE)
    assert watch.look().script is None
    watch.see(None)
    assert _refuses(watch)
    watch.see(ONE)
    assert not _refuses(watch)


def test_processes_that_start_together_agree(redis_url: str) -> None:
    """The first process gives the id; all others find it."""
    found: list[str] = []
    start = threading.Barrier(8)

    def begin() -> None:
        journal = BlockingJournal(redis_url)
        start.wait()
        found.append(journal_in_use(journal))
        journal.close()

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_id_is_permanent_and_has_a_time(redis_url: str) -> None:
    """The id does not expire, is separate for each namespace, and has the time of first use."""
    spaced = RedisConfig.from_environ({"REDIS_URL": redis_url, "CARDS_NAMESPACE": "here"})
    journal, other = BlockingJournal(redis_url), BlockingJournal(spaced)
    assert journal(journal_id()) is None
    assert journal(identity()) is None
    given = journal(first_use())
    assert journal(first_use()) == given == journal(journal_id())
    assert other(first_use()) != given
    found = journal(identity())
    assert found is not None
    assert found.since is not None
    assert abs(datetime.now(UTC) - found.since) < timedelta(hours=1)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        names = client.keys("*journal*")
        assert sorted(names) == [
            "cards:journal",
            "cards:journal-since",
            "here:cards:journal",
            "here:cards:journal-since",
        ]
        assert {client.ttl(name) for name in names} == {-1}
        client.delete("cards:journal-since")  # as earlier versions left it
    assert journal(identity()) == type(found)(given, None)
    journal.close()
    other.close()


def test_a_journal_that_is_not_configured_is_not_used(redis_url: str) -> None:
    """If CARDS_JOURNAL_ID names another journal, a command line stops and gives no id."""
    config = RedisConfig.from_environ({"REDIS_URL": redis_url, "CARDS_JOURNAL_ID": ONE})
    journal = BlockingJournal(config)
    with pytest.raises(JournalUnavailable) as refused:
        journal_in_use(journal)
    assert refused.value.other_data
    assert journal(journal_id()) is None
    journal.close()
