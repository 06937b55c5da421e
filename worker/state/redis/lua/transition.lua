-- Change entries from one of the expected states to another, and keep the counts in step.
-- ARGV: prefix, rubric, now, unrecorded_ttl_s, then per transition: trace_id, expected (comma separated), state, reason,
--       detail, due ('' = none), judgement ('' = unchanged), failed_attempt (0/1), wrote (0/1),
--       fresh_start (0/1), event, unanswered ('' = unchanged), held (0/1), particulars ('' = unchanged)
-- What becomes final waits for its row in the record from this step on; what is no longer final does not.
-- What is held stays open and waits for leave: it has not failed, its age stands still, and its history says so once.
-- Returns the 1-based positions of the transitions that were applied.
local prefix, rubric, now, unrecorded_ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local final = {scored = true, skipped = true, dead = true}
local ends = {scored = true, skipped = true} -- what has ended well lives for a while only
local waiting = prefix .. 'ended'
local applied, counts = {}, {}

-- Counts are added up here and written once: a message's traces mostly share them.
local function add(day, use_case, state, reason, n)
  local key = prefix .. 'count:' .. day
  local field = table.concat({use_case, rubric, state, reason}, '\31')
  counts[key] = counts[key] or {}
  counts[key][field] = (counts[key][field] or 0) + n
end

for i = 5, #ARGV, 14 do
  local trace, expected, state, reason, due = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 5]
  local member = rubric .. '\31' .. trace
  local entry, history = prefix .. 'entry:' .. member, prefix .. 'history:' .. member
  local old = redis.call('HMGET', entry, 'state', 'reason', 'day', 'use_case', 'since', 'begun', 'attempts', 'writes')
  if old[1] and string.find(',' .. expected .. ',', ',' .. old[1] .. ',', 1, true) then
    local held, fresh = ARGV[i + 12] == '1', ARGV[i + 9] == '1'
    add(old[3], old[4], old[1], old[2], -1)
    add(old[3], old[4], state, reason, 1)
    local fields = {'state', state, 'reason', reason, 'detail', ARGV[i + 4], 'changed_at', now,
      'attempts', (fresh and 0 or tonumber(old[7])) + tonumber(ARGV[i + 7]),
      'writes', (fresh and 0 or tonumber(old[8])) + tonumber(ARGV[i + 8]), 'deliveries', 0}
    local function set(name, value)
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
    if fresh then set('since', '') end
    if held then
      set('held', now)
      local waited = old[6] and math.max(0, tonumber(now) - tonumber(old[6])) or 0
      if old[5] ~= '' then set('since', string.format('%.6f', tonumber(old[5]) + waited)) end
    end
    if state == 'open' and due ~= '' then set('not_before', due) end
    if ARGV[i + 6] ~= '' then set('judgement', ARGV[i + 6]) end
    if ARGV[i + 11] ~= '' then set('unanswered', ARGV[i + 11]) end
    if ARGV[i + 13] ~= '' then set('particulars', ARGV[i + 13]) end
    if old[1] == 'open' then redis.call('HDEL', entry, 'owner', 'until', 'begun', 'held', 'not_before', 'blamed') end
    redis.call('HSET', entry, unpack(fields))
    if not (held and old[1] == state and old[2] == reason) then
      if redis.call('RPUSH', history, ARGV[i + 10]) > 100 then redis.call('LTRIM', history, -100, -1) end
    end
    if old[1] ~= state or due == '' then redis.call('ZREM', prefix .. 'due:' .. old[1], member) end
    if old[1] == 'dead' then redis.call('ZREM', prefix .. 'dead', member) end
    if due ~= '' then redis.call('ZADD', prefix .. 'due:' .. state, due, member) end
    if state == 'dead' then redis.call('ZADD', prefix .. 'dead', now, member) end
    if final[state] then
      redis.call('ZADD', waiting, now, member)
    elseif final[old[1]] then
      redis.call('ZREM', waiting, member)
    end
    if ends[state] then
      redis.call('EXPIRE', entry, unrecorded_ttl)
      redis.call('EXPIRE', history, unrecorded_ttl)
    elseif ends[old[1]] then
      redis.call('PERSIST', entry)
      redis.call('PERSIST', history)
    end
    applied[#applied + 1] = (i - 5) / 14 + 1
  end
end

for key, changes in pairs(counts) do
  for field, n in pairs(changes) do
    if n ~= 0 then redis.call('HINCRBY', key, field, n) end
  end
end
return applied
