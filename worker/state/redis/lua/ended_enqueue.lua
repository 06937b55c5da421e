-- Let final entries wait for a row in a record that is new.
-- ARGV: prefix, unrecorded_ttl_s, first day, last day, then members
-- Returns how many of them did not wait yet.
local prefix, unrecorded_ttl, first, last = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local final, ends = {scored = true, skipped = true, dead = true}, {scored = true, skipped = true}
local queued = 0
for i = 5, #ARGV do
  local member = ARGV[i]
  local entry = prefix .. 'entry:' .. member
  local old = redis.call('HMGET', entry, 'state', 'changed_at', 'day')
  if final[old[1]] and old[3] >= first and old[3] <= last then
    queued = queued + redis.call('ZADD', prefix .. 'ended', 'NX', old[2], member)
    if ends[old[1]] then
      redis.call('EXPIRE', entry, unrecorded_ttl)
      redis.call('EXPIRE', prefix .. 'history:' .. member, unrecorded_ttl)
    end
  end
end
return queued
