-- Count what a message came to, then hand out what fits into the room: in turns by weight (stride scheduling: the turn
-- of the lowest pass is next, and its pass grows by what it got, divided by its weight).
-- ARGV: prefix, broker_prefix, queue, now, due, most, least, ahead_s, weights (JSON), batch, pace_over_s, widest,
--       first_width, stuck_after_s, worker_seen_s, slots_filled, longest_hold_s, worker ('' = none), slots,
--       use_case ('' = nothing finished), rubric, ended, held, hold, held_until ('' = none), why
-- Returns slices: flat lists of attempts and promise (JSON).
local prefix, now, till = ARGV[1], tonumber(ARGV[4]), ARGV[5]
local most, least, ahead = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local weights, batch, pace_over, widest = cjson.decode(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local first_width, stuck_after, worker_seen = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])
local longest_hold = tonumber(ARGV[17])
local why_key = prefix .. 'backlog:why'
local turns_key, pace, narrow = prefix .. 'backlog:turns', prefix .. 'backlog:pace', prefix .. 'backlog:narrow'
local due = prefix .. 'due:open'

-- A number with all its digits: Lua's own conversion keeps 14.
local function text(number) return string.format('%.17g', number) end

-- A lane's drain: a sum that fades, when it was last added to, and when it began.
local function drain(field, n)
  local amount, at, began = 0, now, now
  local raw = redis.call('HGET', pace, field)
  if raw then
    local a, b, c = string.match(raw, '(%S+) (%S+) (%S+)')
    amount, at, began = tonumber(a), tonumber(b), tonumber(c)
    if now - at > 10 * pace_over then began = now end
    amount = amount * math.exp(-math.max(0, now - at) / pace_over)
  end
  if n > 0 then redis.call('HSET', pace, field, text(amount + n) .. ' ' .. text(now) .. ' ' .. text(began)) end
  return amount, math.max(1, now - began)
end

-- What a lane whose traces came back held may have out: width, out, held until, forgotten at, hold.
local function narrowed(lane)
  local raw = redis.call('HGET', narrow, lane)
  if not raw then return nil end
  local width, out, held, reset, hold = string.match(raw, '(%S+) (%S+) (%S+) (%S+) (%S+)')
  return {width = tonumber(width), out = tonumber(out), held = tonumber(held), reset = tonumber(reset), hold = hold}
end

local function keep(lane, state)
  redis.call('HSET', narrow, lane, table.concat(
    {state.width, state.out, text(state.held), text(state.reset), state.hold}, ' '))
end

local function count_finished(lane, ended, held, hold, held_until, why)
  drain('*', ended)
  drain(lane, ended)
  local state = narrowed(lane)
  if state then state.out = math.max(0, state.out - 1) end
  if held > 0 and ended == 0 then
    held_until = math.min(held_until, now + longest_hold)
    state = state or {width = first_width * 2, out = 0, held = 0, reset = 0}
    state.width = math.max(1, math.floor(state.width / 2))
    state.held = state.held > now and math.min(state.held, held_until) or held_until
    state.hold = hold
    if why ~= '' then redis.call('HSET', why_key, lane, why) else redis.call('HDEL', why_key, lane) end
  elseif state and ended > 0 then
    -- Something got through: the next may go. More at once only where nothing of the message was held.
    state.width, state.held = held == 0 and state.width * 2 or state.width, 0
    redis.call('HDEL', why_key, lane)
  end
  if state and state.width > widest then
    redis.call('HDEL', narrow, lane)
  elseif state then
    keep(lane, state)
  end
end

local function is_open(lane)
  local state = narrowed(lane)
  if not state then return true end
  return now >= state.held and (state.out < state.width or now >= state.reset)
end

local function count_released(lane)
  local state = narrowed(lane)
  if not state then return end
  if now >= state.reset then state.out = 0 end
  state.out, state.reset = state.out + 1, now + stuck_after
  keep(lane, state)
end

if ARGV[18] ~= '' then
  redis.call('ZADD', prefix .. 'backlog:workers', now, ARGV[18])
  redis.call('HSET', prefix .. 'backlog:slots', ARGV[18], ARGV[19])
end
if ARGV[20] ~= '' then
  count_finished(ARGV[20] .. '\31' .. ARGV[21], tonumber(ARGV[22]), tonumber(ARGV[23]), ARGV[24],
    tonumber(ARGV[25]) or now, ARGV[26])
end
if redis.call('EXISTS', turns_key) == 0 then return {} end

