-- Shared by all scripts. Every script gives the same state when it is repeated with the same
-- arguments, since a client may repeat one whose answer was lost.

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Numbers of more than 14 digits would print with an exponent.
local function int(n) return string.format('%.0f', n) end

local function enter(id, state)
  redis.call('HSET', key_command(id), 'state', state)
  redis.call('PUBLISH', key_changed(id), state)
end

local function to_map(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

-- Ends a command: its row, and its result where Celery's backend looks for it, in one step.
-- ttl is in ms; 0 keeps it until a person deals with it.
local function finish(id, state, http, code, meta, ttl, now)
  local row = key_command(id)
  local known = redis.call('HMGET', row, 'user', 'lane', 'idem')
  redis.call('HSET', row, 'finished', int(now), 'http', http, 'code', code)
  redis.call('HDEL', row, 'due', 'unsettled')
  redis.call('ZREM', key_pending(known[1]), id)
  redis.call('ZREM', key_queued(known[2]), id)
  redis.call('SET', key_result(id), meta)
  if ttl > 0 then
    redis.call('PEXPIRE', row, ttl)
    redis.call('PEXPIRE', key_result(id), ttl)
    if known[3] then redis.call('PEXPIRE', key_idempotency(known[3]), ttl) end
  else
    redis.call('ZADD', KEY_FAILED, int(now), id)
    if known[3] then redis.call('PERSIST', key_idempotency(known[3])) end
  end
  if state == 'superseded' or state == 'cancelled' then
    redis.call('ZADD', KEY_UNTOLD, int(now), id .. ' ' .. state)
  end
  enter(id, state)
  redis.call('PUBLISH', key_result(id), meta)
end

-- What is known of an idempotency key: nil where it is new.
local function known_by_key(id, idem, body)
  if idem == '' then return nil end
  local known = redis.call('GET', key_idempotency(idem))
  if not known then return nil end
  local known_id, known_body = string.match(known, '^(%S+) (%S+)$')
  if redis.call('EXISTS', key_command(known_id)) == 0 then return nil end
  if known_body ~= body then return {'reused', known_id} end
  return {known_id == id and 'accepted' or 'known', known_id}
end

-- A new command's row and place in the order.
local function enrol(id, kind, user, card, lane, slot, idem, body, idem_ttl, now)
  local row = key_command(id)
  local seq = redis.call('INCR', KEY_SEQUENCE)
  redis.call('HSET', row, 'kind', kind, 'user', user, 'card', card, 'lane', lane, 'seq', seq,
    'state', 'queued', 'accepted', int(now))
  if slot ~= '' then redis.call('HSET', row, 'slot', slot) end
  if idem ~= '' then
    redis.call('HSET', row, 'idem', idem)
    redis.call('SET', key_idempotency(idem), id .. ' ' .. body, 'PX', idem_ttl)
  end
  redis.call('ZADD', key_pending(user), seq, id)
  -- Also where the message is in a worker's hands: if that dies now, the sweep finds it here.
  redis.call('ZADD', key_queued(lane), seq, id)
  redis.call('PUBLISH', key_changed(id), 'queued')
end

local function grant(user, id, now)
  local lease = redis.call('HMGET', key_customer(user), 'fence', 'until')
  return {'granted', id, lease[1], lease[2], int(now), redis.call('HGETALL', key_command(id))}
end

-- The customer's next command under a new lease for `holder`, if one may go out now.
-- An unsettled command goes before everything; else the oldest called one, except that a
-- SetDefaultCard may pass older ones of its slot that wait for a retry.
local function begin_next(user, holder, lease_ms, now)
  local customer = key_customer(user)
  local lease = redis.call('HMGET', customer, 'until', 'holder', 'open', 'called', 'fence')
  if tonumber(lease[1] or 0) > now then
    if lease[2] == holder then return grant(user, lease[3], now) end
    redis.call('ZADD', KEY_WATCH, lease[1], user)
    return {'busy', lease[1]}
  end
  local stopped = tonumber(redis.call('HGET', KEY_STOP, 'until') or 0)
  if stopped > now then
    redis.call('ZADD', KEY_WATCH, int(stopped), user)
    return {'stopped', int(stopped)}
  end

  local chosen, look_at
  local open = lease[3]
  if open and open ~= '' then
    local row = redis.call('HMGET', key_command(open), 'state', 'due')
    if row[1] == 'running' then
      -- Its holder is gone: whether it was sent is not known.
      redis.call('HINCRBY', key_command(open), 'strikes', 1)
      redis.call('HSET', key_command(open), 'unsettled', 1, 'struck', lease[5])
      chosen = open
    elseif tonumber(row[2] or 0) > now then
      look_at = tonumber(row[2])
    else
      chosen = open
    end
  else
    local called = tonumber(lease[4] or 0)
    local pending = redis.call('ZRANGE', key_pending(user), 0, 199, 'WITHSCORES')
    local passed
    for i = 1, #pending, 2 do
      if tonumber(pending[i + 1]) > called then break end
      local row = redis.call('HMGET', key_command(pending[i]), 'state', 'due', 'slot')
      if passed and row[3] ~= passed then break end
      local due = tonumber(row[2] or 0)
      if row[1] == 'retrying' and due > now then
        look_at = math.min(look_at or due, due)
        if not row[3] then break end
        passed = row[3]
      else
        chosen = pending[i]
        break
      end
    end
  end

  if not chosen then
    if redis.call('EXISTS', key_pending(user)) == 0 then
      redis.call('DEL', customer)
      redis.call('ZREM', KEY_WATCH, user)
    else
      redis.call('HSET', customer, 'until', 0, 'holder', '')
      if look_at then
        redis.call('ZADD', KEY_WATCH, int(look_at), user)
      else
        redis.call('ZREM', KEY_WATCH, user)
      end
    end
    return {'idle'}
  end

  if stopped > 0 then
    -- One try in a while finds out whether Stripe takes our key again.
    local window = tonumber(redis.call('HGET', KEY_STOP, 'window'))
    redis.call('HSET', KEY_STOP, 'until', int(now + window))
  end
  local fence = redis.call('INCR', KEY_SEQUENCE)
  local expires = int(now + lease_ms)
  redis.call('HSET', customer, 'fence', fence, 'holder', holder, 'until', expires, 'open', chosen)
  redis.call('ZADD', KEY_WATCH, expires, user)
  local row = key_command(chosen)
  redis.call('ZREM', key_queued(redis.call('HGET', row, 'lane')), chosen)
  redis.call('HINCRBY', row, 'tries', 1)
  redis.call('HSETNX', row, 'started', int(now))
  redis.call('HSETNX', row, 'sent', int(now))
  redis.call('HDEL', row, 'due')
  enter(chosen, 'running')
  return grant(user, chosen, now)
end
