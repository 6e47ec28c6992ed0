"""The chart view driven by keys: zoom and pan, past forecasts, further indicators, short timeframes."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

from textual.pilot import Pilot

from forecasting.service.charting import AskChart, AskChosen, ChartAnswer
from tests.support.fake_charts import answer, answering
from tests.support.fake_engine import detail as known
from tests.support.tui import fake, main_screen, make_app, press, settle
from tui.app import TapecastApp
from tui.screens.chart import ChartView
from tui.widgets.chart_pane import ChartPane

SIZE = (120, 35)


async def steps(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and wait until all is drawn."""
    await press(pilot, *keys)
    for _ in range(3):
        await settle(pilot)


def readout(app: TapecastApp) -> str:
    return str(main_screen(app).query_one("#readout").render())


def heading(app: TapecastApp, pane: str = "price") -> str:
    return main_screen(app).query_one(f"#chart-{pane}", ChartPane)._heading.plain


def asked(app: TapecastApp) -> list[AskChart]:
    return [call[1] for call in fake(app).calls if call[0] == "inquire" and isinstance(call[1], AskChart)]


def bars_shown(app: TapecastApp) -> int:
    charts = main_screen(app).query_one(ChartView)._charts
    assert charts is not None
    return len(charts.price.candles)


async def test_in_twenty_columns_the_readout_tells_the_close_rather_than_its_day() -> None:
    app = make_app()
    async with app.run_test(size=(20, 6)) as pilot:
        await steps(pilot, "2")
        assert readout(app).startswith(" C 180.00  ▲")


async def test_zoom_and_pan_change_the_bars_and_escape_puts_them_back_before_it_leaves() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await steps(pilot, "2")
        assert bars_shown(app) == 126
        await steps(pilot, "K")
        assert bars_shown(app) == 84
        await steps(pilot, "H")
        assert "2026-01-29" in readout(app)
        await steps(pilot, "escape")
        assert bars_shown(app) == 126
        assert "2026-02-27" in readout(app)
        assert main_screen(app).view_name == "chart"
        await steps(pilot, "escape")
        assert main_screen(app).view_name == "watch"


async def test_a_panned_window_and_its_cross_hair_stay_where_they_are_when_a_bar_comes() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await steps(pilot, "2", "H", "h", "h")
        before = readout(app)
        whole, next_day = known("NVDA"), date(2026, 3, 2)
        assert whole is not None
        newer = replace(
            whole, bars=(*whole.bars, replace(whole.bars[-1], session=next_day)),
            indicators=(*whole.indicators, replace(whole.indicators[-1], session=next_day)),
        )
        main_screen(app).show_detail(whole.symbol, newer)
        await settle(pilot)
        assert readout(app) == before
        await steps(pilot, "escape")
        assert "2026-03-02" in readout(app)


async def test_a_page_of_the_cross_hair_is_a_quarter_of_the_window() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await steps(pilot, "2")
        await steps(pilot, "h", "shift+left")
        charts = main_screen(app).query_one(ChartView)._charts
        assert charts is not None
        assert charts.price.axis.readout == 125 - 126 // 4
        await steps(pilot, "ctrl+right", "l")
        assert charts.dates[-1].isoformat() in readout(app)


async def test_past_forecasts_go_round_and_are_asked_for_once_each() -> None:
    app = make_app()
    answering(fake(app))
    async with app.run_test(size=SIZE) as pilot:
        await steps(pilot, "2", "F")
        assert "80% band made 1 before held 78% [62..94] n=24 live, 78% [71..85] n=126 backfill" in heading(app)
        fake(app).push()
        await settle(pilot)
        assert [(q.model, q.horizon) for q in asked(app)] == [("har-t", 1)]
        for _ in range(2):
            await steps(pilot, "F")
        assert [q.horizon for q in asked(app)] == [1, 5, 10]
        await steps(pilot, "F")
        assert "made" not in heading(app)


