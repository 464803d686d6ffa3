"""Redis settings: every accepted form, and the errors of others."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.utils.json import dumps

from local.servers.certificates import Certificates
from producer.redis import RedisConfig, RedisConfigError

SECRET = "s3cr3t"
ONE, TWO = ("one", 6379), ("two", 6379)


def config(url: str, **settings: str) -> RedisConfig:
    return RedisConfig.from_environ({"REDIS_URL": url, **settings})


@pytest.mark.parametrize(
    ("url", "nodes", "database"),
    [
        ("redis://one", [ONE], 0),
        ("redis://one/", [ONE], 0),
        ("redis://one:1/3", [("one", 1)], 3),
        ("redis://one/15", [ONE], 15),
        ("  redis://one:65535/0  ", [("one", 65535)], 0),
        ("redis://127.0.0.1:7000", [("127.0.0.1", 7000)], 0),
        ("redis://[::1]:7000/2", [("::1", 7000)], 2),
        ("redis://[fe80::1%25eth0]", [("fe80::1%25eth0", 6379)], 0),
        ("redis://my-redis.abc_1.cache.amazonaws.com:6379", None, 0),
        ("rediss://one", [ONE], 0),
        ("sentinel://one/cards", [("one", 26379)], 0),
        ("sentinel://one:1,two,[::1]:3/my.master-1/4", [("one", 1), ("two", 26379), ("::1", 3)], 4),
        ("sentinels://one/cards/0", [("one", 26379)], 0),
        ("redis://one/000001", [ONE], 1),
    ],
)
def test_addresses(url: str, nodes: list[tuple[str, int]] | None, database: int) -> None:
    """Hosts, ports and database of each form, with their defaults."""
    made = config(url)
    if nodes is not None:
        assert list(made.nodes) == nodes
    assert made.database == database
    assert made.tls is (url.strip().partition(":")[0] in ("rediss", "sentinels"))
    assert made.master == (url.split("/")[3] if url.startswith("sentinel") else "")


@pytest.mark.parametrize("password", ["plain", "a@b", "a:b", "a/b", "a?b", "a#b", "ñ %", "[x]"])
def test_passwords_may_contain_anything(password: str) -> None:
    """A percent-encoded password is decoded, with a user and without."""
    for user in ("", "cards", "a@b"):
        url = f"redis://{quote(user, safe='')}:{quote(password, safe='')}@one:1/2"
        made = config(url)
        assert (made.username, made.password) == (user or None, password)
        assert list(made.nodes) == [("one", 1)]
        assert config(url.replace("redis:", "sentinel:").replace("/2", "/m/2")).password == password


def test_a_user_without_a_password() -> None:
    """A certificate may replace the password."""
    made = config("rediss://cards@one")
    assert (made.username, made.password) == ("cards", None)


WRONG = [
    ("REDIS_URL", {"REDIS_URL": ""}),
    ("REDIS_URL", {"REDIS_URL": "one:6379"}),
    ("REDIS_URL", {"REDIS_URL": "http://one"}),
    ("REDIS_URL", {"REDIS_URL": "redis://"}),
    ("REDIS_URL", {"REDIS_URL": "redis:///0"}),
    ("REDIS_URL", {"REDIS_URL": f"redis://:{SECRET}@"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one:port"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one:0"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one:65536"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one/two"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one/-1"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one/0/1"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one/1234567"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one/٣"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one#0"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one,two/0"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one two"}),
    ("REDIS_URL", {"REDIS_URL": "redis://[::1/0"}),
    ("REDIS_URL", {"REDIS_URL": "redis://[one]/0"}),
    ("REDIS_URL", {"REDIS_URL": "sentinel://one"}),
    ("REDIS_URL", {"REDIS_URL": "sentinel://one/0/cards"}),
    ("REDIS_URL", {"REDIS_URL": "sentinel://one,/cards"}),
    ("REDIS_URL", {"REDIS_URL": "sentinel://one/cards/two"}),
    ("REDIS_URL", {"REDIS_URL": "sentinel://one/ca rds"}),
    ("REDIS_URL", {"REDIS_URL": f"redis://u:{SECRET}/x@one"}),
    ("REDIS_URL", {"REDIS_URL": f"redis://u:{SECRET}?x@one"}),
    ("REDIS_URL", {"REDIS_URL": f"redis://u:{SECRET}#x@one"}),
    ("REDIS_URL", {"REDIS_URL": f"redis://u:{SECRET}@one?badoption=1"}),
    ("REDIS_URL", {"REDIS_URL": f"redis://u:{SECRET}@one?password={SECRET}"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one?badoption"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one?db=1"}),
    ("REDIS_URL", {"REDIS_URL": "rediss://one?ssl_cert_reqs=maybe"}),
    ("REDIS_URL", {"REDIS_URL": "rediss://one?ssl_cert_reqs="}),
    ("REDIS_URL", {"REDIS_URL": "rediss://one?ssl_ca_certs=/nowhere"}),
    ("REDIS_URL", {"REDIS_URL": "redis://one?ssl_cert_reqs=none"}),
    ("CARDS_REDIS_CA", {"CARDS_REDIS_CA": "/nowhere"}),
    ("CARDS_NAMESPACE", {"CARDS_NAMESPACE": "a:b"}),
    ("CARDS_NAMESPACE", {"CARDS_NAMESPACE": "a b"}),
    ("CARDS_NAMESPACE", {"CARDS_NAMESPACE": "a'b"}),
    ("CARDS_NAMESPACE", {"CARDS_NAMESPACE": "*"}),
    ("CARDS_NAMESPACE", {"CARDS_NAMESPACE": "é"}),
    ("CARDS_NAMESPACE", {"CARDS_NAMESPACE": "a" * 65}),
    ("CARDS_REPLICAS", {"CARDS_REPLICAS": "-1"}),
    ("CARDS_REPLICAS", {"CARDS_REPLICAS": "10"}),
    ("CARDS_REPLICAS", {"CARDS_REPLICAS": "٣"}),
    ("CARDS_REPLICAS_FSYNC", {"CARDS_REPLICAS_FSYNC": "maybe"}),
    ("CARDS_REPLICAS_FSYNC", {"CARDS_REPLICAS_FSYNC": "yes"}),
    ("CARDS_JOURNAL_ID", {"CARDS_JOURNAL_ID": "ABC"}),
    ("CARDS_ACCEPT_OTHER_DATA", {"CARDS_ACCEPT_OTHER_DATA": "si"}),
]


@pytest.mark.parametrize(("name", "settings"), WRONG)
def test_an_error_is_one_line_that_names_the_setting(name: str, settings: dict[str, str]) -> None:
    """An error starts with the setting's name, and contains no password."""
    with pytest.raises(RedisConfigError) as caught:
        RedisConfig.from_environ({"REDIS_URL": "redis://one", **settings})
    assert str(caught.value).startswith(f"{name} ")
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.name == name


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates, including a key with a passphrase."""
    return Certificates.make(tmp_path_factory.mktemp("certificates"))


def test_files_of_tls(made: Certificates) -> None:
    """TLS files come from the settings or, second, from the URL's options."""
    ca, other = str(made.ca.certificate), str(made.wrong_ca.certificate)
    pair = {
        "CARDS_REDIS_CERT": str(made.client.certificate),
        "CARDS_REDIS_KEY": str(made.client.key),
    }
    assert config("rediss://one", CARDS_REDIS_CA=ca).ca == ca
    assert config(f"rediss://one?ssl_ca_certs={quote(ca)}").ca == ca
    assert config(f"rediss://one?ssl_ca_certs={other}", CARDS_REDIS_CA=ca).ca == ca
    assert config("rediss://one", **pair).key == pair["CARDS_REDIS_KEY"]
    url = f"rediss://one?ssl_certfile={made.client.certificate}&ssl_keyfile={made.client.key}"
    assert config(url).certificate == pair["CARDS_REDIS_CERT"]
    assert config("rediss://one").verify
    for value in ("none", "CERT_NONE"):
        assert not config(f"rediss://one?ssl_cert_reqs={value}").verify
    for value in ("required", "CERT_REQUIRED"):
        assert config(f"rediss://one?ssl_cert_reqs={value}").verify


