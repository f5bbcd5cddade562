-- +goose Up
-- Names and ids compare by byte (COLLATE "C"), as they do in SQLite: ranges and
-- keyset paging then give the same answer on both.
-- A stream is the unit of locking. Its kind is the part of the name before the
-- first slash, so a range on the primary key lists a kind.
CREATE TABLE stream (
  stream TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL
) WITH (fillfactor = 80);

CREATE TABLE journal (
  pos BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  stream TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  said TEXT NOT NULL,
  why_code TEXT NOT NULL,
  why_text TEXT NOT NULL,
  why_rule TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  actor_via TEXT NOT NULL,
  body TEXT NOT NULL,
  plan BIGINT NOT NULL
);
-- Positions are drawn under an advisory lock: see ADR 0005.
CREATE SEQUENCE journal_pos;
CREATE INDEX journal_subject ON journal (subject, pos);
CREATE INDEX journal_stream ON journal (stream, pos);

CREATE TABLE wake (
  stream TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  due_at BIGINT NOT NULL,
  PRIMARY KEY (stream, name)
);
CREATE INDEX wake_due ON wake (due_at, stream, name);

CREATE TABLE outbox (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  stream TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  wanted_at BIGINT NOT NULL,
  owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX outbox_lease ON outbox (lease_until);

-- Lists read the columns, a single alert its state. Only open alerts are
-- counted, so only they have an index of their own.
CREATE TABLE alert (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  stream TEXT COLLATE "C" NOT NULL,
  status TEXT NOT NULL,
  severity TEXT NOT NULL,
  service TEXT COLLATE "C" NOT NULL,
  folded TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  resolved_at BIGINT NOT NULL,
  state TEXT NOT NULL
);
CREATE INDEX alert_open ON alert (id, service, severity) WHERE status = 'firing';
CREATE INDEX alert_service ON alert (service, id);

CREATE TABLE alert_label (
  name TEXT COLLATE "C" NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  alert TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (name, value, alert)
);

-- The state of a page or an incident stays in its stream for as long as it is
-- kept; these columns are for lists.
CREATE TABLE page (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  status TEXT NOT NULL,
  service TEXT COLLATE "C" NOT NULL,
  incident TEXT COLLATE "C" NOT NULL,
  urgency TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  resolved_at BIGINT NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX page_open ON page (id, service) WHERE status <> 'resolved';
CREATE INDEX page_incident ON page (incident, id) WHERE incident <> '';

CREATE TABLE page_told (
  person TEXT COLLATE "C" NOT NULL,
  page TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (person, page)
);

CREATE TABLE incident (
  number BIGINT PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL UNIQUE,
  status TEXT NOT NULL,
  severity BIGINT NOT NULL,
  service TEXT COLLATE "C" NOT NULL,
  folded TEXT NOT NULL,
  declared_at BIGINT NOT NULL,
  resolved_at BIGINT NOT NULL
);
CREATE INDEX incident_open ON incident (number) WHERE status NOT IN ('resolved', 'merged');

CREATE TABLE notification (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  person TEXT COLLATE "C" NOT NULL,
  contact TEXT NOT NULL,
  kind TEXT NOT NULL,
  page TEXT COLLATE "C" NOT NULL,
  incident TEXT COLLATE "C" NOT NULL,
  outcome TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  error TEXT NOT NULL,
  detail TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  folded_into TEXT NOT NULL,
  message TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  again_at BIGINT NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX notification_page ON notification (page, id) WHERE page <> '';
CREATE INDEX notification_person ON notification (person, id);

CREATE TABLE plan_version (
  version BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  author TEXT NOT NULL,
  comment TEXT NOT NULL,
  plan TEXT NOT NULL,
  source TEXT NOT NULL
);

-- Counters that other nodes watch.
CREATE TABLE mark (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO mark (name, value) VALUES ('board', 0), ('accounts', 0);

-- +goose Down
SELECT 1;
