-- A migration's ledger: four bits a row, and counts by state (fields `nSTATE`) that change only with it.
-- The states are those of `RowState` in producer/migrations/model/rows.py.
local PENDING, SENT, APPLIED, SUPERSEDED, REJECTED, CANCELLED, FAILED = 0, 1, 2, 4, 6, 8, 9
local ALREADY_SO, INVALID, UNKNOWN, AMBIGUOUS, SKIPPED = 3, 7, 10, 11, 12
local ENDED_AS = {
  succeeded = APPLIED, rejected = REJECTED, superseded = SUPERSEDED, cancelled = CANCELLED,
  failed = FAILED,
}
-- How many rows that were not applied keep their code and message.
local DETAILS = 20000

local function row_state(migration, number)
  return redis.call('BITFIELD', KEY_LEDGER .. migration, 'GET', 'u4', '#' .. (number - 1))[1]
end

-- Sets a row's state; answers the previous one.
local function set_row_state(migration, number, state)
  local place = '#' .. (number - 1)
  local before = redis.call('BITFIELD', KEY_LEDGER .. migration, 'SET', 'u4', place, state)[1]
  if before ~= state then
    redis.call('HINCRBY', KEY_MIGRATION .. migration, 'n' .. before, -1)
    redis.call('HINCRBY', KEY_MIGRATION .. migration, 'n' .. state, 1)
  end
  return before
end

-- How many rows were sent and are not recorded yet.
local function in_flight(migration)
  local counts = redis.call('HMGET', KEY_MIGRATION .. migration, 'n1', 'n10')
  return tonumber(counts[1] or 0) + tonumber(counts[2] or 0)
end

-- Writes a row's end state, and counts it under `code` ('' for none).
local function record_end(migration, number, id, state, code, message)
  local row, codes = KEY_COMMAND .. id, KEY_CODES .. migration
  local before = set_row_state(migration, number, state)
  local counted = redis.call('HGET', row, 'counted')
  -- A row that was counted before the migration was forgotten is not in these counts.
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

-- Keeps a frame of recorded rows for reports on other machines, unless all frames would exceed `most` bytes.
-- Answers how many frames were ever kept.
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

-- A command of a migration ended: lists it for the driver to record. A row that was recorded as failed, and
-- was replayed since, is corrected at once, because no driver may run any more. Answers whether a driver
-- still has to record the end.
local function note_ended(migration, number, id, state, code)
  if redis.call('EXISTS', KEY_MIGRATION .. migration) == 0 then return false end
  redis.call('ZADD', KEY_ENDED .. migration, number, id)
  if row_state(migration, number) ~= FAILED then return true end
  record_end(migration, number, id, ENDED_AS[state], code, '')
  return false
end

-- A command of a migration may have taken effect (`uncertain`), or is known again not to have.
local function note_uncertain(id, uncertain)
  local of = redis.call('HMGET', KEY_COMMAND .. id, 'migration', 'number')
  if not of[1] then return end
  local state = row_state(of[1], of[2])
  if state == SENT or state == UNKNOWN then set_row_state(of[1], of[2], uncertain and UNKNOWN or SENT) end
end

local function is_driver(migration, holder)
  return redis.call('HGET', KEY_MIGRATION .. migration, 'driver') == holder
end

-- Whether a command must be skipped, because a command of no migration has set the default since.
local function newer_default(row, user)
  local since = tonumber(row.since)
  return since and tonumber(redis.call('GET', KEY_LAST_SET .. user .. ' ' .. row.slot) or 0) > since
end
