-- The newest schema of the store; a new file starts from it. `migrations.py` leads older files here.
-- Sessions are ISO dates (of bars shorter than a session: the time the bar opens, UTC), times ISO 8601 in UTC with
-- microseconds: all sort as text.

CREATE TABLE instruments (
    symbol     TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    exchange   TEXT NOT NULL,
    currency   TEXT NOT NULL,
    synthetic  INTEGER NOT NULL
) WITHOUT ROWID;

-- Clustered by symbol and session: one symbol's history is one contiguous read.
CREATE TABLE bars (
    symbol     TEXT NOT NULL REFERENCES instruments (symbol),
    session    TEXT NOT NULL,
    open       REAL NOT NULL,
    high       REAL NOT NULL,
    low        REAL NOT NULL,
    close      REAL NOT NULL,
    adj_close  REAL NOT NULL,
    volume     REAL NOT NULL,
    PRIMARY KEY (symbol, session)
) WITHOUT ROWID;

CREATE TABLE indicators (
    symbol       TEXT NOT NULL,
    session      TEXT NOT NULL,
    close        REAL NOT NULL,
    rsi          REAL,             -- NULL during warm-up, as the three below
    macd         REAL,
    macd_signal  REAL,
    macd_hist    REAL,
    PRIMARY KEY (symbol, session)
) WITHOUT ROWID;

CREATE TABLE quotes (
    symbol          TEXT PRIMARY KEY,
    price           REAL NOT NULL,
    time            TEXT NOT NULL,
    previous_close  REAL,
    currency        TEXT NOT NULL,
    source          TEXT NOT NULL,
    open            REAL,
    high            REAL,
    low             REAL,
    volume          REAL,
    state           TEXT,
    name            TEXT
) WITHOUT ROWID;

CREATE TABLE failures (
    symbol   TEXT PRIMARY KEY,
    kind     TEXT NOT NULL,
    message  TEXT NOT NULL,
    at       TEXT NOT NULL
) WITHOUT ROWID;

-- Symbols that are asked for more rarely, because the last answer about them was of no use.
CREATE TABLE quarantine (
    symbol    TEXT NOT NULL,
    asked     TEXT NOT NULL CHECK (asked IN ('quote', 'history')),
    kind      TEXT NOT NULL,
    message   TEXT NOT NULL,
    tries     INTEGER NOT NULL,
    since     TEXT NOT NULL,
    probe_at  TEXT NOT NULL,
    PRIMARY KEY (symbol, asked)
) WITHOUT ROWID;

-- What was found wrong with the delivered bars, and what was done about it.
CREATE TABLE findings (
    symbol   TEXT NOT NULL,
    session  TEXT NOT NULL,        -- '' where it concerns the whole history
    text     TEXT NOT NULL,
    PRIMARY KEY (symbol, session, text)
) WITHOUT ROWID;

CREATE TABLE sessions (
    exchange  TEXT NOT NULL,
    session   TEXT NOT NULL,
    open      TEXT NOT NULL,
    close     TEXT NOT NULL,
    rests     TEXT,                -- lunch: NULL where there is none, as the next
    goes_on   TEXT,
    PRIMARY KEY (exchange, session)
) WITHOUT ROWID;

CREATE TABLE watch_groups (
    position  INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE
);

CREATE TABLE watch_symbols (
    grp       INTEGER NOT NULL REFERENCES watch_groups (position) ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    symbol    TEXT NOT NULL,
    PRIMARY KEY (grp, position)
) WITHOUT ROWID;

-- The condition of a smart list, which has no symbols of its own.
CREATE TABLE watch_filters (
    grp       INTEGER PRIMARY KEY REFERENCES watch_groups (position) ON DELETE CASCADE,
    filter    TEXT NOT NULL
);

-- What a person writes down about symbols.
CREATE TABLE holdings (
    symbol  TEXT PRIMARY KEY,
    alias   TEXT NOT NULL,
    tags    TEXT NOT NULL,         -- JSON list
    note    TEXT NOT NULL
) WITHOUT ROWID;

-- What was bought and sold, and splits. Decimals are texts, as they were typed: money is added exactly.
CREATE TABLE holding_entries (
    symbol    TEXT NOT NULL,
    place     INTEGER NOT NULL,
    day       TEXT NOT NULL,
    quantity  TEXT,                -- negative: sold; NULL, as the next two, where it is a split
    price     TEXT,
    fee       TEXT,
    ratio     TEXT,                -- of a split: 10:1
    PRIMARY KEY (symbol, place),
    CHECK ((ratio IS NULL) = (quantity IS NOT NULL AND price IS NOT NULL AND fee IS NOT NULL))
) WITHOUT ROWID;

-- The ledger. `body` is the canonical JSON that is hashed; the columns before it repeat what queries need, and
-- `Ledger.verify` compares them. AUTOINCREMENT keeps the highest id ever given, so that a cut-off tail shows.
CREATE TABLE forecasts (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    symbol         TEXT NOT NULL,
    model          TEXT NOT NULL,
    origin         TEXT NOT NULL CHECK (origin IN ('live', 'backfill')),
    as_of_session  TEXT NOT NULL,
    hash           BLOB NOT NULL,
    body           TEXT NOT NULL,
    UNIQUE (symbol, model, as_of_session, origin)   -- in this order the newest of any origin is the last
);

