"""Our web application under a server of others': `web_app.py SITE MODULE ARGUMENTS...`.

Run by our Python; SITE is where the server's packages are, behind our own.
"""

from __future__ import annotations

import logging
import os
import runpy
import sys

from fastapi import FastAPI

from producer.http.app import create_app
from producer.settings import WebSettings


def app() -> FastAPI:
    """As `python -m producer.http` makes it, with the same log."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    return create_app(WebSettings.from_environ(os.environ))


if __name__ == "__main__":
    site, module = sys.argv[1:3]
    sys.path.append(site)
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
