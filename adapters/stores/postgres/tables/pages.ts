import { NOW } from './steps'

/**
 * Returns the statements that make the functions which move entries from the row of a record to a page, and which cut a
 * log.
 */
export function createPageFunctions(schema: string): string {
  return `
CREATE OR REPLACE FUNCTION ${schema}.spill(k text, i text, entry text) RETURNS void
  LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  SELECT length, paged, tail INTO r FROM ${schema}.record WHERE kind = k AND id = i FOR UPDATE;
  INSERT INTO ${schema}.page (kind, id, first, log) VALUES (k, i, r.paged + 1, concat_ws(E'\\n', nullif(r.tail, ''), entry));
  UPDATE ${schema}.record SET paged = r.length, tail = '' WHERE kind = k AND id = i;
END $$;

CREATE OR REPLACE FUNCTION ${schema}.cut(k text, i text, upto integer, entry text) RETURNS boolean
  LANGUAGE plpgsql AS $$
DECLARE
  r record;
  p record;
BEGIN
  SELECT length, cut, paged, tail INTO r FROM ${schema}.record
    WHERE kind = k AND id = i AND (k <> 'mark' OR due_at > ${NOW}) FOR UPDATE;
  IF NOT FOUND OR upto < 1 OR upto > r.length OR upto <= r.cut THEN RETURN false; END IF;
  IF upto > r.paged THEN
    DELETE FROM ${schema}.page WHERE kind = k AND id = i;
    UPDATE ${schema}.record SET cut = upto, paged = upto - 1, tail = concat_ws(E'\\n', entry,
        nullif(array_to_string((string_to_array(r.tail, E'\\n'))[upto - r.paged + 1 :], E'\\n'), ''))
      WHERE kind = k AND id = i;
  ELSE
    SELECT first, log INTO p FROM ${schema}.page WHERE kind = k AND id = i AND first <= upto ORDER BY first DESC LIMIT 1;
    DELETE FROM ${schema}.page WHERE kind = k AND id = i AND first <= upto;
    INSERT INTO ${schema}.page (kind, id, first, log) VALUES (k, i, upto, concat_ws(E'\\n', entry,
        nullif(array_to_string((string_to_array(p.log, E'\\n'))[upto - p.first + 2 :], E'\\n'), '')));
    UPDATE ${schema}.record SET cut = upto WHERE kind = k AND id = i;
  END IF;
  RETURN true;
END $$;`
}
