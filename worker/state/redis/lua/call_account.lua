-- One exchange with an endpoint's account of calls: what ended first, then what wants to go.
-- ARGV: prefix, the report as JSON (worker/state/redis/call_account.py writes it). Returns JSON.
-- The memory twin is worker/state/memory/call_account.py; both follow the same steps in the same order.
local prefix, q = ARGV[1], cjson.decode(ARGV[2])
local now = q.now
if not now then
  local clock = redis.call('TIME')
  now = tonumber(clock[1]) + tonumber(clock[2]) / 1e6
end
local period, base = q.period, prefix .. 'calls:' .. q.endpoint
local width, EPS = q.period / q.parts, 1e-9
local leases, lease_of, line = base .. ':leases', base .. ':lease', base .. ':line'

-- A report that a lost connection brought twice is heard once. One that others of its process overtook is not heard at
-- all: who sent it has given up, and told so.
local last_key = base .. ':last:' .. q.process
local last = q.number and tonumber(redis.call('GET', last_key) or '0') or 0
if q.number and q.number < last then
  local none = {}
  for i = 1, #q.asks do none[i] = {'limit', 1} end
  return cjson.encode({a = none, w = true, e = 0})
end
local ends = q.ends
if q.number then
  if q.number == last then ends = {} end
  redis.call('SET', last_key, string.format('%.0f', q.number), 'EX', q.ttl)
end

-- Hashes of numbers, read once and written back where they changed.
local opened = {}
local function open(key)
  local known = opened[key]
  if not known then
    known = {new = {}, old = {}}
    local flat = redis.call('HGETALL', key)
    for i = 1, #flat, 2 do
      local value = tonumber(flat[i + 1])
      known.new[flat[i]], known.old[flat[i]] = value, value
    end
    opened[key] = known
  end
  return known.new
