-- A migration's ledger: four bits a row, and counts by state (`nSTATE`) that change only with it.
-- `RowState` in producer/migrations/model/rows.py.
local PENDING, SENT, APPLIED, SUPERSEDED, REJECTED, CANCELLED, FAILED = 0, 1, 2, 4, 6, 8, 9
local ALREADY_SO, INVALID, UNKNOWN, AMBIGUOUS, SKIPPED = 3, 7, 10, 11, 12
local ENDED_AS = {
  succeeded = APPLIED, rejected = REJECTED, superseded = SUPERSEDED, cancelled = CANCELLED,
  failed = FAILED,
}
-- Rows that were not applied whose code and message are kept.
local DETAILS = 20000

local function row_state(migration, number)
  return redis.call('BITFIELD', KEY_LEDGER .. migration, 'GET', 'u4', '#' .. (number - 1))[1]
end

-- Enters a row's state; answers the one before.
local function mark(migration, number, state)
  local place = '#' .. (number - 1)
  local before = redis.call('BITFIELD', KEY_LEDGER .. migration, 'SET', 'u4', place, state)[1]
  if before ~= state then
    redis.call('HINCRBY', KEY_MIGRATION .. migration, 'n' .. before, -1)
    redis.call('HINCRBY', KEY_MIGRATION .. migration, 'n' .. state, 1)
  end
  return before
end

-- How many rows were sent and are not recorded.
local function in_flight(migration)
  local counts = redis.call('HMGET', KEY_MIGRATION .. migration, 'n1', 'n10')
  return tonumber(counts[1] or 0) + tonumber(counts[2] or 0)
end

-- Enters how a row's command ended, with the code it is counted under ('' for none).
local function account(migration, number, id, state, code, message)
  local row, codes = KEY_COMMAND .. id, KEY_CODES .. migration
  local before = mark(migration, number, state)
  local counted = redis.call('HGET', row, 'counted')
  -- One that was counted before the migration was forgotten is not among these codes.
  if counted and before ~= PENDING and before ~= SENT and before ~= UNKNOWN then
    redis.call('HINCRBY', codes, counted, -1)
  end
  if state == APPLIED or state == ALREADY_SO then
    redis.call('HDEL', row, 'counted')
    redis.call('HDEL', KEY_DETAILS .. migration, number)
    return
  end
  redis.call('HSET', row, 'counted', code)
  redis.call('HINCRBY', codes, code, 1)
  if redis.call('HLEN', KEY_DETAILS .. migration) < DETAILS then
    redis.call('HSET', KEY_DETAILS .. migration, number, code .. ' ' .. message)
  end
end

-- Keeps what is recorded of some rows for reports elsewhere, unless all of it would be too large.
-- Answers how many such frames there ever were.
local function keep_recorded(migration, frame, most, rows)
  local key = KEY_MIGRATION .. migration
  if frame == '' then return tonumber(redis.call('HGET', key, 'frames') or 0) end
  if tonumber(redis.call('HGET', key, 'kept') or 0) + #frame > most then
    redis.call('HINCRBY', key, 'unkept', rows)
    return tonumber(redis.call('HGET', key, 'frames') or 0)
  end
  redis.call('HINCRBY', key, 'kept', #frame)
  redis.call('RPUSH', KEY_RECORDED .. migration, frame)
  return redis.call('HINCRBY', key, 'frames', 1)
end

-- A command of a migration ended: it waits to be recorded. One that was recorded as failed, and was
-- replayed by a person, is corrected at once, since no driver may come any more. Answers whether a
-- driver is still to come for it.
local function note_ended(migration, number, id, state, code)
  if redis.call('EXISTS', KEY_MIGRATION .. migration) == 0 then return false end
  redis.call('ZADD', KEY_ENDED .. migration, number, id)
  if row_state(migration, number) ~= FAILED then return true end
  account(migration, number, id, ENDED_AS[state], code, '')
  return false
end

-- Whether a command of a migration took effect is not known, or is known again not to have.
local function note_doubt(id, doubted)
  local of = redis.call('HMGET', KEY_COMMAND .. id, 'migration', 'number')
  if not of[1] then return end
  local state = row_state(of[1], of[2])
  if state == SENT or state == UNKNOWN then mark(of[1], of[2], doubted and UNKNOWN or SENT) end
end

local function driven_by(migration, holder)
  return redis.call('HGET', KEY_MIGRATION .. migration, 'driver') == holder
end

-- Whether a command is not to be applied, since the customer's default was set by another since.
local function newer_default(row, user)
  local since = tonumber(row.since)
  return since and tonumber(redis.call('GET', KEY_LAST_SET .. user .. ' ' .. row.slot) or 0) > since
end
