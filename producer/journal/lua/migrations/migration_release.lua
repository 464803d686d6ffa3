-- The driver goes. ARGV: migration, driver
if not driven_by(ARGV[1], ARGV[2]) then return 0 end
redis.call('HSET', KEY_MIGRATION .. ARGV[1], 'until', 0, 'rate', 0)
return 1
