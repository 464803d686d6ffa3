"""Users and rights of a server that a test starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Access:
    """Passwords and ACL rules: the default user's password, and other users.

    `users` holds ACL rules by name, e.g. `{"cards": ">secret ~cards:* &* +@all"}`.
    """

    password: str | None = field(default=None, repr=False)
    users: Mapping[str, str] = field(default_factory=dict, repr=False)

    def options(self, directory: Path) -> dict[str, str]:
        """Options for a server; writes its ACL file."""
        if self.password is None and not self.users:
            return {}
        secret = "nopass" if self.password is None else f">{self.password}"
        lines = [f"user default on {secret} ~* &* +@all"]
        lines += [f"user {name} on {rules}" for name, rules in self.users.items()]
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / "users.acl"
        path.touch(0o600)
        path.chmod(0o600)
        path.write_text("\n".join(lines) + "\n")
        return {"aclfile": str(path)}

    def replica_options(self) -> dict[str, str]:
        """Options for a replica's login to its primary."""
        return {} if self.password is None else {"masterauth": self.password}
