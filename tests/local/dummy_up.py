"""`make up` with a real Valkey and dummies for the rest: `dummy_up.py [options of local.up]`.

DUMMY_HUNG names a process that ignores SIGTERM, DUMMY_FAILS one that exits as it starts. DUMMY_FD
is a descriptor that every process inherits, so that its other end shows when all have ended.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from local import up
from local.running.plan import Plan, make_plan

_DUMMY = str(Path(__file__).with_name("dummy_program.py"))


def dummy_plan(environ: Mapping[str, str], valkey_dir: Path, lock_fd: int) -> Plan:
    plan = make_plan(environ, valkey_dir, lock_fd)
    held = int(environ["DUMMY_FD"])
    ports = {
        "web": plan.port,
        "flower": plan.flower_port,
        "sandbox": plan.sandbox_port,
        "worker": 0,
    }
    programs = {}
    for name, program in plan.programs.items():
        argv = program.argv
        if name in ports:
            argv = [sys.executable, _DUMMY, str(ports[name])]
        if environ.get("DUMMY_HUNG") == name:
            argv = [*argv, "hung"]
        if environ.get("DUMMY_FAILS") == name:
            argv = [sys.executable, "-c", "raise SystemExit('CARDS_X must be a number')"]
        programs[name] = replace(program, argv=argv, keep_open=[*program.keep_open, held])
    return replace(plan, programs=programs)


if __name__ == "__main__":
    sys.exit(up.main(make_plan=dummy_plan))
