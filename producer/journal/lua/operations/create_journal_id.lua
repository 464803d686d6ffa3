-- Gives the journal an id at its first use, and stores the time. ARGV: id. Answers the journal's id.
-- If it has one, nothing is written: a full Redis must still be readable.
local known = redis.call('GET', KEY_JOURNAL)
if known then return known end
redis.call('SET', KEY_JOURNAL, ARGV[1])
redis.call('SET', KEY_JOURNAL_SINCE, int(now_ms()))
return ARGV[1]
