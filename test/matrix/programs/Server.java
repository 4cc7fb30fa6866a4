import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.Executors;

/** A server as the JDK brings it: java Server.java PORT */
class Server {
	private static final Map<String, Integer> STATUSES = Map.of("/ok", 200, "/users/", 200, "/missing", 404, "/broken", 500);

	public static void main(String[] arguments) throws Exception {
		int port = Integer.parseInt(arguments[0]);
		HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
		server.setExecutor(Executors.newFixedThreadPool(4));
		STATUSES.forEach((path, status) -> server.createContext(path, exchange -> {
			byte[] body = "hello".getBytes();
			exchange.sendResponseHeaders(status, body.length);
			exchange.getResponseBody().write(body);
			exchange.close();
		}));
		server.start();
	}
}
