-- Accepts commands that share one message. The message is sent if any command is new: a repeated script finds
-- all of them accepted and sends nothing.
-- ARGV: lane, ttl of the digests (ms), flow ('' for none), message, 1 if the message is of a single command,
--       sender, then for each command
--       id, kind, user, card, slot, idempotency digest, body digest, signature, trace, metadata
local lane, idem_ttl, message = ARGV[1], ARGV[2], ARGV[4]
local now = now_ms()
local queue = queue_of_flow(lane, ARGV[3], now)
local answers, new = {}, {}
create_rows(queue, (#ARGV - 6) / 10, function(next_seq)
  for i = 7, #ARGV, 10 do
    local id, kind = ARGV[i], ARGV[i + 1]
    local known = find_by_idempotency_key(id, ARGV[i + 5], ARGV[i + 6])
    if not known and redis.call('EXISTS', KEY_COMMAND .. id) == 1 then known = {'accepted', id} end
    if not known then
      local more = tags_of(ARGV[i + 9])
      if ARGV[5] == '0' then
        more[#more + 1] = 'batch'
        more[#more + 1] = 1
      end
      create_row(id, kind, ARGV[i + 2], ARGV[i + 3], lane, queue, ARGV[i + 4], ARGV[i + 5], ARGV[i + 6],
        idem_ttl, ARGV[6], ARGV[i + 7], now, ARGV[i + 8], next_seq(id), more)
      new[kind] = (new[kind] or 0) + 1
    end
    answers[#answers + 1] = known or {'accepted', id}
  end
end)
for kind, by in pairs(new) do count_accepted(kind, lane, by, now) end
if next(new) then redis.pcall('LPUSH', KEY_QUEUE .. queue, message) end
return answers
