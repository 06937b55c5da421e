-- Take open entries for judging and count the delivery; a failed try is not taken before its back-off is over.
-- ARGV: prefix, rubric, owner, now, until, alone (0/1), then trace ids
-- Returns the 1-based positions of the entries that were taken.
local prefix, rubric, owner, now, till = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local taken = {}
for i = 7, #ARGV do
  local member = rubric .. '\31' .. ARGV[i]
  local entry = prefix .. 'entry:' .. member
  if redis.call('HGET', entry, 'state') == 'open' then
    local held = redis.call('HMGET', entry, 'owner', 'until', 'not_before')
    local is_free = not held[1] or held[1] == owner or tonumber(held[2]) <= now
    local is_ripe = not held[3] or tonumber(held[3]) <= now
    if is_free and is_ripe then
      redis.call('HSET', entry, 'owner', owner, 'until', till)
      redis.call('HINCRBY', entry, 'deliveries', 1)
      redis.call('HINCRBY', entry, 'alone', ARGV[6])
      redis.call('ZADD', prefix .. 'due:open', till, member)
      taken[#taken + 1] = i - 6
    end
  end
end
return taken
