-- A message for a command arrived: work may now go as far as this command.
-- ARGV: id, holder, lease (ms), '1' if the message went through a queue in order of sequence
local id, holder, lease_ms, in_order = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
local row = redis.call('HMGET', key_command(id), 'user', 'lane', 'seq', 'state')
if not row[1] then return {'absent'} end
local user, lane, seq, state = row[1], row[2], tonumber(row[3]), row[4]

redis.call('ZREM', key_queued(lane), id)
if in_order and seq > tonumber(redis.call('HGET', KEY_MARK, lane) or 0) then
  redis.call('HSET', KEY_MARK, lane, seq)
end
if not redis.call('ZSCORE', key_pending(user), id) then return {'ended'} end
if seq > tonumber(redis.call('HGET', key_customer(user), 'called') or 0) then
  redis.call('HSET', key_customer(user), 'called', seq)
end

local answer = begin_next(user, holder, lease_ms, now_ms())
if state == 'queued' and answer[2] ~= id and answer[1] ~= 'stopped' then enter(id, 'waiting') end
return answer
