-- Shared by all scripts. Every script gives the same state when it is repeated with the same
-- arguments, since a client may repeat one whose answer was lost.

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Numbers of more than 14 digits would print with an exponent.
local function int(n) return string.format('%.0f', n) end

-- Counts for people who watch: nothing depends on them, and nothing fails for them.
local function count(field, by) redis.pcall('HINCRBY', KEY_COUNTS, field, by or 1) end

-- Since when there are counts (ms). What was accepted before is counted when it ends.
local function counted_since(now)
  local since = redis.pcall('HGET', KEY_COUNTS, 'since')
  if type(since) == 'string' then return tonumber(since) or 0 end
  redis.pcall('HSET', KEY_COUNTS, 'since', int(now))
  return now
end

local function count_accepted(kind, lane, by, now)
  counted_since(now)
  count('accepted ' .. kind .. ' ' .. lane, by)
end

-- A field for each state, code and time from acceptance to end: one increment says all three.
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

local function enter(id, state)
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

-- Where the command's message was put: its lane's queue, or one of its flow.
local function queue_of(id)
  local known = redis.call('HMGET', KEY_COMMAND .. id, 'queue', 'lane')
  return known[1] or known[2]
end

-- A command's row: user, lane, seq, queue, state, kind, card, first, before, due, and further
-- numbers; nil where it is damaged, or gone: then it is named for a person.
local ROW = {'user', 'lane', 'seq', 'queue', 'state', 'kind', 'card', 'first', 'before', 'due',
  'accepted', 'tries', 'started', 'sent', 'finished', 'accepted_again', 'retries', 'keyno', 'strikes',
  'faults', 'busy'}
local function sound_row(id, now)
  local row = redis.pcall('HMGET', KEY_COMMAND .. id, unpack(ROW))
  local sound = not row.err and row[1] and (row[2] == 'interactive' or row[2] == 'bulk') and row[3]
    and row[5] and (row[6] == 'AssignCard' or row[6] == 'SetDefaultCard') and (row[7] or row[15]) and row[11]
  for i = 10, #ROW do
    if sound and row[i] then sound = string.match(row[i], '^%-?%d+$') end
  end
  if sound and string.match(row[3], '^%d+$') then return row end
  redis.pcall('ZADD', KEY_DAMAGED, int(now), id)
  redis.pcall('ZREMRANGEBYRANK', KEY_DAMAGED, 0, -1001)
end

-- The ids of a customer's ended commands, for people who ask: the newest 50, kept as long as the
-- status of the one that is kept longest; a failed one is found here for eight days.
local HISTORY, FAILED_KEPT = 50, 691200000
local function note_history(user, id, ttl)
  local key, kept = KEY_HISTORY .. user, ttl > 0 and ttl or FAILED_KEPT
  local before = redis.pcall('GET', key)
  if type(before) ~= 'string' then
    redis.pcall('SET', key, id, 'PX', int(kept))
    return
  end
  local ids = {id}
  for other in string.gmatch(before, '[^\n]+') do
    if other ~= id and #ids < HISTORY then ids[#ids + 1] = other end
  end
  redis.pcall('SET', key, table.concat(ids, '\n'), 'KEEPTTL')
  redis.pcall('PEXPIRE', key, int(kept), 'GT')
end

