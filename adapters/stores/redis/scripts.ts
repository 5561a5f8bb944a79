import { createHash } from 'node:crypto'

/**
 * A script that the server runs as one atomic step. Its only key is `due`; from that name it makes the names of the others,
 * which have the same hash tag. Its first argument is the epoch of the store, which the sender adds. When the store has
 * another epoch, the script does nothing and fails with `LOST`.
 */
export interface Script {
  readonly text: string
  readonly sha: string
}

/*
 * A record is a list: `<number of cut entries>:<group>`, its data, and the entries of its log. Beside the records stand
 *   due   sorted set of `<kind>:<id>`, by the time at which each is due (milliseconds, by the server's clock)
 *   ids   the same members in the order of their names, for `list`; `of:<kind>:<group>` holds the ids of a group
 *   held  hash of the due records that a process works on, with its token; their time in `due` is the end of the lease
 * The epoch is a member of `due` and of `ids`, and never due: a server that loses one of the two loses the epoch too.
 */
const NAMES = `
local due = KEYS[1]
local base = string.sub(due, 1, -4)
local ids, held, epoch = base .. 'ids', base .. 'held', '=' .. ARGV[1]
`
const HEAD = `${NAMES}
if not redis.call('ZSCORE', due, epoch) then return redis.error_reply('LOST the server lost the records of the store') end
local function text(number) return string.format('%.0f', number) end
`
const NOW = `
local moment
local function now()
  if moment then return moment end
  local time = redis.call('TIME')
  moment = time[1] * 1000 + math.floor(time[2] / 1000)
  return moment
end
`
const GROUPS = `
local function groupKey(member, group) return base .. 'of:' .. string.match(member, '^%a+:') .. group end
local function idOf(member) return string.match(member, ':(.*)$') end
`
const MAKE = `
local function index(member, ttl, group)
  redis.call('ZADD', due, text(now() + ttl), member)
  redis.call('ZADD', ids, 0, member)
  if group ~= '' then redis.call('ZADD', groupKey(member, group), 0, idOf(member)) end
end
local function make(key, member, data, ttl, group, entry)
  if entry == '' then
    redis.call('RPUSH', key, '0:' .. group, data)
  else
    redis.call('RPUSH', key, '0:' .. group, data, entry)
  end
  index(member, ttl, group)
end
`
/**
 * A server whose memory is full refuses a script whose first write may need memory. After a first write that needs none, it
 * lets all others pass. This one changes nothing; after it, due records can be removed, and a lease can be renewed.
 */
const ALSO_WHEN_FULL = `
redis.call('HDEL', held, '')
`
const REMOVE = `
local function remove(key, member)
  local head = redis.call('LINDEX', key, 0)
  redis.call('DEL', key)
  redis.call('ZREM', due, member)
  redis.call('ZREM', ids, member)
  local group = head and string.match(head, ':(.*)$') or ''
  if group ~= '' then redis.call('ZREM', groupKey(member, group), idOf(member)) end
end
`

/** A mark whose time is up does not count, even before it is removed. */
const MARKS = `
local function isOver(member)
  if string.sub(member, 1, 5) ~= 'mark:' then return false end
  local at = redis.call('ZSCORE', due, member)
  return at and tonumber(at) <= now()
end
`
const DROP = `
local function drop(member) if isOver(member) then remove(base .. member, member) end end
`

/** How many arguments a step has. */
const [WRITE_ARGUMENTS, TOUCH_ARGUMENTS] = [10, 2]

/** Returns the part of a script that does its steps, each by a function; a step that fails answers with the text of its error. */
function eachStep(name: string, count: number): string {
  return `
local answers = {}
for at = 2, #ARGV, ${count} do
  local isDone, answer = pcall(${name}, unpack(ARGV, at, at + ${count - 1}))
  if not isDone then
    answer = type(answer) == 'table' and answer.err or tostring(answer)
    answer = string.match(answer, '%u%u%u+ .*') or answer
  end
  answers[#answers + 1] = answer
end
return answers`
}

/**
 * Creates records and appends to them, one step after the other; a step that fails does not stop the others. Arguments of a
 * step: member; entry, or nothing; group to move to, or nothing; `1`, data, ttl and group when the record may be created; id
 * and ttl of the mark when one is claimed; when the record is due then, or nothing. Returns for each step the position of its
 * entry, 0 without a record, -1 when the mark exists, or the text of an error. A record that the indexes lack is added there.
 */
