-- Open ledger entries that do not exist yet.
-- ARGV: prefix, now, due, members_ttl_s, counts_ttl_s, event, then per promise: rubric, trace_id, day, use_case, document
-- Returns the 1-based positions of the promises that were new.
local prefix, now, due, event = ARGV[1], ARGV[2], ARGV[3], ARGV[6]
local fresh, new = {}, {}
for i = 7, #ARGV, 5 do
  local rubric, trace, day, use_case, document = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local member = rubric .. '\31' .. trace
  local entry = prefix .. 'entry:' .. member
  if redis.call('EXISTS', entry) == 0 then
    redis.call('HSET', entry, 'promise', document, 'day', day, 'use_case', use_case, 'state', 'open', 'reason', '',
      'detail', '', 'attempts', 0, 'deliveries', 0, 'writes', 0, 'since', '', 'changed_at', now)
    redis.call('ZADD', prefix .. 'due:open', due, member)
    redis.call('SADD', prefix .. 'day:' .. day, member)
    redis.call('RPUSH', prefix .. 'history:' .. member, event)
    local name = use_case .. '\31' .. rubric
    new[day] = new[day] or {}
    new[day][name] = (new[day][name] or 0) + 1
    fresh[#fresh + 1] = (i - 7) / 5 + 1
  end
end

-- Counts are added up and written once: the promises of a window mostly share them.
for day, names in pairs(new) do
  for name, n in pairs(names) do
    redis.call('HINCRBY', prefix .. 'promised:' .. day, name, n)
    redis.call('HINCRBY', prefix .. 'count:' .. day, name .. '\31open\31', n)
  end
  redis.call('EXPIRE', prefix .. 'day:' .. day, ARGV[4])
  redis.call('EXPIRE', prefix .. 'promised:' .. day, ARGV[5])
  redis.call('EXPIRE', prefix .. 'count:' .. day, ARGV[5])
end
return fresh
