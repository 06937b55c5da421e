-- Open ledger entries that do not exist yet.
-- ARGV: prefix, now, due, keep_days_s, event, then per promise: rubric, trace_id, day, use_case, document
-- Returns the 1-based positions of the promises that were new.
local prefix, now, due, keep, event = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local fresh = {}
for i = 6, #ARGV, 5 do
  local rubric, trace, day, use_case, document = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local member = rubric .. '\31' .. trace
  local entry = prefix .. 'entry:' .. member
  if redis.call('EXISTS', entry) == 0 then
    redis.call('HSET', entry, 'promise', document, 'day', day, 'use_case', use_case, 'state', 'open', 'reason', '',
      'detail', '', 'attempts', 0, 'deliveries', 0, 'writes', 0, 'since', now, 'changed_at', now)
    redis.call('ZADD', prefix .. 'due:open', due, member)
    redis.call('SADD', prefix .. 'day:' .. day, member)
    redis.call('EXPIRE', prefix .. 'day:' .. day, keep)
    redis.call('HINCRBY', prefix .. 'count:' .. day, table.concat({use_case, rubric, 'open', ''}, '\31'), 1)
    redis.call('RPUSH', prefix .. 'history:' .. member, event)
    fresh[#fresh + 1] = (i - 6) / 5 + 1
  end
end
return fresh