-- Ends a command: its row, and its result where Celery's backend looks for it, in one step.
-- ttl is in ms; 0 keeps it until a person deals with it.
local function finish(id, state, http, code, meta, ttl, now)
  local row = KEY_COMMAND .. id
  local known = redis.call('HMGET', row, 'user', 'lane', 'idem', 'queue', 'migration', 'number',
    'kind', 'accepted', 'accepted_again')
  redis.call('HSET', row, 'finished', int(now), 'http', http, 'code', code)
  redis.call('HDEL', row, 'due', 'unsettled')
  -- A token, of use to nobody but to a person who replays a failed command.
  if known[7] == 'AssignCard' and state ~= 'failed' then redis.call('HDEL', row, 'card') end
  redis.call('ZREM', KEY_PENDING .. known[1], id)
  redis.call('ZREM', KEY_QUEUED .. (known[4] or known[2]), id)
  redis.pcall('ZREM', KEY_RETRIED, id)
  count_end(known[7], known[2], state, code, known[8], known[9] or known[8], now)
  redis.call('SET', KEY_RESULT .. id, meta)
  -- A row of a migration leaves once it is recorded, and its report has it.
  if not known[5] then note_history(known[1], id, ttl) end
  -- What is not recorded yet is kept, however long no driver comes.
  local kept = known[5] and note_ended(known[5], tonumber(known[6]), id, state, code)
  if ttl > 0 then
    if not kept then
      redis.call('PEXPIRE', row, ttl)
      redis.call('PEXPIRE', KEY_RESULT .. id, ttl)
    end
    if known[3] then redis.call('PEXPIRE', KEY_IDEMPOTENCY .. known[3], ttl) end
  else
    redis.call('ZADD', KEY_FAILED, int(now), id)
    if known[3] then redis.call('PERSIST', KEY_IDEMPOTENCY .. known[3]) end
  end
  if redis.call('EXISTS', KEY_CALLBACK .. id) == 1 then
    redis.call('ZADD', KEY_CALLBACKS, int(now), int(now) .. ' ' .. id)
    redis.call('PEXPIRE', KEY_CALLBACK .. id, 691200000)
  end
  if state == 'superseded' or state == 'cancelled' then
    redis.call('ZADD', KEY_UNTOLD, int(now), id .. ' ' .. state)
  end
  enter(id, state)
  redis.call('PUBLISH', KEY_RESULT .. id, meta)
end

-- What is known of an idempotency key: nil where it is new.
local function known_by_key(id, idem, body)
  if idem == '' then return nil end
  local known = redis.call('GET', KEY_IDEMPOTENCY .. idem)
  if not known then return nil end
  local known_id, known_body = string.match(known, '^(%S+) (%S+)$')
  if redis.call('EXISTS', KEY_COMMAND .. known_id) == 0 then return nil end
  if known_body ~= body then return {'reused', known_id} end
  return {known_id == id and 'accepted' or 'known', known_id}
end

-- A new command's row and place in the order.
local function enrol(id, kind, user, card, lane, queue, slot, idem, body, idem_ttl, sender,
  signature, now, trace)
  local row = KEY_COMMAND .. id
  local seq = redis.call('INCR', KEY_SEQUENCE)
  redis.call('HSET', row, 'kind', kind, 'user', user, 'card', card, 'lane', lane, 'seq', seq,
    'state', 'queued', 'accepted', int(now))
  if slot ~= '' then redis.call('HSET', row, 'slot', slot) end
  if sender ~= '' then redis.call('HSET', row, 'sender', sender) end
  if signature ~= '' then redis.call('HSET', row, 'signature', signature) end
  if queue ~= lane then redis.call('HSET', row, 'queue', queue) end
  if trace and trace ~= '' then redis.call('HSET', row, 'trace', trace) end
  if idem ~= '' then
    redis.call('HSET', row, 'idem', idem)
    redis.call('SET', KEY_IDEMPOTENCY .. idem, id .. ' ' .. body, 'PX', idem_ttl)
  end
  redis.call('ZADD', KEY_PENDING .. user, seq, id)
  -- Also where the message is in a worker's hands: if that dies now, the sweep finds it here.
  redis.call('ZADD', KEY_QUEUED .. queue, seq, id)
  redis.call('PUBLISH', KEY_CHANGED .. id, 'queued')
end

-- The queue of a flow, which is what one sender sends in the bulk lane. Workers take from the
-- lane's queues in turn, so flows share the lane evenly as long as there are queues for them.
local function queue_for(lane, flow, now)
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

-- How many customers have a command at work, of the first `most` that are watched, -1 for all.
local function at_work(now, most)
  local count = 0
  local watched = redis.call('ZRANGEBYSCORE', KEY_WATCH, '(' .. int(now), '+inf', 'LIMIT', 0, most)
  for _, user in ipairs(watched) do
    local lease = redis.pcall('HMGET', KEY_CUSTOMER .. user, 'until', 'holder')
    local holder = not lease.err and lease[2]
    if holder and holder ~= '' and (tonumber(lease[1]) or 0) > now then count = count + 1 end
  end
  return count
end
