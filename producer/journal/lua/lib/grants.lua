-- Leases: which holder may attempt which command of a customer, and from when.

-- The answer of a script that granted a command. `flat` is the row as Redis answered it, with the fields
-- written since appended: the later value of a field counts.
local function granted_reply(user, id, fence, expires, now, row, flat, start)
  if newer_default(row, user) then
    flat[#flat + 1] = 'newer'
    flat[#flat + 1] = '1'
  end
  return {'granted', id, tostring(fence), expires, int(now), flat, start or int(now)}
end

-- The answer to a holder that repeats its call: the grant it already has.
local function repeated_grant(user, id, now)
  local lease = redis.call('HMGET', KEY_CUSTOMER .. user, 'fence', 'until', 'start')
  local flat = redis.call('HGETALL', KEY_COMMAND .. id)
  return granted_reply(user, id, lease[1], lease[2], now, to_map(flat), flat, lease[3])
end

-- The customer's next delivered command that may be attempted now; else nil, the time at which one is due (if
-- known), and whether the customer has none left. A SetDefaultCard may pass older ones of its slot that wait
-- for a retry. `arrival` is a command whose row is already read.
local function next_pending(user, delivered, now, arrival)
  local passed_slot, due_at
  -- Usually the first may be attempted: up to 199 more are read only where it may not.
  local from, to = 0, 0
  while true do
    local pending = redis.call('ZRANGE', KEY_PENDING .. user, from, to, 'WITHSCORES')
    for i = 1, #pending, 2 do
      if tonumber(pending[i + 1]) > delivered then return nil, due_at, false end
      local row
      if arrival and arrival.id == pending[i] then
        row = {arrival.row.state, arrival.row.due, arrival.row.slot}
      else
        row = redis.pcall('HMGET', KEY_COMMAND .. pending[i], 'state', 'due', 'slot')
        if row.err then row = {} end
      end
      if passed_slot and row[3] ~= passed_slot then return nil, due_at, false end
      local due = tonumber(row[2] or 0) or 0
      if row[1] ~= 'retrying' or due <= now then return pending[i] end
      due_at = math.min(due_at or due, due)
      if not row[3] then return nil, due_at, false end
      passed_slot = row[3]
    end
    if to > 0 or #pending == 0 then return nil, due_at, from == 0 end
    from, to = 1, 199
  end
end

-- Grants `holder` the customer's next command under a new lease, if one may be attempted now: an unsettled
-- command first (`open`), else the one that `next_pending` chooses. Where the rate limit allows no request yet,
-- the caller defers the customer, which is due for other workers after the time of a lease.
-- `arrival` is the command whose message has arrived, if any: its id, row and seq. `lease` holds the fields of
-- the customer's lease where the caller has not written them.
local function claim_next_command(user, holder, lease_ms, limits, now, arrival, lease)
  local customer = KEY_CUSTOMER .. user
  local unwritten = lease ~= nil
  lease = lease or redis.call('HMGET', customer, 'until', 'holder', 'open', 'called', 'fence')
  local open, delivered = lease[3], tonumber(lease[4] or 0)
  -- The arrival raises the customer's high-water mark of delivered commands (`called`). A grant writes it too.
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
    if lease[2] == holder then return repeated_grant(user, open, now) end
    redis.call('ZADD', KEY_DUE, lease[1], user)
    return {'busy', lease[1]}
  end
  local stopped = tonumber(redis.call('HGET', KEY_STOP, 'until') or 0)
  if stopped > now then
    not_granted()
    redis.call('ZADD', KEY_DUE, int(stopped), user)
    return {'stopped', int(stopped)}
  end

  local chosen, known, flat, due_at, empty
  if open and open ~= '' then
    known, flat = valid_row(open, now)
    if known and known.state ~= 'running' and tonumber(known.due or 0) > now then
      due_at = tonumber(known.due)
      empty = redis.call('EXISTS', KEY_PENDING .. user) == 0
    else
      chosen = open
    end
  else
    chosen, due_at, empty = next_pending(user, delivered, now, arrival)
    if arrival and chosen == arrival.id then
      known, flat = arrival.row, arrival.flat
    elseif chosen then
      known, flat = valid_row(chosen, now)
    end
  end

  if not chosen then
    if empty then
      redis.call('DEL', customer)
      redis.call('ZREM', KEY_DUE, user)
    else
      not_granted(true)
      if due_at then
        redis.call('ZADD', KEY_DUE, int(due_at), user)
      else
        redis.call('ZREM', KEY_DUE, user)
      end
    end
    return {'idle'}
  end

  if not known then
    -- A damaged command is dropped from the order: what it was to do is unknown.
    redis.call('ZREM', KEY_PENDING .. user, chosen)
    if open == chosen then open = '' end
    not_granted(true)
    return claim_next_command(user, holder, lease_ms, limits, now)
  end
  if chosen ~= open and redis.call('HEXISTS', KEY_PAUSED, known.lane) == 1 then
    -- `resume_lane` makes the customer due again.
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
      set_state(chosen, 'waiting')
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
    -- The previous holder's lease expired: whether it sent the request is unknown.
    write('strikes', int((tonumber(known.strikes) or 0) + 1))
    write('unsettled', '1')
    write('struck', lease[5])
    count('taken_over ' .. known.kind .. ' ' .. known.lane)
  end
  if stopped > 0 then
    -- One attempt in each window finds out whether Stripe accepts our API key again.
    local window = tonumber(redis.call('HGET', KEY_STOP, 'window'))
    redis.call('HSET', KEY_STOP, 'until', int(now + window))
  end
  -- The number alone is not unique: a promoted replica that lacks the last writes gives it out again.
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
  return granted_reply(user, chosen, fence, expires, now, known, flat, limits ~= '' and int(start))
end

-- Whether this script has written yet. A full Redis refuses a script's first write unless it removes data, and
-- allows the writes after it. With a ZREM first, accepted commands are still attempted.
local WROTE = false

-- A message for the command arrived. Answers the command, as `claim_next_command` takes it, or nil and the
-- status that says why there is nothing to do.
local function note_delivery(id, in_order, now)
  if redis.call('EXISTS', KEY_COMMAND .. id) == 0 then return nil, 'absent' end
  local row, flat = valid_row(id, now)
  if not row then return nil, 'damaged' end
  local seq, queue = tonumber(row.seq), row.queue or row.lane
  if WROTE then leave_queue(queue, id) else redis.call('ZREM', KEY_QUEUED .. queue, id) end
  WROTE = true
  if in_order then raise_high_water(queue, seq) end
  if not redis.call('ZSCORE', KEY_PENDING .. row.user, id) then return nil, 'ended' end
  return {id = id, row = row, flat = flat, seq = seq, user = row.user}
end

-- Raises the customer's high-water mark to a delivered command, where nothing is claimed now.
local function raise_delivered(arrival)
  if arrival.seq > tonumber(redis.call('HGET', KEY_CUSTOMER .. arrival.user, 'called') or 0) then
    redis.call('HSET', KEY_CUSTOMER .. arrival.user, 'called', arrival.seq)
  end
end

-- A delivered command that was not started is `waiting`.
local function wait_unless_started(arrival)
  if arrival.row.state == 'queued' then
    arrival.row.state = 'waiting'
    set_state(arrival.id, 'waiting')
  end
end

-- Runs `f`, and answers 'damaged' where it fails on damaged data, so that the call's other commands proceed. A
-- server that refuses writes is not damage: nothing was written, and the error goes to the client.
local REFUSALS = {'OOM', 'MISCONF', 'NOREPLICAS', 'READONLY', 'NOPERM'}
local function catch_damage(f)
  local done, answer = pcall(f)
  if done then return answer end
  local why = type(answer) == 'table' and answer.err or tostring(answer)
  for _, code in ipairs(REFUSALS) do
    local at = string.find(why, code, 1, true)
    if at then error({err = string.sub(why, at)}) end
  end
  return {'damaged'}
end

-- Makes a customer with damaged data due again in a minute, behind others.
local function postpone(user, now)
  if user then redis.pcall('ZADD', KEY_DUE, int(now + 60000), user) end
end