const write = `
local function write(member, entry, moved, made, data, ttl, group, mark, markTtl, again)
  local record = base .. member
  drop(member)
  if mark ~= '' then
    drop('mark:' .. mark)
    if redis.call('EXISTS', base .. 'mark:' .. mark) == 1 then return -1 end
  end
  local head = redis.call('LINDEX', record, 0)
  if head then
    if made == '1' and not redis.call('ZSCORE', due, member) then index(member, ttl, '') end
  elseif made == '1' then
    make(record, member, data, ttl, group, entry)
  else
    return 0
  end
  if mark ~= '' then make(base .. 'mark:' .. mark, 'mark:' .. mark, 'null', markTtl, '', '') end
  if again ~= '' and redis.call('HEXISTS', held, member) == 0 then redis.call('ZADD', due, text(now() + again), member) end
  local cut, current = 0, group
  if head then cut, current = string.match(head, '^(%d+):(.*)$') end
  if moved ~= '' and moved ~= current then
    redis.call('LSET', record, 0, cut .. ':' .. moved)
    if current ~= '' then redis.call('ZREM', groupKey(member, current), idOf(member)) end
    redis.call('ZADD', groupKey(member, moved), 0, idOf(member))
  end
  if not head or entry == '' then return 1 end
  return redis.call('RPUSH', record, entry) - 2 + cut
end
${eachStep('write', WRITE_ARGUMENTS)}`

/**
 * Sets when records are due, one step after the other. Arguments of a step: member, ttl. Returns for each step 1, or 0
 * without a record and while a process works on it, or the text of an error. A process renews its lease by it even when the
 * memory is full.
 */
const touch = `
local function touch(member, ttl)
  drop(member)
  if redis.call('HEXISTS', held, member) == 1 then return 0 end
  local at = text(now() + ttl)
  local changed = redis.pcall('ZADD', due, 'XX', 'CH', at, member)
  if type(changed) == 'table' then
    ${ALSO_WHEN_FULL}
    changed = redis.call('ZADD', due, 'XX', 'CH', at, member)
  end
  return changed == 1 and 1 or redis.call('EXISTS', base .. member)
end
${eachStep('touch', TOUCH_ARGUMENTS)}`

/**
 * Reads records. Arguments: members. Returns for each one its list, which is empty without a record, or the text of an
 * error.
 */
const read = `
local answers = {}
for at = 2, #ARGV do
  local answer = isOver(ARGV[at]) and {} or redis.pcall('LRANGE', base .. ARGV[at], 0, -1)
  answers[#answers + 1] = answer.err or answer
end
return answers`

/** Arguments: member, position, entry. */
const cut = `
drop(ARGV[2])
local record = base .. ARGV[2]
local head = redis.call('LINDEX', record, 0)
if not head then return 0 end
local gone, rest = string.match(head, '^(%d+)(:.*)$')
local upTo = tonumber(ARGV[3])
if upTo <= tonumber(gone) or upTo > gone + redis.call('LLEN', record) - 2 then return 0 end
local data = redis.call('LINDEX', record, 1)
redis.call('LTRIM', record, text(upTo - gone + 1), -1)
redis.call('LSET', record, 0, ARGV[4])
redis.call('LPUSH', record, data, text(upTo - 1) .. rest)
return 1`

/**
 * Takes due records, and removes due marks. Arguments: token, length of the lease, how many at most, and about what time it
 * is, or nothing: the clock is read only when something is due soon. Returns the milliseconds until the next record is due,
 * the time, and the members that were taken.
 */
const take = `
local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
local at = tonumber(ARGV[5])
if not at or tonumber(first[2]) <= at + 3000 then at = now() end
local answer = {0, at}
if tonumber(first[2]) <= at then
  ${ALSO_WHEN_FULL}
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', text(at), 'LIMIT', 0, ARGV[4])) do
    local key = base .. member
    if string.sub(member, 1, 5) == 'mark:' or redis.call('EXISTS', key) == 0 then
      redis.call('HDEL', held, member)
      remove(key, member)
    else
      redis.call('HSET', held, member, ARGV[2])
      redis.call('ZADD', due, text(at + ARGV[3]), member)
      answer[#answer + 1] = member
    end
  end
  first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
end
answer[1] = math.min(tonumber(first[2]) - at, 1e9)
return answer`

