-- +goose Up
CREATE TABLE account (
  id            TEXT    NOT NULL PRIMARY KEY,
  email         TEXT    NOT NULL,
  name          TEXT    NOT NULL,
  password_hash TEXT    NOT NULL,
  role          TEXT    NOT NULL,
  disabled      BOOLEAN NOT NULL,
  created_at    BIGINT  NOT NULL,
  last_seen_at  BIGINT  NOT NULL
);
-- Sign-in by address finds one account or none; the address is kept folded.
CREATE UNIQUE INDEX account_email ON account (email) WHERE email <> '';

CREATE TABLE session (
  token_hash TEXT   NOT NULL PRIMARY KEY,
  account    TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  user_agent TEXT   NOT NULL,
  ip         TEXT   NOT NULL
);
CREATE INDEX session_account ON session (account);

CREATE TABLE api_token (
  id           TEXT   NOT NULL PRIMARY KEY,
  token_hash   TEXT   NOT NULL UNIQUE,
  name         TEXT   NOT NULL,
  owner        TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  scopes       TEXT   NOT NULL,
  created_at   BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL
);
CREATE INDEX api_token_owner ON api_token (owner);

CREATE TABLE push_subscription (
  endpoint   TEXT   NOT NULL PRIMARY KEY,
  person     TEXT   NOT NULL,
  p256dh     TEXT   NOT NULL,
  auth       TEXT   NOT NULL,
  user_agent TEXT   NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX push_subscription_person ON push_subscription (person);

CREATE TABLE setting (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE integration_activity (
  integration TEXT   NOT NULL PRIMARY KEY,
  last_at     BIGINT NOT NULL,
  accepted    BIGINT NOT NULL,
  rejected    BIGINT NOT NULL,
  rejected_at BIGINT NOT NULL,
  last_error  TEXT   NOT NULL
);

-- +goose Down
SELECT 1;
