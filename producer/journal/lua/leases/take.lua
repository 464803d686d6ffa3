-- A message for a command arrived: work may now go as far as this command.
-- ARGV: id, holder, lease (ms), '1' if the message went through a queue in order of sequence, limits
local id, holder, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now = now_ms()
local come, why
local answer = or_damaged(function()
  come, why = call_up(id, ARGV[4] == '1', now)
  if not come then return {why} end
  local answer = begin_next(come.user, holder, lease_ms, ARGV[5], now, come)
  if answer[1] ~= 'stopped' then wait_unless_begun(come) end
  return answer
end)
if answer[1] == 'damaged' then put_off(come and come.user, now) end
return answer