def test_unusable_files_are_errors(made: Certificates, tmp_path: Path) -> None:
    """A file of another kind, half a pair, and a key of another certificate are errors."""
    text = tmp_path / "text"
    text.write_text("no certificate")
    cert, key = str(made.client.certificate), str(made.client.key)
    for name, settings in (
        ("CARDS_REDIS_CA", {"CARDS_REDIS_CA": str(text)}),
        ("CARDS_REDIS_CA", {"CARDS_REDIS_CA": key}),
        ("CARDS_REDIS_KEY", {"CARDS_REDIS_CERT": cert}),
        ("CARDS_REDIS_CERT", {"CARDS_REDIS_KEY": key}),
        ("CARDS_REDIS_CERT", {"CARDS_REDIS_CERT": str(text), "CARDS_REDIS_KEY": key}),
        ("CARDS_REDIS_KEY", {"CARDS_REDIS_CERT": cert, "CARDS_REDIS_KEY": str(text)}),
        ("CARDS_REDIS_KEY", {"CARDS_REDIS_CERT": cert, "CARDS_REDIS_KEY": str(made.ca.key)}),
    ):
        with pytest.raises(RedisConfigError, match=f"^{name} "):
            config("rediss://one", **settings)
        with pytest.raises(RedisConfigError, match=f"^{name} |^REDIS_URL must be rediss"):
            config("redis://one", **settings)


