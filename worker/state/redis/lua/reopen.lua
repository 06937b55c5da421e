-- Open final entries again whose promise names another version of rubric or calibration.
-- ARGV: prefix, now, due, event, unrecorded_ttl_s, then per promise: rubric, trace_id, rubric_hash,
--       calibration_hash ('' = none), document
-- Returns the 1-based positions of the promises whose entry was opened.
-- One that waits for its row in the record leaves a copy of itself there, as `ended_recorded.lua` names it: its version
-- has come to an end, whatever the next one says.
local prefix, now, due, event, unrecorded_ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local waiting = prefix .. 'ended'
local final = {scored = true, skipped = true, dead = true}
local opened = {}

local function is_other_version(document, rubric_hash, calibration_hash)
  local promise = cjson.decode(document)
  local calibration = promise.calibration_hash
  if calibration == nil or calibration == cjson.null then calibration = '' end
  return promise.rubric_hash ~= rubric_hash or calibration ~= calibration_hash
end

local function keep_for_its_row(member, entry)
  local ended_at = redis.call('ZSCORE', waiting, member)
  if not ended_at then return end
  local copy = string.format('\31%.6f\31%s', tonumber(redis.call('HGET', entry, 'changed_at')), member)
  redis.call('HSET', prefix .. 'entry:' .. copy, unpack(redis.call('HGETALL', entry)))
  redis.call('EXPIRE', prefix .. 'entry:' .. copy, unrecorded_ttl)
  redis.call('ZADD', waiting, ended_at, copy)
  redis.call('ZREM', waiting, member)
end

for i = 6, #ARGV, 5 do
  local rubric, trace, document = ARGV[i], ARGV[i + 1], ARGV[i + 4]
  local member = rubric .. '\31' .. trace
  local entry = prefix .. 'entry:' .. member
  local old = redis.call('HMGET', entry, 'state', 'reason', 'day', 'use_case', 'promise')
  if old[1] and final[old[1]] and is_other_version(old[5], ARGV[i + 2], ARGV[i + 3]) then
    local count = prefix .. 'count:' .. old[3]
    redis.call('HINCRBY', count, table.concat({old[4], rubric, old[1], old[2]}, '\31'), -1)
    redis.call('HINCRBY', count, table.concat({old[4], rubric, 'open', ''}, '\31'), 1)
    keep_for_its_row(member, entry)
    redis.call('HSET', entry, 'promise', document, 'state', 'open', 'reason', '', 'detail', '', 'attempts', 0,
      'deliveries', 0, 'writes', 0, 'since', '', 'changed_at', now)
    redis.call('HDEL', entry, 'judgement', 'unanswered', 'particulars', 'owner', 'until', 'begun', 'held', 'not_before', 'blamed')
    redis.call('PERSIST', entry)
    redis.call('PERSIST', prefix .. 'history:' .. member)
    redis.call('RPUSH', prefix .. 'history:' .. member, event)
    redis.call('LTRIM', prefix .. 'history:' .. member, -100, -1)
    redis.call('ZREM', prefix .. 'dead', member)
    redis.call('ZADD', prefix .. 'due:open', due, member)
    opened[#opened + 1] = (i - 6) / 5 + 1
  end
end
return opened
