-- Creates a migration, all rows pending. ARGV: id, name, rows, about, rps ('' for none), 1 if it skips rows whose
--   default was set since, suffix of its keys at Stripe where a lost journal had one ('' for none)
local key = KEY_MIGRATION .. ARGV[1]
if redis.call('EXISTS', key) == 1 then return 0 end
local now = int(now_ms())
redis.call('HSET', key, 'name', ARGV[2], 'rows', ARGV[3], 'about', ARGV[4], 'state', 'running',
  'created', now, 'n0', ARGV[3])
-- A forgotten migration needs new keys: under the old ones Stripe would repeat its old answers.
local life = ARGV[7] ~= '' and ARGV[7] or redis.call('ZSCORE', KEY_FORGOTTEN, ARGV[1])
if life then redis.call('HSET', key, 'life', int(life)) end
if ARGV[5] ~= '' then redis.call('HSET', key, 'rps', ARGV[5]) end
if tonumber(ARGV[3]) > 0 then
  redis.call('BITFIELD', KEY_LEDGER .. ARGV[1], 'SET', 'u4', '#' .. (ARGV[3] - 1), PENDING)
end
redis.call('ZADD', KEY_MIGRATIONS, now, ARGV[1])
if ARGV[6] == '1' then redis.call('ZADD', KEY_SKIP_IF_NEWER, now, ARGV[1]) end
return 1
