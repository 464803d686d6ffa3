-- Journals, as rejected, a command that arrived as a bare message and failed validation.
-- ARGV: id, kind, user, lane, http status, code, result, ttl (ms)
local row = KEY_COMMAND .. ARGV[1]
if redis.call('EXISTS', row) == 1 then return 0 end
local now = now_ms()
redis.call('HSET', row, 'kind', ARGV[2], 'user', ARGV[3], 'lane', ARGV[4], 'seq', 0,
  'accepted', int(now))
count_accepted(ARGV[2], ARGV[4], 1, now)
finish(ARGV[3], ARGV[1], 'rejected', ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8]), now)
return 1
