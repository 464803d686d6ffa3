-- The rate limit of a Stripe account, by reservation: each request is booked for a time at which it may be
-- sent, on Redis' clock. Each scope (the account, and each endpoint) is a line of places in time, a gap
-- apart (GCRA). A place is booked only a short time ahead; beyond that the caller is answered when to ask
-- again, so that far bookings do not delay later callers.
--
-- Per scope, `t` is the next free place of the line. Each lane also has a share of its own (`interactive`,
-- `bulk`), with a next free place that lets it go ahead of the line: so neither lane starves the other.
-- Every request moves the line on by a gap, so the total stays within the limit. Places booked ahead are
-- not taken back when the other lane claims its share, so one second can exceed the limit by up to
-- share x ahead. AHEAD (ms) is short enough to keep that within 5 % of the limit.
local AHEAD = {interactive = 300, bulk = 180}
-- The bulk lane's (ms) where its bookings would delay others: an interactive request beyond its share while
-- both lanes send (within MIXED_MS), or a request to another endpoint.
local NEAR, MIXED_MS = 140, 3000
-- How long before the place the caller should ask again (ms): longer means more calls. The interactive lane
-- asks before the bulk lane would find a place.
local ASK_BEFORE = {interactive = 200, bulk = 80}
-- How much later than its place in the account's line a request may be sent because of its endpoint (ms), and
-- than its place in the endpoint's line because of the account.
local APART, APART_ENDPOINT = 70, 15
-- Slightly under the limit, so that a request sent a few milliseconds late does not coincide with the next.
local PACE = 0.975
-- A place that was asked for this late (ms) is still used: a line that restarted at the present would lose it.
local LATE = 10
-- AIMD (Chiu and Jain 1989): additive increase a second, multiplicative decrease, floor; and the time between
-- two decreases (ms).
local RISE, FALL, FLOOR, FALL_EVERY = 0.02, 0.7, 0.1, 1000

local function factor_of(known, since, now)
  if not known then return 1 end
  return math.min(1, tonumber(known) + math.max(0, now - tonumber(since)) / 1000 * RISE)
end

-- How much unused share (ms) the interactive lane keeps, so that a small burst goes out together: as much as
-- 5 % of a second's requests allow.
local function burst(lane, gap)
  return lane == 'interactive' and math.max(0, 100 - 2.5 * gap) or 0
end

-- The next place of the lane in the scope: its time, whether the other lane sends too, and a function that
-- books the place, or a later time where another scope has no earlier place.
local function find_place(scope, rate, lane, share, now)
  if rate == 0 then return now, false, function() redis.call('HSET', KEY_LIMIT .. scope, 't', now) end end
  local other = lane == 'bulk' and 'interactive' or 'bulk'
  local known = redis.call('HMGET', KEY_LIMIT .. scope, 't', lane, 'factor', 'since', other)
  local mixed = known[5] and tonumber(known[5]) > now - MIXED_MS
  local full = 1000 / (rate * factor_of(known[3], known[4], now))
  local gap = full / PACE
  -- A write follows each read, and its line must not grow behind it.
  if string.sub(scope, 1, 4) == 'GET ' then gap = gap * 1.015 end
  local line = math.max(tonumber(known[1] or 0), now - LATE)
  local mine = math.max(tonumber(known[2] or 0), now - burst(lane, full))
  local here = math.max(now, math.min(line, mine))
  return here, mixed, function(at, far)
    -- Sent later than this scope allows, because of another scope. The account's places until then are left to
    -- other endpoints, but for the last ones, which would coincide with this request. A booking without a
    -- limit on how far ahead (the write after a read) must not delay the others.
    if at > here then
      mine = at
      if scope ~= 'account' then line = math.max(line, at - APART_ENDPOINT)
      elseif not far then line = math.max(line, at - APART) end
    end
    redis.call('HSET', KEY_LIMIT .. scope, 't', string.format('%.3f', line + gap),
      lane, string.format('%.3f', math.min(mine, at) + full / share), 'rate', rate)
    redis.call('HINCRBY', KEY_LIMIT .. scope, 'booked', 1)
  end
end

-- Books a request. `limits` is 'account rate,endpoint rate,interactive share,bulk share', '' for no
-- limit. Answers the time to send it (ms), or nil and the time to ask again. `ahead` (ms) replaces AHEAD.
local function reserve_send_time(limits, lane, endpoint, now, ahead)
  if limits == '' then return now end
  local account, each, interactive, bulk = string.match(limits, '^([^,]+),([^,]+),([^,]+),(.+)$')
  local share = tonumber(lane == 'interactive' and interactive or bulk)
  local at, mixed, book = find_place('account', tonumber(account), lane, share, now)
  local at_endpoint, mixed_endpoint, book_endpoint = find_place(endpoint, tonumber(each), lane, share, now)
  at = math.max(at, at_endpoint)
  local far = ahead ~= nil
  local near = lane == 'bulk' and (mixed or mixed_endpoint or (tonumber(account) > 0 and tonumber(each) > 0))
  ahead = ahead or near and NEAR or AHEAD[lane]
  -- The caller asks again once about half of the booked places have passed, and then gets several.
  if at > now + ahead then return nil, at - ASK_BEFORE[lane] end
  book(at, far)
  book_endpoint(at, far)
  return at
end

-- Stripe answered 429: the scope slows down for every worker, at most once a second.
local function slow_down(scope, now)
  local known = redis.call('HMGET', KEY_LIMIT .. scope, 'factor', 'since')
  if known[2] and now - tonumber(known[2]) < FALL_EVERY then return end
  local factor = math.max(FLOOR, factor_of(known[1], known[2], now) * FALL)
  redis.call('HSET', KEY_LIMIT .. scope, 'factor', string.format('%.4f', factor), 'since', int(now))
  redis.call('HINCRBY', KEY_LIMIT .. scope, 'slowed', 1)
end

-- The endpoint of a command's first request. `first` is the row's field that demands a read of the customer;
-- `before` is set once the customer was read.
local function endpoint_of(kind, card, first, before)
  if kind == 'SetDefaultCard' then
    if first and not before then return ENDPOINT_READ_CUSTOMER end
    return ENDPOINT_DEFAULT
  end
  if string.sub(card, 1, 3) == 'pm_' then return ENDPOINT_ATTACH end
  return ENDPOINT_SOURCE
end
