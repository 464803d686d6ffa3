"""Downloads the Redis server of another Debian release, to run beside the machine's own.

apt downloads it and its dependencies, libc included, into a folder: nothing is installed, and root
is not needed. The mirror is the machine's own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.matrix.absent import NotThereError

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_APT_CONF = """\
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "1";
Debug::NoLocking "true";
"""
_START = """\
#!/bin/sh
exec "{loader}" --library-path "{libraries}" "{binary}" "$@"
"""


def debian_redis(release: str, folder: Path) -> Path:
    """A program that starts `redis-server` of Debian's `release`, e.g. "sid", kept in `folder`.

    The folder is emptied first. Raises NotThereError.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and _KEYRING.exists()):
        raise NotThereError("no apt, dpkg and Debian keyring to fetch it with")
    mirror = _mirror()
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("state/lists/partial", "cache/archives/partial", "root"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "apt.conf").write_text(_APT_CONF.format(folder=folder))
    source = f"deb [signed-by={_KEYRING}] {mirror} {release} main\n"
    (folder / "sources.list").write_text(source)
    _apt(folder, "update", "-q", "--error-on=any")
    _apt(folder, "install", "-q", "-y", "--download-only", "redis-server")
    for package in sorted((folder / "cache" / "archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    return _start_script(folder)


def _mirror() -> str:
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    addresses = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
    for address in addresses:
        if address.rstrip("/").endswith("/debian"):
            return address
    raise NotThereError("apt knows no Debian mirror, or has no lists yet (apt-get update)")


def _apt(folder: Path, *arguments: str) -> None:
    environ = {**os.environ, "APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C"}
    command = ["apt-get", *arguments]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if ran.returncode:
        why = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
        raise NotThereError(f"apt-get {arguments[0]}: {why[-1] if why else 'failed'}")


def _start_script(folder: Path) -> Path:
    """A script that starts the server with the downloaded libc, as the machine's may be older."""
    root = folder / "root"
    loaders = [*root.glob("usr/lib/*-linux-*/ld-linux*"), *root.glob("lib/*-linux-*/ld-linux*")]
    if not loaders:
        raise NotThereError("its packages have no loader for this machine")
    architecture = loaders[0].parent.name
    libraries = f"{root}/usr/lib/{architecture}:{root}/lib/{architecture}"
    script = folder / "redis-server"
    script.write_text(
        _START.format(loader=loaders[0], libraries=libraries, binary=root / "usr/bin/redis-server")
    )
    script.chmod(0o755)
    return script