CREATE TABLE outcomes (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    entry_id        INTEGER NOT NULL REFERENCES forecasts (id),
    horizon         INTEGER NOT NULL,
    symbol          TEXT NOT NULL,
    model           TEXT NOT NULL,
    origin          TEXT NOT NULL,
    as_of_session   TEXT NOT NULL,
    target_session  TEXT NOT NULL,
    settled_at      TEXT NOT NULL,
    actual          REAL NOT NULL,
    median          REAL NOT NULL,
    low_80          REAL NOT NULL,
    high_80         REAL NOT NULL,
    p_up            REAL NOT NULL,
    crps            REAL NOT NULL,
    hash            BLOB NOT NULL,
    UNIQUE (entry_id, horizon)
);
CREATE INDEX outcomes_by_stream ON outcomes (model, horizon, origin, symbol, target_session);

-- Horizons still waiting for their outcome. Without it, finding what is due would read every forecast ever made.
CREATE TABLE pending (
    entry_id        INTEGER NOT NULL REFERENCES forecasts (id),
    horizon         INTEGER NOT NULL,
    target_session  TEXT NOT NULL,
    target_time     TEXT NOT NULL,
    PRIMARY KEY (entry_id, horizon)
) WITHOUT ROWID;
CREATE INDEX pending_by_target ON pending (target_session);

CREATE TRIGGER forecasts_stay BEFORE UPDATE ON forecasts
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: forecasts are never changed'); END;
CREATE TRIGGER forecasts_last BEFORE DELETE ON forecasts
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: forecasts are never deleted'); END;
CREATE TRIGGER outcomes_stay BEFORE UPDATE ON outcomes
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: outcomes are never changed'); END;
CREATE TRIGGER outcomes_last BEFORE DELETE ON outcomes
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: outcomes are never deleted'); END;
CREATE TRIGGER outcomes_settle AFTER INSERT ON outcomes
BEGIN DELETE FROM pending WHERE entry_id = NEW.entry_id AND horizon = NEW.horizon; END;

CREATE TABLE signals (
    id          INTEGER PRIMARY KEY,
    symbol      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    session     TEXT NOT NULL,
    time        TEXT NOT NULL,
    price       REAL NOT NULL,
    direction   INTEGER NOT NULL,
    horizon     INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    model_id    TEXT,
    log_return  REAL,              -- NULL, as settled_at, while the horizon is open
    settled_at  TEXT,
    strength    REAL,              -- NULL, as inputs, in what was written before there were any
    inputs      TEXT,              -- a JSON object of figures by name
    UNIQUE (symbol, kind, session)
);
CREATE INDEX signals_by_time ON signals (time);
CREATE INDEX signals_open ON signals (session) WHERE settled_at IS NULL;

CREATE TABLE alert_rules (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,   -- never given twice: alerts name their rule for good
    text         TEXT NOT NULL,
    symbols      TEXT NOT NULL,       -- JSON list; empty: those of `grp`, or all
    grp          TEXT,
    sinks        TEXT NOT NULL,       -- JSON list; empty: all
    cooldown_s   REAL NOT NULL,
    hysteresis   REAL NOT NULL,
    created_at   TEXT NOT NULL,
    muted_until  TEXT,
    removed_at   TEXT
);

-- What each rule remembers of each symbol, so that a restart changes nothing.
CREATE TABLE alert_memory (
    rule_id   INTEGER NOT NULL REFERENCES alert_rules (id),
    symbol    TEXT NOT NULL,
    body      TEXT NOT NULL,          -- JSON, see trading.rules.evaluate
    fired_at  REAL,                   -- data time of the newest firing, seconds since 1970
    seen_at   REAL,                   -- when the newest price of the symbol was made that had been looked at by then
    PRIMARY KEY (rule_id, symbol)
) WITHOUT ROWID;

-- The newest closed bar the rules have looked at; what closed since was missed and is looked at late.
CREATE TABLE alert_bars (
    symbol   TEXT PRIMARY KEY,
    session  TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE alerts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    rule_id    INTEGER NOT NULL REFERENCES alert_rules (id),
    rule       TEXT NOT NULL,
    symbol     TEXT NOT NULL,
    fired_at   TEXT NOT NULL,
    data_time  TEXT NOT NULL,
    late       INTEGER NOT NULL,
    value      REAL,
    reason     TEXT NOT NULL,
    acked_at   TEXT
);
CREATE INDEX alerts_by_time ON alerts (fired_at);

CREATE TABLE deliveries (
    alert_id  INTEGER NOT NULL REFERENCES alerts (id),
    sink      TEXT NOT NULL,
    ok        INTEGER NOT NULL,
    seconds   REAL NOT NULL,
    error     TEXT,
    next_at   TEXT,                   -- when it is tried again; NULL: it was taken, or given up
    PRIMARY KEY (alert_id, sink)
) WITHOUT ROWID;

-- What tapecast told of itself: prices have ceased, they are back, it still runs.
CREATE TABLE notices (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    fired_at  TEXT NOT NULL,
    title     TEXT NOT NULL,
    text      TEXT NOT NULL
);
CREATE TABLE notice_deliveries (
    notice_id  INTEGER NOT NULL REFERENCES notices (id),
    sink       TEXT NOT NULL,
    ok         INTEGER NOT NULL,
    seconds    REAL NOT NULL,
    error      TEXT,
    next_at    TEXT,
    PRIMARY KEY (notice_id, sink)
) WITHOUT ROWID;

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,
    detail       TEXT NOT NULL,
    started_at   TEXT NOT NULL,
    finished_at  TEXT,
    ok           INTEGER,
    message      TEXT
);
CREATE INDEX runs_by_kind ON runs (kind, id);

CREATE TABLE meta (
    key    TEXT PRIMARY KEY,
    value  TEXT NOT NULL
) WITHOUT ROWID;
