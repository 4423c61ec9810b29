import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._helpers.bulk.BulkIngester;
import co.elastic.clients.elasticsearch._helpers.bulk.BulkListener;
import co.elastic.clients.elasticsearch.core.BulkRequest;
import co.elastic.clients.elasticsearch.core.BulkResponse;
import co.elastic.clients.json.JsonData;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** elasticsearch-java: a BulkIngester for each batch. */
class ElasticJava implements Clients.Client {
    private final ElasticsearchClient client;
    private BulkIngester<Void> ingester;
    private int refused;
    private int spoilt;
    private Throwable fault;

    ElasticJava(String url) {
        client = ElasticsearchClient.of(b -> b.host(url));
    }

    @Override
    public void log(int number, boolean asked) {
        if (ingester == null) {
            refused = 0;
            spoilt = 0;
            fault = null;
            ingester = BulkIngester.of(b -> b.client(client).listener(new Listener()));
        }
        boolean isBad = Clients.bad(number, asked);
        spoilt += isBad ? 1 : 0;
        Object document = isBad ? List.of(number) : document(number);
        ingester.add(op -> op.index(i -> i.index("app").document(JsonData.of(document))));
    }

    private static Map<String, Object> document(int number) {
        Map<String, Object> made = new LinkedHashMap<>(Map.of(
            "@timestamp", Instant.now().toString(), "message", Clients.text(number), "log.level", Clients.failed(number) ? "error" : "warn",
            "service", Map.of("name", "shop"), "trace", Map.of("id", "trace-" + number)));
        if (Clients.failed(number)) {
            StringWriter stack = new StringWriter();
            Clients.boom().printStackTrace(new PrintWriter(stack));
            made.put("error", Map.of("stack_trace", stack.toString()));
        }
        return made;
    }

    @Override
    public boolean flush() throws Exception {
        ingester.close();
        ingester = null;
        if (fault != null) {
            throw new IllegalStateException(fault);
        }
        if (refused != spoilt) {
            throw new IllegalStateException(refused + " refused");
        }
        return true;
    }

    @Override
    public void end() throws Exception {
        client.close();
    }

    private class Listener implements BulkListener<Void> {
        @Override
        public void beforeBulk(long id, BulkRequest request, List<Void> contexts) {
        }

        @Override
        public void afterBulk(long id, BulkRequest request, List<Void> contexts, BulkResponse response) {
            refused += (int) response.items().stream().filter(item -> item.error() != null).count();
        }

        @Override
        public void afterBulk(long id, BulkRequest request, List<Void> contexts, Throwable failure) {
            fault = failure;
        }
    }
}
