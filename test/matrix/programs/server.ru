# An application for puma, as any that keeps to Rack: puma server.ru
STATUSES = { "/missing" => 404, "/broken" => 500 }.freeze

run lambda { |environment|
  [STATUSES.fetch(environment["PATH_INFO"], 200), { "Content-Length" => "5" }, ["hello"]]
}
