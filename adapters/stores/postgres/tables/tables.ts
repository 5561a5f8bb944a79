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

/** Returns the whole log of the record `r` as lines of JSON. */
function logOf(schema: string): string {
  return `CASE WHEN r.paged > 0 AND r.paged >= r.cut
      THEN concat_ws(E'\\n', (SELECT string_agg(p.log, E'\\n' ORDER BY p.first)
        FROM ${schema}.page p WHERE p.kind = r.kind AND p.id = r.id), nullif(r.tail, ''))
      ELSE r.tail END`
}

/**
 * How functions are planned: by the whole name of a record, or by when it is due, whatever the server believes of its
 * tables. It plans once for tables that are still empty, and keeps that plan.
 */
export const PLANNING = `SET enable_seqscan = off SET enable_sort = off SET jit = off SET plan_cache_mode = force_generic_plan`

/**
 * Returns the statements that make the functions that read.
 */
export function createReadFunctions(schema: string): string {
  return `
CREATE FUNCTION ${schema}.read(kinds text, ids text)
  RETURNS TABLE (place integer, data text, cut integer, log text)
  LANGUAGE plpgsql STABLE ${PLANNING} AS $$
DECLARE
  all_kinds text[] := string_to_array(kinds, E'\\n');
  all_ids text[] := string_to_array(ids, E'\\n');
BEGIN
  FOR i IN 1..cardinality(all_ids) LOOP
    RETURN QUERY SELECT i, r.data, r.cut, ${logOf(schema)} FROM ${schema}.record r
      WHERE r.kind = all_kinds[i] AND r.id = all_ids[i] AND (r.kind <> 'mark' OR r.due_at > clock_timestamp());
  END LOOP;
END $$;

CREATE FUNCTION ${schema}.due(me text, free integer, hold_ms float8)
  RETURNS TABLE (kind text, id text, next_ms float8, started timestamptz)
  LANGUAGE plpgsql ${PLANNING} AS $$
DECLARE
  k text := 'mark';
  found record;
BEGIN
  -- One after another, by the whole name, which no statistics of the first day can lead astray.
  FOR found IN SELECT m.id, m.paged FROM ${schema}.record m WHERE m.kind = 'mark' AND m.due_at <= clock_timestamp()
    ORDER BY m.due_at LIMIT 1000 FOR UPDATE SKIP LOCKED
  LOOP
    DELETE FROM ${schema}.record r WHERE r.kind = k AND r.id = found.id;
    IF found.paged > 0 THEN DELETE FROM ${schema}.page p WHERE p.kind = k AND p.id = found.id; END IF;
  END LOOP;
  DELETE FROM ${schema}.message m WHERE m.at < clock_timestamp() - interval '1 minute';
  FOR found IN SELECT d.kind, d.id FROM ${schema}.record d WHERE d.kind <> 'mark' AND d.due_at <= clock_timestamp()
    ORDER BY d.due_at LIMIT free FOR UPDATE SKIP LOCKED
  LOOP
    UPDATE ${schema}.record r SET worker = me, due_at = clock_timestamp() + hold_ms * interval '1 ms'
      WHERE r.kind = found.kind AND r.id = found.id;
    RETURN QUERY SELECT found.kind, found.id, NULL::float8, NULL::timestamptz;
  END LOOP;
  RETURN QUERY SELECT NULL::text, NULL::text,
    (SELECT extract(epoch FROM r.due_at - clock_timestamp()) * 1000 FROM ${schema}.record r WHERE r.kind <> 'mark'
      ORDER BY r.due_at LIMIT 1)::float8,
    pg_postmaster_start_time();
END $$;

CREATE FUNCTION ${schema}.poll(since text)
  RETURNS TABLE (id text, body text, upto text)
  LANGUAGE plpgsql AS $$
DECLARE
  seen_from text := pg_snapshot_xmin(pg_current_snapshot())::text;
BEGIN
  UPDATE ${schema}.state SET polled_until = clock_timestamp() + interval '2 minutes'
    WHERE polled_until < clock_timestamp() + interval '1 minute';
  IF since <> '' THEN
    RETURN QUERY SELECT m.id::text, m.body, NULL::text FROM ${schema}.message m WHERE m.tx >= since::xid8 ORDER BY m.id;
  END IF;
  RETURN QUERY SELECT NULL::text, NULL::text, seen_from;
END $$;`
}
