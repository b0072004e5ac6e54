-- wrk -s fill.lua URL -- PREFIX FROM COUNT BODY_BYTES: puts documents PREFIX<n>, n from FROM on, COUNT of them, then stops.
local prefix, number, last, body

function init(args)
  prefix, number = args[1], tonumber(args[2])
  last = number + tonumber(args[3])
  body = string.rep("x", tonumber(args[4]))
end

function request()
  local now = number
  number = number + 1
  return wrk.format("PUT", prefix .. now, { ["Content-Type"] = "text/plain" }, body)
end

function response(status)
  if number >= last then wrk.thread:stop() end
end
