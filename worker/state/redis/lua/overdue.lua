-- Hand out entries whose deadline passed and push the deadline, so that no other reconciler gets them too.
-- ARGV: prefix, now, push_to, limit, then states
local prefix, now, push_to, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local found = {}
for i = 5, #ARGV do
  local due = prefix .. 'due:' .. ARGV[i]
  local members = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, limit - #found)
  for _, member in ipairs(members) do
    if redis.call('EXISTS', prefix .. 'entry:' .. member) == 1 then
      redis.call('ZADD', due, push_to, member)
      found[#found + 1] = member
    else
      redis.call('ZREM', due, member)
    end
  end
end
return found
