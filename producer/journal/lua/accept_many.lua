-- Accepts commands that share one message. The message is sent with the first that is new: repeated,
-- the script finds all of them accepted and sends nothing.
-- ARGV: lane, ttl of the digests (ms), flow ('' for none), message, 1 if it is one command's own,
--       sender, then for each command
--       id, kind, user, card, slot, idempotency digest, body digest, signature, trace
local lane, idem_ttl, message = ARGV[1], ARGV[2], ARGV[4]
local now = now_ms()
local queue = queue_for(lane, ARGV[3], now)
local answers, new = {}, {}
for i = 7, #ARGV, 9 do
  local id = ARGV[i]
  local known = known_by_key(id, ARGV[i + 5], ARGV[i + 6])
  if known then
    answers[#answers + 1] = known
  elseif redis.call('EXISTS', KEY_COMMAND .. id) == 1 then
    answers[#answers + 1] = {'accepted', id}
  else
    enrol(id, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], lane, queue, ARGV[i + 4], ARGV[i + 5], ARGV[i + 6],
      idem_ttl, ARGV[6], ARGV[i + 7], now, ARGV[i + 8])
    if ARGV[5] == '0' then redis.call('HSET', KEY_COMMAND .. id, 'batch', 1) end
    answers[#answers + 1] = {'accepted', id}
    new[ARGV[i + 1]] = (new[ARGV[i + 1]] or 0) + 1
  end
end
for kind, by in pairs(new) do count_accepted(kind, lane, by, now) end
if next(new) then redis.pcall('LPUSH', KEY_QUEUE .. queue, message) end
return answers
