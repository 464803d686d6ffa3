-- Somebody looks at a customer that is due. ARGV: user, holder, lease (ms), limits
local now = now_ms()
local answer = or_damaged(function()
  return begin_next(ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], now)
end)
if answer[1] == 'damaged' then put_off(ARGV[1], now) end
return answer
