/**
 * Returns the statements that make the tables, of version 1. A record keeps its last entries in `tail`, as lines of
 * JSON; what does not fit there stands in pages, which are written once. So neither a log of three entries needs a
 * second row, nor is a long one rewritten by each append.
 *
 * `length` is the position of the last entry, `paged` the position before the first one in the tail, and `cut` the
 * position up to which entries were replaced by one, 0 before the first cut. There are pages if `paged >= cut` and
 * `paged > 0`. `due_at` of a record in work is the moment at which its worker counts as dead.
 */
export function createTables(schema: string): string {
  return `
CREATE TABLE ${schema}.record (
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  data text NOT NULL,
  length integer NOT NULL DEFAULT 0,
  cut integer NOT NULL DEFAULT 0,
  paged integer NOT NULL DEFAULT 0,
  tail text NOT NULL DEFAULT '',
  "group" text COLLATE "C",
  due_at timestamptz NOT NULL,
  worker text,
  PRIMARY KEY (kind, id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.5);
CREATE INDEX record_due ON ${schema}.record (due_at) WHERE kind <> 'mark';
CREATE INDEX mark_due ON ${schema}.record (due_at) WHERE kind = 'mark';
CREATE INDEX record_group ON ${schema}.record (kind, "group", id) WHERE "group" IS NOT NULL;
CREATE TABLE ${schema}.page (
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  first integer NOT NULL,
  log text NOT NULL,
  PRIMARY KEY (kind, id, first)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE UNLOGGED TABLE ${schema}.message (
  id bigserial PRIMARY KEY,
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  body text NOT NULL
);
CREATE TABLE ${schema}.state (version integer NOT NULL, polled_until timestamptz NOT NULL DEFAULT '-infinity');
INSERT INTO ${schema}.state (version) VALUES (0);`
}
