-- Superseding: an applied default ends the customer's older commands for the same slot.

-- Ends the open commands of `slot` that are older than `seq` as superseded by `id`. `result` is their result as
-- Celery's backend stores it, with @ID@ for the command's id.
local function supersede_older(user, slot, seq, id, result, http, ttl, now)
  local older = redis.call('ZRANGEBYSCORE', KEY_PENDING .. user, '-inf', '(' .. seq)
  for _, other in ipairs(older) do
    if redis.call('HGET', KEY_COMMAND .. other, 'slot') == slot then
      local text = string.gsub(result, '@ID@', other)
      finish_unstarted(user, other, 'superseded', http, 'superseded', text, ttl, now, {'by', id})
    end
  end
end
