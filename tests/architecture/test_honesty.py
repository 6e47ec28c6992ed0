"""T1 to T22 are all there: each has a test that is marked with it, and one that plants the fault and sees it found."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
EVERY = {f"T{i}" for i in range(1, 23)}


def marked(sources: Iterable[str]) -> dict[bool, dict[str, list[str]]]:
    """Names of tests by what `@pytest.mark.honesty(..)` says they keep; those that plant a fault under True."""
    found: dict[bool, dict[str, list[str]]] = {True: defaultdict(list), False: defaultdict(list)}
    for source in sources:
        for test in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)):
            for call in (d for d in test.decorator_list if isinstance(d, ast.Call)):
                if ast.unparse(call.func) == "pytest.mark.honesty":
                    red = any(k.arg == "red" and ast.literal_eval(k.value) for k in call.keywords)
                    for name in map(ast.literal_eval, call.args):
                        found[red][name].append(test.name)
    return found


def suite() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(TESTS.rglob("test_*.py"))]


@pytest.mark.parametrize("red", [False, True], ids=["kept", "able to fail"])
def test_each_of_the_twenty_two_has_a_test(red: bool) -> None:
    assert set(marked(suite())[red]) == EVERY


def test_a_missing_one_would_be_noticed() -> None:
    without = [source.replace('honesty("T6"', 'honesty("T66"') for source in suite()]
    for by_name in marked(without).values():
        assert set(by_name) ^ EVERY == {"T6", "T66"}
