-- Sends the requests of a file as they are: all of them over and over, or ("once") each thread its share of them, once.
-- Arguments: the file, how many threads there are, "once" or "again".
-- The file holds, for each request, its length in bytes, a line end, the request, a line end.

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

local function read(path)
  local file, found = assert(io.open(path, "rb")), {}
  while true do
    local length = file:read("*n")
    if not length then break end
    file:read(1)
    table.insert(found, file:read(length))
  end
  file:close()
  return found
end

function init(arguments)
  local all, count = read(arguments[1]), tonumber(arguments[2])
  once, exhausted, requests, position = arguments[3] == "once", false, {}, 0
  for index, text in ipairs(all) do
    if not once or index % count == number then table.insert(requests, text) end
  end
  if not once then position = math.floor(number * #requests / count) end
end

function request()
  position = position + 1
  if position > #requests then
    exhausted = true
    position = once and #requests or 1
  end
  return requests[position]
end

function done(summary, latency, _)
  local out = false
  for _, thread in ipairs(threads) do
    if thread:get("once") and thread:get("exhausted") then out = true end
  end
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50": %d, "p99": %d, "exhausted": %s}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), tostring(out)))
end
