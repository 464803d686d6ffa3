"""`cards doctor`: find what is out of reach or misconfigured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from producer.cli.doctor.findings import Finding

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> int:
    """Find what is out of reach or misconfigured, and say what to do about it.

    Exits with 3 if something does not answer, else with 1 if a setting is wrong, else with 0.
    """
    from producer.cli.doctor.findings import Level, exit_code
    from producer.cli.environment import addresses, environ
    from producer.cli.output import show_json

    findings = []
    for finding in examine(environ(), addresses()):
        findings.append(finding)
        if not as_json:
            click.echo(f"{finding.level.value:<4}  {finding.what:<17}  {finding.text}")
            if finding.todo:
                mark = "advice:" if finding.level is Level.OK else "->"
                click.echo(f"{'':<25}{mark} {finding.todo}")
    code = exit_code(findings)
    if as_json:
        show_json({"ok": code == 0, "findings": [one.as_json() for one in findings]})
    return code


def examine(environ: Mapping[str, str], running: Mapping[str, str]) -> Iterator[Finding]:
    """Run all checks; a check that fails does not prevent the others.

    `running` are the addresses of a running `make up`; empty where none runs.
    """
    from producer.cli.doctor.findings import misconfigured, ok
    from producer.cli.doctor.http_checks import check_flower, check_web
    from producer.cli.doctor.redis_checks import check_redis
    from producer.settings import SettingsError, WebSettings, redis_config

    redis, web_url, flower_url = None, running.get("web"), running.get("flower")
    try:
        redis = redis_config(environ)
        web = WebSettings.from_environ(environ)
        if web_url is None or environ.get("PORT"):
            host = _LOOPBACK.get(web.host, web.host)
            web_url = f"http://[{host}]:{web.port}" if ":" in host else f"http://{host}:{web.port}"
        yield ok("settings", "valid")
    except SettingsError as error:
        yield misconfigured("settings", str(error), f"correct {error.name} in the environment")
    if redis is not None:
        yield from check_redis(redis)
    if web_url is not None:
        yield check_web(web_url)
    if flower_port := environ.get("CARDS_FLOWER_PORT", "").strip():
        flower_url = f"http://127.0.0.1:{flower_port}"
    if flower_url is not None:
        yield check_flower(flower_url)
