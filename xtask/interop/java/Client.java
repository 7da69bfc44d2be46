import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.token.credentials.ProfileTokenProvider;
import software.amazon.awssdk.core.util.VersionInfo;

/**
 * The AWS SDK for Java 2.x, asked for one thing: {@code Client version | credentials PROFILE |
 * token PROFILE | watch}. Prints one line of JSON: what it got, or {"error": ...} with exit code 1.
 * {@code watch} prints a line for the credentials of the default chain every half second.
 */
public final class Client {
    public static void main(String[] arguments) {
        try {
            System.out.println(act(arguments));
        } catch (Exception error) {
            System.out.println(object("error", chain(error)));
            System.exit(1);
        }
    }

    private static String act(String[] arguments) throws InterruptedException {
        switch (arguments[0]) {
            case "version":
                return object("version", "AWS SDK for Java " + VersionInfo.SDK_VERSION
                        + " (Java " + System.getProperty("java.version") + ")");
            case "credentials":
                try (ProfileCredentialsProvider provider = ProfileCredentialsProvider.create(arguments[1])) {
                    return object("access_key_id", provider.resolveCredentials().accessKeyId());
                }
            case "token":
                try (ProfileTokenProvider provider = ProfileTokenProvider.create(arguments[1])) {
                    return object("access_token", provider.resolveToken().token());
                }
            case "watch":
                return watch();
            default:
                throw new IllegalArgumentException("not understood: " + arguments[0]);
        }
    }

    private static String watch() throws InterruptedException {
        try (DefaultCredentialsProvider provider = DefaultCredentialsProvider.builder().build()) {
            while (true) {
                try {
                    System.out.println(object("access_key_id", provider.resolveCredentials().accessKeyId()));
                } catch (RuntimeException error) {
                    System.out.println(object("error", chain(error)));
                }
                Thread.sleep(500);
            }
        }
    }

    /** The error and what caused it: the outermost alone often says nothing. */
    private static String chain(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable one = error; one != null; one = one.getCause()) {
            String message = one.getClass().getSimpleName() + ": " + one.getMessage();
            if (text.indexOf(message) < 0) {
                text.append(text.length() == 0 ? "" : " <- ").append(message);
            }
        }
        return text.toString();
    }

    private static String object(String key, String value) {
        String quoted = value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ").replace("\t", " ");
        return "{\"" + key + "\": \"" + quoted + "\"}";
    }
}
