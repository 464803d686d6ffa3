-- Leases: who may try which command of a customer, from when.

local function grant(user, id, now)
  local lease = redis.call('HMGET', KEY_CUSTOMER .. user, 'fence', 'until', 'start')
  local row = with_newer(redis.call('HGETALL', KEY_COMMAND .. id), user)
  return {'granted', id, lease[1], lease[2], int(now), row, lease[3] or int(now)}
end

-- The customer's next command under a new lease for `holder`, if one may go out now.
-- An unsettled command goes before everything; else the oldest called one, except that a
-- SetDefaultCard may pass older ones of its slot that wait for a retry. Where the rate limit lets
-- nothing through, the asker has the customer in hand, and others look at it after a lease's time.
local function begin_next(user, holder, lease_ms, limits, now)
  local customer = KEY_CUSTOMER .. user
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
    local row = sound_row(open, now)
    if row and row[5] ~= 'running' and tonumber(row[10] or 0) > now then
      look_at = tonumber(row[10])
    else
      chosen = open
    end
  else
    local called = tonumber(lease[4] or 0)
    local pending = redis.call('ZRANGE', KEY_PENDING .. user, 0, 199, 'WITHSCORES')
    local passed
    for i = 1, #pending, 2 do
      if tonumber(pending[i + 1]) > called then break end
      local row = redis.pcall('HMGET', KEY_COMMAND .. pending[i], 'state', 'due', 'slot')
      if row.err then row = {} end
      if passed and row[3] ~= passed then break end
      local due = tonumber(row[2] or 0) or 0
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
    if redis.call('EXISTS', KEY_PENDING .. user) == 0 then
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

  local row = KEY_COMMAND .. chosen
  local known = sound_row(chosen, now)
  if not known then
    -- It stands in nobody's way, since nobody knows what it was.
    redis.call('ZREM', KEY_PENDING .. user, chosen)
    if open == chosen then redis.call('HSET', customer, 'open', '') end
    return begin_next(user, holder, lease_ms, limits, now)
  end
  if chosen ~= open and redis.call('HEXISTS', KEY_PAUSED, known[2]) == 1 then
    -- Whoever resumes the lane has the customer looked at again.
    redis.call('HSET', customer, 'until', 0, 'holder', '')
    redis.call('ZREM', KEY_WATCH, user)
    redis.call('ZADD', KEY_HELD .. known[2], int(now), user)
    return {'idle'}
  end
  local endpoint = endpoint_of(known[6], known[7], known[8], known[9])
  local start, again = book(limits, known[2], endpoint, now)
  if not start then
    redis.call('HSET', customer, 'until', 0, 'holder', '')
    redis.call('ZADD', KEY_WATCH, int(now + lease_ms), user)
    if known[5] == 'queued' then enter(chosen, 'waiting') end
    return {'limited', user, known[4] or known[2], endpoint, int(again), int(now)}
  end

  if open and open ~= '' and known[5] == 'running' then
    -- Its holder is gone: whether it was sent is not known.
    redis.call('HINCRBY', row, 'strikes', 1)
    redis.call('HSET', row, 'unsettled', 1, 'struck', lease[5])
    count('taken_over ' .. known[6] .. ' ' .. known[2])
  end
  if stopped > 0 then
    -- One try in a while finds out whether Stripe takes our key again.
    local window = tonumber(redis.call('HGET', KEY_STOP, 'window'))
    redis.call('HSET', KEY_STOP, 'until', int(now + window))
  end
  -- The number alone could be given out twice, by a primary that lacks what the former one did last.
  local fence = redis.call('INCR', KEY_SEQUENCE) .. '.' .. string.sub(holder, 1, 8)
  local expires = int(now + lease_ms)
  redis.call('HSET', customer, 'fence', fence, 'holder', holder, 'until', expires, 'open', chosen)
  if limits ~= '' then redis.call('HSET', customer, 'start', int(start)) end
  redis.call('ZADD', KEY_WATCH, expires, user)
  redis.call('ZREM', KEY_QUEUED .. (known[4] or known[2]), chosen)
  redis.call('HSET', KEY_MARK, 'try:' .. known[2], int(now))
  redis.call('HINCRBY', row, 'tries', 1)
  redis.call('HSETNX', row, 'started', int(now))
  redis.call('HSETNX', row, 'sent', int(now))
  redis.call('HDEL', row, 'due')
  enter(chosen, 'running')
  return grant(user, chosen, now)
end

-- A message for the command arrived: work for its customer may go as far as it. Answers the
-- customer, or nil and why there is nothing to do.
local function call_up(id, in_order)
  if redis.call('EXISTS', KEY_COMMAND .. id) == 0 then return nil, 'absent' end
  local row = sound_row(id, now_ms())
  if not row then return nil, 'damaged' end
  local user, seq, queue = row[1], tonumber(row[3]), row[4] or row[2]
  redis.call('ZREM', KEY_QUEUED .. queue, id)
  if in_order and seq > tonumber(redis.call('HGET', KEY_MARK, queue) or 0) then
    redis.call('HSET', KEY_MARK, queue, seq)
  end
  if not redis.call('ZSCORE', KEY_PENDING .. user, id) then return nil, 'ended' end
  if seq > tonumber(redis.call('HGET', KEY_CUSTOMER .. user, 'called') or 0) then
    redis.call('HSET', KEY_CUSTOMER .. user, 'called', seq)
  end
  return user
end

-- A command that was called up, but is not begun, waits.
local function wait_unless_begun(id)
  if redis.call('HGET', KEY_COMMAND .. id, 'state') == 'queued' then enter(id, 'waiting') end
end

-- What came of `f`, or that what it is about is damaged: then others of the same call go on.
local function or_damaged(f)
  local done, answer = pcall(f)
  return done and answer or {'damaged'}
end

-- The customer is looked at again after a while, behind others.
local function put_off(user, now)
  if user then redis.pcall('ZADD', KEY_WATCH, int(now + 60000), user) end
end
