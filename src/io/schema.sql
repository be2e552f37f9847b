-- Version 1 of the database: the log, the household's books, and what a restart needs.
-- Times are epoch milliseconds UTC, energies Wh, columns called *_json hold JSON text.
-- There are no foreign keys: a row whose neighbour is missing must still be stored.

-- Transaction messages in the order of their arrival; every backend reads it with its own cursor.
CREATE TABLE log (
  sequence INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  transaction_id INTEGER NOT NULL,
  connector_id INTEGER NOT NULL,
  payload_json TEXT NOT NULL,
  raw_json TEXT,
  synthetic INTEGER NOT NULL DEFAULT 0,
  session_json TEXT
) STRICT;
CREATE INDEX log_by_transaction ON log (transaction_id);

CREATE TABLE session (
  transaction_id INTEGER PRIMARY KEY,
  charger_transaction_id TEXT,
  connector_id INTEGER NOT NULL,
  id_tag TEXT NOT NULL,
  backend_id TEXT,
  booked_by TEXT NOT NULL,
  reservation_id INTEGER,
  start_key TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  stopped_at INTEGER,
  meter_start_wh INTEGER,
  meter_stop_wh INTEGER,
  energy_wh INTEGER NOT NULL,
  register_wh INTEGER,
  reset_candidate_wh INTEGER,
  metered_at INTEGER,
  energy_rose_at INTEGER,
  stop_reason TEXT,
  flags_json TEXT NOT NULL
) STRICT;
-- Partial, so that an open session costs no index write with each of its meter values.
CREATE INDEX session_open ON session (transaction_id) WHERE stopped_at IS NULL;
CREATE INDEX session_by_stop ON session (stopped_at, transaction_id) WHERE stopped_at IS NOT NULL;
CREATE INDEX session_by_backend ON session (backend_id, stopped_at, transaction_id)
  WHERE stopped_at IS NOT NULL;

CREATE TABLE cursor (
  backend_id TEXT PRIMARY KEY,
  sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE backend_transaction (
  transaction_id INTEGER NOT NULL,
  backend_id TEXT NOT NULL,
  backend_transaction_id TEXT NOT NULL,
  PRIMARY KEY (transaction_id, backend_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE set_aside (
  id INTEGER PRIMARY KEY,
  backend_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  UNIQUE (backend_id, sequence)
) STRICT;

CREATE TABLE decision (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  backend_id TEXT,
  request TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;

CREATE TABLE fact (
  key TEXT PRIMARY KEY,
  value_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
