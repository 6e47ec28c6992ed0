"""Secrets: where they are looked up, when that is refused, and what is shown of them."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

from forecasting.config.loading import parse
from forecasting.config.secrets import Secret, masked, reveal
from forecasting.errors import ConfigError

HIDDEN = "hunter2-topic"


def kept(path: Path, content: bytes, mode: int = 0o600) -> Secret:
    path.write_bytes(content)
    path.chmod(mode)
    return Secret(f"file:{path}")


def refusal(secret: Secret) -> str:
    with pytest.raises(ConfigError) as caught:
        reveal(secret, "sink phone: url", env={})
    assert HIDDEN not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_a_secret_is_itself_or_a_variable_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reveal(Secret(HIDDEN), "x") == HIDDEN
    assert reveal(Secret("env:NTFY"), "x", env={"NTFY": f"{HIDDEN}\n"}) == HIDDEN
    assert reveal(kept(tmp_path / "url", f"{HIDDEN}\n".encode()), "x") == HIDDEN
    monkeypatch.setenv("HOME", str(tmp_path))
    assert reveal(Secret("file:~/url"), "x") == HIDDEN


def test_a_variable_that_is_not_set_is_named() -> None:
    assert refusal(Secret("env:NTFY")).startswith("sink phone: url: $NTFY is not set; set it")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    said = refusal(kept(tmp_path / "url", HIDDEN.encode(), mode))
    assert f"{tmp_path}/url (mode {mode:04o}); chown it and chmod 600 it" in said


@pytest.mark.parametrize("content", [b"", b" \n", f"{HIDDEN}\nmore".encode(), HIDDEN.encode() * 1000, b"\xff" * 9])
def test_a_file_that_does_not_hold_one_line_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "the value and nothing else" in refusal(kept(tmp_path / "url", content))


def test_a_pipe_in_its_place_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "url", 0o600)
    assert "is no file" in refusal(Secret(f"file:{tmp_path}/url"))


@pytest.mark.parametrize(("name", "why"), [("url", "in which folder"), ("/no/such/url", "No such file")])
def test_a_file_that_cannot_be_found_is_named(name: str, why: str) -> None:
    assert why in refusal(Secret(f"file:{name}"))


@pytest.mark.parametrize(("text", "shown"), [
    (f"https://ntfy.sh/{HIDDEN}", "https://ntfy.sh/…"),
    (f"https://me:{HIDDEN}@example.org/x", "https://example.org/…"),
    (f"tgram://{HIDDEN}/chat", "tgram://…"),
    (HIDDEN, "…"),
    (f"https://[{HIDDEN}", "…"),
    ("env:TAPECAST_NTFY_URL", "env:TAPECAST_NTFY_URL"),
    ("file:~/ntfy.url", "file:~/ntfy.url"),
])  # fmt: skip
def test_of_an_address_its_host_is_shown_at_most(text: str, shown: str) -> None:
    assert masked(Secret(text)) == shown


def test_settings_never_show_what_a_sink_holds() -> None:
    text = (
        f'[[sink]]\nname = "a"\nkind = "webhook"\nurl = "https://h/{HIDDEN}"\nsecret = "{HIDDEN}"\n'
        f'[[sink]]\nname = "b"\nkind = "command"\ncommand = ["x", "{HIDDEN}"]\n'
    )
    made = parse(text, Path("c.toml"))
    assert HIDDEN not in f"{made!r}{made}{made.sinks!r}"
    assert made.sinks[0].url is not None
    assert made.sinks[0].url.plain.endswith(HIDDEN)


@pytest.mark.parametrize("line", [
    f'url = ["{HIDDEN}"]', f'url = {{a = "{HIDDEN}"}}', f'{HIDDEN[:7]} = "{HIDDEN}"', f'timeout = "{HIDDEN}"',
    f'kind = "{HIDDEN}"', f'name = "{HIDDEN}!"', f'command = "{HIDDEN}"', f'command = ["{HIDDEN}\\u0000"]',
    f'secret = "{HIDDEN}"',
])  # fmt: skip
def test_a_wrong_value_in_a_sink_is_named_and_not_repeated(line: str) -> None:
    key = line.partition(" ")[0]
    rest = {"name": 'name = "a"', "kind": 'kind = "bell"'}
    text = "\n".join(["[[sink]]", *(given for name, given in rest.items() if name != key), line])
    with pytest.raises(ConfigError, match=r"c\.toml:\d: .*sink\[1\]") as caught:
        parse(text, Path("c.toml"))
    assert HIDDEN not in "".join(traceback.format_exception(caught.value))
