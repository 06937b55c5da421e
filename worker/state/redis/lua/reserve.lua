-- Reserve some of each of several limits, of all or of none.
-- ARGV: prefix, lease, lease_ms, buckets, then per limit: name, amount, period_ms, asked
-- A limit is a hash: b:N = used in the N-th part of a period, l:LEASE = "asked:ends at", p = paused until.
-- Returns 0 if it is granted, else the milliseconds until it may be.
local prefix, lease, lease_ms, buckets = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local wait = 0

local function account(key, period)
  local width, used, frees, paused = period / buckets, 0, {}, 0
  local function charge(at, amount)
    local free_at = (math.floor(at / width) + 1) * width + period
    if free_at > now then
      used = used + amount
      frees[#frees + 1] = {free_at, amount}
      return true
    end
  end
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    local kind, name, value = string.sub(fields[i], 1, 1), string.sub(fields[i], 3), fields[i + 1]
    if kind == 'b' then
      if not charge(tonumber(name) * width, tonumber(value)) then redis.call('HDEL', key, fields[i]) end
    elseif kind == 'l' then
      local colon = string.find(value, ':', 1, true)
      local asked, ends = tonumber(string.sub(value, 1, colon - 1)), tonumber(string.sub(value, colon + 1))
      if ends > now then
        used = used + asked
      else
        redis.call('HDEL', key, fields[i])
        if charge(ends, asked) then
          redis.call('HINCRBYFLOAT', key, 'b:' .. string.format('%.0f', math.floor(ends / width)), asked)
        end
      end
    elseif kind == 'p' then
      paused = tonumber(value)
    end
  end
  return used, frees, paused, width
end

for i = 5, #ARGV, 4 do
  local amount, period, asked = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local used, frees, paused, width = account(prefix .. 'limit:' .. ARGV[i], period)
  wait = math.max(wait, paused - now)
  local over = used + asked - amount
  if over > 1e-9 then
    table.sort(frees, function(a, b) return a[1] < b[1] end)
    local free_at = now + width
    for _, free in ipairs(frees) do
      if over <= 1e-9 then break end
      over = over - free[2]
      free_at = free[1]
    end
    wait = math.max(wait, free_at - now, 1)
  end
end
if wait > 0 then return math.ceil(wait) end
for i = 5, #ARGV, 4 do
  local key = prefix .. 'limit:' .. ARGV[i]
  redis.call('HSET', key, 'l:' .. lease, ARGV[i + 3] .. ':' .. string.format('%.0f', now + lease_ms))
  redis.call('PEXPIRE', key, math.ceil(3 * tonumber(ARGV[i + 2]) + lease_ms))
end
return 0
