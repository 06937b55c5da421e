-- Entries that wait for leave, for a reason, say what keeps them waiting.
-- ARGV: prefix, rubric, reason, detail, then trace ids
-- Returns the 1-based positions of the entries that wait for it.
local prefix, rubric, reason, detail, told = ARGV[1], ARGV[2], ARGV[3], ARGV[4], {}
for i = 5, #ARGV do
  local entry = prefix .. 'entry:' .. rubric .. '\31' .. ARGV[i]
  local old = redis.call('HMGET', entry, 'state', 'held', 'reason')
  if old[1] == 'open' and old[2] and old[3] == reason then
    redis.call('HSET', entry, 'detail', detail)
    told[#told + 1] = i - 4
  end
end
return told
