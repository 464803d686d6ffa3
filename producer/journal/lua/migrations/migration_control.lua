-- The operator, or the driver at its limit of failures, changes the state of a migration.
-- ARGV: migration, action. Answers the state after it ('' if there is no such migration), and 1 if the action
-- was possible.
local FROM = {
  pause = {running = 'paused', paused = 'paused'},
  resume = {running = 'running', paused = 'running', stopped = 'running'},
  stop = {running = 'stopped', stopped = 'stopped'},
  cancel = {
    running = 'cancelling', paused = 'cancelling', stopped = 'cancelling',
    cancelling = 'cancelling', cancelled = 'cancelled',
  },
}
local key = KEY_MIGRATION .. ARGV[1]
local state = redis.call('HGET', key, 'state')
if not state then return {'', 0} end
local new = FROM[ARGV[2]][state]
if not new then return {state, 0} end
if new == 'running' and state ~= 'running' then
  -- Failures are counted from zero again.
  local ended, failed = 0, 0
  for number, n in pairs(to_map(redis.call('HGETALL', key))) do
    local counted = tonumber(string.match(number, '^n(%d+)$'))
    if counted and counted > SENT and counted ~= 10 then ended = ended + n end
    if counted == REJECTED or counted == FAILED then failed = failed + n end
  end
  redis.call('HSET', key, 'base_ended', ended, 'base_failed', failed)
end
redis.call('HSET', key, 'state', new)
return {new, 1}
