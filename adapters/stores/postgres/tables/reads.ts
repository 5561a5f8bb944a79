import { NOW, PLANNING } from './steps'

/** Returns the whole log of the record `r` as lines of JSON. */
function logOf(schema: string): string {
  return `CASE WHEN r.paged > 0 AND r.paged >= r.cut
      THEN concat_ws(E'\\n', (SELECT string_agg(p.log, E'\\n' ORDER BY p.first)
        FROM ${schema}.page p WHERE p.kind = r.kind AND p.id = r.id), nullif(r.tail, ''))
      ELSE r.tail END`
}

/** Returns the statements that make the functions which read records, take due ones, and poll for messages. */
export function createReadFunctions(schema: string): string {
  return `
CREATE OR REPLACE FUNCTION ${schema}.read(kinds text, ids text)
  RETURNS TABLE (place integer, data text, cut integer, log text)
  LANGUAGE plpgsql STABLE ${PLANNING} AS $$
DECLARE
  all_kinds text[] := string_to_array(kinds, E'\\n');
  all_ids text[] := string_to_array(ids, E'\\n');
BEGIN
  FOR i IN 1..cardinality(all_ids) LOOP
    RETURN QUERY SELECT i, r.data, r.cut, ${logOf(schema)} FROM ${schema}.record r
      WHERE r.kind = all_kinds[i] AND r.id = all_ids[i] AND (r.kind <> 'mark' OR r.due_at > ${NOW});
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION ${schema}.due(me text, free integer, hold_ms float8)
  RETURNS TABLE (kind text, id text, next_ms float8, started timestamptz)
  LANGUAGE plpgsql ${PLANNING} AS $$
DECLARE
  k text := 'mark';
  -- With the function itself in a condition the server would read every record that is not due yet.
  now_at timestamptz := ${NOW};
  found record;
BEGIN
  -- One after another, by the whole name, which no statistics of the first day can lead astray.
  FOR found IN SELECT m.id, m.paged FROM ${schema}.record m WHERE m.kind = 'mark' AND m.due_at <= now_at
    ORDER BY m.due_at LIMIT 1000 FOR UPDATE SKIP LOCKED
  LOOP
    DELETE FROM ${schema}.record r WHERE r.kind = k AND r.id = found.id;
    IF found.paged > 0 THEN DELETE FROM ${schema}.page p WHERE p.kind = k AND p.id = found.id; END IF;
  END LOOP;
  DELETE FROM ${schema}.message m WHERE m.at < now_at - interval '1 minute';
  FOR found IN SELECT d.kind, d.id FROM ${schema}.record d WHERE d.kind <> 'mark' AND d.due_at <= now_at
    ORDER BY d.due_at LIMIT free FOR UPDATE SKIP LOCKED
  LOOP
    UPDATE ${schema}.record r SET worker = me, due_at = ${NOW} + hold_ms * interval '1 ms'
      WHERE r.kind = found.kind AND r.id = found.id;
    RETURN QUERY SELECT found.kind, found.id, NULL::float8, NULL::timestamptz;
  END LOOP;
  RETURN QUERY SELECT NULL::text, NULL::text,
    (SELECT extract(epoch FROM r.due_at - ${NOW}) * 1000 FROM ${schema}.record r WHERE r.kind <> 'mark'
      ORDER BY r.due_at LIMIT 1)::float8,
    pg_postmaster_start_time();
END $$;

CREATE OR REPLACE FUNCTION ${schema}.poll(since text)
  RETURNS TABLE (id text, body text, upto text)
  LANGUAGE plpgsql AS $$
DECLARE
  seen_from text := pg_snapshot_xmin(pg_current_snapshot())::text;
BEGIN
  UPDATE ${schema}.state SET polled_until = ${NOW} + interval '2 minutes'
    WHERE polled_until < ${NOW} + interval '1 minute';
  IF since <> '' THEN
    RETURN QUERY SELECT m.id::text, m.body, NULL::text FROM ${schema}.message m WHERE m.tx >= since::xid8 ORDER BY m.id;
  END IF;
  RETURN QUERY SELECT NULL::text, NULL::text, seen_from;
END $$;`
}
