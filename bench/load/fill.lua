-- wrk -s fill.lua URL -- PREFIX FROM COUNT BODY_BYTES MORE: puts documents PREFIX<n>, n from FROM on, COUNT of them, then
-- ends the process (wrk itself would sleep on). MORE answers are waited for, so that each connection had another turn.
local prefix, number, last, body, left
local tried = false

function init(args)
  prefix, number = args[1], tonumber(args[2])
  last = number + tonumber(args[3]) - 1
  body = string.rep("x", tonumber(args[4]))
  left = tonumber(args[3]) + tonumber(args[5])
end

function request()
  local now = number
  -- wrk makes one request to look at it, and does not send it
  if tried and number < last then number = number + 1 end
  tried = true
  return wrk.format("PUT", prefix .. now, { ["Content-Type"] = "text/plain" }, body)
end

function response(status)
  left = left - 1
  if left == 0 then os.exit(0) end
end
