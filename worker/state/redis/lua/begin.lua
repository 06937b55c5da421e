-- Take open entries for judging and count the delivery; a failed try is not taken before its back-off is over.
-- An entry in other hands is free once its owner has not said for a lease that it lives, or its time is over.
-- ARGV: prefix, rubric, owner, now, until, lease_s, then trace ids
-- Returns the hashes of the entries that were taken.
local prefix, rubric, owner, now, till = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local owners, alive_until = prefix .. 'owners', string.format('%.6f', now + tonumber(ARGV[6]))
local grace = redis.call('EXISTS', prefix .. 'grace') == 1
local taken = {}

-- Until when an entry is in other hands, or nil where it is free.
local function in_hand(holder, its_time)
  if not holder or holder == owner or tonumber(its_time) <= now then return nil end
  local alive = redis.call('ZSCORE', owners, holder)
  if alive and tonumber(alive) > now then return alive end
  return grace and string.format('%.6f', now + 5) or nil
end

for i = 7, #ARGV do
  local member = rubric .. '\31' .. ARGV[i]
  local entry = prefix .. 'entry:' .. member
  local old = redis.call('HMGET', entry, 'state', 'owner', 'until', 'not_before', 'since', 'held')
  local busy_until = old[1] == 'open' and in_hand(old[2], old[3])
  if busy_until then
    -- This message is spent. If the holder is dead, the entry must not wait for the deadline of its release.
    redis.call('ZADD', prefix .. 'due:open', 'XX', 'LT', busy_until, member)
  elseif old[1] == 'open' and (not old[4] or tonumber(old[4]) <= now) then
    redis.call('HSET', entry, 'owner', owner, 'until', till, 'begun', ARGV[4])
    if old[2] ~= owner then redis.call('HINCRBY', entry, 'deliveries', 1) end
    if old[5] == '' then
      redis.call('HSET', entry, 'since', ARGV[4]) -- nobody has tried it before: its age begins now
    elseif old[6] then
      -- It waited for leave, which is no age.
      redis.call('HSET', entry, 'since', string.format('%.6f', tonumber(old[5]) + now - tonumber(old[6])))
    end
    if old[6] then redis.call('HDEL', entry, 'held') end
    redis.call('ZADD', prefix .. 'due:open', alive_until, member)
    taken[#taken + 1] = redis.call('HGETALL', entry)
  end
end
if #taken > 0 then
  redis.call('ZADD', owners, alive_until, owner)
  redis.call('EXPIRE', owners, 3600)
end
return taken
