-- Take open entries for judging and count the delivery.
-- ARGV: prefix, rubric, owner, now, until, then trace ids
-- Returns the 1-based positions of the entries that were taken.
local prefix, rubric, owner, now, till = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local taken = {}
for i = 6, #ARGV do
  local member = rubric .. '\31' .. ARGV[i]
  local entry = prefix .. 'entry:' .. member
  if redis.call('HGET', entry, 'state') == 'open' then
    local held = redis.call('HMGET', entry, 'owner', 'until')
    local is_free = not held[1] or held[1] == owner or tonumber(held[2]) <= now
    if is_free then
      redis.call('HSET', entry, 'owner', owner, 'until', till)
      redis.call('HINCRBY', entry, 'deliveries', 1)
      redis.call('ZADD', prefix .. 'due:open', till, member)
      taken[#taken + 1] = i - 5
    end
  end
end
return taken
