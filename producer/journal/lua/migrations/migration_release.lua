-- Releases the lease to drive a migration. ARGV: migration, driver
if not is_driver(ARGV[1], ARGV[2]) then return 0 end
redis.call('HSET', KEY_MIGRATION .. ARGV[1], 'until', 0, 'rate', 0)
return 1
