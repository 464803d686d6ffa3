-- Notes an event of Stripe's with its customer, and has the command whose request it tells of looked at
-- now, where that waits for its next try: it is made earlier, and is the same try. Where the command is
-- at Stripe still, and no answer comes, it does not wait.
-- ARGV: event id, customer ('' if not known), time (s), what is kept of it (JSON), '1' to keep it, key of
--   the request, ttl (ms), how many a customer has at most
local event, user, at, told, key = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[6]
local now = now_ms()
local id = key
if redis.call('EXISTS', KEY_COMMAND .. id) == 0 then id = string.match(key, '^(.+)%-%d+$') end
local row = id and redis.call('EXISTS', KEY_COMMAND .. id) == 1 and sound_row(id, now)
local settled = ''
if row then
  user = row.user
  local number = tonumber(row.keyno or 0)
  local present = number > 0 and id .. '-' .. int(number + 1) or id
  local waits = row.state == 'unknown' or row.state == 'retrying'
  if key == present and row.state == 'running' then
    redis.call('HSET', KEY_COMMAND .. id, 'told', 1)
  elseif key == present and waits then
    settled = id
    if tonumber(row.due or 0) > now then
      redis.call('HSET', KEY_COMMAND .. id, 'due', int(now))
      redis.call('ZADD', KEY_DUE, int(now), user)
    end
  end
end
if ARGV[5] ~= '1' or user == '' then return settled end

local events = KEY_EVENTS .. user
redis.call('HSETNX', events, event, at .. ' ' .. told .. '\n' .. (row and id or ''))
if redis.call('HLEN', events) > tonumber(ARGV[8]) then
  local known, oldest, since = redis.call('HGETALL', events), event, nil
  for i = 1, #known, 2 do
    local time = tonumber(string.match(known[i + 1], '^%d+')) or 0
    if not since or time < since then oldest, since = known[i], time end
  end
  redis.call('HDEL', events, oldest)
end
redis.call('PEXPIRE', events, ARGV[7])
return settled