def test_a_configuration_comes_through_the_environment(made: Certificates) -> None:
    """The environment for a child process gives the same configuration."""
    settings = {
        "REDIS_URL": f"sentinels://u:{SECRET}@one,two:2/cards/3?ssl_cert_reqs=none",
        "CARDS_NAMESPACE": "shop",
        "CARDS_REPLICAS": "2",
        "CARDS_REPLICAS_FSYNC": "yes",
        "CARDS_REDIS_CA": str(made.ca.certificate),
        "CARDS_REDIS_CERT": str(made.client.certificate),
        "CARDS_REDIS_KEY": str(made.client.key),
        "CARDS_REDIS_SERVER_NAME": "redis.test",
        "CARDS_SENTINEL_USER": "watcher",
        "CARDS_SENTINEL_PASSWORD": SECRET,
        "CARDS_JOURNAL_ID": "0" * 32,
        "CARDS_ACCEPT_OTHER_DATA": "yes",
    }
    first = RedisConfig.from_environ(settings)
    assert first.environ == settings
    assert RedisConfig.from_environ(first.environ) == first
    assert first.namespace == "shop:"


def test_no_password_is_shown(made: Certificates) -> None:
    """Neither `shown`, nor a repr, nor `inspect` and Flower show a password."""
    first = config(f"sentinel://u:{SECRET}@one/cards", CARDS_SENTINEL_PASSWORD=SECRET)
    for text in (first.shown, repr(first), dumps(first)):
        assert SECRET not in text
    assert json.loads(dumps(first)) == "sentinel://one:26379/cards/0"


_PARTS = [
    *("redis", "rediss", "sentinel", "://", "/", ":", "@", ",", "?", "#", "[", "]", "&", "=", "%"),
    *("one", "0", "6379", "::1", "cards", "ssl_cert_reqs", "none", "%zz", "٣", "\x00", " "),
]
_JOINED = st.lists(st.sampled_from(_PARTS)).map("".join)


@given(st.one_of(st.text(), _JOINED, _JOINED.map("redis://".__add__)), st.booleans())
def test_any_text_is_a_configuration_or_an_error(text: str, secret_before: bool) -> None:
    """Any text is a configuration or a RedisConfigError of one line, without the secret."""
    url = text.replace("://", f"://u:{SECRET}@", 1) if secret_before else f"{text}{SECRET}@one"
    for environ in (
        {"REDIS_URL": url},
        {"REDIS_URL": "redis://one", "CARDS_NAMESPACE": text},
        {"REDIS_URL": "redis://one", "CARDS_REPLICAS": text},
        {"REDIS_URL": "redis://one", "CARDS_JOURNAL_ID": text},
        {"REDIS_URL": "rediss://one", "CARDS_REDIS_CA": text},
    ):
        told = ""
        try:
            made = RedisConfig.from_environ(environ)
        except RedisConfigError as error:
            told = str(error)
        else:
            assert all(host and 0 < port < 65536 for host, port in made.nodes)
            told = made.shown.replace(made.master or "-", "")
        assert SECRET not in told
        assert len(told.splitlines()) == 1