/** Arguments: token, length of the lease, members. */
const renew = `
for index = 4, #ARGV do
  if redis.call('HGET', held, ARGV[index]) == ARGV[2] then redis.call('ZADD', due, text(now() + ARGV[3]), ARGV[index]) end
end
return 1`

/** Arguments: member, token, and `keep` with a ttl or `remove` with a position or nothing. Returns 0 without the lease. */
const settle = `
local member = ARGV[2]
local record = base .. member
if redis.call('HGET', held, member) ~= ARGV[3] then return 0 end
redis.call('HDEL', held, member)
local head = redis.call('LINDEX', record, 0)
if not head then
  remove(record, member)
elseif ARGV[4] == 'keep' then
  redis.call('ZADD', due, text(now() + ARGV[5]), member)
elseif ARGV[5] and string.match(head, '^%d+') + redis.call('LLEN', record) - 2 ~= tonumber(ARGV[5]) then
  redis.call('ZADD', due, text(now()), member)
else
  remove(record, member)
end
return 1`

/**
 * Removes evicted records from the indexes. Argument: the member to begin after. Returns how many there were, and the
 * member to go on after. When `ids` is gone, it removes the epoch, so that all processes notice.
 */
const audit = `
if not redis.call('ZSCORE', ids, epoch) then
  redis.call('ZREM', due, epoch)
  return redis.error_reply('LOST the server lost the records of the store')
end
local page = redis.call('ZRANGEBYLEX', ids, '(' .. ARGV[2], '+', 'LIMIT', 0, 500)
local gone = 0
for _, member in ipairs(page) do
  if member ~= epoch and redis.call('EXISTS', base .. member) == 0 then
    gone = gone + 1
    redis.call('HDEL', held, member)
    remove(base .. member, member)
  end
end
return {gone, #page == 500 and page[#page] or ''}`

/**
 * Enters a store. Argument: the epoch of a new store. Returns the epoch of the store. What is left of a broken store is
 * kept: each index is filled from the other one, and a record whose time is lost is due in an hour.
 */
const ENTER = `
local due = KEYS[1]
local ids = string.sub(due, 1, -4) .. 'ids'
local found = redis.call('ZRANGEBYSCORE', due, '+inf', '+inf', 'LIMIT', 0, 1)[1]
if found and redis.call('ZSCORE', ids, found) then return string.sub(found, 2) end
redis.call('ZREMRANGEBYSCORE', due, '+inf', '+inf')
redis.call('ZREMRANGEBYLEX', ids, '[=', '(>')
for _, member in ipairs(redis.call('ZRANGE', due, 0, -1)) do redis.call('ZADD', ids, 0, member) end
local later = string.format('%.0f', (redis.call('TIME')[1] + 3600) * 1000)
for _, member in ipairs(redis.call('ZRANGEBYLEX', ids, '-', '+')) do redis.call('ZADD', due, 'NX', later, member) end
redis.call('ZADD', due, '+inf', '=' .. ARGV[1])
redis.call('ZADD', ids, 0, '=' .. ARGV[1])
return ARGV[1]`

export const ENTER_SCRIPT: Script = compile(ENTER)

/** The scripts of a store, by what they do. */
export const SCRIPTS = {
  write: compile(HEAD + NOW + GROUPS + MAKE + REMOVE + MARKS + DROP + write),
  /** The only script that does not check the epoch: a lost record is just not found. */
  read: compile(NAMES + NOW + MARKS + read),
  touch: compile(HEAD + NOW + GROUPS + REMOVE + MARKS + DROP + touch),
  cut: compile(HEAD + NOW + GROUPS + REMOVE + MARKS + DROP + cut),
  take: compile(HEAD + NOW + GROUPS + REMOVE + take),
  renew: compile(HEAD + ALSO_WHEN_FULL + NOW + renew),
  settle: compile(HEAD + NOW + GROUPS + REMOVE + settle),
  audit: compile(HEAD + GROUPS + REMOVE + audit),
} as const

function compile(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** Returns a time to live as the argument of a script, in milliseconds. */
export function toTtl(ms: number): string {
  return String(Math.min(Math.max(Math.ceil(ms), 0), Number.MAX_SAFE_INTEGER / 16))
}
