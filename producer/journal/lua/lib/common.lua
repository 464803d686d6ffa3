-- Shared by all scripts. A script that is repeated with the same arguments leaves the same state: a client
-- repeats a script whose answer was lost.

-- The time of the script: one reading for everything it does.
local NOW
local function now_ms()
  if not NOW then
    local t = redis.call('TIME')
    NOW = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  return NOW
end

-- Lua prints numbers of more than 14 digits with an exponent. Formatting costs more than a GET, and a script
-- formats the same times repeatedly, so the result is cached.
local PRINTED = {}
local function int(n)
  local printed = PRINTED[n]
  if not printed then
    printed = string.format('%.0f', n)
    PRINTED[n] = printed
  end
  return printed
end

-- Writes to keys that all commands of a script share are buffered; `write_buffered` writes each once, at the
-- script's end. All of them may be lost: they serve monitoring and the sweep.
local COUNTS, UNQUEUED, RECEIVED, ATTEMPTED = {}, {}, {}, {}

-- Counts for monitoring. No decision depends on them, and an error in them fails no script.
local function count(field, by) COUNTS[field] = (COUNTS[field] or 0) + (by or 1) end

-- A command's message was received, or is no longer needed.
local function leave_queue(queue, id)
  UNQUEUED[queue] = UNQUEUED[queue] or {}
  table.insert(UNQUEUED[queue], id)
end

-- The highest sequence received from a queue, and when a command of a lane was last attempted.
local function raise_high_water(queue, seq) RECEIVED[queue] = math.max(RECEIVED[queue] or 0, seq) end
local function note_attempted(lane, now) ATTEMPTED[lane] = int(now) end

