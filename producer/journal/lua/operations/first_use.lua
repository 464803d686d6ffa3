-- Gives the journal its id, at its first use, and notes when. ARGV: id. Answers the id it has.
-- Where it has one nothing is written: a Redis that is full must still be read.
local known = redis.call('GET', KEY_JOURNAL)
if known then return known end
redis.call('SET', KEY_JOURNAL, ARGV[1])
redis.call('SET', KEY_JOURNAL_SINCE, int(now_ms()))
return ARGV[1]
