"""The watch over the journal's identity: what it tells, refuses, and lets go on."""

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


def test_the_first_journal_is_the_one_of_before(caplog: pytest.LogCaptureFixture) -> None:
    """What is found first is remembered; found again, nothing is told."""
    watch = _watch()
    assert watch.due
    assert watch.look().script == "create_journal_id"
    watch.see(ONE)
    watch.see(ONE)
    assert (watch.lost, watch.refuses, watch.due) == (None, None, False)
    assert watch.look().script is None
    assert not caplog.records


@pytest.mark.parametrize("found", [None, OTHER])
def test_one_that_is_gone_or_another_is_refused_and_told_once(
    found: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """It is critical once, however often it is found so, and also when an empty one gets an id."""
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


def test_it_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    """With the journal of before all goes on; a second loss is told like the first."""
    watch = _watch()
    for seen in (ONE, None, ONE):
        watch.see(seen)
    assert not _refuses(watch)
    assert len(_told(caplog, logging.WARNING)) == 1
    watch.see(OTHER)
    assert _refuses(watch)
    assert len(_told(caplog, logging.CRITICAL)) == 2


def test_the_setting_lets_work_go_on(caplog: pytest.LogCaptureFixture) -> None:
    """The loss is told, and stays known, but nothing is refused; each further loss is told too."""
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


def test_the_id_of_the_settings_is_the_only_one(caplog: pytest.LogCaptureFixture) -> None:
    """With CARDS_JOURNAL_ID another journal is refused from the start; an empty one stays so."""
    watch = _watch(CARDS_JOURNAL_ID=ONE)
    assert watch.look().script is None
    watch.see(None)
    assert _refuses(watch)
    watch.see(ONE)
    assert not _refuses(watch)


def test_processes_that_start_together_agree(redis_url: str) -> None:
    """Whoever comes first gives the id; all others find it, and so does who comes later."""
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


def test_the_id_stays_for_good_and_tells_since_when(redis_url: str) -> None:
    """It has no time to live, is of its namespace, and keeps the time of its first use."""
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


def test_another_than_the_settings_name_is_not_used(redis_url: str) -> None:
    """Where CARDS_JOURNAL_ID names another, a command line does not begin, and gives no id."""
    config = RedisConfig.from_environ({"REDIS_URL": redis_url, "CARDS_JOURNAL_ID": ONE})
    journal = BlockingJournal(config)
    with pytest.raises(JournalUnavailable) as refused:
        journal_in_use(journal)
    assert refused.value.other_data
    assert journal(journal_id()) is None
    journal.close()
