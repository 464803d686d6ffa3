-- One account's rate limit, kept by reservation: a request is given the moment at which it may be
-- sent, on Redis' clock. Each scope, the account and each endpoint, is a line of places in time,
-- a gap apart (GCRA). A place is only given so far ahead; beyond that the asker is told when to ask
-- again, so that nobody's far places stand in the way of who comes later.
--
-- Per scope: `t` is the line's next free place. A lane also has a share of its own, `interactive`
-- or `bulk`, whose next free place lets it go ahead of the line: that is what keeps either lane
-- from being starved by the other. Whatever is sent moves the line on by a gap, so the sum stays.
-- Places given ahead cannot be taken back when the other lane comes with its share, so a second can
-- see up to share x ahead too many: short enough for that to stay within 5 % of the limit.
local AHEAD = {interactive = 300, bulk = 180}
-- The same of the bulk lane where others would wait for what it has booked: an interactive request
-- beyond its share, while both lanes send, or another endpoint's.
local NEAR, MIXED_MS = 140, 3000
-- How long before that place to ask again (ms). The longer, the more questions. The interactive lane
-- asks before the bulk lane would find a place.
local SOON = {interactive = 200, bulk = 80}
-- How much later than its place in the account's line a request may be sent for an endpoint's (ms),
-- and than its place in the endpoint's for the account's.
local APART, APART_ENDPOINT = 70, 15
-- A little under the limit, so that what is sent a few milliseconds late does not fall together
-- with the next.
local PACE = 0.975
-- A place that was asked for so late (ms) is not lost, as it would be if the line began anew.
local LATE = 10
-- Additive increase, a second; multiplicative decrease; floor. (AIMD, Chiu and Jain 1989.)
local RISE, FALL, LEAST, ONCE = 0.02, 0.7, 0.1, 1000

local function factor_of(known, since, now)
  if not known then return 1 end
  return math.min(1, tonumber(known) + math.max(0, now - tonumber(since)) / 1000 * RISE)
end

-- How long (ms) the interactive lane's share lasts that was not used, so that a few requests that come
-- together go out together: as much as 5 % of a second's requests leave room for.
local function kept(lane, gap)
  return lane == 'interactive' and math.max(0, 100 - 2.5 * gap) or 0
end

-- Where the next request of the lane would be in the scope: its time, whether the other lane sends
-- too, and what to do if it is sent then, or later since another scope has no place before.
local function place(scope, rate, lane, share, now)
  if rate == 0 then return now, false, function() redis.call('HSET', KEY_LIMIT .. scope, 't', now) end end
  local other = lane == 'bulk' and 'interactive' or 'bulk'
  local known = redis.call('HMGET', KEY_LIMIT .. scope, 't', lane, 'factor', 'since', other)
  local mixed = known[5] and tonumber(known[5]) > now - MIXED_MS
  local full = 1000 / (rate * factor_of(known[3], known[4], now))
  local gap = full / PACE
  -- A read is followed by a write, whose line must not grow behind it.
  if string.sub(scope, 1, 4) == 'GET ' then gap = gap * 1.015 end
  local line = math.max(tonumber(known[1] or 0), now - LATE)
  local mine = math.max(tonumber(known[2] or 0), now - kept(lane, full))
  local here = math.max(now, math.min(line, mine))
  return here, mixed, function(at, far)
    -- Sent later than here, since another scope has no place before: of the account, what is free
    -- until then is for other endpoints, but not so much that it would fall together with this. What
    -- is booked however far ahead (a read's write) must not hold up the others.
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
-- limit. Answers its time (ms), or nil and the time at which to ask again.
local function reserve_send_time(limits, lane, endpoint, now, ahead)
  if limits == '' then return now end
  local account, each, interactive, bulk = string.match(limits, '^([^,]+),([^,]+),([^,]+),(.+)$')
  local share = tonumber(lane == 'interactive' and interactive or bulk)
  local at, mixed, take = place('account', tonumber(account), lane, share, now)
  local at_endpoint, mixed_endpoint, take_endpoint = place(endpoint, tonumber(each), lane, share, now)
  at = math.max(at, at_endpoint)
  local far = ahead ~= nil
  local near = lane == 'bulk' and (mixed or mixed_endpoint or (tonumber(account) > 0 and tonumber(each) > 0))
  ahead = ahead or near and NEAR or AHEAD[lane]
  -- About half of what may be booked ahead is let run out: one question gets several places.
  if at > now + ahead then return nil, at - SOON[lane] end
  take(at, far)
  take_endpoint(at, far)
  return at
end

-- Stripe's limiter refused a request: the scope slows down for every worker, at most once a second.
local function slow_down(scope, now)
  local known = redis.call('HMGET', KEY_LIMIT .. scope, 'factor', 'since')
  if known[2] and now - tonumber(known[2]) < ONCE then return end
  local factor = math.max(LEAST, factor_of(known[1], known[2], now) * FALL)
  redis.call('HSET', KEY_LIMIT .. scope, 'factor', string.format('%.4f', factor), 'since', int(now))
  redis.call('HINCRBY', KEY_LIMIT .. scope, 'slowed', 1)
end

-- The endpoint of a command's first request, as Stripe counts: a named operation. `first` says that
-- the customer is to be read, and `before` that it was.
local function endpoint_of(kind, card, first, before)
  if kind == 'SetDefaultCard' then
    if first and not before then return ENDPOINT_READ_CUSTOMER end
    return ENDPOINT_DEFAULT
  end
  if string.sub(card, 1, 3) == 'pm_' then return ENDPOINT_ATTACH end
  return ENDPOINT_SOURCE
end
