-- Write a window's record. Of one use case's rates the one that was lowered more often stays, else the stored one.
-- KEYS: hash of the day; ARGV: window id, record, ttl_s, replace (0: of a stored record only the rates may change)
-- Returns the stored record.
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local result = ARGV[2]

-- Give `to` the rates of `from` that it lacks, or that were lowered more often. Of equally lowered ones `to` keeps its
-- own, unless `first` says that those of `from` came first. Returns whether anything changed.
local function merge(to, from, first)
  local changed = false
  for use_case, rate in pairs(from.rates) do
    local own = to.rates[use_case]
    local more = own and (rate.lowered or 0) - (own.lowered or 0)
    if not own or more > 0 or (more == 0 and first and own.rate ~= rate.rate) then
      to.rates[use_case] = rate
      changed = true
    end
  end
  return changed
end

if stored then
  local old, new = cjson.decode(stored), cjson.decode(ARGV[2])
  if ARGV[4] == '1' then
    if merge(new, old, true) then result = cjson.encode(new) end
  else
    result = merge(old, new, false) and cjson.encode(old) or stored
  end
end
redis.call('HSET', KEYS[1], ARGV[1], result)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return result
