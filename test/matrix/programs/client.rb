# A client as Ruby brings it, one request after another: ruby client.rb URL...
require "net/http"

first = URI(ARGV.first)
Net::HTTP.start(first.host, first.port, use_ssl: first.scheme == "https") do |http|
  ARGV.each { |url| http.get(URI(url).path) }
end
