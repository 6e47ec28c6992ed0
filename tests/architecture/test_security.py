"""What product code never does: run what it reads, read markup in foreign text, look away from a certificate.

Names are looked for in the syntax tree, so that a comment may speak of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for folder in ("forecasting", "tui") for path in sorted((ROOT / folder).rglob("*.py"))]

MODULES = frozenset({"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "webbrowser", "telnetlib"})
"""Modules that are not imported: they run what they load, or open what they are given."""

CALLS = frozenset(
    {
        "eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput",
        "subprocess.getstatusoutput", "tempfile.mktemp", "Text.from_markup", "Content.from_markup", "torch.load",
        "self.open_url", "app.open_url",
    }
)  # fmt: skip
ARGUMENTS = {"shell": True, "markup": True, "verify": False, "check_hostname": False, "allow_pickle": True}
TAKES_MARKUP = frozenset({"Static", "Label", "Button", "Checkbox", "self.notify", "self.app.notify", "app.notify"})
"""Who reads markup in a text unless told not to."""


def offences(source: str) -> Iterator[str]:
    """What `source` does that it must not, each with its line."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                imported = [name.name for name in names]
            case ast.ImportFrom(module=str(module)):
                imported = [module]
            case ast.Call():
                yield from (f"{node.lineno}: {what}" for what in _bad_call(node))
                continue
            case _:
                continue
        yield from (f"{node.lineno}: import {name}" for name in imported if name.partition(".")[0] in MODULES)


def _bad_call(call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func)
    given = {k.arg: k.value.value for k in call.keywords if k.arg and isinstance(k.value, ast.Constant)}
    if name in CALLS:
        yield name
    yield from (f"{key}={value}" for key, value in ARGUMENTS.items() if given.get(key) is value)
    if name in TAKES_MARKUP and "markup" not in given and _has_text(call):
        yield f"{name} without markup=False"


def _has_text(call: ast.Call) -> bool:
    """Whether a widget is made, or told to show something; of its own, with an id alone, it shows nothing."""
    return bool(call.args) or any(k.arg == "id" for k in call.keywords)


def test_product_code_runs_nothing_that_it_reads() -> None:
    found = {str(path.relative_to(ROOT)): list(offences(path.read_text(encoding="utf-8"))) for path in SOURCES}
    assert {path: what for path, what in found.items() if what} == {}
    assert len(found) > 100


@pytest.mark.parametrize(
    "line",
    [
        "import pickle", "from pickle import loads", "import yaml.loader", "eval(text)", "exec(text)",
        "torch.load(path)", "subprocess.run(words, shell=True)", "session.get(url, verify=False)",
        "Text.from_markup(name)", "Static(name, markup=True)", "Static(name)", "Label(id='x')",
        "self.notify(str(error))", "os.system(words)",
        "np.load(path, allow_pickle=True)",
    ],
)  # fmt: skip
def test_an_offence_would_be_noticed(line: str) -> None:
    assert len(list(offences(line))) == 1


def test_what_is_allowed_is_no_offence() -> None:
    allowed = "network.eval()\nnp.load(path)\nself.notify(text, markup=False)\nText('[b]')  # eval(x)\n"
    assert list(offences(allowed)) == []
