"""How long Yahoo asks to be left alone, whichever way it says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from forecasting.data.retry_after import wait_asked_for
from forecasting.data.sources.yahoo_session import FAKE_URL, fake_url

HERE = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120.0), ("0", 0.0), ("1000000000", 3600.0), ("9" * 400, 3600.0), ("-5", 0.0), ("1.5", 0.0), ("soon", 0.0),
     ("", 0.0), ("Fri, 31 Feb 2026 25:00:00 GMT", 0.0), ("Fri, 06 Mar 99999999999 22:00:00 GMT", 0.0)],
)
def test_a_wait_is_a_number_of_seconds_from_none_to_an_hour(said: str, seconds: float) -> None:
    assert wait_asked_for({"Retry-After": said}) == seconds


def test_nothing_asked_for_is_no_wait() -> None:
    assert wait_asked_for({}) == 0.0


@pytest.mark.parametrize(
    ("ahead", "seconds"), [(timedelta(seconds=90), 90.0), (timedelta(days=1), 3600.0), (timedelta(seconds=-90), 0.0)]
)
def test_a_date_is_counted_from_when_the_answer_says_it_was_made_and_not_by_our_clock(
    ahead: timedelta, seconds: float
) -> None:
    dates = {"Date": format_datetime(HERE, usegmt=True), "Retry-After": format_datetime(HERE + ahead, usegmt=True)}
    assert wait_asked_for(dates) == seconds


def test_without_the_answers_own_date_our_clock_has_to_do() -> None:
    said = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    assert wait_asked_for({"Retry-After": said}) == pytest.approx(600.0, abs=5.0)


def test_this_machine_may_be_named_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FAKE_URL, "http://localhost:8080")
    assert fake_url() == "http://localhost:8080"
