-- Claims the next command of a due customer. ARGV: user, holder, lease (ms), limits
local now = now_ms()
local answer = catch_damage(function()
  return claim_next_command(ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], now)
end)
if answer[1] == 'damaged' then postpone(ARGV[1], now) end
return answer
