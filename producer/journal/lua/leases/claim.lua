-- A message for a command arrived: marks the command as delivered and claims the customer's next one.
-- ARGV: id, holder, lease (ms), '1' if the message went through a queue in order of sequence, limits
local id, holder, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now = now_ms()
local arrival, why
local answer = catch_damage(function()
  arrival, why = note_delivery(id, ARGV[4] == '1', now)
  if not arrival then return {why} end
  local answer = claim_next_command(arrival.user, holder, lease_ms, ARGV[5], now, arrival)
  if answer[1] ~= 'stopped' then wait_unless_started(arrival) end
  return answer
end)
if answer[1] == 'damaged' then postpone(arrival and arrival.user, now) end
return answer
