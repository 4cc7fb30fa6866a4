-- Asks for what is in PATHS (words, in turn) and ends after so many answers as REQUESTS says: with one connection exactly.
local paths = {}
for path in os.getenv("PATHS"):gmatch("%S+") do table.insert(paths, path) end
local most = tonumber(os.getenv("REQUESTS"))
local sent, answered = 0, 0

request = function()
	sent = sent + 1
	return wrk.format("GET", paths[(sent - 1) % #paths + 1])
end

response = function()
	answered = answered + 1
	if answered == most then os.exit(0) end
end
