import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Clients of the JVM: `Clients NAME URL` is told on stdin what to log and says on stdout what became of it, as loop.py has it. */
public class Clients {
    interface Client {
        void log(int number, boolean spoilt) throws Exception;

        /** Returns whether the client says that all is delivered; throws where it says that something is not. */
        boolean flush() throws Exception;

        void end() throws Exception;
    }

    private static final Map<String, Function<String, Client>> CLIENTS = Map.of(
        "otel-java", OtelJava::new,
        "loki4j", url -> new Logback("loki4j", url),
        "logback-gelf", url -> new Logback("gelf", url),
        "logback-gelf-tcp", url -> new Logback("gelf-tcp", url),
        "logback-syslog", url -> new Logback("syslog", url),
        "log4j2-http", url -> new Log4j("http", url),
        "log4j2-syslog", url -> new Log4j("syslog", url),
        "log4j2-socket-gelf", url -> new Log4j("gelf", url),
        "elasticsearch-java", ElasticJava::new
    );

    static String text(int number) {
        return String.format("mk-%05d paid", number);
    }

    static boolean failed(int number) {
        return number % 3 == 0;
    }

    static boolean bad(int number, boolean spoilt) {
        return spoilt && number % 20 == 7;
    }

    /** What a bad log has beside its message: too much. */
    static String large(int number, boolean spoilt) {
        return bad(number, spoilt) ? "x".repeat(7_000) : "none";
    }

    static Exception boom() {
        return new IllegalStateException("ValueError: card refused");
    }

    public static void main(String[] words) throws Exception {
        // The clients' own words, which Logback would print.
        ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.OFF);
        Client client = CLIENTS.get(words[0]).apply(words[1]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] told = line.split(" ");
            int first = Integer.parseInt(told[1]);
            int count = Integer.parseInt(told[2]);
            String said;
            try {
                for (int number = first; number < first + count; number++) {
                    client.log(number, told[0].equals("bad"));
                }
                said = (client.flush() ? "sent " : "logged ") + first + " " + count;
            } catch (Exception error) {
                said = "failed " + first + " " + count + " " + String.valueOf(error).replace("\n", " ");
            }
            System.out.println(said);
        }
        client.end();
        System.exit(0);
    }
}
