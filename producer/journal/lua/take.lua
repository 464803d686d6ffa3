-- A message for a command arrived: work may now go as far as this command.
-- ARGV: id, holder, lease (ms), '1' if the message went through a queue in order of sequence, limits
local id, holder, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now = now_ms()
local user, why
local answer = or_damaged(function()
  user, why = call_up(id, ARGV[4] == '1')
  if not user then return {why} end
  local answer = begin_next(user, holder, lease_ms, ARGV[5], now)
  if answer[1] ~= 'stopped' then wait_unless_begun(id) end
  return answer
end)
if answer[1] == 'damaged' then put_off(user, now) end
return answer
