-- Entries that wait for leave may be taken now. They go on waiting for it as far as their age is concerned.
-- ARGV: prefix, rubric, now, then trace ids
-- Returns the 1-based positions of the entries that waited.
local prefix, rubric, now, woken = ARGV[1], ARGV[2], ARGV[3], {}
for i = 4, #ARGV do
  local member = rubric .. '\31' .. ARGV[i]
  local entry = prefix .. 'entry:' .. member
  local old = redis.call('HMGET', entry, 'state', 'held')
  if old[1] == 'open' and old[2] and redis.call('ZSCORE', prefix .. 'due:open', member) then
    redis.call('HDEL', entry, 'not_before')
    redis.call('ZADD', prefix .. 'due:open', now, member)
    woken[#woken + 1] = i - 3
  end
end
return woken