-- The room: messages that may be added to those that wait and those in hand.
local function slots_of_workers()
  local slots, gone = 0, now - worker_seen
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'backlog:workers', '-inf', gone)) do
    redis.call('HDEL', prefix .. 'backlog:slots', name)
  end
  redis.call('ZREMRANGEBYSCORE', prefix .. 'backlog:workers', '-inf', gone)
  for _, n in ipairs(redis.call('HVALS', prefix .. 'backlog:slots')) do slots = slots + tonumber(n) end
  return slots
end

local ended, over = drain('*', 0)
local per_second = ended / (pace_over * (1 - math.exp(-over / pace_over)))
local slots = math.ceil(tonumber(ARGV[16]) * slots_of_workers())
local wanted = math.max(slots > 0 and slots or least, math.ceil(ahead * per_second / batch))
local in_flight = redis.call('LLEN', ARGV[2] .. ARGV[3]) + redis.call('HLEN', ARGV[2] .. 'unacked')
local room = math.min(most, wanted - in_flight)
if room <= 0 then return {} end

local function round_of(key)
  local round, flat = {}, redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #flat, 2 do round[#round + 1] = {name = flat[i], pass = tonumber(flat[i + 1])} end
  return round
end

local function is_before(a, b) return a.pass < b.pass or (a.pass == b.pass and a.name < b.name) end

-- The next of a round that may go: of the lowest pass, the first by name. What is passed over saves up nothing.
local function next_of(round, may_go)
  local chosen
  for _, each in ipairs(round) do
    if not each.gone and not each.shut then
      if may_go(each) then
        if not chosen or is_before(each, chosen) then chosen = each end
      else
        each.shut = true
      end
    end
  end
  if chosen then
    for _, each in ipairs(round) do
      if each.shut and each.pass < chosen.pass then each.pass, each.moved = chosen.pass, true end
    end
  end
  return chosen
end

-- The next open entries of a list. What was taken, ended or waits for its back-off meanwhile falls out.
local function take(list)
  local slice, looked = {}, 0
  while #slice < 2 * batch and looked < 512 do
    local members = redis.call('LRANGE', list, 0, batch - #slice / 2 - 1)
    if #members == 0 then break end
    redis.call('LTRIM', list, #members, -1)
    looked = looked + #members
    for _, member in ipairs(members) do
      local entry = redis.call('HMGET', prefix .. 'entry:' .. member, 'state', 'attempts', 'promise')
      if entry[1] == 'open' and redis.call('ZADD', due, 'NX', till, member) == 1 then
        slice[#slice + 1], slice[#slice + 2] = entry[2], entry[3]
      end
    end
  end
  return slice
end

local function lanes_of(turn)
  turn.lanes = turn.lanes or round_of(prefix .. 'backlog:lanes:' .. turn.name)
  return turn.lanes
end

local function lane_may_go(lane)
  if lane.is_open == nil then lane.is_open = is_open(lane.name) end
  return lane.is_open
end

local function turn_may_go(turn)
  for _, lane in ipairs(lanes_of(turn)) do
    if not lane.gone and lane_may_go(lane) then return true end
  end
  return false
end

local turns_in_round, slices = round_of(turns_key), {}
while #slices < room do
  local turn = next_of(turns_in_round, turn_may_go)
  if not turn then break end
  for _, lane in ipairs(turn.lanes) do lane.shut = nil end
  local lane = next_of(turn.lanes, lane_may_go)
  local name = turn.name .. '\31' .. lane.name
  local list = prefix .. 'backlog:list:' .. name
  local slice = take(list)
  if #slice > 0 then
    slices[#slices + 1] = slice
    lane.pass, lane.moved = lane.pass + #slice / 2, true
    turn.pass, turn.moved = turn.pass + #slice / 2 / (weights[turn.name] or 1), true
    count_released(lane.name)
    lane.is_open = nil
  end
  if redis.call('EXISTS', list) == 0 then
    lane.gone = true
    redis.call('ZREM', prefix .. 'backlog:lanes:' .. turn.name, lane.name)
    redis.call('HDEL', prefix .. 'backlog:since', name)
    if redis.call('EXISTS', prefix .. 'backlog:lanes:' .. turn.name) == 0 then
      turn.gone = true
      redis.call('ZREM', turns_key, turn.name)
    end
  end
end

local function keep_passes(round, key)
  for _, each in ipairs(round) do
    if each.moved and not each.gone then redis.call('ZADD', key, text(each.pass), each.name) end
  end
end

keep_passes(turns_in_round, turns_key)
for _, turn in ipairs(turns_in_round) do
  if turn.lanes then keep_passes(turn.lanes, prefix .. 'backlog:lanes:' .. turn.name) end
end
return slices
