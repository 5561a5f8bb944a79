import { NOW, TAIL_BYTES } from './steps'

/** When the record of the line `j` is due. */
const LATER = `${NOW} + coalesce(ttl[j]::float8, 0) * interval '1 ms'`

/**
 * Returns the steps that make many marks by one statement, and that append to many logs by one. They take the lines from `o` on
 * that can be written together: no two of one record, no long entry, no move to another group. A line `t` that follows the claim
 * of its record is part of the append. The lines are written in their order, so that records are locked in that order too; a mark
 * that is over is locked behind them, and a deadlock about that is tried again.
 * Measured: against a statement for each line this saves a third of the CPU of the server.
 */
export function createManySteps(schema: string, tailBytes = TAIL_BYTES): string {
  const record = `${schema}.record`
  return `
    IF op[o] = 'm' THEN
      upto := o;
      WHILE op[upto + 1] = 'm' AND id[upto + 1] <> id[upto] LOOP upto := upto + 1; END LOOP;
      WITH written AS (
        INSERT INTO ${record} AS r (kind, id, data, due_at)
          SELECT kind[j], id[j], data[j], ${LATER} FROM generate_series(o, upto) j
          ON CONFLICT ON CONSTRAINT record_pkey DO NOTHING RETURNING r.id
      ) SELECT array_agg(w.id) INTO made FROM written w;
      IF cardinality(made) = upto - o + 1 THEN
        done := done || array_fill(1, ARRAY[upto - o + 1]);
      ELSE
        FOR j IN o..upto LOOP
          n := (id[j] = ANY (made))::integer;
          -- One that is there already may be over.
          WHILE coalesce(n, 0) = 0 AND ${schema}.drop_old_mark(kind[j], id[j]) LOOP
            INSERT INTO ${record} AS r (kind, id, data, due_at) VALUES (kind[j], id[j], data[j], ${LATER})
              ON CONFLICT ON CONSTRAINT record_pkey DO NOTHING;
            GET DIAGNOSTICS n = ROW_COUNT;
          END LOOP;
          done := done || coalesce(n, 0);
        END LOOP;
      END IF;
      o := upto + 1;
      CONTINUE;
    END IF;
    lines := '{}';
    times := '{}';
    retired := '{}';
    upto := o;
    WHILE op[upto] = 'a' AND data[upto] IS NOT NULL AND move[upto] IS NULL AND kind[upto] <> 'mark'
      AND octet_length(entry[upto]) <= ${tailBytes} AND (number[upto] IS NULL OR done[number[upto]::integer] <> 0)
      AND (upto = o OR id[upto] <> id[upto - 1])
    LOOP
      lines := lines || upto;
      IF op[upto + 1] = 't' AND id[upto + 1] = id[upto] AND number[upto + 1] IS NOT NULL THEN
        retired := retired || id[upto];
        upto := upto + 1;
      END IF;
      times := times || upto;
      upto := upto + 1;
    END LOOP;
    IF upto > o THEN
      WITH written AS (
        INSERT INTO ${record} AS r (kind, id, data, "group", due_at, length, tail)
          SELECT kind[l.line], id[l.line], data[l.line], grp[l.line], ${LATER}, 1, entry[l.line]
            FROM unnest(lines, times) AS l (line, j)
          ON CONFLICT ON CONSTRAINT record_pkey DO UPDATE SET length = r.length + 1,
            tail = CASE r.tail WHEN '' THEN excluded.tail ELSE r.tail || E'\\n' || excluded.tail END,
            due_at = CASE WHEN r.id = ANY (retired) AND r.worker IS NULL THEN excluded.due_at ELSE r.due_at END
          RETURNING r.length, octet_length(r.tail) AS size
      ) SELECT array_agg(w.length), array_agg(w.size) INTO counts, sizes FROM written w;
      n := 1;
      FOR j IN o..upto - 1 LOOP
        IF op[j] = 't' THEN
          done := done || 1;
        ELSE
          done := done || counts[n];
          IF sizes[n] > ${tailBytes} THEN PERFORM ${schema}.spill(kind[j], id[j], NULL); END IF;
          n := n + 1;
        END IF;
      END LOOP;
      o := upto;
      CONTINUE;
    END IF;`
}
