-- Cancels accepted commands of a cancelled migration that were never sent to Stripe.
-- ARGV: migration, http, result with @ID@ in it, ttl (ms), then command ids
local migration = ARGV[1]
if redis.call('HGET', KEY_MIGRATION .. migration, 'state') ~= 'cancelling' then return 0 end
local cancelled, now = 0, now_ms()
for i = 5, #ARGV do
  local id = ARGV[i]
  local row = redis.call('HMGET', KEY_COMMAND .. id, 'state', 'tries', 'user', 'accepted_again')
  local unsent = (row[1] == 'queued' or row[1] == 'waiting') and tonumber(row[2] or 0) == 0
  if unsent and not row[4] then
    local result = string.gsub(ARGV[3], '@ID@', id)
    finish_unstarted(row[3], id, 'cancelled', ARGV[2], 'cancelled', result, tonumber(ARGV[4]), now)
    redis.call('ZADD', KEY_DUE, int(now), row[3])
    cancelled = cancelled + 1
  end
end
return cancelled
