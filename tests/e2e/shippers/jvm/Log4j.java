import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.ThreadContext;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.config.ConfigurationSource;
import org.apache.logging.log4j.core.config.Configurator;

/** Log4j with an appender of its own for each client. */
class Log4j implements Clients.Client {
    private static final Map<String, String> APPENDERS = Map.of(
        "http", """
            <Http name="it" url="URL/logs/ingest/">
              <JsonTemplateLayout eventTemplateUri="classpath:EcsLayout.json"/>
            </Http>""",
        "syslog", """
            <Syslog name="it" host="HOST" port="PORT" protocol="TCP" format="RFC5424" appName="shop" facility="LOCAL0" reconnectionDelayMillis="1000"
                    mdcId="mdc" includeMDC="true" newLine="true" exceptionPattern="%ex{full}"/>""",
        "gelf", """
            <Socket name="it" host="HOST" port="PORT" protocol="TCP" reconnectionDelayMillis="1000">
              <GelfLayout host="server-1" compressionType="OFF" includeNullDelimiter="true" includeThreadContext="true" includeStacktrace="true"/>
            </Socket>""");

    private final LoggerContext context;
    private final Logger logger;

    Log4j(String name, String url) {
        URI at = URI.create(url);
        String appender = APPENDERS.get(name).replace("URL", url).replace("HOST", at.getHost()).replace("PORT", "" + at.getPort());
        String whole = "<Configuration status=\"warn\"><Appenders>" + appender
            + "</Appenders><Loggers><Root level=\"info\"><AppenderRef ref=\"it\"/></Root></Loggers></Configuration>";
        try {
            ConfigurationSource source = new ConfigurationSource(new ByteArrayInputStream(whole.getBytes(StandardCharsets.UTF_8)));
            context = Configurator.initialize(null, source);
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
        logger = context.getLogger("shop.pay");
    }

    @Override
    public void log(int number, boolean spoilt) {
        ThreadContext.put("trace_id", "trace-" + number);
        ThreadContext.put("large", Clients.large(number, spoilt));
        if (Clients.failed(number)) {
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
        Configurator.shutdown(context);
    }
}
