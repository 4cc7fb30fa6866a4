import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** A client as the JDK brings it, one request after another: java Client.java URL... */
class Client {
	public static void main(String[] urls) throws Exception {
		HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
		for (String url : urls) client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.discarding());
	}
}