end
local function close()
  for key, known in pairs(opened) do
    local sets, dels = {}, {}
    for field, value in pairs(known.new) do
      if known.old[field] ~= value then
        sets[#sets + 1] = field
        sets[#sets + 1] = string.format('%.17g', value)
      end
    end
    for field in pairs(known.old) do
      if known.new[field] == nil then dels[#dels + 1] = field end
    end
    for i = 1, #sets, 200 do redis.call('HSET', key, unpack(sets, i, math.min(i + 199, #sets))) end
    for i = 1, #dels, 200 do redis.call('HDEL', key, unpack(dels, i, math.min(i + 199, #dels))) end
    if #sets > 0 then redis.call('EXPIRE', key, known.ttl or q.ttl) end
  end
end

local function date_of(seconds) -- civil date of a moment (Howard Hinnant's days_from_civil, turned round)
  local z = math.floor(seconds / 86400) + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - math.floor((153 * mp + 2) / 5) + 1
end
local year, month, day = date_of(now)
local month_label = string.format('%04d-%02d', year, month)
local day_label = string.format('%s-%02d', month_label, day)
local to_midnight = 86400 - now % 86400
local function to_month_end()
  local at, ahead = now, to_midnight
  for _ = 1, 31 do
    local _, same = date_of(at + ahead)
    if same ~= month then return ahead end
    ahead = ahead + 86400
  end
  return ahead
end
local function purse(label)
  local hash = open(prefix .. 'usd:' .. label)
  opened[prefix .. 'usd:' .. label].ttl = q.money_ttl
  return hash
end
local reserved = '|open|' .. q.endpoint
local function add(hash, field, amount) hash[field] = (hash[field] or 0) + amount end

local E = open(base)
local function scope(name) return open(base .. ':scope:' .. name) end
local function part(field) return field .. string.format('%.0f', math.floor(now / width)) end

-- Ends --------------------------------------------------------------------------------------------------------------
local function count_unknown(usd, is_priced)
  local key = prefix .. 'unknown:' .. day_label
  redis.call('HINCRBYFLOAT', key, 'calls', 1)
  redis.call('HINCRBYFLOAT', key, 'cost_usd', string.format('%.17g', usd))
  if not is_priced then redis.call('HINCRBYFLOAT', key, 'unpriced_calls', 1) end
  redis.call('EXPIRE', key, q.money_ttl)
end

local function give_back(lease, tokens, usd, is_unused)
  for _, held in ipairs(lease.s) do
    local s = scope(held.n)
    s.n = math.max(0, (s.n or 0) - 1)
    if held.r and is_unused then
      add(s, 'rx', 1)
      add(s, held.r, -1)
    end
    if held.e then
      s.open = math.max(0, (s.open or 0) - lease.c)
      if tokens > 0 then add(s, part('t:'), tokens) end
      add(s, 'tx', held.e - tokens)
      if tokens > 0 then s.q = (s.q or 1) + 0.1 * (math.min(tokens / lease.c, 2) - (s.q or 1)) end
    end
  end
  for _, name in ipairs(lease.b) do
    for _, label in ipairs({lease.d, lease.m}) do
      local hash = purse(label)
      add(hash, name .. reserved, -lease.u)
      add(hash, name, usd - lease.u)
    end
  end
  if lease.g then E.gn = math.max(0, (E.gn or 0) - 1) end
end

local function take_lease(id)
  local raw = redis.call('HGET', lease_of, id)
  if not raw then return nil end
  redis.call('HDEL', lease_of, id)
  redis.call('ZREM', leases, id)
  return cjson.decode(raw)
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 200)) do
  local lease = take_lease(id)
  if lease then
    give_back(lease, lease.c, lease.u, false)
    count_unknown(lease.u, lease.k)
  end
end

local function closed()
  E.run, E.probe_at, E.probe_until, E.step, E.since = nil, nil, nil, nil, nil
end
local function fails(is_probe)
  E.run = (E.run or 0) + 1
  if E.run == 1 then E.run_since = now end
  if E.probe_at then
    if is_probe then
      E.step = math.min(E.step * 2, 10)
      E.probe_at, E.probe_until = now + E.step, nil
    end
  elseif E.run >= q.failures then
    E.step, E.probe_at, E.since = 1, now + 1, now
  end
end

local function recent() -- calls begun, answers and refusals of the last seconds, and over how many seconds
  local begun, ok, bad, first = 0, 0, 0, now
  for field, count in pairs(E) do
    local kind, second = string.match(field, '^([sox]):(%d+)$')
    second = tonumber(second)
    if second and second <= now - 4 then
      E[field] = nil
    elseif second then
      if kind == 's' then
        begun = begun + count
      elseif kind == 'o' then
        ok = ok + count
      else
        bad = bad + count
      end
      first = math.min(first, second)
    end
  end
  return begun, ok, bad, math.max(1, now - first)
end
local function cut(rate)
  if not E.cap or rate < E.cap then
    E.cap, E.cut, E.cx, E.ca = rate, rate, 0, now
    E.cut_at, E.grown_at = now, now
  end
end
local function slow_down(retry_after)
  local begun, ok, bad, span = recent()
  if now - (E.cut_at or 0) < 2 then return end
  -- Refusals come faster than answers: they are held against the calls that began, not against those that ended.
  local calls = math.max(begun, bad)
  if ok == 0 and bad >= math.max(3, 0.8 * calls) then
    E.pause = math.max(E.pause or 0, now + math.min(math.max(retry_after or 1, 1), 30))
    cut(4)
  elseif (ok > 0 or calls > bad) and bad > 0.15 * calls + 0.6 * math.sqrt(calls) then
    cut(math.max(0.5, 0.9 * (calls - bad) / span))
  end
end

local second = string.format('%.0f', math.floor(now))
local function hear(e, lease)
  local tokens, usd = e.t or (lease and lease.c or 0), e.u or (lease and lease.u or 0)
  if e.k == 'unused' then tokens, usd = 0, 0 end
  if lease then give_back(lease, tokens, usd, e.k == 'unused') end
  if lease and e.k == 'answered' then
    for _, held in ipairs(lease.s) do
      local s, took = scope(held.n), now - lease.at
      s.d = (s.d or took) + 0.1 * (took - (s.d or took))
    end
  end
  local is_probe = lease and lease.p
  if e.k == 'timed_out' or e.k == 'cancelled' then count_unknown(usd, e.u ~= nil or (lease and lease.k)) end
  if (e.n or 0) > 0 then
    add(E, 's:' .. second, e.n)
  end
  if e.y and e.y < 4 then add(E, 'o:' .. second, 1) end
  -- An answer that nobody told of ends a run of failures that began before it.
  if e.y and not E.probe_at and now - e.y > (E.run_since or 0) then E.run = nil end
  if e.k == 'answered' or e.k == 'rejected' then
    add(E, 'o:' .. second, 1)
    closed()
  elseif e.k == 'refused' then
    add(E, 'x:' .. second, 1)
    closed()
    slow_down(e.a)
  elseif e.k == 'failed' or e.k == 'timed_out' or e.k == 'denied' then
    fails(is_probe)
  elseif is_probe and E.probe_at then
    E.probe_at, E.probe_until = now, nil
  end
end
for _, e in ipairs(ends) do
  local lease = e.l and take_lease(e.l)
  -- A lease that is not there had ended: by itself, or it was told before.
  if lease or not e.l then hear(e, lease) end
end

-- Nothing is under way: whatever is still counted so belongs to leases that were lost.
local is_idle = redis.call('ZCARD', leases) == 0
if is_idle then E.gn = nil end
local function reset_if_idle(a)
  if not is_idle then return end
  for _, limit in ipairs(a.s) do
    local s = scope(limit.n)
    s.n, s.open = nil, nil
  end
  for _, b in ipairs(a.b) do
    for _, label in ipairs({day_label, month_label}) do
      local hash = purse(label)
      add(hash, b.n, -(hash[b.n .. reserved] or 0))
      hash[b.n .. reserved] = nil
    end
  end
end
for _, a in ipairs(q.asks) do reset_if_idle(a) end

-- Asks --------------------------------------------------------------------------------------------------------------
local function level(hash, field, rate, burst)
  local x = hash[field .. 'x']
  if not x then return burst end
  return math.min(burst, x + math.max(0, now - (hash[field .. 'a'] or now)) * rate)
end
local function take(hash, field, rate, burst, amount)
  hash[field .. 'x'] = level(hash, field, rate, burst) - amount
  hash[field .. 'a'] = now
end

local windows = {}
local function window(s, name) -- tokens under way and used in the last period; when parts of them leave the window
  local known = windows[name]
  if known then return known end
  known = {used = 0, leave = {}}
  for field, amount in pairs(s) do
    local kind, at = string.match(field, '^([rt]):(%d+)$')
    if kind then
      local leaves = (tonumber(at) + 1) * width + period
      if leaves <= now then
        s[field] = nil
      elseif kind == 't' then
        known.used = known.used + amount
        known.leave[#known.leave + 1] = {leaves, amount}
      end
    end
  end
  table.sort(known.leave, function(a, b) return a[1] < b[1] end)
  windows[name] = known
  return known
end

local places = {}
local flat = redis.call('HGETALL', line)
for i = 1, #flat, 2 do
  local since, due, tokens, at_endpoint = string.match(flat[i + 1], '^(%S+) (%S+) (%S+) (%d)$')
  if tonumber(due) < now then
    redis.call('HDEL', line, flat[i])
  else
    places[flat[i]] = {since = tonumber(since), tokens = tonumber(tokens), at_endpoint = at_endpoint == '1'}
  end
end
-- The models that golden work waits for; and whether it waits for the endpoint itself, whatever the model.
local golden_waits, golden_waits_for = false, {}
for name, at in pairs(places) do
  local model = string.match(name, '^g\31([^\31]*)\31')
  if model and at.at_endpoint then golden_waits = true end
  if model then golden_waits_for[model] = true end
end
-- Who came before and wants the same, or waits for the endpoint itself whatever the model; all that want the same.
local function count_ahead(model, class)
  local stem = class .. '\31' .. model .. '\31'
  local mine = stem .. q.process
  local own = places[mine]
  local ahead, tokens, largest, others = 0, 0, 0, 0
  for name, at in pairs(places) do
    if name ~= mine and string.sub(name, 1, 1) == class then
      local is_same = string.sub(name, 1, #stem) == stem
      if is_same then others = others + 1 end
      if (is_same or at.at_endpoint) and (not own or at.since < own.since) then
        ahead, tokens, largest = ahead + 1, tokens + at.tokens, math.max(largest, at.tokens)
      end
    end
  end
  return ahead, tokens, largest, others
end

if E.cap then
  E.cap = E.cap + (now - E.grown_at) * math.max(0.25, 0.05 * E.cut)
  E.grown_at = now
  if E.cap >= 2 * E.cut then
    E.cap, E.cut, E.cut_at, E.grown_at, E.cx, E.ca = nil, nil, nil, nil, nil, nil
  end
end

-- Seconds until this ask fits into its scopes behind those ahead, 0 if it does; seconds for each one ahead; and whether
-- the endpoint's own limits keep it.
local function shares(a, g)
  local wait, each, at_endpoint = 0, 0, false
  local ahead = g.ahead + g.blocked
  local reserve, is_kept = 0, not a.g and (E.gu or 0) > now
  if is_kept then reserve = math.max(0, (E.gp or 0) - (E.gn or 0)) end
  local function keeps(seconds, name)
    if seconds > 0 then
      wait, at_endpoint = math.max(wait, seconds), at_endpoint or name == ''
    end
  end
  local function fits(hash, field, rate, burst, amount, before, name)
    local x, need = level(hash, field, rate, burst), amount + before
    each = math.max(each, amount / rate)
    local wanted = math.min(is_kept and need + burst / 2 or need, burst)
    if x + EPS < wanted then keeps(math.max((math.max(need, wanted) - x) / rate, 0.01), name) end
  end
  if E.cap then fits(E, 'c', E.cap, math.max(1, E.cap / 2), 1, ahead, '') end
  for _, limit in ipairs(a.s) do
    local s = scope(limit.n)
    local w = window(s, limit.n)
    if limit.r then
      fits(s, 'r', 0.95 * limit.r / period, math.max(1, 0.05 * limit.r), 1, ahead, limit.n)
    end
    if limit.t then
      local share, before = math.min(s.q or 1, 1), g.tokens + g.blocked_tokens
      local burst = math.max(0.05 * limit.t, math.max(a.t, g.largest) * share)
      fits(s, 't', limit.t / period, burst, a.t * share, before * share, limit.n)
      local over = w.used + (s.open or 0) + a.t + before - math.max(1.05 * limit.t, a.t)
      if over > EPS and w.used + (s.open or 0) > EPS then
        local frees = 0.1
        for _, leaving in ipairs(w.leave) do
          if over <= EPS then break end
          over, frees = over - leaving[2], leaving[1] - now
        end
        keeps(math.max((s.open or 0) > 0 and math.min(frees, 0.1 * (1 + ahead)) or frees, 0.01), limit.n)
      end
    end
    if limit.c then each = math.max(each, (s.d or 0) / limit.c) end
    if limit.c and (s.n or 0) + 1 + ahead + reserve > limit.c then
      keeps(math.min(0.02 * (1 + ahead), 0.25), limit.n)
    end
  end
  return wait, each, at_endpoint
end

local function short_of_money(a) -- seconds until the purses may pay again, and whose is empty
  for _, b in ipairs(a.b) do
    for _, limit in ipairs({{day_label, b.d, to_midnight}, {month_label, b.m, 0}}) do
      if limit[2] then
        local hash = purse(limit[1])
        local total, pending = hash[b.n] or 0, 0
        local stem = b.n .. '|open|'
        for field, usd in pairs(hash) do
          if string.sub(field, 1, #stem) == stem then pending = pending + usd end
        end
        if total + a.u > limit[2] + EPS then
          -- What calls under way will not have used comes back soon.
          if total - pending + a.u <= limit[2] + EPS then return 2, b.n end
          return limit[1] == day_label and to_midnight or to_month_end(), b.n
        end
      end
    end
  end
end

local function grant(a, is_probe)
  local lease = {s = {}, b = {}, c = a.t, u = a.u, d = day_label, m = month_label, g = a.g, p = is_probe, k = a.k, at = now}
  if E.cap then take(E, 'c', E.cap, math.max(1, E.cap / 2), 1) end
  for _, limit in ipairs(a.s) do
    local s, held = scope(limit.n), {n = limit.n}
    add(s, 'n', 1)
    if limit.r then
      take(s, 'r', 0.95 * limit.r / period, math.max(1, 0.05 * limit.r), 1)
      held.r = part('r:')
      add(s, held.r, 1)
    end
    if limit.t then
      held.e = a.t * math.min(s.q or 1, 1)
      take(s, 't', limit.t / period, math.max(0.05 * limit.t, held.e), held.e)
      add(s, 'open', a.t)
    end
    lease.s[#lease.s + 1] = held
  end
  for _, b in ipairs(a.b) do
    lease.b[#lease.b + 1] = b.n
    for _, label in ipairs({day_label, month_label}) do
      add(purse(label), b.n, a.u)
      add(purse(label), b.n .. reserved, a.u)
    end
  end
  if a.g then
    E.gn = (E.gn or 0) + 1
    E.gp = math.max((E.gu or 0) > now and E.gp or 0, E.gn)
  end
  add(E, 's:' .. second, 1)
  redis.call('HSET', lease_of, a.l, cjson.encode(lease))
  redis.call('ZADD', leases, now + q.lease_s, a.l)
  -- As long as the money they hold: whoever asks next, be it tomorrow, charges those of processes that died.
  redis.call('EXPIRE', lease_of, q.money_ttl)
  redis.call('EXPIRE', leases, q.money_ttl)
end

local answers, each, groups = {}, 0, {}
for i, a in ipairs(q.asks) do
  local class = a.g and 'g' or 't'
  local name = class .. '\31' .. a.m .. '\31' .. q.process
  local group = groups[name]
  if not group then
    group = {blocked = 0, blocked_tokens = 0, granted = 0}
    group.ahead, group.tokens, group.largest, group.others = count_ahead(a.m, class)
    groups[name] = group
  end
  local refusal
  local is_held = redis.call('HEXISTS', lease_of, a.l) == 1 -- its leave did not reach who asked
  if is_held then
    refusal = nil
  elseif E.probe_at and now < E.probe_at then
    refusal = {'breaker', E.probe_at - now}
  elseif E.probe_at and (E.probe_until or 0) > now then
    refusal = {'breaker', math.min(1, E.probe_until - now)}
  elseif (E.pause or 0) > now then
    refusal = {'limit', E.pause - now}
  else
    local empty_s, whose = short_of_money(a)
    if empty_s then
      refusal = {'budget', empty_s, whose}
    else
      local wait, one, at_endpoint = shares(a, group)
      each = math.max(each, one * (1 + group.others))
      if group.blocked > 0 then wait = math.max(wait, 0.01) end
      if not a.g and (golden_waits or golden_waits_for[a.m]) then wait = math.max(wait, 0.1) end
      if wait > 0 then
        refusal = {'limit', wait}
        if group.blocked == 0 then group.wait, group.wants, group.at_endpoint = wait, a.t, at_endpoint end
        group.blocked, group.blocked_tokens = group.blocked + 1, group.blocked_tokens + a.t
        if a.g then
          golden_waits, golden_waits_for[a.m] = golden_waits or at_endpoint, true
        end
      end
    end
  end
  if refusal then
    answers[i] = refusal
  elseif is_held then
    redis.call('ZADD', leases, now + q.lease_s, a.l)
    group.granted = group.granted + 1
    answers[i] = {'go'}
  else
    local is_probe = E.probe_at ~= nil
    if is_probe then E.probe_until = now + math.min(q.lease_s, 30) end
    grant(a, is_probe)
    group.granted = group.granted + 1
    answers[i] = {'go'}
  end
  if a.g then E.gu = now + 2 end
end
for name, group in pairs(groups) do
  if group.blocked > 0 then
    local since = group.granted == 0 and places[name] and places[name].since or now
    -- A process looks again within half a second; one that does not is gone, or busy, and loses its place.
    local kept = string.format('%.6f %.6f %.17g %d', since, now + math.min(group.wait, 0.5) + 1.5, group.wants,
      group.at_endpoint and 1 or 0)
    redis.call('HSET', line, name, kept)
    redis.call('EXPIRE', line, q.ttl)
  elseif places[name] then
    redis.call('HDEL', line, name)
  end
end
local is_watched = E.probe_at ~= nil or E.cap ~= nil or (E.pause or 0) > now or (E.run or 0) > 0
recent()
close()
return cjson.encode({a = answers, w = is_watched, e = each})
