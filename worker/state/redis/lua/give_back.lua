-- Let go of entries that an owner took and did not finish. It lives, so this delivery does not count.
-- ARGV: prefix, rubric, owner, now, then trace ids
-- Returns the 1-based positions of the entries that were given back.
local prefix, rubric, owner, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local given = {}
for i = 5, #ARGV do
  local member = rubric .. '\31' .. ARGV[i]
  local entry = prefix .. 'entry:' .. member
  local old = redis.call('HMGET', entry, 'state', 'owner', 'deliveries')
  if old[1] == 'open' and old[2] == owner then
    redis.call('HDEL', entry, 'owner', 'until', 'begun')
    redis.call('HSET', entry, 'deliveries', math.max(0, tonumber(old[3]) - 1))
    redis.call('ZADD', prefix .. 'due:open', now, member)
    given[#given + 1] = i - 4
  end
end
return given
