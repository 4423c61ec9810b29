import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.MDC;

/** Logback with an appender of its own for each client. */
class Logback implements Clients.Client {
    private static final Map<String, String> APPENDERS = Map.of(
        "loki4j", """
            <appender name="it" class="com.github.loki4j.logback.Loki4jAppender">
              <labels>app = shop</labels>
              <structuredMetadata>
                level = %level
                logger = %logger
                trace_id = %mdc{trace_id:-none}
              </structuredMetadata>
              <message><pattern>%msg %ex</pattern></message>
              <http><url>URL/loki/api/v1/push</url></http>
              <batch><timeoutMs>200</timeoutMs></batch>
            </appender>""",
        "gelf", """
            <appender name="it" class="de.siegmar.logbackgelf.GelfHttpAppender">
              <uri>URL/gelf</uri>
            </appender>""",
        "gelf-tcp", """
            <appender name="it" class="de.siegmar.logbackgelf.GelfTcpAppender">
              <graylogHost>HOST</graylogHost>
              <graylogPort>PORT</graylogPort>
            </appender>""",
        "syslog", """
            <appender name="it" class="ch.qos.logback.classic.net.SyslogAppender">
              <syslogHost>HOST</syslogHost>
              <port>PORT</port>
              <facility>LOCAL0</facility>
              <throwableExcluded>true</throwableExcluded>
              <suffixPattern>%msg %ex</suffixPattern>
            </appender>""");

    private final LoggerContext context = new LoggerContext();
    private final Logger logger;
    /** Whether nothing but the text is sent. */
    private final boolean allIsText;

    Logback(String name, String url) {
        allIsText = name.equals("loki4j") || name.equals("syslog");
        URI at = URI.create(url);
        String appender = APPENDERS.get(name).replace("URL", url).replace("HOST", at.getHost()).replace("PORT", "" + at.getPort());
        String whole = "<configuration>" + appender + "<root level=\"INFO\"><appender-ref ref=\"it\"/></root></configuration>";
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        context.setMDCAdapter(MDC.getMDCAdapter());
        try {
            configurator.doConfigure(new ByteArrayInputStream(whole.getBytes(StandardCharsets.UTF_8)));
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
        logger = context.getLogger("shop.pay");
    }

    @Override
    public void log(int number, boolean spoilt) throws Exception {
        MDC.put("trace_id", "trace-" + number);
        MDC.put("large", Clients.large(number, spoilt));
        if (allIsText && Clients.bad(number, spoilt)) {
            logger.warn("{\"message\":\"" + Clients.text(number) + "\",\"large\":\"" + Clients.large(number, spoilt) + "\"}");
        } else if (Clients.failed(number)) {
            logger.error(Clients.text(number), Clients.boom());
        } else {
            logger.warn(Clients.text(number));
        }
    }

    @Override
    public boolean flush() {
        return false;
    }

    @Override
    public void end() {
        context.stop();
    }
}
