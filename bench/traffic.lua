-- What wrk asks for (by the environment variable BENCH_TRAFFIC), and its totals as one line of JSON at the end.
-- Without the variable wrk sends one and the same GET of its URL, which is what it is fastest at.

local kind = os.getenv("BENCH_TRAFFIC") or "plain"
local PIPELINE_DEPTH = 8

if kind == "pipelined" then
	local batch
	function init()
		batch = wrk.format("GET", "/"):rep(PIPELINE_DEPTH)
	end
	function request()
		return batch
	end
elseif kind == "mixed" then
	local requests
	local turn = 0
	function init()
		local body = ("x"):rep(1000)
		requests = {
			wrk.format("GET", "/"),
			wrk.format("POST", "/orders", nil, body),
			wrk.format("PUT", "/users/17", nil, body),
			wrk.format("GET", "/empty"),
			wrk.format("GET", "/missing"),
			wrk.format("GET", "/large.bin"),
		}
	end
	function request()
		turn = turn % #requests + 1
		return requests[turn]
	end
elseif kind == "routes" then
	-- one route after the other; letters that are no hexadecimal digits, so that none is a template of ids
	local first = tonumber(os.getenv("BENCH_FIRST_ROUTE"))
	local count = tonumber(os.getenv("BENCH_ROUTES"))
	local requests = {}
	local turn = 0
	local function name(number)
		local letters = ""
		for _ = 1, 4 do
			letters = letters .. string.char(string.byte("g") + number % 20)
			number = math.floor(number / 20)
		end
		return letters
	end
	function init()
		for route = 1, count do
			requests[route] = wrk.format("GET", "/r/" .. name(first + route))
		end
	end
	function request()
		turn = turn % count + 1
		return requests[turn]
	end
elseif kind == "browser" or kind == "strangers" then
	-- about 700 bytes of headers, as a browser sends them
	wrk.headers["User-Agent"] =
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	wrk.headers["Accept"] =
		"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
	wrk.headers["Accept-Language"] = "en-GB,en;q=0.9,de;q=0.8,fr;q=0.7"
	wrk.headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
	wrk.headers["Cache-Control"] = "max-age=0"
	wrk.headers["Connection"] = "keep-alive"
	wrk.headers["Cookie"] = "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=analytics.ads; seen=1731931200"
	wrk.headers["Sec-Ch-Ua"] = '"Chromium";v="142", "Not_A Brand";v="99"'
	wrk.headers["Sec-Ch-Ua-Platform"] = '"Linux"'
	wrk.headers["Sec-Fetch-Mode"] = "navigate"
	wrk.headers["Upgrade-Insecure-Requests"] = "1"
	if kind == "strangers" then
		-- every line of each of them is another one, and none follows one that it resembles
		local CLIENTS = 61
		local requests = {}
		local turn = 0
		function init()
			local usual = wrk.headers
			for client = 1, CLIENTS do
				local headers = {}
				for name, value in pairs(usual) do
					headers[name] = client .. value:sub(1, #value - client % 5)
				end
				requests[client] = wrk.format("GET", "/r/" .. client .. "/clients", headers)
			end
		end
		function request()
			turn = turn % CLIENTS + 1
			return requests[turn]
		end
	end
end

function done(summary, latency)
	local errors = summary.errors
	io.write(string.format(
		'\nBENCH {"requests":%d,"seconds":%f,"socketErrors":%d,"p99Seconds":%f}\n',
		summary.requests,
		summary.duration / 1e6,
		errors.connect + errors.read + errors.write + errors.timeout,
		latency:percentile(99) / 1e6
	))
end