local function write_buffered()
  for field, by in pairs(COUNTS) do redis.pcall('HINCRBY', KEY_COUNTS, field, by) end
  for queue, ids in pairs(UNQUEUED) do
    for i = 1, #ids, 200 do
      redis.pcall('ZREM', KEY_QUEUED .. queue, unpack(ids, i, math.min(i + 199, #ids)))
    end
  end
  local marks = {}
  for queue, seq in pairs(RECEIVED) do
    local before = redis.pcall('HGET', KEY_HIGH_WATER, queue)
    if type(before) ~= 'table' and seq > tonumber(before or 0) then
      marks[#marks + 1] = queue
      marks[#marks + 1] = seq
    end
  end
  for lane, at in pairs(ATTEMPTED) do
    marks[#marks + 1] = 'try:' .. lane
    marks[#marks + 1] = at
  end
  if #marks > 0 then redis.pcall('HSET', KEY_HIGH_WATER, unpack(marks)) end
end

-- Since when commands are counted (ms). A command accepted before that is counted as accepted when it ends.
local SINCE
local function counted_since(now)
  if SINCE then return SINCE end
  local since = redis.pcall('HGET', KEY_COUNTS, 'since')
  if type(since) ~= 'string' then redis.pcall('HSET', KEY_COUNTS, 'since', int(now)) end
  SINCE = type(since) == 'string' and (tonumber(since) or 0) or now
  return SINCE
end

local function count_accepted(kind, lane, by, now)
  counted_since(now)
  count('accepted ' .. kind .. ' ' .. lane, by)
end

-- One field for each state, code and histogram bucket (time from acceptance to end): one increment counts all.
local function count_end(kind, lane, state, code, accepted, born, now)
  if not kind or not accepted then return end
  if tonumber(born) < counted_since(now) then count('accepted ' .. kind .. ' ' .. lane) end
  local took, bucket = now - tonumber(accepted), #END_BUCKETS + 1
  for i = #END_BUCKETS, 1, -1 do
    if took <= END_BUCKETS[i] then bucket = i end
  end
  local name = string.match(code, '^[%w_]+$') and #code <= 40 and code or (code == '' and '-' or 'other')
  count('ended ' .. kind .. ' ' .. lane .. ' ' .. state .. ' ' .. name .. ' ' .. bucket)
end

-- A state on the way; `finish` sets end states.
local function set_state(id, state)
  if state == 'unknown' or state == 'retrying' then
    redis.pcall('ZADD', KEY_RETRIED, 'NX', int(now_ms()), id)
  end
  redis.call('HSET', KEY_COMMAND .. id, 'state', state)
  redis.call('PUBLISH', KEY_CHANGED .. id, state)
end

local function to_map(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

-- The queue that the command's message was put into: its lane's, or that of its flow.
local function queue_of(id)
  local known = redis.call('HMGET', KEY_COMMAND .. id, 'queue', 'lane')
  return known[1] or known[2]
end

-- A command's row, as a map and as Redis answers it; nil where the row is damaged or gone: the id is then
-- listed in `damaged` for the operator. One HGETALL costs less than two HMGETs of the fields needed.
local NUMBERS = {'seq', 'due', 'accepted', 'tries', 'started', 'sent', 'finished', 'accepted_again',
  'retries', 'keyno', 'strikes', 'faults', 'busy'}
local function valid_row(id, now)
  local flat = redis.pcall('HGETALL', KEY_COMMAND .. id)
  local row = not flat.err and to_map(flat) or {}
  local valid = row.user and (row.lane == 'interactive' or row.lane == 'bulk') and row.seq
    and row.state and (row.kind == 'AssignCard' or row.kind == 'SetDefaultCard')
    and (row.card or row.finished) and row.accepted
  for _, name in ipairs(NUMBERS) do
    if valid and row[name] then valid = string.find(row[name], '^%-?%d+$') end
  end
  if valid and string.find(row.seq, '^%d') then return row, flat end
  redis.pcall('ZADD', KEY_DAMAGED, int(now), id)
  redis.pcall('ZREMRANGEBYRANK', KEY_DAMAGED, 0, -1001)
end

-- The ids of a customer's newest 50 ended commands, for the operator. They are kept as long as the longest-kept
-- status among them; a failed command stays for eight days. Ids are appended, so the newest is last; the
-- oldest are cut off once the string exceeds HISTORY_BYTES.
local HISTORY, HISTORY_BYTES, FAILED_KEPT = 50, 4000, 691200000
local function note_history(user, id, ttl)
  local key, kept = KEY_HISTORY .. user, ttl > 0 and ttl or FAILED_KEPT
  if redis.pcall('SET', key, id, 'PX', int(kept), 'NX') then return end
  local length = redis.pcall('APPEND', key, '\n' .. id)
  if type(length) ~= 'number' then
    redis.pcall('SET', key, id, 'PX', int(kept))
    return
  end
  if length > HISTORY_BYTES then
    local ids = {}
    for other in string.gmatch(redis.pcall('GET', key), '[^\n]+') do ids[#ids + 1] = other end
    redis.pcall('SET', key, table.concat(ids, '\n', math.max(1, #ids - HISTORY + 1)), 'KEEPTTL')
  end
  -- 30 s longer than required, so that the expiry is not written at each end.
  local left = redis.pcall('PTTL', key)
  if type(left) == 'number' and left < kept then redis.pcall('PEXPIRE', key, int(kept + 30000)) end
end

-- Ends a command: writes its row, with the fields in `more`, and its result under the key that Celery's
-- backend reads. `ttl` is in ms; 0 keeps both until the operator acts. Answers the command's kind, its
-- migration, and whether it is the only one in the customer's `pending`: the caller removes that one.
local function finish(user, id, state, http, code, meta, ttl, now, more)
  local row = KEY_COMMAND .. id
  -- Each field read costs as much as an EXISTS, so fields that are seldom there are deleted without a read.
  local known = redis.call('HMGET', row, 'kind', 'lane', 'accepted', 'accepted_again', 'idem', 'migration')
  local kind, lane, accepted, idem, migration = known[1], known[2], known[3], known[5], known[6]
  local written, gone = more or {}, {'due', 'unsettled', 'strikes', 'struck'}
  local function write(name, value)
    written[#written + 1] = name
    written[#written + 1] = value
  end
  write('state', state)
  write('finished', int(now))
  write('http', http)
  if code ~= '' then write('code', code) else gone[5] = 'code' end
  -- A token is needed only to replay a failed command. Overwriting it takes a tenth of the space in the
  -- append-only file that deleting it takes.
  if kind == 'AssignCard' and state ~= 'failed' then write('card', '') end
  redis.call('HSET', row, unpack(written))
  redis.call('HDEL', row, unpack(gone))
  local pending = redis.call('ZRANGE', KEY_PENDING .. user, 0, 1)
  local last = pending[1] == id and not pending[2]
  if not last then redis.call('ZREM', KEY_PENDING .. user, id) end
  redis.pcall('ZREM', KEY_RETRIED, id)
  count_end(kind, lane, state, code, accepted, known[4] or accepted, now)
  local kept = false
  if migration then
    -- Kept until a driver records it, however long that takes. The migration's report then has it, so it is
    -- in no customer's history.
    kept = note_ended(migration, tonumber(redis.call('HGET', row, 'number')), id, state, code)
  else
    note_history(user, id, ttl)
  end
  if ttl > 0 and not kept then
    redis.call('SET', KEY_RESULT .. id, meta, 'PX', ttl)
    redis.call('PEXPIRE', row, ttl)
  else
    redis.call('SET', KEY_RESULT .. id, meta)
  end
  if ttl <= 0 then redis.call('ZADD', KEY_FAILED, int(now), id) end
  if idem then
    if ttl > 0 then redis.call('PEXPIRE', KEY_IDEMPOTENCY .. idem, ttl)
    else redis.call('PERSIST', KEY_IDEMPOTENCY .. idem) end
  end
  if redis.call('EXISTS', KEY_CALLBACK .. id) == 1 then
    redis.call('ZADD', KEY_CALLBACKS, int(now), int(now) .. ' ' .. id)
    redis.call('PEXPIRE', KEY_CALLBACK .. id, 691200000)
  end
  if state == 'superseded' or state == 'cancelled' then
    redis.call('ZADD', KEY_UNREPORTED, int(now), id .. ' ' .. state)
  end
  redis.call('PUBLISH', KEY_CHANGED .. id, state)
  redis.call('PUBLISH', KEY_RESULT .. id, meta)
  return kind, migration, last
end

-- Ends a command that is not being attempted.
local function finish_unstarted(user, id, ...)
  leave_queue(queue_of(id), id)
  local _, _, last = finish(user, id, ...)
  if last then redis.call('ZREM', KEY_PENDING .. user, id) end
end

-- The answer to a command whose idempotency key was used before; nil where the key is new.
local function find_by_idempotency_key(id, idem, body)
  if idem == '' then return nil end
  local known = redis.call('GET', KEY_IDEMPOTENCY .. idem)
  if not known then return nil end
  local known_id, known_body = string.match(known, '^(%S+) (%S+)$')
  if redis.call('EXISTS', KEY_COMMAND .. known_id) == 0 then return nil end
  if known_body ~= body then return {'reused', known_id} end
  return {known_id == id and 'accepted' or 'known', known_id}
end

-- The row's field for its tags (metadata); none without tags.
local function tags_of(metadata)
  if metadata == '' then return {} end
  return {'metadata', metadata}
end

-- Writes a new command's row, and its place `seq` in the customer's order. The caller adds it to `queued`.
-- `more` are further fields of the row.
local function create_row(id, kind, user, card, lane, queue, slot, idem, body, idem_ttl, sender, signature,
  now, trace, seq, more)
  local row = {'kind', kind, 'user', user, 'card', card, 'lane', lane, 'seq', seq, 'state', 'queued',
    'accepted', int(now), unpack(more)}
  local function write(name, value)
    if value ~= '' then
      row[#row + 1] = name
      row[#row + 1] = value
    end
  end
  write('slot', slot)
  write('sender', sender)
  write('signature', signature)
  if queue ~= lane then write('queue', queue) end
  write('trace', trace)
  write('idem', idem)
  redis.call('HSET', KEY_COMMAND .. id, unpack(row))
  if idem ~= '' then redis.call('SET', KEY_IDEMPOTENCY .. idem, id .. ' ' .. body, 'PX', idem_ttl) end
  redis.call('ZADD', KEY_PENDING .. user, seq, id)
  redis.call('PUBLISH', KEY_CHANGED .. id, 'queued')
end

-- Creates up to `most` rows that share a queue: calls `create`, which takes their numbers from `next_seq`, then
-- adds all of them to `queued` by one write. That holds too where a worker already has their message: if
-- the worker dies now, the sweep finds them there.
local function create_rows(queue, most, create)
  local queued, last, left = {}, 0, most
  local function next_seq(id)
    -- The first new row reserves the numbers of all; a repeated script has no new row and reserves none.
    if last == 0 then
      last = (tonumber(redis.call('GET', KEY_SEQUENCE)) or 0) + most
      redis.call('SET', KEY_SEQUENCE, int(last))
    end
    left = left - 1
    local seq = last - left
    queued[#queued + 1] = seq
    queued[#queued + 1] = id
    return seq
  end
  local done, answer = pcall(create, next_seq)
  -- Also the rows created before an error.
  for i = 1, #queued, 200 do
    redis.call('ZADD', KEY_QUEUED .. queue, unpack(queued, i, math.min(i + 199, #queued)))
  end
  if not done then error(answer) end
end

-- The queue of a flow: what one sender sends in the bulk lane. Workers fetch from the lane's queues in
-- turn, so flows share the lane evenly as long as each has a queue of its own.
local function queue_of_flow(lane, flow, now)
  if flow == '' or lane ~= 'bulk' then return lane end
  local known = redis.call('GET', KEY_FLOW .. flow)
  local number = tonumber(known)
  if not number then
    local shortest, longest_ago
    for i = 1, FLOW_QUEUES do
      local length = redis.call('LLEN', KEY_QUEUE .. lane .. '.' .. i)
      local used = tonumber(redis.call('ZSCORE', KEY_FLOWS, i) or 0)
      if not shortest or length < shortest or (length == shortest and used < longest_ago) then
        number, shortest, longest_ago = i, length, used
      end
    end
  end
  redis.call('SET', KEY_FLOW .. flow, number, 'PX', 3600000)
  redis.call('ZADD', KEY_FLOWS, int(now), number)
  return lane .. '.' .. number
end

-- How many customers have a command running, among the first `most` due customers; -1 for all.
local function count_running(now, most)
  local count = 0
  local due = redis.call('ZRANGEBYSCORE', KEY_DUE, '(' .. int(now), '+inf', 'LIMIT', 0, most)
  for _, user in ipairs(due) do
    local lease = redis.pcall('HMGET', KEY_CUSTOMER .. user, 'until', 'holder')
    local holder = not lease.err and lease[2]
    if holder and holder ~= '' and (tonumber(lease[1]) or 0) > now then count = count + 1 end
  end
  return count
end
