import { createManySteps } from './many'
import { createPageFunctions } from './pages'
import { createChangeSteps, createNotifyStep, createWriteSteps, NOW, PLANNING } from './steps'

/**
 * Returns the statement that makes the function that writes: everything that several callers want written in one
 * moment, in one transaction. The operations come in the order in which records are locked everywhere, so that two
 * processes do not wait for one another. The parameters are lists of lines, one line for each operation, and an empty
 * line means that it has no such parameter; the answer is a list of numbers.
 *
 * | operation | | answer |
 * |---|---|---|
 * | c | create | 1, or 0 when there was one |
 * | m | create a mark that another operation needs | 1, or 0 when there was one |
 * | a | append, or create with that entry | the position; 0 without a record; -1 without its mark, which `number` names |
 * | t | set the due time | 1 or 0; 0 without its mark, which `number` names |
 * | x | cut up to `number` | 1 or 0 |
 * | k | keep a record that was due | 1, or 0 when it is not in work here |
 * | r | remove a record that was due, if its log ends at `number` | 1, or 0 when it stays |
 * | h | go on with a record that was due | 1 or 0 |
 * | n | notify | 1 |
 */
export function createApplyFunction(schema: string, channel: string, tailBytes?: number): string {
  return `${createPageFunctions(schema)}

CREATE OR REPLACE FUNCTION ${schema}.apply(me text, ops text, kinds text, ids text, entries text, datas text, ttls text,
    groups text, moves text, numbers text) RETURNS text
  LANGUAGE plpgsql ${PLANNING} SET lock_timeout = '1500ms' AS $$
DECLARE
  op text[] := string_to_array(ops, E'\\n', '');
  kind text[] := string_to_array(kinds, E'\\n', '');
  id text[] := string_to_array(ids, E'\\n', '');
  entry text[] := string_to_array(entries, E'\\n', '');
  data text[] := string_to_array(datas, E'\\n', '');
  ttl text[] := string_to_array(ttls, E'\\n', '');
  grp text[] := string_to_array(groups, E'\\n', '');
  move text[] := string_to_array(moves, E'\\n', '');
  number text[] := string_to_array(numbers, E'\\n', '');
  done integer[] := '{}';
  o integer := 1;
  k text;
  i text;
  e text;
  n integer;
  upto integer;
  lines integer[];
  times integer[];
  retired text[];
  made text[];
  counts integer[];
  sizes integer[];
  size integer;
  pages integer;
  reference bigint;
BEGIN
  WHILE o <= cardinality(op) LOOP${createManySteps(schema, tailBytes)}
    k := kind[o];
    i := id[o];
    e := entry[o];
    n := 0;
    CASE op[o]${createWriteSteps(schema, tailBytes)}${createChangeSteps(schema)}${createNotifyStep(schema, channel)}
    END CASE;
    done := done || coalesce(n, 0);
    o := o + 1;
  END LOOP;
  RETURN array_to_string(done, ',');
END $$;

CREATE OR REPLACE FUNCTION ${schema}.drop_old_mark(k text, i text) RETURNS boolean
  LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM ${schema}.record WHERE kind = k AND id = i AND k = 'mark' AND due_at <= ${NOW};
  IF FOUND THEN DELETE FROM ${schema}.page WHERE kind = k AND id = i; END IF;
  -- Another process may just have removed it.
  RETURN k = 'mark' AND NOT EXISTS (SELECT FROM ${schema}.record WHERE kind = k AND id = i);
END $$;`
}
