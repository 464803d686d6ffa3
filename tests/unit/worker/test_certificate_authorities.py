"""The certificate authorities of the settings, and errors in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.servers.certificates import Certificates
from producer.settings import SettingsError
from worker.stripe.certificate_authorities import Authorities


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Two CAs."""
    return Certificates.make(tmp_path_factory.mktemp("certificates"))


def test_our_own_setting_takes_precedence(made: Certificates) -> None:
    """CARDS_STRIPE_CA counts first, then SSL_CERT_FILE and SSL_CERT_DIR, then the SDK's CAs."""
    ca, other = str(made.ca.certificate), str(made.wrong_ca.certificate)
    folder = str(made.ca.certificate.parent)
    read = Authorities.from_environ
    assert read({}) == Authorities()
    assert read({"SSL_CERT_FILE": " ", "CARDS_STRIPE_CA": ""}) == Authorities()
    assert read({"SSL_CERT_FILE": other}) == Authorities(other)
    assert read({"SSL_CERT_FILE": other, "SSL_CERT_DIR": folder}) == Authorities(other, folder)
    both = {"SSL_CERT_FILE": other, "SSL_CERT_DIR": folder, "CARDS_STRIPE_CA": ca}
    assert read(both) == Authorities(ca)


def test_a_set_ca_replaces_the_bundled_ones(made: Certificates) -> None:
    """A CA that is set is the only trusted one."""
    bundled = str(made.wrong_ca.certificate)
    (own,) = Authorities(str(made.ca.certificate)).context(bundled).get_ca_certs()
    (other,) = Authorities().context(bundled).get_ca_certs()
    assert (str(own["subject"]), str(other["subject"])) == (
        "((('commonName', 'test ca'),),)",
        "((('commonName', 'test wrong-ca'),),)",
    )


@pytest.mark.parametrize("name", ["CARDS_STRIPE_CA", "SSL_CERT_FILE"])
def test_a_file_that_cannot_be_used_is_named(name: str, tmp_path: Path) -> None:
    """A missing file, a folder, or a file without certificate is an error naming the setting."""
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for path in (tmp_path / "missing.pem", tmp_path, empty):
        with pytest.raises(SettingsError, match=rf"^{name} names a file that [^\n]+$"):
            Authorities.from_environ({name: str(path)})


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """Each folder of the list must exist."""
    folders = f"{tmp_path}:{tmp_path / 'missing'}"
    with pytest.raises(SettingsError, match=r"^SSL_CERT_DIR names a folder"):
        Authorities.from_environ({"SSL_CERT_DIR": folders})
