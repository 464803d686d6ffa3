"""The control API through its client, and the sandbox as a process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from sandbox.control.client import ControlError, SandboxControl
from sandbox.http.server import SandboxThread
from sandbox.objects import seed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def control(threaded: SandboxThread) -> SandboxControl:
    return SandboxControl(threaded.url)


def post(url: str, form: str, key: str = "k1") -> int:
    """The status of a write to the initial customer."""
    request = urllib.request.Request(
        f"{url}/v1/customers/{seed.CUSTOMER}",
        data=form.encode(),
        headers={"Authorization": "Bearer sk_test_1", "Idempotency-Key": key},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_effects_and_requests(threaded: SandboxThread, control: SandboxControl) -> None:
    """Effects and requests are listed in order, and can be continued from a sequence number."""
    post(threaded.url, f"default_source={seed.SECOND_CARD}&metadata[command_id]=c1", "k1")
    post(threaded.url, "name=Ana", "k2")
    kinds = [(each["kind"], each["idempotency_key"]) for each in control.effects()]
    assert kinds == [
        ("customer.updated", "k1"),
        ("default_source.set", "k1"),
        ("customer.updated", "k2"),
    ]
    (defaulted,) = control.effects(kind="default_source.set")
    assert (defaulted["object"], defaulted["command_id"]) == (seed.SECOND_CARD, "c1")
    assert [each["sequence"] for each in control.effects(after=1, limit=1)] == [2]
    first, second = control.requests()
    assert (first["source"], first["customer"]) == (seed.SECOND_CARD, seed.CUSTOMER)
    assert (first["method"], first["status"], first["replayed"]) == ("POST", 200, False)
    assert first["started"] <= (first["ended"] or 0) <= second["started"]
    assert control.requests(after=1) == [second]
    assert control.wait_for_requests(2) == 2
    assert control.wait_for_effects(3) == 3
    assert sum(each["requests"] for each in control.rates()) == 2
    assert control.health()["effects_by_kind"]["customer.updated"] == 2


def test_stall_wait_release(threaded: SandboxThread, control: SandboxControl) -> None:
    """A test can wait until a request is stalled, inspect the sandbox, and release it."""
    id = control.add_fault("stall", customer=seed.CUSTOMER)
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(post(threaded.url, "name=Ana")))
    thread.start()
    assert control.wait_for_hits(id) == 1
    (entry,) = control.requests()
    assert (entry["status"], entry["ended"]) == (None, None)
    assert control.faults()[0]["held"] == 1
    control.release(id)
    thread.join()
    assert statuses == [200]
    control.remove_fault(id)
    assert control.faults() == []


def test_waits_end(control: SandboxControl) -> None:
    """A wait for something that does not happen ends with TimeoutError."""
    id = control.add_fault("drop")
    with pytest.raises(TimeoutError):
        control.wait_for_hits(id, timeout=0.01)
    with pytest.raises(TimeoutError):
        control.wait_for_requests(1, timeout=0.01)


def test_settings(threaded: SandboxThread, control: SandboxControl) -> None:
    """Settings are set one by one, shown without keys, and all refused when one is wrong."""
    latency = {"kind": "lognormal", "median_ms": 1, "p99_ms": 2}
    shown = control.configure(latency=latency, revoked_keys=["sk_test_1"], keep_requests=False)
    assert (shown["revoked_keys"], shown["latency"]["p99_ms"]) == (1, 2)
    assert post(threaded.url, "name=Ana") == 401
    assert control.requests() == []
    assert control.wait_for_requests(1) == 1
    for wrong in (
        {"colour": "red"},
        {"rps": -1},
        {"latency": {"kind": "slow"}},
        {"latency": {"speed": 1}},
        {"auto_create": 1},
        {"keep_effects": "no"},
    ):
        with pytest.raises(ControlError) as refused:
            control.configure(clock_offset=99, **wrong)
        assert refused.value.status == 400
    assert control.config()["clock_offset"] == 0
    control.configure(latency=None, revoked_keys=[], keep_effects=False)
    assert post(threaded.url, "name=Ana") == 200
    assert control.effects() == []
    assert control.health()["effects"] == 1


def test_reset(threaded: SandboxThread, control: SandboxControl) -> None:
    """A reset restores the initial objects and cuts stalled requests off, without effect."""
    control.configure(lock_timeout=False)
    id = control.add_fault("stall")
    errors: list[OSError] = []

    def held() -> None:
        try:
            post(threaded.url, "name=Ana")
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=held)
    thread.start()
    control.wait_for_hits(id)
    control.reset(keep_config=True)
    thread.join()
    assert len(errors) == 1
    assert (control.effects(), control.requests(), control.faults()) == ([], [], [])
    assert threaded.server.account.customers[seed.CUSTOMER].name == "John Doe"
    assert control.config()["lock_timeout"] is False
    control.reset()
    assert control.config()["lock_timeout"] is True


def test_unknown_control_paths(control: SandboxControl) -> None:
    """Unknown paths of the control API are 404."""
    for call in (
        lambda: control._send("GET", "nothing"),
        lambda: control.release("fault_99"),
        lambda: control._send("PATCH", f"faults/{control.add_fault('drop')}"),
    ):
        with pytest.raises(ControlError) as refused:
            call()
        assert refused.value.status == 404
    with pytest.raises(ControlError) as refused:
        control._send("GET", "wait")
    assert refused.value.status == 400


@pytest.mark.integration
def test_the_process_prints_its_url_and_ends_on_sigterm() -> None:
    """`python -m sandbox --port 0` prints its URL; SIGTERM ends it even if a request is stalled."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        said, _, url = process.stdout.readline().strip().rpartition(" ")
        assert said == "sandbox listening on"
        control = SandboxControl(url)
        assert control.health()["status"] == "ok"
        id = control.add_fault("stall")

        def held() -> None:
            with contextlib.suppress(OSError):
                post(url, "name=Ana")

        thread = threading.Thread(target=held)
        thread.start()
        control.wait_for_hits(id)
        process.send_signal(signal.SIGTERM)
        # The sandbox ends within a second; the rest is for a busy machine.
        assert process.wait(timeout=10) == 0
        thread.join()
        taken = subprocess.run(
            [sys.executable, "-m", "sandbox", "--host", "203.0.113.1"],
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            timeout=30,
        )
        assert (taken.returncode, taken.stderr.count("\n")) == (1, 1)
    finally:
        process.kill()
        process.communicate()
