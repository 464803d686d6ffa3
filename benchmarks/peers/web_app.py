"""Our web application under another server: `web_app.py SITE MODULE ARGUMENTS...`.

Our Python runs it; SITE is the folder of the server's packages, searched after our own.
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
    """The application as `python -m producer.http` creates it, with the same log."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    return create_app(WebSettings.from_environ(os.environ))


if __name__ == "__main__":
    site, module = sys.argv[1:3]
    sys.path.append(site)
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
