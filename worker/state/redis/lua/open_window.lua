-- Write a window's record unless there is one; rates it does not hold yet are added, those it holds stay.
-- KEYS: hash of the day; ARGV: window id, record, {"rates": {...}}, ttl_s
-- Returns the stored record.
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local result = ARGV[2]
if stored then
  local record, offered = cjson.decode(stored), cjson.decode(ARGV[3])
  local is_new = false
  for use_case, rate in pairs(offered.rates) do
    if record.rates[use_case] == nil then
      record.rates[use_case] = rate
      is_new = true
    end
  end
  result = is_new and cjson.encode(record) or stored
end
redis.call('HSET', KEYS[1], ARGV[1], result)
redis.call('EXPIRE', KEYS[1], ARGV[4])
return result
