-- Leases: who may try which command of a customer, from when.

-- What a grant answers: of the row what Redis answers, with what was written since behind it, where it
-- counts instead.
local function grant_answer(user, id, fence, expires, now, row, flat, start)
  if newer_default(row, user) then
    flat[#flat + 1] = 'newer'
    flat[#flat + 1] = '1'
  end
  return {'granted', id, tostring(fence), expires, int(now), flat, start or int(now)}
end

local function grant(user, id, now)
  local lease = redis.call('HMGET', KEY_CUSTOMER .. user, 'fence', 'until', 'start')
  local flat = redis.call('HGETALL', KEY_COMMAND .. id)
  return grant_answer(user, id, lease[1], lease[2], now, to_map(flat), flat, lease[3])
end

-- The customer's next command that is delivered and may go out now; else nil, when to look again, if that is
-- known, and whether none is left at all. A SetDefaultCard may pass older ones of its slot that wait for
-- a retry. `arrival` is a command whose row is known.
local function next_pending(user, delivered, now, arrival)
  local passed, look_at
  -- Mostly the first may go out: more of a long line are read only where it may not.
  local from, to = 0, 0
  while true do
    local pending = redis.call('ZRANGE', KEY_PENDING .. user, from, to, 'WITHSCORES')
    for i = 1, #pending, 2 do
      if tonumber(pending[i + 1]) > delivered then return nil, look_at, false end
      local row
      if arrival and arrival.id == pending[i] then
        row = {arrival.row.state, arrival.row.due, arrival.row.slot}
      else
        row = redis.pcall('HMGET', KEY_COMMAND .. pending[i], 'state', 'due', 'slot')
        if row.err then row = {} end
      end
      if passed and row[3] ~= passed then return nil, look_at, false end
      local due = tonumber(row[2] or 0) or 0
      if row[1] ~= 'retrying' or due <= now then return pending[i] end
      look_at = math.min(look_at or due, due)
      if not row[3] then return nil, look_at, false end
      passed = row[3]
    end
    if to > 0 or #pending == 0 then return nil, look_at, from == 0 end
    from, to = 1, 199
  end
end

-- The customer's next command under a new lease for `holder`, if one may go out now.
-- An unsettled command goes before everything; else the oldest delivered one, as above. Where the rate limit
-- lets nothing through, the asker has the customer in hand, and others look at it after a lease's time.
-- `arrival` is the command whose message has come, if one has: its id, row and seq. `lease` is what the
-- customer's record is to become, where its caller has not written it.
local function claim_next_command(user, holder, lease_ms, limits, now, arrival, lease)
  local customer = KEY_CUSTOMER .. user
  local unwritten = lease ~= nil
  lease = lease or redis.call('HMGET', customer, 'until', 'holder', 'open', 'called', 'fence')
  local open, delivered = lease[3], tonumber(lease[4] or 0)
  -- Work may now go as far as the command that came. Written with the grant, if there is one.
  local newly_delivered = arrival and arrival.seq > delivered
  if newly_delivered then delivered = arrival.seq end
  local function not_granted(free)
    if newly_delivered then redis.call('HSET', customer, 'called', delivered) end
    if free or unwritten then
      redis.call('HSET', customer, 'until', 0, 'holder', '', 'open', open or '')
    end
  end

  if tonumber(lease[1] or 0) > now then
    not_granted()
    if lease[2] == holder then return grant(user, open, now) end
    redis.call('ZADD', KEY_DUE, lease[1], user)
    return {'busy', lease[1]}
  end
  local stopped = tonumber(redis.call('HGET', KEY_STOP, 'until') or 0)
  if stopped > now then
    not_granted()
    redis.call('ZADD', KEY_DUE, int(stopped), user)
    return {'stopped', int(stopped)}
  end

  local chosen, known, flat, look_at, empty
  if open and open ~= '' then
    known, flat = sound_row(open, now)
    if known and known.state ~= 'running' and tonumber(known.due or 0) > now then
      look_at = tonumber(known.due)
      empty = redis.call('EXISTS', KEY_PENDING .. user) == 0
    else
      chosen = open
    end
  else
    chosen, look_at, empty = next_pending(user, delivered, now, arrival)
    if arrival and chosen == arrival.id then
      known, flat = arrival.row, arrival.flat
    elseif chosen then
      known, flat = sound_row(chosen, now)
    end
  end

  if not chosen then
    if empty then
      redis.call('DEL', customer)
      redis.call('ZREM', KEY_DUE, user)
    else
      not_granted(true)
      if look_at then
        redis.call('ZADD', KEY_DUE, int(look_at), user)
      else
        redis.call('ZREM', KEY_DUE, user)
      end
    end
    return {'idle'}
  end

  if not known then
    -- It stands in nobody's way, since nobody knows what it was.
    redis.call('ZREM', KEY_PENDING .. user, chosen)
    if open == chosen then open = '' end
    not_granted(true)
    return claim_next_command(user, holder, lease_ms, limits, now)
  end
  if chosen ~= open and redis.call('HEXISTS', KEY_PAUSED, known.lane) == 1 then
    -- Whoever resumes the lane has the customer looked at again.
    not_granted(true)
    redis.call('ZREM', KEY_DUE, user)
    redis.call('ZADD', KEY_PAUSED_CUSTOMERS .. known.lane, int(now), user)
    return {'idle'}
  end
  local endpoint = endpoint_of(known.kind, known.card, known.first, known.before)
  local start, again = reserve_send_time(limits, known.lane, endpoint, now)
  if not start then
    not_granted(true)
    redis.call('ZADD', KEY_DUE, int(now + lease_ms), user)
    if known.state == 'queued' then
      known.state = 'waiting'
      enter(chosen, 'waiting')
    end
    return {'limited', user, known.queue or known.lane, endpoint, int(again), int(now)}
  end

  local written = {}
  local function write(name, value)
    written[#written + 1] = name
    written[#written + 1] = value
    flat[#flat + 1] = name
    flat[#flat + 1] = value
    known[name] = value
  end
  if open and open ~= '' and known.state == 'running' then
    -- Its holder is gone: whether it was sent is not known.
    write('strikes', int((tonumber(known.strikes) or 0) + 1))
    write('unsettled', '1')
    write('struck', lease[5])
    count('taken_over ' .. known.kind .. ' ' .. known.lane)
  end
  if stopped > 0 then
    -- One try in a while finds out whether Stripe takes our key again.
    local window = tonumber(redis.call('HGET', KEY_STOP, 'window'))
    redis.call('HSET', KEY_STOP, 'until', int(now + window))
  end
  -- The number alone could be given out twice, by a primary that lacks what the former one did last.
  local fence = redis.call('INCR', KEY_SEQUENCE) .. '.' .. string.sub(holder, 1, 8)
  local expires = int(now + lease_ms)
  local held = {'fence', fence, 'holder', holder, 'until', expires, 'open', chosen}
  if newly_delivered then
    held[9], held[10] = 'called', delivered
  end
  if limits ~= '' then
    held[#held + 1] = 'start'
    held[#held + 1] = int(start)
  end
  redis.call('HSET', customer, unpack(held))
  redis.call('ZADD', KEY_DUE, expires, user)
  if known ~= (arrival and arrival.row) and (known.state == 'queued' or known.state == 'waiting') then
    leave_queue(known.queue or known.lane, chosen)
  end
  note_attempted(known.lane, now)
  write('tries', int((tonumber(known.tries) or 0) + 1))
  if not known.started then write('started', int(now)) end
  if not known.sent then write('sent', int(now)) end
  if known.due then
    redis.call('HDEL', KEY_COMMAND .. chosen, 'due')
    for i = 1, #flat, 2 do
      if flat[i] == 'due' then
        table.remove(flat, i)
        table.remove(flat, i)
      end
    end
  end
  write('state', 'running')
  redis.call('HSET', KEY_COMMAND .. chosen, unpack(written))
  redis.call('PUBLISH', KEY_CHANGED .. chosen, 'running')
  return grant_answer(user, chosen, fence, expires, now, known, flat, limits ~= '' and int(start))
end

-- Whether this script has written yet. A full Redis refuses a script's first write, unless that takes
-- something away; what follows it is let through. So commands that were accepted are still begun.
local WROTE = false

-- A message for the command arrived: work for its customer may go as far as it. Answers the command, as
-- `claim_next_command` takes it, or nil and why there is nothing to do.
local function note_delivery(id, in_order, now)
  if redis.call('EXISTS', KEY_COMMAND .. id) == 0 then return nil, 'absent' end
  local row, flat = sound_row(id, now)
  if not row then return nil, 'damaged' end
  local seq, queue = tonumber(row.seq), row.queue or row.lane
  if WROTE then leave_queue(queue, id) else redis.call('ZREM', KEY_QUEUED .. queue, id) end
  WROTE = true
  if in_order then raise_high_water(queue, seq) end
  if not redis.call('ZSCORE', KEY_PENDING .. row.user, id) then return nil, 'ended' end
  return {id = id, row = row, flat = flat, seq = seq, user = row.user}
end

-- Work for its customer may go as far as a command that was delivered up, though nothing is begun now.
local function raise_delivered(arrival)
  if arrival.seq > tonumber(redis.call('HGET', KEY_CUSTOMER .. arrival.user, 'called') or 0) then
    redis.call('HSET', KEY_CUSTOMER .. arrival.user, 'called', arrival.seq)
  end
end

-- A command that was delivered up, but is not begun, waits.
local function wait_unless_started(arrival)
  if arrival.row.state == 'queued' then
    arrival.row.state = 'waiting'
    enter(arrival.id, 'waiting')
  end
end

-- What came of `f`, or that what it is about is damaged: then others of the same call go on. A server
-- that takes no writes is no damage: nothing was written, and the caller is told.
local REFUSALS = {'OOM', 'MISCONF', 'NOREPLICAS', 'READONLY', 'NOPERM'}
local function or_damaged(f)
  local done, answer = pcall(f)
  if done then return answer end
  local why = type(answer) == 'table' and answer.err or tostring(answer)
  for _, code in ipairs(REFUSALS) do
    local at = string.find(why, code, 1, true)
    if at then error({err = string.sub(why, at)}) end
  end
  return {'damaged'}
end

-- The customer is looked at again after a while, behind others.
local function postpone(user, now)
  if user then redis.pcall('ZADD', KEY_DUE, int(now + 60000), user) end
end