async def test_the_readout_says_what_had_been_forecast_of_the_bar_and_whether_it_held() -> None:
    app = make_app()
    answering(fake(app))
    async with app.run_test(size=SIZE) as pilot:
        await steps(pilot, "2", "h")
        assert "forecast 1 before held ✓ backfill 175.16..182.63 median 178.86" in readout(app)
        await steps(pilot, "F", "F")
        five = answer(asked(app)[-1], lambda step: None).past[-1]
        low, high = (180.0 * math.exp(q - five.actual) for q in (five.low_80, five.high_80))
        assert f"forecast 5 before held ✓ live {low:.2f}..{high:.2f}" in readout(app)


async def test_indicators_are_chosen_in_a_dialog_drawn_and_remembered() -> None:
    app = make_app()
    answering(fake(app))
    async with app.run_test(size=(120, 50)) as pilot:
        await steps(pilot, "2", "I", "space", *["j"] * 7, "space", "enter")
        assert main_screen(app).options.extra == ("sma20", "atr")
        assert "SMA 20 170.6" in heading(app)
        assert main_screen(app).query_one("#chart-atr").display
        assert ("inquire", AskChosen(("sma20", "atr"))) in fake(app).calls
        await steps(pilot, "I", "space", "escape")
        assert main_screen(app).options.extra == ("sma20", "atr")


async def test_indicators_of_an_earlier_run_are_there_again() -> None:
    app = make_app()
    answering(fake(app), chosen=("ema12",))
    async with app.run_test(size=SIZE) as pilot:
        await steps(pilot, "2")
        assert "EMA 12" in heading(app)


async def test_panes_that_do_not_fit_are_left_out_and_the_price_stays() -> None:
    app = make_app()
    answering(fake(app), chosen=("atr",))
    async with app.run_test(size=(80, 24)) as pilot:
        await steps(pilot, "2")
        shown = [pane.id for pane in main_screen(app).query_one(ChartView).query(ChartPane) if pane.display]
        assert shown == ["chart-price", "chart-volume", "chart-atr"]      # RSI and MACD need five lines each
        assert main_screen(app).query_one("#chart-price").size.height >= 9


async def test_a_day_shows_short_bars_where_the_worker_has_them() -> None:
    app = make_app()
    answering(fake(app))
    async with app.run_test(size=SIZE) as pilot:
        await steps(pilot, "2", *["comma"] * 4)
        assert asked(app)[-1].short
        assert heading(app).startswith("NVDA  1d close")
        assert bars_shown(app) == 26
        await steps(pilot, "full_stop")
        assert bars_shown(app) == 5 * 26


async def test_a_day_of_daily_bars_says_what_is_shown_and_why() -> None:
    app = make_app()
    answering(fake(app))
    note = "daily bars: NVDA: the csv source has daily bars only, asked for '15m'"
    fake(app).answers[AskChart] = lambda q, on_step: ChartAnswer(q.symbol, None, (), (), None, None, note)
    async with app.run_test(size=(200, 50)) as pilot:
        await steps(pilot, "2", *["comma"] * 4)
        assert bars_shown(app) == 21
        assert f"1mo of daily bars for 1d close  {note}; . is longer" in heading(app)


async def test_without_a_worker_the_chart_stands_and_says_why_the_rest_is_missing() -> None:
    app = make_app()
    async with app.run_test(size=(200, 50)) as pilot:
        await steps(pilot, "2", "F")
        assert bars_shown(app) == 126
        assert "no worker process" in heading(app)


async def test_an_answer_about_another_symbol_is_not_drawn() -> None:
    app = make_app()
    answering(fake(app), chosen=("sma20",))
    async with app.run_test(size=SIZE) as pilot:
        await steps(pilot, "2")
        assert "SMA 20" in heading(app)
        fake(app).answers[AskChart] = lambda q, on_step: answer(replace(q, indicators=()), on_step)
        await steps(pilot, "j")
        assert heading(app).startswith("AAPL")
        assert "SMA 20" not in heading(app)


async def test_the_scale_can_be_logarithmic() -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await steps(pilot, "2", "D")
        assert main_screen(app).options.log
        assert " log" in heading(app)
