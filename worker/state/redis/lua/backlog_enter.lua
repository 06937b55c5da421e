-- Let open entries wait in the backlog instead of for their deadline. Only what has a deadline moves: so nothing waits
-- twice, and nothing that is final.
-- ARGV: prefix, now, is_again (0/1: to the head of the lane), then per promise: turn, use_case, rubric, trace_id
local prefix, now, is_again = ARGV[1], ARGV[2], ARGV[3] == '1'
local due, waiting = prefix .. 'due:open', {}
for i = 4, #ARGV, 4 do
  local member = ARGV[i + 2] .. '\31' .. ARGV[i + 3]
  if redis.call('ZREM', due, member) == 1 then
    local turn, lane = ARGV[i], ARGV[i + 1] .. '\31' .. ARGV[i + 2]
    waiting[turn] = waiting[turn] or {}
    waiting[turn][lane] = waiting[turn][lane] or {}
    table.insert(waiting[turn][lane], member)
  end
end

-- Join a round at its lowest pass: whoever was away has saved up nothing.
local function join(round, name)
  if not redis.call('ZSCORE', round, name) then
    local lowest = redis.call('ZRANGE', round, 0, 0, 'WITHSCORES')
    redis.call('ZADD', round, lowest[2] or 0, name)
  end
end

for turn, lanes in pairs(waiting) do
  for lane, members in pairs(lanes) do
    join(prefix .. 'backlog:lanes:' .. turn, lane)
    local list = turn .. '\31' .. lane
    redis.call('HSETNX', prefix .. 'backlog:since', list, now)
    if is_again then
      -- Backwards, so that the first of them is the head.
      for i = #members, 1, -1 do redis.call('LPUSH', prefix .. 'backlog:list:' .. list, members[i]) end
    else
      redis.call('RPUSH', prefix .. 'backlog:list:' .. list, unpack(members))
    end
  end
  join(prefix .. 'backlog:turns', turn)
end
