-- End a lease and charge what was used, as of now. ARGV: prefix, lease, buckets, then per limit: name, period_ms, used
local prefix, lease, buckets = ARGV[1], ARGV[2], tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for i = 4, #ARGV, 3 do
  local key, width = prefix .. 'limit:' .. ARGV[i], tonumber(ARGV[i + 1]) / buckets
  if redis.call('HDEL', key, 'l:' .. lease) == 1 then
    redis.call('HINCRBYFLOAT', key, 'b:' .. string.format('%.0f', math.floor(now / width)), ARGV[i + 2])
  end
end
return 0
