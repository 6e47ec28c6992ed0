"""Runs every gate: ruff, mypy, import contracts, tests. Goes on after a failure, so that one run shows everything."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
GATES = (
    ("ruff", [BIN / "ruff", "check", "."]),
    ("mypy", [BIN / "mypy"]),
    ("imports", [BIN / "lint-imports", "--no-cache"]),
    ("tests", [sys.executable, "-m", "pytest", "-q"]),
)


def main() -> int:
    failed = []
    for name, command in GATES:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        code = subprocess.run([str(part) for part in command], cwd=ROOT).returncode
        outcome = "ok" if code == 0 else f"exit code {code}"
        print(f"== {name}: {outcome} in {time.monotonic() - began:.0f} s", flush=True)
        if code:
            failed.append(name)
    print(f"== failed: {', '.join(failed)}" if failed else "== all gates hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
