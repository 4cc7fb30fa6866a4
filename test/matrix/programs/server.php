<?php
// What PHP's own server answers: php -S 127.0.0.1:PORT server.php
http_response_code(["/missing" => 404, "/broken" => 500][$_SERVER["REQUEST_URI"]] ?? 200);
echo "hello";
