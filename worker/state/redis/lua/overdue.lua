-- Hand out entries whose deadline passed and push the deadline, so that no other reconciler gets them too.
-- One that is in living hands is not handed out: its deadline becomes the moment until which its owner is known to live.
-- ARGV: prefix, now, push_to, limit, then states
local prefix, now, push_to, limit = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local found = {}
local grace = redis.call('EXISTS', prefix .. 'grace') == 1

-- Until when an entry is in living hands, or nil.
local function in_hand(member)
  local old = redis.call('HMGET', prefix .. 'entry:' .. member, 'owner', 'until')
  if not old[1] or tonumber(old[2]) <= now then return nil end
  local alive = redis.call('ZSCORE', prefix .. 'owners', old[1])
  if alive and tonumber(alive) > now then return alive end
  return grace and now + 5 or nil
end

for i = 5, #ARGV do
  local due = prefix .. 'due:' .. ARGV[i]
  local members = redis.call('ZRANGEBYSCORE', due, '-inf', ARGV[2], 'LIMIT', 0, limit - #found)
  for _, member in ipairs(members) do
    local busy_until = ARGV[i] == 'open' and in_hand(member)
    if busy_until then
      redis.call('ZADD', due, busy_until, member)
    elseif redis.call('EXISTS', prefix .. 'entry:' .. member) == 1 then
      redis.call('ZADD', due, push_to, member)
      found[#found + 1] = member
    else
      redis.call('ZREM', due, member)
    end
  end
end
return found
