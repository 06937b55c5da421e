-- Let go of entries whose row is written, and let them end some time after they came to their end. Dead letters stay.
-- One that has ended anew since then has another row to be written, and waits on. What was opened again before its row
-- was written had left a copy: `\31CHANGED_AT\31MEMBER`, e.g. `\311795996800.250000\31grounding\31trace-7`.
-- ARGV: prefix, final_ttl_s, shortest_ttl_s, then per entry: member, changed_at
local prefix, final_ttl, shortest = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local ends = {scored = true, skipped = true}
local now = tonumber(redis.call('TIME')[1])
for i = 4, #ARGV, 2 do
  local member, ended_at = ARGV[i], tonumber(ARGV[i + 1])
  local entry, history = prefix .. 'entry:' .. member, prefix .. 'history:' .. member
  local old = redis.call('HMGET', entry, 'state', 'changed_at')
  local copy = string.format('\31%.6f\31%s', ended_at, member)
  if redis.call('ZREM', prefix .. 'ended', copy) == 1 then redis.call('DEL', prefix .. 'entry:' .. copy) end
  if old[1] and math.abs(tonumber(old[2]) - ended_at) < 1e-6 then
    redis.call('ZREM', prefix .. 'ended', member)
    if ends[old[1]] then
      local left = math.max(shortest, math.min(final_ttl, math.floor(final_ttl - (now - ended_at))))
      redis.call('EXPIRE', entry, left)
      redis.call('EXPIRE', history, left)
    end
  end
end
