-- Finds work that no worker has: due customers, and commands whose message was lost.
-- A queue is first in, first out and holds its messages in order of sequence. So a command has lost its message
-- if later ones were received some time ago, or if its queue is empty or its key is not a list.
-- ARGV: worker ('' where it fetches no messages), limit, patience (ms), then queues
local worker, limit, patience = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = now_ms()
if worker ~= '' then redis.call('ZADD', KEY_WORKERS, int(now), worker) end
redis.call('ZREMRANGEBYSCORE', KEY_WORKERS, '-inf', int(now - 3600000))
local paused = {}
for _, lane in ipairs({'interactive', 'bulk'}) do
  if redis.call('HEXISTS', KEY_PAUSED, lane) == 1 then paused[#paused + 1] = lane end
end
if limit <= 0 then return {{}, {}, {}, paused} end

local due = redis.call('ZRANGEBYSCORE', KEY_DUE, '-inf', int(now), 'LIMIT', 0, limit)
local lost = {}
for i = 4, #ARGV do
  local queue = ARGV[i]
  local marks = redis.call('HMGET', KEY_HIGH_WATER, queue, queue .. ':before', queue .. ':at')
  if now - tonumber(marks[3] or 0) >= patience then
    redis.call('HSET', KEY_HIGH_WATER, queue .. ':before', marks[1] or 0, queue .. ':at', int(now))
  else
    marks[1] = nil
  end
  local first
  local length = redis.pcall('LLEN', KEY_QUEUE .. queue)
  if type(length) == 'table' or length == 0 then
    first = redis.call('ZRANGE', KEY_QUEUED .. queue, 0, limit - 1)
  else
    first = redis.call('ZRANGEBYSCORE', KEY_QUEUED .. queue, '-inf', marks[2] or 0, 'LIMIT', 0, limit)
  end
  for _, id in ipairs(first) do
    local row = redis.call('EXISTS', KEY_COMMAND .. id) == 1 and valid_row(id, now)
    if not row then
      redis.call('ZREM', KEY_QUEUED .. queue, id)
    elseif tonumber(row.accepted) <= now - patience then
      lost[#lost + 1] = id
    end
  end
end

-- Every worker that sweeps within 2.5 s reports these ends: Flower treats a repeated event as the same.
redis.call('ZREMRANGEBYSCORE', KEY_UNREPORTED, '-inf', int(now - 2500))
return {due, lost, redis.call('ZRANGE', KEY_UNREPORTED, 0, limit - 1), paused}
