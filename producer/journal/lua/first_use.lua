-- Gives the journal its id, at its first use, and notes when. ARGV: id. Answers the id it has.
if redis.call('SET', KEY_JOURNAL, ARGV[1], 'NX') then
  redis.call('SET', KEY_JOURNAL_SINCE, int(now_ms()))
end
return redis.call('GET', KEY_JOURNAL)
