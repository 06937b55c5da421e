-- Change entries from one of the expected states to another, and keep the counts in step.
-- ARGV: prefix, rubric, now, final_ttl_s, then per transition: trace_id, expected (comma separated), state, reason,
--       detail, due ('' = none), judgement ('' = unchanged), failed_attempt (0/1), wrote (0/1),
--       fresh_start (0/1), event, unanswered ('' = unchanged)
-- Returns the 1-based positions of the transitions that were applied.
local prefix, rubric, now, final_ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local applied = {}
for i = 5, #ARGV, 12 do
  local trace, expected, state, reason = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local member = rubric .. '\31' .. trace
  local entry = prefix .. 'entry:' .. member
  local old = redis.call('HMGET', entry, 'state', 'reason', 'day', 'use_case')
  if old[1] and string.find(',' .. expected .. ',', ',' .. old[1] .. ',', 1, true) then
    local count = prefix .. 'count:' .. old[3]
    redis.call('HINCRBY', count, table.concat({old[4], rubric, old[1], old[2]}, '\31'), -1)
    redis.call('HINCRBY', count, table.concat({old[4], rubric, state, reason}, '\31'), 1)
    redis.call('HSET', entry, 'state', state, 'reason', reason, 'detail', ARGV[i + 4], 'changed_at', now,
      'deliveries', 0, 'alone', 0)
    redis.call('HDEL', entry, 'owner', 'until', 'not_before')
    if state == 'open' and ARGV[i + 5] ~= '' then redis.call('HSET', entry, 'not_before', ARGV[i + 5]) end
    if ARGV[i + 9] == '1' then redis.call('HSET', entry, 'attempts', 0, 'writes', 0, 'since', now) end
    redis.call('HINCRBY', entry, 'attempts', ARGV[i + 7])
    redis.call('HINCRBY', entry, 'writes', ARGV[i + 8])
    if ARGV[i + 6] ~= '' then redis.call('HSET', entry, 'judgement', ARGV[i + 6]) end
    if ARGV[i + 11] ~= '' then redis.call('HSET', entry, 'unanswered', ARGV[i + 11]) end
    redis.call('RPUSH', prefix .. 'history:' .. member, ARGV[i + 10])
    redis.call('LTRIM', prefix .. 'history:' .. member, -100, -1)
    redis.call('ZREM', prefix .. 'due:' .. old[1], member)
    if old[1] == 'dead' then redis.call('ZREM', prefix .. 'dead', member) end
    if ARGV[i + 5] ~= '' then redis.call('ZADD', prefix .. 'due:' .. state, ARGV[i + 5], member) end
    if state == 'dead' then redis.call('ZADD', prefix .. 'dead', now, member) end
    if state == 'scored' or state == 'skipped' then
      redis.call('EXPIRE', entry, final_ttl)
      redis.call('EXPIRE', prefix .. 'history:' .. member, final_ttl)
    else
      redis.call('PERSIST', entry)
      redis.call('PERSIST', prefix .. 'history:' .. member)
    end
    applied[#applied + 1] = (i - 5) / 12 + 1
  end
end
return applied
