import { createHash } from 'node:crypto'

/**
 * A script that the server runs as one atomic step. Its keys are those of `Names.all` and the record's; its first argument
 * is the store's epoch, which the sender adds. It fails with `LOST`, and does nothing, when the epoch is another one.
 */
export interface Script {
  readonly text: string
  readonly sha: string
}

/*
 * A record is a list: `<number of cut entries>:<group>`, its data, and the entries of its log. Beside the records stand
 *   due   sorted set of `<kind>:<id>`, by when each is due (milliseconds, by the server's clock)
 *   ids   the same members in the order of their names, for `list`; `of:<kind>:<group>` holds the ids of a group
 *   held  hash of those that a process works on since they are due, with its token; their time in `due` is that of the lease
 * The epoch is a member of `due` and of `ids` that is never due: when the server loses one of the two, it loses the epoch.
 */
const HEAD = `
local due, ids, held, record = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local base = string.sub(due, 1, -4)
local epoch = '=' .. ARGV[1]
if not redis.call('ZSCORE', due, epoch) then return redis.error_reply('LOST the server lost the records of the store') end
local function text(number) return string.format('%.0f', number) end
`
const NOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
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
local function make(key, member, data, ttl, group)
  redis.call('RPUSH', key, '0:' .. group, data)
  index(member, ttl, group)
end
`
/**
 * A server whose memory is full refuses the first write of a script that may need more, and lets a later one pass: after
 * this one, which changes nothing, what is due can go, and a process that lives can say so.
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

/** Arguments: member, data, ttl, group. A record that is there, but in no index any more, is put there again. */
const create = `
if redis.call('EXISTS', record) == 0 then
  make(record, ARGV[2], ARGV[3], ARGV[4], ARGV[5])
elseif not redis.call('ZSCORE', due, ARGV[2]) then
  index(ARGV[2], ARGV[4], '')
end
return 1`

/**
 * Arguments: member, entry, group to move to or empty, and for one that may be created `1`, data, ttl, group, then for one
 * that claims the mark's id and ttl. Returns the position, 0 without a record, -1 when the mark is there.
 */
const append = `
local member, entry, moved = ARGV[2], ARGV[3], ARGV[4]
local mark = ARGV[9]
if mark and redis.call('EXISTS', KEYS[5]) == 1 then return -1 end
local head = redis.call('LINDEX', record, 0)
if not head then
  if ARGV[5] ~= '1' then return 0 end
  make(record, member, ARGV[6], ARGV[7], ARGV[8])
  head = '0:' .. ARGV[8]
elseif ARGV[5] == '1' and not redis.call('ZSCORE', due, member) then
  index(member, ARGV[7], '')
end
if mark then make(KEYS[5], 'mark:' .. mark, 'null', ARGV[10], '') end
local cut, group = string.match(head, '^(%d+):(.*)$')
if moved ~= '' and moved ~= group then
  redis.call('LSET', record, 0, cut .. ':' .. moved)
  if group ~= '' then redis.call('ZREM', groupKey(member, group), idOf(member)) end
  redis.call('ZADD', groupKey(member, moved), 0, idOf(member))
end
return redis.call('RPUSH', record, entry) - 2 + cut`

/** Arguments: member, ttl. Returns 0 without a record and while a process works on it. */
const touch = `
if redis.call('EXISTS', record) == 0 or redis.call('HEXISTS', held, ARGV[2]) == 1 then return 0 end
redis.call('ZADD', due, text(now() + ARGV[3]), ARGV[2])
return 1`

/** Arguments: position, entry. */
const cut = `
local head = redis.call('LINDEX', record, 0)
if not head then return 0 end
local gone, rest = string.match(head, '^(%d+)(:.*)$')
local upTo = tonumber(ARGV[2])
if upTo <= tonumber(gone) or upTo > gone + redis.call('LLEN', record) - 2 then return 0 end
local data = redis.call('LINDEX', record, 1)
redis.call('LTRIM', record, text(upTo - gone + 1), -1)
redis.call('LSET', record, 0, ARGV[3])
redis.call('LPUSH', record, data, text(upTo - 1) .. rest)
return 1`

/**
 * Takes what is due. Arguments: token, length of the lease, how many at most. Marks go at once. Returns in how many
 * milliseconds the next one is due, and the members that were taken.
 */
const take = `
if not redis.call('ZSCORE', ids, epoch) then
  redis.call('ZREM', due, epoch)
  return redis.error_reply('LOST the server lost the records of the store')
end
local at = now()
local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
local answer = {0}
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

/** Arguments: member, token, `keep` and a ttl or `remove` and a position or nothing. Returns 0 when it is not ours. */
const settle = `
local member = ARGV[2]
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

/** Removes what is left of records that the server has evicted. Arguments: member to begin after. Returns count and cursor. */
const audit = `
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
 * Enters a store. Argument: the epoch that an empty one gets. Returns the epoch. What is left of a broken one is kept: each
 * index is filled from the other, and a record whose time is lost is due in an hour.
 */
const ENTER = `
local due, ids = KEYS[1], KEYS[2]
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
  create: compile(HEAD + NOW + GROUPS + MAKE + create),
  append: compile(HEAD + NOW + GROUPS + MAKE + append),
  touch: compile(HEAD + ALSO_WHEN_FULL + NOW + touch),
  cut: compile(HEAD + cut),
  take: compile(HEAD + NOW + GROUPS + REMOVE + take),
  renew: compile(HEAD + ALSO_WHEN_FULL + NOW + renew),
  settle: compile(HEAD + NOW + GROUPS + REMOVE + settle),
  audit: compile(HEAD + GROUPS + REMOVE + audit),
} as const

function compile(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
