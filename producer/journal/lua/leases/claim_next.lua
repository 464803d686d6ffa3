-- Somebody looks at a customer that is due. ARGV: user, holder, lease (ms), limits
local now = now_ms()
local answer = or_damaged(function()
  return claim_next_command(ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], now)
end)
if answer[1] == 'damaged' then postpone(ARGV[1], now) end
return answer
