"""`python -m tests.benchmarks [NAME ...] [--runs N]`: speed and memory as one JSON object on standard output.

Each `bench_NAME.py` beside this file has `run(runs) -> figures`. Figures are for reading and for comparing ratios taken
in one run; no test holds a time against a clock.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

NAMES = tuple(sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")))


def main() -> int:
    """Run the named benchmarks, or all; 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"of {', '.join(NAMES)}; all if none is named")
    parser.add_argument(
        "--runs", "--seeds", "--times", "--seconds", "--days", type=int, dest="runs",
        help="how often, or how long, each measures; its own default if left out",
    )
    parser.add_argument("--symbols", type=int, help="how many symbols, where a benchmark lets one choose")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"no benchmark '{min(unknown)}'; there are {', '.join(NAMES)}")
    runs = () if asked.runs is None else (asked.runs,)
    symbols = {} if asked.symbols is None else {"symbols": asked.symbols}
    found: dict[str, object] = {}
    failed = False
    for name in asked.names or NAMES:
        print(f"{name} ..", file=sys.stderr, flush=True)
        benchmark = import_module(f"tests.benchmarks.bench_{name}")
        try:
            found[name] = benchmark.run(*runs, **symbols)
        except Exception as error:       # the others' figures are wanted all the same
            found[name] = {"error": f"{type(error).__name__}: {error}"}
            failed = True
    print(json.dumps(found, indent=2))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
