-- Entries that ended and wait for their row in the record, those that ended first.
-- What is not final any more, or gone, waits no longer: an older Assay opens entries without looking here.
-- ARGV: prefix, limit, how many of the first are left out
-- Returns pairs: the member and the hash of its entry.
local waiting, limit, skip = ARGV[1] .. 'ended', tonumber(ARGV[2]), tonumber(ARGV[3])
local final = {scored = true, skipped = true, dead = true}
local entries = {}
while #entries < limit do
  local members = redis.call('ZRANGE', waiting, skip + #entries, skip + limit - 1)
  if #members == 0 then break end
  for _, member in ipairs(members) do
    local entry = ARGV[1] .. 'entry:' .. member
    if final[redis.call('HGET', entry, 'state')] then
      entries[#entries + 1] = {member, redis.call('HGETALL', entry)}
    else
      redis.call('ZREM', waiting, member)
    end
  end
end
return entries
