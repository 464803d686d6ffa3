"""Stands in for pip-audit: `fake_pip_audit.py MODE --requirement=FILE ...`."""

from __future__ import annotations

import json
import re
import signal
import sys
from pathlib import Path
from typing import NoReturn

_TRACEBACK = """\
Traceback (most recent call last):
  File "adapters.py", line 729, in send
    raise ConnectionError(e, request=request)
requests.exceptions.ConnectionError: HTTPSConnectionPool(host='advisories.example', port=443)
"""


def main() -> NoReturn:
    """Answer as pip-audit does, in the way the mode names."""
    mode = sys.argv[1]
    (path,) = (each.partition("=")[2] for each in sys.argv if each.startswith("--requirement="))
    pins = re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", Path(path).read_text(), re.MULTILINE)
    if mode == "hanging" or (mode == "hanging-later" and len(pins) > 3):
        signal.pause()
    if mode == "unreachable":
        sys.exit(_TRACEBACK)
    if mode == "blocked":
        sys.exit("ERROR:pip_audit._cli:Tip: your network may be blocking this service.")
    if mode == "wrong":
        sys.exit("ERROR:pip_audit._cli:requirement a==1 does not contain a hash")
    if mode == "silent":
        sys.exit(3)
    packages = [{"name": name, "version": version, "vulns": []} for name, version in pins]
    if mode == "knows-none" or mode == "lacks-last":
        for one in packages if mode == "knows-none" else packages[3:][-1:]:
            del one["version"], one["vulns"]
            one["skip_reason"] = "not found"
    found = mode == "vulnerable" and len(pins) > 3
    if found:
        packages[-1]["vulns"] = [
            {"id": "PYSEC-2026-1", "fix_versions": ["9.9"], "aliases": ["CVE-2026-1"]}
        ]
    print(json.dumps({"dependencies": packages, "fixes": []}))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
